"""What counts as found, missed and false."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from fajian.sim.check import Verdict, check, judge, judge_said
from fajian.sim.truth import Planted

CASE = "（2024）皖1324执1号"
TRIGGERS = ("T14", "T20", "T21")


def planted(rule: str = "pay-out", trigger: str | None = "T20", kind: Any = "breach") -> Planted:
    return Planted(CASE, rule, "", date(2024, 3, 1), kind, trigger, "not paid")


def flag(type_: str, rule: str = "pay-out", due: str = "2024-03-01") -> dict[str, Any]:
    return {
        "kind": "flag", "type": type_, "subject": CASE, "rule": rule, "instance": "", "on": due,
        "due_day": due,
    }  # fmt: skip


def lead(trigger: str = "T20", rule: str = "pay-out") -> dict[str, Any]:
    return {**flag(trigger, rule), "kind": "lead"}


def judged(truth: Sequence[Planted], *rows: dict[str, Any]) -> Verdict:
    return judge(truth, rows, TRIGGERS)


def test_a_breach_with_its_flag_and_its_lead_is_found() -> None:
    verdict = judged([planted()], flag("Overdue"), lead())

    assert verdict.as_json() == {"planted": 1, "found": 1, "missed": 0, "false": 0}
    assert verdict.periods == {"pay-out"}
    assert verdict.triggers == {"T20"}


@pytest.mark.parametrize(
    "rows",
    [
        [lead()],  # never flagged
        [flag("Overdue")],  # the other side never heard of it
        [flag("Overdue"), lead("T21")],  # for another reason
        [flag("Overdue"), flag("Withdrawn"), lead()],  # taken back
        [flag("Overdue", due="2024-03-04"), lead()],  # on another day
    ],
)
def test_a_breach_without_its_flag_day_or_lead_is_missed(rows: list[dict[str, Any]]) -> None:
    verdict = judged([planted()], *rows)

    assert verdict.found == 0
    assert verdict.missed == 1


def test_a_pattern_needs_its_lead_and_no_flag() -> None:
    pattern = planted(rule="T37", trigger="T37", kind="pattern")

    assert judged([pattern], lead("T37", "T37")).as_json() == {
        "planted": 1,
        "found": 1,
        "missed": 0,
        "false": 0,
    }
    assert judged([pattern]).missed == 1


def test_where_nobody_has_approved_patterns_none_is_expected() -> None:
    pattern = planted(rule="T37", trigger="T37", kind="pattern")

    assert judge_said([pattern], [], []).as_json() == {"planted": 0, "found": 0, "missed": 0, "false": 0}


def test_a_flag_on_a_near_miss_is_false_until_it_is_withdrawn() -> None:
    near = [planted(kind="near-miss", trigger=None)]

    assert judged(near, flag("Overdue")).false == 1
    assert judged(near, flag("Overdue"), flag("Withdrawn")).false == 0


def test_a_lead_that_nobody_planted_is_false() -> None:
    verdict = judged([planted(trigger=None)], flag("Breached"), lead("T20"))

    assert (verdict.missed, verdict.false) == (0, 1)


def test_a_difference_says_what_was_expected_and_what_was_said() -> None:
    (missed,) = judged([planted(rule="T14", trigger=None)], flag("DueSoon", "T14")).differences

    assert "T14" in str(missed)
    assert "2024-03-01 DueSoon" in str(missed)
    assert missed.as_json()["expected"] == "2024-03-01"


def test_an_act_that_is_recorded_the_day_after_makes_its_lead_that_much_later() -> None:
    checked = check(150, 60, 5, date(2024, 1, 2))  # a listing of the day before the holidays, among others

    assert [str(difference) for difference in checked.verdict.differences] == []
