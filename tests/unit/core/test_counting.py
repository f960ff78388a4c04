"""The counting rules R1 to R18, the conventions about stops and extensions, and what is refused."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from fajian.core.calendar import SHANGHAI
from fajian.core.counting import IMMEDIATELY, CountedStop, Length, Stop, count_due, explain
from fajian.errors import CountingError, FajianError
from fajian.law.calendar_data import load_calendar

CALENDAR = load_calendar()
SIX_MONTHS = Length(6, "month")
DOCKETED = date(2022, 6, 20)  # six months end on 2022-12-20


def test_r1_the_start_day_is_not_counted() -> None:
    due = count_due(date(2022, 4, 15), Length(7, "day"), "ND", CALENDAR)

    assert (due.start, due.first_day) == (date(2022, 4, 15), date(2022, 4, 16))


@pytest.mark.parametrize(
    ("start", "first", "end"),
    [
        ("2022-07-01T10:20:00+08:00", "2022-07-01T11:00:00+08:00", "2022-07-03T11:00:00+08:00"),
        ("2022-07-01T10:00:00+08:00", "2022-07-01T11:00:00+08:00", "2022-07-03T11:00:00+08:00"),
        ("2022-07-01T20:59:59+00:00", "2022-07-02T05:00:00+08:00", "2022-07-04T05:00:00+08:00"),
    ],
)
def test_r1_hours_run_from_the_next_full_hour_and_do_not_roll(start: str, first: str, end: str) -> None:
    due = count_due(datetime.fromisoformat(start), Length(48, "hour"), "H", CALENDAR)

    shape = explain(due)
    assert (shape["first_day"], shape["due_day"], shape["overdue_from"]) == (first, end, end)


def test_r2_rest_days_inside_are_not_taken_out() -> None:
    due = count_due(date(2025, 9, 20), Length(30, "day"), "ND", CALENDAR)

    assert due.due_day == date(2025, 10, 20)


def test_r3_a_month_without_the_day_ends_on_its_last() -> None:
    ends = [
        count_due(date(2022, 10, 31), Length(n, "month"), "MIN", CALENDAR).nominal_end for n in (1, 4, 5, 14)
    ]

    assert ends == [date(2022, 11, 30), date(2023, 2, 28), date(2023, 3, 31), date(2023, 12, 31)]


@pytest.mark.parametrize(("year", "last"), [(2100, 28), (2000, 29), (2024, 29), (2023, 28)])
def test_r3_february_follows_the_leap_years(year: int, last: int) -> None:
    due = count_due(date(year - 1, 12, 31), Length(2, "month"), "MIN", CALENDAR)

    assert due.nominal_end == date(year, 2, last)


def test_r4_the_roll_is_told_day_by_day() -> None:
    due = count_due(date(2024, 4, 30), Length(4, "day"), "ND", CALENDAR)

    assert due.rolled_over == (date(2024, 5, 4), date(2024, 5, 5))
    assert (due.due_day, due.overdue_from) == (date(2024, 5, 6), date(2024, 5, 7))


def test_r5_make_up_days_are_a_switchable_rule() -> None:
    strict = replace(CALENDAR, make_up_days_work=False)

    due = count_due(date(2022, 4, 17), Length(7, "day"), "ND", strict)

    assert due.due_day == date(2022, 4, 25)


def test_r6_days_are_days_of_shanghai() -> None:
    due = count_due(datetime(2022, 4, 14, 16, 0, tzinfo=UTC), Length(7, "day"), "ND", CALENDAR)

    assert due.start == date(2022, 4, 15)


def test_r7_more_than_excludes_the_last_day() -> None:
    due = count_due(date(2022, 4, 15), Length(3, "month"), "MIN", CALENDAR)

    assert due.lawful_from == date(2022, 7, 16)


def test_r8_only_working_days_leave_out_rest_days() -> None:
    plain = count_due(date(2022, 9, 30), Length(3, "day"), "ND", CALENDAR)
    working = count_due(date(2022, 9, 30), Length(3, "working-day"), "WD", CALENDAR)

    assert (plain.nominal_end, working.nominal_end) == (date(2022, 10, 3), date(2022, 10, 10))


def count(*stops: Stop, **options: Any) -> Any:
    return count_due(DOCKETED, SIX_MONTHS, "M", CALENDAR, stops=stops, **options)


def stop(begin: str, end: str | None, kind: str = "suspended") -> Stop:
    return Stop(kind, date.fromisoformat(begin), date.fromisoformat(end) if end else None)


def test_r12_overlapping_stops_count_each_day_once_for_the_earlier() -> None:
    due = count(stop("2022-08-11", "2022-08-31", "stayed"), stop("2022-08-01", "2022-08-21"))

    assert [(s.kind, s.days) for s in due.stops] == [("suspended", 20), ("stayed", 10)]
    assert due.due_day == date(2023, 1, 19)


def test_r12_a_stop_inside_another_adds_nothing() -> None:
    due = count(stop("2022-08-01", "2022-09-01"), stop("2022-08-05", "2022-08-10", "stayed"))

    assert [(s.kind, s.days) for s in due.stops] == [("suspended", 31)]


def test_r12_a_stop_is_clipped_to_the_start_day() -> None:
    due = count(stop("2022-06-01", "2022-06-30"), stop("2022-01-01", "2022-02-01", "stayed"))

    assert due.stops == (CountedStop("suspended", date(2022, 6, 1), date(2022, 6, 30), 10),)


def test_r12_a_stop_that_begins_on_the_last_day_counts() -> None:
    assert count(stop("2022-12-20", "2022-12-25")).due_day == date(2022, 12, 26)  # 25 December is a Sunday


def test_r12_a_stop_that_begins_after_the_last_day_is_too_late() -> None:
    due = count(stop("2022-12-21", "2023-02-01"), stop("2023-01-01", None))

    assert (due.due_day, due.stops, due.suspended_since) == (date(2022, 12, 20), (), None)


def test_r12_a_stop_that_begins_while_the_end_rolls_is_too_late() -> None:
    start = date(2022, 4, 15)  # six months end on Saturday 15 October, due on Monday 17

    due = count_due(start, SIX_MONTHS, "M", CALENDAR, stops=[stop("2022-10-16", None)])

    assert due.due_day == date(2022, 10, 17)


def test_r12_earlier_stop_days_let_a_later_stop_in() -> None:
    due = count(stop("2022-12-01", "2022-12-11"), stop("2022-12-30", "2023-01-04", "stayed"))

    assert [s.days for s in due.stops] == [10, 5]
    assert due.due_day == date(2023, 1, 4)


def test_r12_no_due_day_while_a_stop_is_open_and_earlier_ones_are_told() -> None:
    due = count(stop("2022-08-01", "2022-09-01"), stop("2023-01-15", None, "stayed"))

    assert (due.due_day, due.suspended_since) == (None, date(2023, 1, 15))
    assert [(s.kind, s.days) for s in due.stops] == [("suspended", 31), ("stayed", None)]


def test_r12_a_period_that_starts_suspended_is_suspended_since_its_start() -> None:
    assert count(stop("2022-01-01", None)).suspended_since == DOCKETED


def test_r13_a_dated_extension_replaces_the_end_and_rolls_once() -> None:
    due = count(extended_to=date(2023, 3, 18))

    assert (due.nominal_end, due.extended_to) == (date(2022, 12, 20), date(2023, 3, 18))
    assert due.due_day == date(2023, 3, 20)


def test_r13_stops_before_the_old_end_do_not_move_the_new_one_and_later_ones_do() -> None:
    due = count(
        stop("2022-08-01", "2022-09-01"),
        stop("2023-02-01", "2023-02-11", "stayed"),
        extended_to=date(2023, 3, 20),
    )

    assert [(s.kind, s.days) for s in due.stops] == [("stayed", 10)]
    assert due.due_day == date(2023, 3, 30)


def test_r13_stop_days_from_the_approval_on_move_the_new_end() -> None:
    due = count(
        stop("2022-12-01", "2022-12-21"), extended_to=date(2023, 3, 20), extension_from=date(2022, 12, 11)
    )

    assert [s.days for s in due.stops] == [10]
    assert due.due_day == date(2023, 3, 30)


def test_r13_a_stop_that_began_in_time_and_is_open_suspends_the_extended_period_too() -> None:
    due = count(stop("2022-12-01", None), extended_to=date(2023, 3, 20))

    assert (due.due_day, due.suspended_since) == (None, date(2022, 12, 1))


def test_r14_the_day_of_the_future_event_is_not_counted() -> None:
    due = count_due(date(2023, 6, 28), Length(3, "day"), "BACK", CALENDAR)

    assert (due.first_day, due.due_day, due.window_from) == (date(2023, 6, 27), date(2023, 6, 25), None)


def test_r14_rest_days_are_skipped_backwards() -> None:
    due = count_due(date(2022, 10, 12), Length(9, "day"), "BACK", CALENDAR)

    assert due.rolled_over == (date(2022, 10, 3), date(2022, 10, 2), date(2022, 10, 1))


def test_r15_a_stated_end_rules_over_the_corresponding_day() -> None:
    due = count_due(
        date(2022, 6, 15), Length(2, "year"), "EXP", CALENDAR, extended_to=date(2024, 6, 9)
    )  # a Sunday

    assert (due.due_day, due.last_safe_day) == (date(2024, 6, 9), date(2024, 6, 7))


@pytest.mark.parametrize(
    ("start", "length", "code", "provisional"),
    [
        (date(2026, 12, 1), Length(30, "day"), "ND", False),  # Thursday 31 December, still known
        (date(2026, 12, 1), Length(31, "day"), "ND", True),
        (date(2026, 12, 25), Length(5, "working-day"), "WD", True),
        (date(2009, 12, 30), Length(3, "working-day"), "WD", True),
        (date(2025, 1, 1), Length(2, "year"), "EXP", False),  # lapses 2027-01-01, judged day is known
        (date(2025, 1, 2), Length(2, "year"), "EXP", True),
        (date(2027, 1, 8), Length(7, "day"), "BACK", True),
        (date(2026, 8, 1), Length(6, "month"), "MIN", False),  # no day is judged
    ],
)
def test_r17_what_rests_on_an_unknown_calendar_is_provisional(
    start: date, length: Length, code: str, provisional: bool
) -> None:
    assert count_due(start, length, code, CALENDAR).provisional is provisional


def test_r17_a_roll_into_an_unknown_year_is_provisional() -> None:
    closed = replace(CALENDAR, known_until=date(2022, 10, 15))

    due = count_due(date(2022, 4, 15), SIX_MONTHS, "M", closed)

    assert due.provisional


def test_a_duty_without_a_number_reminds_after_fifteen_days() -> None:
    due = count_due(date(2025, 9, 23), IMMEDIATELY, "IMM", CALENDAR)

    assert due.due_day == date(2025, 10, 9)


def test_r18_the_explanation_tells_everything_that_moved_the_day() -> None:
    due = count(stop("2022-08-01", "2022-08-12"))

    assert explain(due) == {
        "start_day": "2022-06-20",
        "first_day": "2022-06-21",
        "length": 6,
        "unit": "month",
        "count": "M",
        "nominal_end": "2022-12-20",
        "stops": [{"kind": "suspended", "from": "2022-08-01", "to": "2022-08-12", "days": 11}],
        "extended_to": None,
        "rolled_over": ["2022-12-31", "2023-01-01", "2023-01-02"],
        "due_day": "2023-01-03",
        "overdue_from": "2023-01-04",
        "provisional": False,
        "calendar": CALENDAR.version,
    }


def test_the_explanation_has_further_fields_where_they_apply() -> None:
    checked = explain(count_due(DOCKETED, SIX_MONTHS, "M", CALENDAR, nth=2, extra=1))
    lapsing = explain(count_due(DOCKETED, SIX_MONTHS, "EXP", CALENDAR))
    window = explain(count_due(DOCKETED, Length(5, "day"), "BACK", CALENDAR, window=True))
    waiting = explain(count_due(DOCKETED, SIX_MONTHS, "MIN", CALENDAR))
    stopped = explain(count(stop("2022-08-01", None)))

    assert (checked["number"], checked["extra"], checked["length"]) == (2, 1, 6)
    assert lapsing["last_safe_day"] == "2022-12-19"
    assert window["window_from"] == "2022-06-15"
    assert waiting["lawful_from"] == "2022-12-21"
    assert stopped["suspended_since"] == "2022-08-01"
    assert stopped["stops"] == [{"kind": "suspended", "from": "2022-08-01", "to": None, "days": None}]


NAIVE = datetime(2022, 7, 1, 10)  # noqa: DTZ001 - no zone is the point
AWARE = datetime(2022, 7, 1, 10, tzinfo=SHANGHAI)
ONE_STOP = {"stops": [stop("2022-08-01", "2022-09-01")]}


@pytest.mark.parametrize(
    ("start", "length", "code", "options", "message"),
    [
        (DOCKETED, SIX_MONTHS, "XX", {}, "count code"),
        (DOCKETED, SIX_MONTHS, "ND", {}, "ND counts in day"),
        (DOCKETED, Length(0, "day"), "ND", {}, "got length 0"),
        (DOCKETED, Length(-3, "day"), "ND", {}, "got length -3"),
        (DOCKETED, Length(150_000, "day"), "ND", {}, "units at most"),
        (DOCKETED, Length(3, "day"), "ND", {"nth": 0}, "repetition 0"),
        (DOCKETED, Length(3, "day"), "ND", {"extra": -1}, "extension -1"),
        (DOCKETED, SIX_MONTHS, "M", {"stops": [stop("2022-09-01", "2022-08-01")]}, "before its begin"),
        (DOCKETED, Length(3, "day"), "BACK", ONE_STOP, "cannot be stopped"),
        (AWARE, Length(48, "hour"), "H", ONE_STOP, "cannot be stopped"),
        (DOCKETED, SIX_MONTHS, "MIN", {"extended_to": DOCKETED}, "cannot be extended"),
        (DOCKETED, SIX_MONTHS, "M", {"extension_from": DOCKETED}, "needs the day"),
        (DOCKETED, SIX_MONTHS, "M", {"window": True}, "window"),
        (NAIVE, SIX_MONTHS, "M", {}, "without"),
        (NAIVE, Length(48, "hour"), "H", {}, "without"),
        (DOCKETED, Length(48, "hour"), "H", {}, "instant with its zone"),
        (date(9999, 6, 1), Length(1, "year"), "Y", {}, "no day of our era"),
        (date(9999, 12, 31), Length(1, "day"), "ND", {}, "no day of our era"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_words(
    start: date, length: Length, code: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(CountingError, match=message) as caught:
        count_due(start, length, code, CALENDAR, **options)

    assert isinstance(caught.value, FajianError)


def test_a_datetime_is_never_taken_for_a_day() -> None:
    just_before_midnight = datetime(2022, 4, 15, 23, 59, tzinfo=SHANGHAI)

    due = count_due(just_before_midnight, Length(1, "day"), "ND", CALENDAR)

    assert due == count_due(date(2022, 4, 15), Length(1, "day"), "ND", CALENDAR)
    assert due.due_day == date(2022, 4, 15) + timedelta(days=3)  # Saturday rolls to Monday
