"""The county's own count of what recurs in its court."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from fajian.sim.recurring import Raised, recurring

FIRST = date(2025, 3, 3)
LAST = FIRST + timedelta(days=300)


def _raised(*days: int, trigger: str = "T20", subject: str = "（2025）皖1324执{}号") -> list[Raised]:
    """Return leads so many days after the first one, each on a case of its own."""
    return [Raised(FIRST + timedelta(days=day), trigger, subject.format(n)) for n, day in enumerate(days)]


def _found(leads: Sequence[Raised]) -> list[tuple[str, int, str]]:
    return [(one.kind, (one.due_day - FIRST).days, one.instance) for one in recurring(leads, LAST)]


def test_five_cases_within_ninety_days_are_a_pattern_once_in_a_window() -> None:
    assert _found(_raised(0, 10, 20, 30, 89)) == [("pattern", 89, "皖1324/T20/2025-05-31")]
    again = [kind_and_day[:2] for kind_and_day in _found(_raised(0, 1, 2, 3, 4, 50, 60, 70, 80, 90))]
    assert again == [("pattern", 4), ("pattern", 94)]


@pytest.mark.parametrize(
    "leads",
    [
        _raised(0, 10, 20, 30),
        _raised(0, 10, 20, 30, 90),  # the first is too long ago
        [*_raised(0, 10, 20, 30), *_raised(40)],  # twice in one case
        [*_raised(0, 10, 20, 30), *_raised(40, trigger="T21", subject="（2025）皖1324执9{}号")],
    ],
)
def test_one_case_less_is_a_near_miss(leads: Sequence[Raised]) -> None:
    assert [kind for kind, *_ in _found(leads)] == ["near-miss"]


def test_what_is_said_of_a_supervision_case_is_not_of_the_court() -> None:
    assert _found(_raised(0, 1, 2, 3, 4, subject="supervision/泗检民执监〔2025〕{}号")) == []
