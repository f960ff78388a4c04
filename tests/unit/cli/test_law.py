"""The catalogue as a lawyer asks for it."""

import json

from typer.testing import CliRunner

from fajian.cli.main import app


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def test_the_list_has_every_row_as_json() -> None:
    status, output = run("law", "list", "--json")

    rows = [json.loads(line) for line in output.splitlines()]
    assert status == 0
    assert {"enf-docket", "pay-out", "T20", "T38"} <= {row["id"] for row in rows}
    assert all(row["basis"] and row["sure"] in ("V", "V2", "M", "D") for row in rows)


def test_a_row_shows_its_source_and_its_mark() -> None:
    status, output = run("law", "show", "pay-out")

    assert status == 0
    assert "MONEY 10(1)" in output
    assert "已核对原文" in output


def test_an_unknown_row_is_wrong_usage_and_says_what_there_is() -> None:
    status, output = run("law", "show", "pay-in")

    assert status == 2
    assert "pay-out" in output


def test_unverified_rows_are_pending() -> None:
    status, output = run("law", "pending", "--json")

    assert status == 0
    assert [json.loads(line)["id"] for line in output.splitlines()] == ["T38"]
