"""What the county's officers count is what comes out when one counts on the fingers."""

from datetime import date, timedelta

import pytest

from fajian.law.calendar_data import load_calendar
from fajian.sim.duties import PERIODS, SPANS, due_day, last_day
from tests.slow_reference import Almanac, reference

CALENDAR = load_calendar()
ALMANAC = Almanac(
    CALENDAR.days_off, CALENDAR.make_up_days, first=CALENDAR.known_from, last=CALENDAR.known_until
)
STARTS = [date(2024, 1, 2) + timedelta(days=n) for n in range(0, 800, 13)]
IN_DAYS = {name: row for name, row in PERIODS.items() if row[1] != "H"}


@pytest.mark.parametrize("rule", IN_DAYS)
def test_the_last_day_of_a_duty_is_that_of_the_slow_reference(rule: str) -> None:
    length, code = IN_DAYS[rule]

    counted = [due_day(rule, start, CALENDAR) for start in STARTS]

    assert counted == [reference(s, length.number, length.unit, code, ALMANAC).due_day for s in STARTS]


@pytest.mark.parametrize("what", SPANS)
def test_the_last_day_of_any_other_time_is_that_of_the_slow_reference(what: str) -> None:
    length, code = SPANS[what]

    counted = [last_day(what, start, CALENDAR) for start in STARTS]

    assert counted == [reference(s, length.number, length.unit, code, ALMANAC).due_day for s in STARTS]
