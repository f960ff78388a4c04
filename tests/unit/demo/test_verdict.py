"""What counts as found, missed and false."""

from datetime import date
from typing import Any

import pytest

from fajian.demo.verdict import judge
from fajian.sim.truth import Planted

CASE = "（2024）皖1324执1号"


def planted(rule: str = "pay-out", trigger: str | None = "T20", kind: Any = "breach") -> Planted:
    return Planted(CASE, rule, "", date(2024, 3, 1), kind, trigger, "not paid")


def flag(type_: str, rule: str = "pay-out") -> dict[str, Any]:
    return {"type": type_, "subject": CASE, "rule": rule, "instance": ""}


def lead(trigger: str = "T20", rule: str = "pay-out") -> dict[str, Any]:
    return {"trigger": trigger, "subject": CASE, "rule": rule, "instance": ""}


def test_a_breach_with_its_flag_and_its_lead_is_found() -> None:
    verdict = judge([planted()], [flag("Overdue")], [lead()])

    assert verdict.as_json() == {"planted": 1, "found": 1, "missed": 0, "false": 0}


@pytest.mark.parametrize(
    ("flags", "leads"),
    [
        ([], [lead()]),  # never flagged
        ([flag("Overdue")], []),  # the other side never heard of it
        ([flag("Overdue")], [lead("T21")]),  # for another reason
        ([flag("Overdue"), flag("Withdrawn")], [lead()]),  # taken back
    ],
)
def test_a_breach_without_flag_or_lead_is_missed(flags: list[Any], leads: list[Any]) -> None:
    verdict = judge([planted()], flags, leads)

    assert verdict.found == 0
    assert verdict.missed


def test_a_flag_on_a_near_miss_is_false_until_it_is_withdrawn() -> None:
    near = [planted(kind="near-miss", trigger=None)]

    assert judge(near, [flag("Overdue")], []).false == (f"flag: pay-out {CASE}",)
    assert judge(near, [flag("Overdue"), flag("Withdrawn")], []).false == ()


def test_a_lead_that_nobody_planted_is_false() -> None:
    verdict = judge([planted(trigger=None)], [flag("Breached")], [lead("T20")])

    assert verdict.false == (f"T20: pay-out {CASE}",)
