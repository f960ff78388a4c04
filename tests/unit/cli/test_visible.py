"""Who may see what, asked from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fajian.cli.main import app


def run(*words: str) -> tuple[int, list[dict[str, Any]]]:
    done = CliRunner().invoke(app, ["visible", *words, "--json"])
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()]


def test_the_court_does_not_see_that_a_party_asked_for_supervision() -> None:
    status, rows = run("SupervisionApplied", "--to", "court")

    assert status == 1
    assert [row["visible"] for row in rows] == [False]


def test_everybody_who_may_see_it_is_listed() -> None:
    status, rows = run("SuggestionReceived")

    assert status == 0
    assert {row["side"] for row in rows if row["visible"]} >= {"court", "procuratorate"}


def test_a_lead_goes_to_the_procuratorate_alone(tmp_path: Path) -> None:
    lead = {"type": "cn.fajian.lead.lead-raised.v1", "data": {"side": "court", "rule": "pay-out"}}
    path = tmp_path / "lead.json"
    path.write_text(json.dumps(lead))

    _, rows = run(str(path))

    assert [row["side"] for row in rows if row["visible"]] == ["procuratorate"]


@pytest.mark.parametrize("content", ["nonsense", "[]", '{"type": "cn.fajian.flag.overdue.v1"}'])
def test_what_is_no_event_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "event.json"
    path.write_text(content)

    done = CliRunner().invoke(app, ["visible", str(path)])

    assert done.exit_code == 1
    assert "expected" in str(done.exception)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("Overdue", "给出事件文件：去向取决于规则"),
        ("flag.Resumed", "给出事件文件：去向取决于规则"),
        ("Accepted", "回执只给提交的一方"),
        ("money-paid", "did you mean MoneyPaid?"),
        ("nonsense", "no event type or file of this name"),
    ],
)
def test_a_type_that_cannot_be_answered_is_wrong_usage_and_says_why(event: str, said: str) -> None:
    done = CliRunner().invoke(app, ["visible", event])

    assert done.exit_code == 2
    assert said in done.stderr


def test_only_what_looks_like_a_path_is_missed_as_a_file() -> None:
    done = CliRunner().invoke(app, ["visible", "./none.json"])

    assert "expected a file with one event" in str(done.exception)


def test_a_type_is_also_known_by_its_long_name() -> None:
    assert run("cn.fajian.enforcement.money-paid.v1") == run("MoneyPaid")


def test_an_unknown_side_is_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["visible", "MoneyPaid", "--to", "nobody"]).exit_code == 2


def test_what_a_copy_lacks_is_named_with_the_row_of_the_table(tmp_path: Path) -> None:
    _, of_type = run("SeizureTookEffect")
    said = {"type": "cn.fajian.enforcement.seizure-took-effect.v1", "source": "//court/皖1324"}
    path = tmp_path / "seizure.json"
    path.write_text(json.dumps(said | {"data": {"seizure_no": "s", "value": "1"}}))
    _, of_event = run(str(path))
    _, of_papers = run("CourtReplied")

    hidden = {row["side"]: row["hidden"] for row in of_type}
    assert hidden["court"] == {}
    assert hidden["procuratorate"]["value"] == "财产、账户、查控结果: disclosed"
    assert {row["side"]: row["hidden"] for row in of_event}["procuratorate"].keys() == {"value"}
    assert {row["side"]: row["hidden"].keys() for row in of_papers}["office"] == {"note"}
