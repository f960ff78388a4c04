"""The bundled notices."""

from datetime import date

from fajian.law.calendar_data import load_calendar, load_holiday_names


def test_notices_of_seventeen_years_are_loaded() -> None:
    calendar = load_calendar()

    assert (calendar.known_from, calendar.known_until) == (date(2010, 1, 1), date(2026, 12, 31))
    assert (len(calendar.days_off), len(calendar.make_up_days)) == (465, 113)
    assert calendar.version.startswith("cn-2026.")


def test_make_up_days_are_weekend_days_and_no_days_off() -> None:
    calendar = load_calendar()

    weekdays = [day for day in calendar.make_up_days if day.weekday() < 5]
    assert weekdays == [date(2020, 2, 3)]  # the notice of 2020 was changed: work began again on a Monday
    assert not calendar.make_up_days & calendar.days_off


def test_every_day_off_has_the_name_of_its_holiday() -> None:
    names = load_holiday_names()

    assert names[date(2022, 12, 31)] == "元旦"
    assert names.keys() == load_calendar().days_off
