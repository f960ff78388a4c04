"""Every worked example W01 to W66 of the catalogue of periods, by its number."""

from datetime import date

import pytest

from fajian.core.counting import Due, Length, Stop, Unit, count_due
from fajian.law.calendar_data import load_calendar

CALENDAR = load_calendar()


def day(text: str) -> date:
    return date.fromisoformat(text)


def count(start: str, number: int, unit: Unit, code: str) -> Due:
    return count_due(day(start), Length(number, unit), code, CALENDAR)


NATURAL_DAYS = {
    "W01": ("2022-04-15", 7, "2022-04-22", "2022-04-22"),
    "W02": ("2022-04-17", 7, "2022-04-24", "2022-04-24"),  # a Sunday that is worked
    "W03": ("2022-01-21", 10, "2022-01-31", "2022-02-07"),
    "W05": ("2023-04-19", 10, "2023-04-29", "2023-05-04"),
    "W06": ("2023-06-21", 3, "2023-06-24", "2023-06-25"),  # rolls to a worked Sunday
    "W08": ("2024-01-11", 30, "2024-02-10", "2024-02-18"),  # rolls to a worked Sunday
    "W09": ("2024-01-25", 15, "2024-02-09", "2024-02-09"),  # the eve was no day off in 2024
    "W10": ("2024-04-30", 5, "2024-05-05", "2024-05-06"),
    "W12": ("2025-01-18", 10, "2025-01-28", "2025-02-05"),  # starts on a rest day
    "W13": ("2025-09-23", 15, "2025-10-08", "2025-10-09"),
    "W15": ("2026-01-01", 3, "2026-01-04", "2026-01-04"),  # a Sunday that is worked
    "W16": ("2026-08-26", 30, "2026-09-25", "2026-09-28"),
    "W17": ("2026-09-16", 15, "2026-10-01", "2026-10-08"),
    "W18": ("2025-09-20", 30, "2025-10-20", "2025-10-20"),  # days off inside are not taken out
    "W20": ("2026-06-09", 10, "2026-06-19", "2026-06-22"),
    "W21": ("2025-05-21", 10, "2025-05-31", "2025-06-03"),
}


@pytest.mark.parametrize("example", NATURAL_DAYS)
def test_natural_days(example: str) -> None:
    start, number, nominal, expected = NATURAL_DAYS[example]

    due = count(start, number, "day", "ND")

    assert (due.nominal_end, due.due_day, due.provisional) == (day(nominal), day(expected), False)


MONTHS_AND_YEARS: dict[str, tuple[str, int, Unit, str, str, bool]] = {
    "W23": ("2022-04-15", 3, "month", "2022-07-15", "2022-07-15", False),
    "W24": ("2022-11-30", 3, "month", "2023-02-28", "2023-02-28", False),  # no 30 February
    "W26": ("2023-11-30", 3, "month", "2024-02-29", "2024-02-29", False),  # leap year
    "W28": ("2022-08-31", 6, "month", "2023-02-28", "2023-02-28", False),
    "W29": ("2023-08-30", 6, "month", "2024-02-29", "2024-02-29", False),
    "W31": ("2024-01-31", 1, "month", "2024-02-29", "2024-02-29", False),
    "W32": ("2025-01-31", 1, "month", "2025-02-28", "2025-02-28", False),
    "W33": ("2025-07-08", 3, "month", "2025-10-08", "2025-10-09", False),
    "W34": ("2025-11-04", 3, "month", "2026-02-04", "2026-02-04", False),
    "W36": ("2022-03-31", 6, "month", "2022-09-30", "2022-09-30", False),  # no 31 September
    "W40": ("2022-02-28", 2, "year", "2024-02-28", "2024-02-28", False),  # not the end of February
    "W42": ("2026-11-23", 3, "month", "2027-02-23", "2027-02-23", True),  # calendar of 2027 unknown
    "W43": ("2026-08-31", 6, "month", "2027-02-28", "2027-03-01", True),
}


@pytest.mark.parametrize("example", MONTHS_AND_YEARS)
def test_months_and_years(example: str) -> None:
    start, number, unit, nominal, expected, provisional = MONTHS_AND_YEARS[example]

    due = count(start, number, unit, "M" if unit == "month" else "Y")

    assert (due.nominal_end, due.due_day, due.provisional) == (day(nominal), day(expected), provisional)


