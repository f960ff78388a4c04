"""`fajian due`, as a user calls it."""

import json
from io import BytesIO
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from fajian.cli.due import answer_lines, due

app = typer.Typer()
app.command()(due)


def run(*arguments: str, lines: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=lines)


def shape(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_a_rule_is_answered_with_its_source_and_every_step() -> None:
    answer = shape("enf-docket", "2026-04-20")

    assert list(answer) == [
        *("rule", "basis", "sure", "severity", "owed_by", "start_day", "first_day", "length", "unit"),
        *("count", "nominal_end", "stops", "extended_to", "rolled_over", "due_day", "overdue_from"),
        *("provisional", "calendar", "rules"),
    ]
    assert (answer["rule"], answer["basis"], answer["sure"]) == ("enf-docket", "ER 16; TL2000 6", "V")
    assert (answer["due_day"], answer["overdue_from"]) == ("2026-04-27", "2026-04-28")


def test_a_length_of_ones_own_needs_no_rule() -> None:
    answer = shape("--length", "15", "--unit", "day", "--count", "ND", "2022-07-01")

    assert (answer["rule"], answer["rules"], answer["due_day"]) == (None, None, "2022-07-18")
    assert answer["rolled_over"] == ["2022-07-16", "2022-07-17"]


def test_stops_and_extension_are_explained() -> None:
    stopped = shape("enf-close", "2022-06-20", "--stop", "suspended:2022-08-01:2022-09-01")
    extended = shape("enf-close", "2022-06-20", "--extend", "2023-03-20")
    suspended = shape("enf-close", "2025-03-03", "--stop", "suspended:2025-06-10:")

    assert stopped["stops"] == [{"kind": "suspended", "from": "2022-08-01", "to": "2022-09-01", "days": 31}]
    assert stopped["due_day"] == "2023-01-20"
    assert (extended["extended_to"], extended["due_day"]) == ("2023-03-20", "2023-03-20")
    assert (suspended["due_day"], suspended["suspended_since"]) == (None, "2025-06-10")


def test_a_repetition_and_an_extension_by_units_count_from_the_same_day() -> None:
    check = shape("zb-check", "2022-03-31", "--nth", "2")
    reply = shape("crt-reply", "2022-10-31", "--extra", "1")

    assert (check["number"], check["due_day"]) == (2, "2023-03-31")
    assert (reply["extra"], reply["due_day"]) == (1, "2023-02-28")


def test_what_had_to_be_assumed_is_noted() -> None:
    hours = shape("--length", "48", "--unit", "hour", "--count", "H", "2022-07-01")
    late = shape("enf-close", "2022-06-20", "--stop", "stayed:2023-05-01:2023-06-01")
    beyond = shape("enf-docket", "2026-04-20", "--extend", "2026-05-20")

    assert hours["due_day"] == "2022-07-03T01:00:00+08:00"
    assert "midnight" in hours["notes"][0]
    assert "does not move the due day" in late["notes"][0]
    assert "no extension" in beyond["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["enf-docket", "2026-04-20"], ["名义届满", "2026-04-27 星期一 Mon", "ER 16", "逾期始于"]),
        (
            ["crt-reply", "2022-11-30"],
            [
                "若干问题的规定》第十三条（JOINT 13）",
                "硬 hard",
                "院长 court-president",
                "该月无对应日，以月末日为届满日",
            ],
        ),
        (
            ["--length", "1", "--unit", "month", "--count", "BACK", "--window", "2022-10-31"],
            ["2022-09-30 星期五 Fri（该月无对应日"],
        ),
        (["enf-close", "2025-03-03", "--stop", "suspended:2025-06-10"], ["中止执行", "suspended since then"]),
        (
            ["enf-close", "2022-06-20", "--stop", "stayed:2022-08-01:2022-09-10", "--extend", "2023-04-29"],
            ["延长至", "2023-04-29 劳动节", "2023-05-04", "注意"],
        ),
        (["enf-close", "2022-06-20", "--stop", "stayed:2022-08-01:2022-09-01"], ["31 日 days"]),
        (["zb-check", "2022-03-31", "--nth", "10"], ["6 个月 × 10", "暂定", "provisional"]),
        (["crt-reply", "2022-10-31", "--extra", "1"], ["3 个月 + 1 个月"]),
        (["zb-min", "2022-04-15"], ["可为之日", "2022-07-16"]),
        (
            ["--length", "1", "--unit", "year", "--count", "EXP", "2024-02-29"],
            ["失效日", "最后安全日 last safe day", "2025-02-27"],
        ),
        (
            ["--length", "5", "--unit", "day", "--count", "BACK", "--window", "2022-10-15"],
            ["窗口开始", "2022-10-10", "2022-10-17"],
        ),
        (["--length", "2", "--unit", "hour", "--count", "H", "2022-07-01T10:20:00+08:00"], ["13:00"]),
    ],
)
def test_a_clerk_can_follow_every_step(arguments: list[str], words: list[str]) -> None:
    result = run(*arguments)

    assert result.exit_code == 0
    assert [word for word in words if word not in result.stdout] == []


def test_a_day_that_its_month_has_needs_no_word() -> None:
    assert "无对应日" not in run("crt-reply", "2022-11-28").stdout


