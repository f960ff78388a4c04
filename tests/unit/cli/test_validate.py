"""`fajian validate` and `fajian schema`, as a user calls them."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from fajian.cli.main import app
from schemas.examples import examples
from schemas.registry import TYPES
from tests.intake_doubles import event


def run(*arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments), input=given)
    return result.exit_code, result.stdout, result.stderr


def lines(*events: Any) -> bytes:
    return b"".join(item if isinstance(item, bytes) else orjson.dumps(item) + b"\n" for item in events)


def test_valid_events_are_counted_and_nothing_else_is_said() -> None:
    code, out, err = run("validate", "-", given=lines(event(), b"\r\n", event(id="e-2")))

    assert (code, out) == (0, "")
    assert "2 events, 0 invalid" in err


def test_every_problem_has_its_line_and_pointer() -> None:
    bad = event(subject="x", data={"payment_ref": "p", "amont": "1"})

    code, out, err = run("validate", "-", given=lines(event(), b"{\n", bad))

    assert code == 1
    assert [line.split(" ")[:2] for line in out.splitlines()] == [
        ["-:2:", "/"],
        ["-:3:", "/data/amount"],
        ["-:3:", "/data/amont"],
        ["-:3:", "/subject"],
    ]
    assert "3 events, 2 invalid" in err


def test_json_has_one_line_for_each_event(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(lines(event(subject="（2015）泗执字第00321号"), event(time="2022-06-16T00:00:00")))

    code, out, _ = run("validate", "--json", str(file))

    good, bad = map(orjson.loads, out.splitlines())
    assert code == 1
    assert (good["line"], good["valid"], good["problems"]) == (1, True, [])
    assert good["warnings"][0]["pointer"] == "/subject"
    assert (bad["line"], bad["valid"], bad["file"]) == (2, False, str(file))
    assert bad["problems"][0]["type"] == "urn:fajian:problem:time-zone"
    assert set(bad["problems"][0]) == {"type", "title", "detail", "pointer"}


def test_an_oversized_line_is_refused_unread() -> None:
    code, out, _ = run("validate", "-", given=b'{"data":"' + b"x" * 1_048_577 + b'"}\n')

    assert code == 1
    assert "event too large" in out


def test_a_missing_file_is_wrong_usage() -> None:
    code, out, err = run("validate", "nowhere.jsonl")

    assert (code, out) == (2, "")
    assert "nowhere.jsonl" in err


@pytest.mark.parametrize("type_", [type_ for type_ in TYPES.values() if type_.is_fact], ids=lambda t: t.name)
def test_the_example_of_every_fact_is_valid_without_a_warning(type_: Any) -> None:
    code, out, _ = run("validate", "--json", "-", given=lines(dict(examples()[type_.ce_type])))

    found = orjson.loads(out)
    assert (code, found["valid"], found["warnings"]) == (0, True, [])


@pytest.mark.parametrize(
    "name", ["MoneyPaid", "cn.fajian.enforcement.money-paid.v1", "enforcement.MoneyPaid"]
)
def test_a_schema_is_found_by_every_name_of_its_type(name: str) -> None:
    code, out, _ = run("schema", name)

    schema = orjson.loads(out)
    assert code == 0
    assert schema["title"] == "发放执行款"
    assert schema["properties"]["type"] == {"const": "cn.fajian.enforcement.money-paid.v1"}


def test_an_example_is_one_line_that_validate_takes() -> None:
    _, example, _ = run("schema", "MoneyPaid", "--example")

    assert example.count("\n") == 1
    assert run("validate", "-", given=example.encode())[0] == 0


def test_without_a_type_all_are_listed() -> None:
    _, text, _ = run("schema")
    _, out, _ = run("schema", "--json")

    listed = [orjson.loads(line) for line in out.splitlines()]
    assert [row["type"] for row in listed] == list(TYPES)
    assert len(text.splitlines()) == len(TYPES)
    assert next(row for row in listed if row["name"] == "MoneyPaid")["publishers"] == ["court"]


def test_a_mistyped_name_is_told_what_it_may_have_meant() -> None:
    code, out, err = run("schema", "MoneyPayd")

    assert (code, out) == (2, "")
    assert "did you mean MoneyPaid?" in err


def test_the_whole_contract_is_exported(tmp_path: Path) -> None:
    code, _, _ = run("schema", "export", str(tmp_path / "out"))

    assert code == 0
    assert orjson.loads((tmp_path / "out/asyncapi.json").read_bytes())["asyncapi"] == "3.0.0"
    assert {path.stem for path in (tmp_path / "out/schemas").iterdir()} == set(TYPES)


@pytest.mark.parametrize("arguments", [("export",), ("MoneyPaid", "x")])
def test_a_folder_belongs_to_export_alone(arguments: tuple[str, ...]) -> None:
    assert run("schema", *arguments)[0] == 2