def test_w35_an_extension_counts_from_the_same_start() -> None:
    due = count_due(day("2022-10-31"), Length(3, "month"), "M", CALENDAR, extra=1)

    assert (due.nominal_end, due.due_day) == (day("2023-02-28"), day("2023-02-28"))


@pytest.mark.parametrize(
    ("nth", "expected", "provisional"),
    [
        pytest.param(1, "2022-09-30", False, id="W36"),
        pytest.param(2, "2023-03-31", False, id="W37"),  # back to the 31st
        pytest.param(10, "2027-03-31", True, id="W39"),
    ],
)
def test_repeated_checks_count_from_the_same_start(nth: int, expected: str, provisional: bool) -> None:
    due = count_due(day("2022-03-31"), Length(6, "month"), "M", CALENDAR, nth=nth)

    assert (due.due_day, due.provisional) == (day(expected), provisional)


WORKING_DAYS = {
    "W44": ("2022-01-28", 3, "2022-02-07"),  # two worked weekend days, then seven days off
    "W45": ("2023-09-28", 3, "2023-10-09"),
    "W47": ("2025-04-25", 3, "2025-04-29"),
    "W48": ("2026-02-13", 3, "2026-02-25"),
    "W50": ("2025-12-31", 30, "2026-02-12"),
    "W51": ("2022-09-30", 3, "2022-10-10"),
}


@pytest.mark.parametrize("example", WORKING_DAYS)
def test_working_days(example: str) -> None:
    start, number, expected = WORKING_DAYS[example]

    due = count(start, number, "working-day", "WD")

    assert (due.due_day, due.provisional) == (day(expected), False)


@pytest.mark.parametrize(
    ("start", "years", "lapses", "safe"),
    [
        pytest.param("2024-02-29", 1, "2025-02-28", "2025-02-27", id="W52"),
        pytest.param("2022-06-15", 2, "2024-06-15", "2024-06-14", id="W53"),  # Saturday does not help
    ],
)
def test_effects_lapse_without_roll(start: str, years: int, lapses: str, safe: str) -> None:
    due = count(start, years, "year", "EXP")

    assert (due.nominal_end, due.due_day, due.last_safe_day) == (day(lapses), day(lapses), day(safe))


@pytest.mark.parametrize(
    ("start", "months", "nominal", "lawful_from"),
    [
        pytest.param("2022-04-15", 3, "2022-07-15", "2022-07-16", id="W56"),
        pytest.param("2022-04-15", 6, "2022-10-15", "2022-10-16", id="W57"),  # a Sunday
    ],
)
def test_a_minimum_wait_ends_the_day_after(start: str, months: int, nominal: str, lawful_from: str) -> None:
    due = count(start, months, "month", "MIN")

    assert (due.nominal_end, due.lawful_from, due.due_day) == (day(nominal), day(lawful_from), None)


def test_w58_a_window_opens_before_the_nominal_end_and_closes_with_the_period() -> None:
    period = count("2022-04-15", 6, "month", "M")

    window = count_due(period.nominal_end, Length(5, "day"), "BACK", CALENDAR, window=True)

    assert (window.window_from, window.due_day) == (day("2022-10-10"), day("2022-10-17"))
    assert window.due_day == period.due_day


@pytest.mark.parametrize(
    ("event", "number", "limit", "expected"),
    [
        pytest.param("2023-06-28", 3, "2023-06-25", "2023-06-25", id="W59"),  # a Sunday that is worked
        pytest.param("2025-10-08", 7, "2025-10-01", "2025-09-30", id="W61"),
    ],
)
def test_backward_periods_roll_back(event: str, number: int, limit: str, expected: str) -> None:
    due = count(event, number, "day", "BACK")

    assert (due.nominal_end, due.due_day) == (day(limit), day(expected))


def test_w63_a_suspension_moves_the_end_by_its_days() -> None:
    stop = Stop("suspended", day("2022-08-01"), day("2022-09-01"))

    due = count_due(day("2022-06-20"), Length(6, "month"), "M", CALENDAR, stops=[stop])

    assert (due.nominal_end, due.due_day) == (day("2022-12-20"), day("2023-01-20"))
    assert [counted.days for counted in due.stops] == [31]


def test_w66_an_open_suspension_leaves_no_due_day() -> None:
    stop = Stop("suspended", day("2025-06-10"), None)

    due = count_due(day("2025-03-03"), Length(6, "month"), "M", CALENDAR, stops=[stop])

    assert (due.due_day, due.overdue_from, due.suspended_since) == (None, None, day("2025-06-10"))
