"""`fajian case-number`, as a user calls it."""

import json

import typer
from typer.testing import CliRunner, Result

from fajian.cli.case_number import case_number

app = typer.Typer()
app.command()(case_number)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_numbers_are_explained_to_a_clerk() -> None:
    result = run("(2022)皖1324执恢5号", "（2022）皖1324执复3号", "（2015）泗执字第00321号")

    assert result.exit_code == 0
    for words in ("有效 valid", "（2022）皖1324执恢5号", "泗县人民法院", "恢复执行", "请核对", "旧案号"):
        assert words in result.stdout


def test_an_invalid_number_is_named_with_its_reason_and_fails() -> None:
    result = run("（2022）皖1324执123号", "（2022）皖132执123号")

    assert result.exit_code == 1
    assert "court: 法院代字“皖132”" in result.stdout


def test_other_programs_get_one_object_a_line() -> None:
    result = run("--json", "（2022）皖1324执123号之一", "乱")

    shapes = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [shape["status"] for shape in shapes] == ["document", "invalid"]
    assert {
        "input",
        "status",
        "canonical",
        "year",
        "court",
        "court_level",
        "type",
        "serial",
        "reasons",
    } <= set(shapes[0])


def test_bytes_that_are_no_text_do_not_crash() -> None:
    result = run("--json", "（2022）皖1324执\udcff号")

    assert (result.exit_code, json.loads(result.stdout)["status"]) == (1, "invalid")


def test_a_number_of_a_year_to_come_is_refused() -> None:
    result = run("（2999）皖1324执1号", "--json")

    assert json.loads(result.stdout)["status"] == "invalid"


def test_no_number_at_all_is_wrong_usage() -> None:
    assert run().exit_code == 2
