"""Every row that a machine can see is broken somewhere in the county, and somewhere kept by a hair."""

from datetime import date
from functools import cache

from fajian.law.documents import load_rules
from fajian.sim import simulate
from fajian.sim.coverage import NEVER_PLANTED, coverage
from fajian.sim.duties import PERIODS
from fajian.sim.truth import Planted

START = date(2025, 1, 2)


@cache
def told() -> tuple[Planted, ...]:
    counties = [simulate(60, 420, seed, START) for seed in range(1, 6)]
    return tuple(planted for county in (*counties, simulate(400, 420, 6, START)) for planted in county.truth)


def test_every_row_is_broken_and_kept_by_a_hair_or_named_with_its_reason() -> None:
    without = {covered.row for covered in coverage(told(), load_rules()) if not covered.is_complete}

    assert sorted(without) == sorted(NEVER_PLANTED)


def test_every_reason_says_something() -> None:
    assert all(reason.strip() for reason in NEVER_PLANTED.values())


def test_the_officers_know_every_duty_that_can_be_broken_and_no_other() -> None:
    by_heart = set(PERIODS)

    assert by_heart == {period.id for period in load_rules().periods.values() if period.can_be_broken}