@pytest.mark.parametrize(
    ("day", "length", "unit", "count", "loaded", "out"),
    [
        ("1999-06-20", "30", "day", "ND", False, True),
        ("2009-12-20", "15", "working-day", "WD", False, True),  # begins before what is known
        ("2009-12-20", "30", "day", "ND", True, True),
        ("2009-12-20", "20", "year", "Y", True, False),
        ("2009-12-20", "4300", "working-day", "WD", False, False),
    ],
)
def test_what_is_provisional_says_whether_notices_are_not_loaded_or_not_out(
    day: str, length: str, unit: str, count: str, loaded: bool, out: bool
) -> None:
    said = run("--length", length, "--unit", unit, "--count", count, day).stdout

    assert ("未载入" not in said, "尚未公布" not in said) == (loaded, out)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-rule", "2026-04-20"], "enf-docket"),  # tells which there are
        (["enf-docket", "2026-04-31"], "YYYY-MM-DD"),
        (["enf-docket", "20260420"], "YYYY-MM-DD"),
        (["enf-docket", "2026-04-20T25:00"], "instant"),
        (["enf-docket", "2026-04-20T10:00:00"], "zone"),
        (["2026-04-20"], "length"),
        (["enf-docket", "2026-04-20", "--length", "3"], "its own length"),
        (["enf-docket", "2026-04-20", "--stop", "suspended:2026-04-21:"], "none"),
        (["sup-review", "2026-04-20", "--stop", "auction:2026-04-21:"], "review-suspended"),
        (["enf-close", "2026-04-20", "--stop", "suspended"], "KIND:FROM"),
        (["enf-close", "2026-04-20", "--stop", "suspended:2026-05-02:2026-05-01"], "before its begin"),
        (["enf-close", "2026-04-20", "--extend", "2026-04-01"], "before the period starts"),
        (["zb-check", "2022-03-31", "--nth", "11"], "10"),
        (["--length", "3", "--unit", "week", "--count", "ND", "2026-04-20"], "working-day"),
        (["--length", "3", "--unit", "month", "--count", "ND", "2026-04-20"], "ND counts in day"),
        (["--length", "3", "--unit", "day", "--count", "X", "2026-04-20"], "count code"),
        (["one", "two", "three"], "rule and a day"),
        ([], "DAY"),
    ],
)
def test_a_question_that_cannot_be_answered_is_wrong_usage(arguments: list[str], words: str) -> None:
    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def bulk(*lines: str | bytes) -> tuple[int, list[dict[str, Any]]]:
    requests = BytesIO(
        b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines)
    )
    answers = BytesIO()
    status = answer_lines(requests, answers)
    return status, [json.loads(line) for line in answers.getvalue().splitlines()]


def test_bulk_answers_every_line_in_order() -> None:
    status, answers = bulk(
        '{"rule": "enf-docket", "day": "2026-04-20"}',
        '{"length": 6, "unit": "month", "count": "M", "day": "2022-06-20",'
        ' "stops": [{"kind": "suspended", "from": "2022-08-01", "to": "2022-09-01"}]}',
        '{"rule": "enf-close", "day": "2025-03-03", "stops": [{"kind": "suspended", "from": "2025-06-10"}]}',
        '{"rule": "enf-close", "day": "2025-03-03", "stops": ["suspended:2025-06-10:2025-06-20"],'
        ' "extended_to": null, "nth": 1, "extra": null, "window": false}',
    )

    assert status == 0
    assert [answer["due_day"] for answer in answers] == ["2026-04-27", "2023-01-20", None, "2025-09-15"]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        b"\xff\xfe",
        "[]",
        "7",
        '{"rule": "enf-docket"}',
        '{"rule": "enf-docket", "day": null}',
        '{"rule": "enf-docket", "day": 20260420}',
        '{"rule": "enf-docket", "day": "2026-04-20", "dya": 1}',
        '{"rule": "enf-docket", "day": "2026-04-20", "nth": true}',
        '{"rule": "enf-docket", "day": "2026-04-20", "nth": 0}',
        '{"length": 3.5, "unit": "day", "count": "ND", "day": "2026-04-20"}',
        '{"length": 1e999, "unit": "day", "count": "ND", "day": "2026-04-20"}',
        '{"length": 99999999, "unit": "year", "count": "Y", "day": "2026-04-20"}',
        '{"length": 1, "unit": "day", "count": "ND", "day": "9999-12-31"}',
        '{"rule": "enf-close", "day": "2026-04-20", "stops": {}}',
        '{"rule": "enf-close", "day": "2026-04-20", "stops": [1]}',
        '{"rule": "enf-close", "day": "2026-04-20", "stops": [{"kind": "suspended"}]}',
        '{"rule": "enf-close", "day": "2026-04-20", "window": "yes"}',
    ],
)
def test_a_bad_line_gets_its_error_and_the_next_its_answer(line: str | bytes) -> None:
    status, answers = bulk(line, '{"rule": "enf-docket", "day": "2026-04-20"}')

    assert status == 1
    assert list(answers[0]) == ["error"]
    assert answers[1]["due_day"] == "2026-04-27"


def test_a_dash_reads_standard_input() -> None:
    good = run("-", lines='{"rule": "enf-docket", "day": "2026-04-20"}\n')
    bad = run("-", lines="nonsense\n")

    assert (good.exit_code, json.loads(good.stdout)["due_day"]) == (0, "2026-04-27")
    assert (bad.exit_code, list(json.loads(bad.stdout))) == (1, ["error"])
