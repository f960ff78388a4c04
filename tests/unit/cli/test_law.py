"""The catalogue as a lawyer asks for it."""

import json

import pytest
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


def test_a_row_shows_worked_examples_with_their_numbers() -> None:
    _, text = run("law", "show", "pay-out")
    _, document = run("law", "show", "pay-out", "--json")

    assert "例 / example: W08: 2024-01-11 → 名义届满 nominal end 2024-02-10, 届满日 due 2024-02-18" in text
    assert [example[:3] for example in json.loads(document)["examples"]] == ["W08", "W18"]


@pytest.mark.parametrize("rule", ["crt-reply", "T20", "enf-docket"])
def test_a_row_is_plain_text(rule: str) -> None:
    _, text = run("law", "show", rule)

    assert not [mark for mark in ("**", "True", "example: example") if mark in text]


def test_a_row_names_its_text_and_its_posts_in_chinese() -> None:
    _, text = run("law", "show", "crt-reply")

    assert "若干问题的规定》第十三条（JOINT 13）" in text
    assert "责任人 / owed by: 院长 court-president" in text
    assert "二月无 30 日，以月末日为届满日 / no 30 February: the last day of the month" in text


def test_the_life_cycles_are_shown_as_diagrams_and_as_tables() -> None:
    _, text = run("law", "lives")
    _, document = run("law", "lives", "--json")

    assert "stateDiagram-v2" in text
    assert json.loads(document)["case"]["transitions"]["applied"]["CaseDocketed"] == "docketed"


def test_an_unknown_row_is_wrong_usage_and_says_what_there_is() -> None:
    status, output = run("law", "show", "pay-in")

    assert status == 2
    assert "pay-out" in output


def test_unverified_rows_are_pending() -> None:
    status, output = run("law", "pending", "--json")

    assert status == 0
    rows = [json.loads(line) for line in output.splitlines()]
    assert {"T38", "T41"} <= {row["id"] for row in rows}
    assert {row["sure"] for row in rows} == {"M", "D"}
