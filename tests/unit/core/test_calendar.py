"""Which days count."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from fajian.core.calendar import Calendar

HOLIDAY = date(2022, 10, 3)  # a Monday
WORKED_SATURDAY = date(2022, 10, 8)
PLAIN_SATURDAY = date(2022, 10, 15)

CALENDAR = Calendar(
    version="test",
    days_off=frozenset({HOLIDAY, HOLIDAY + timedelta(days=1)}),
    make_up_days=frozenset({WORKED_SATURDAY}),
    known_from=date(2022, 1, 1),
    known_until=date(2022, 12, 31),
)


@pytest.mark.parametrize(
    ("day", "rests"),
    [
        (HOLIDAY, True),
        (WORKED_SATURDAY, False),
        (PLAIN_SATURDAY, True),
        (date(2022, 10, 12), False),
    ],
)
def test_weekends_and_days_off_are_rest_days_unless_worked(day: date, rests: bool) -> None:
    assert CALENDAR.is_rest_day(day) is rests
    assert CALENDAR.is_working_day(day) is not rests


def test_make_up_days_can_be_switched_off_as_a_rule() -> None:
    strict = replace(CALENDAR, make_up_days_work=False)

    assert strict.is_rest_day(WORKED_SATURDAY)


def test_rolling_leaves_a_working_day_where_it_is() -> None:
    assert CALENDAR.roll_forward(WORKED_SATURDAY) == WORKED_SATURDAY
    assert CALENDAR.roll_back(WORKED_SATURDAY) == WORKED_SATURDAY


def test_rolling_passes_all_rest_days() -> None:
    assert CALENDAR.roll_forward(date(2022, 10, 1)) == date(2022, 10, 5)
    assert CALENDAR.roll_back(date(2022, 10, 4)) == date(2022, 9, 30)


def test_working_days_are_counted_from_the_day_after() -> None:
    assert CALENDAR.add_working_days(date(2022, 10, 7), 2) == date(2022, 10, 10)
    assert CALENDAR.add_working_days(HOLIDAY, 0) == HOLIDAY


@pytest.mark.parametrize(
    ("day", "known"),
    [
        (date(2021, 12, 31), False),
        (date(2022, 1, 1), True),
        (date(2022, 12, 31), True),
        (date(2023, 1, 1), False),
    ],
)
def test_only_days_of_loaded_notices_are_known(day: date, known: bool) -> None:
    assert CALENDAR.is_known(day) is known
