"""The engine and the slow reference agree on random periods, stops and extensions from 2010 to 2026."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fajian.core.calendar import SHANGHAI
from fajian.core.counting import Length, Stop, count_due
from fajian.law.calendar_data import load_calendar
from tests.slow_reference import Almanac, Answer, hours, reference

CALENDAR = load_calendar()
ALMANAC = Almanac(
    CALENDAR.days_off, CALENDAR.make_up_days, first=CALENDAR.known_from, last=CALENDAR.known_until
)
KINDS = ("suspended", "stayed", "auction", "expert")

days = st.dates(date(2010, 1, 1), date(2026, 12, 31))
numbers = {
    "day": st.integers(1, 400),
    "working-day": st.integers(1, 60),
    "month": st.integers(1, 36),
    "year": st.integers(1, 3),
}
forward = st.sampled_from(
    [
        *[("ND", "day"), ("IMM", "day"), ("WD", "working-day"), ("M", "month"), ("Y", "year")],
        *[(code, unit) for code in ("MIN", "EXP") for unit in ("day", "month", "year")],
    ]
).flatmap(lambda pair: st.tuples(st.just(pair[0]), st.just(pair[1]), numbers[pair[1]]))


@st.composite
def stops_around(draw: st.DrawFn, start: date) -> list[Stop]:
    """Draw stops from before the start to after most ends: apart, touching, nested, empty, a few open."""
    stops = []
    for _ in range(draw(st.integers(0, 5))):
        begin = start + timedelta(days=draw(st.integers(-40, 450)))
        length = draw(
            st.one_of(st.integers(0, 120), st.none() if draw(st.integers(0, 3)) == 0 else st.just(7))
        )
        end = None if length is None else begin + timedelta(days=length)
        stops.append(Stop(draw(st.sampled_from(KINDS)), begin, end))
    return stops


@given(day=days, period=forward, data=st.data())
def test_forward_counts_agree_with_the_reference(
    day: date, period: tuple[str, str, int], data: st.DataObject
) -> None:
    code, unit, number = period
    stops = data.draw(stops_around(day))
    until = approved = None
    if code != "MIN" and data.draw(st.booleans()):
        until = day + timedelta(days=data.draw(st.integers(0, 600)))
        approved = data.draw(st.one_of(st.none(), st.integers(0, 300).map(lambda n: day + timedelta(days=n))))

    due = count_due(
        day,
        Length(number, unit),  # type: ignore[arg-type]
        code,
        CALENDAR,
        stops=stops,
        extended_to=until,
        extension_from=approved,
    )

    expected = reference(
        day,
        number,
        unit,
        code,
        ALMANAC,
        intervals=[(stop.begin, stop.end) for stop in stops],
        extended_to=until,
        extension_from=approved,
    )
    assert expected == Answer(
        due.nominal_end,
        due.due_day,
        due.provisional,
        due.suspended_since,
        due.lawful_from,
        due.last_safe_day,
        0 if due.suspended_since else sum(stop.days or 0 for stop in due.stops),
        due.rolled_over,
    )


@given(day=days, unit=st.sampled_from(["day", "month", "year"]), data=st.data())
def test_backward_counts_agree_with_the_reference(day: date, unit: str, data: st.DataObject) -> None:
    number = data.draw(numbers[unit])

    due = count_due(day, Length(number, unit), "BACK", CALENDAR)  # type: ignore[arg-type]

    expected = reference(day, number, unit, "BACK", ALMANAC)
    assert expected == Answer(due.nominal_end, due.due_day, due.provisional, skipped=due.rolled_over)


@given(
    start=st.datetimes(datetime(2010, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001 - the zone comes next
    number=st.integers(1, 100),
)
def test_hours_agree_with_the_reference(start: datetime, number: int) -> None:
    at = start.replace(tzinfo=SHANGHAI)

    due = count_due(at, Length(number, "hour"), "H", CALENDAR)

    assert due.due_day == hours(at, number)


@given(day=days, period=forward, data=st.data())
def test_the_order_in_which_stops_are_given_does_not_matter(
    day: date, period: tuple[str, str, int], data: st.DataObject
) -> None:
    code, unit, number = period
    stops = data.draw(stops_around(day))
    shuffled = data.draw(st.permutations(stops))

    once = count_due(day, Length(number, unit), code, CALENDAR, stops=stops)  # type: ignore[arg-type]
    again = count_due(day, Length(number, unit), code, CALENDAR, stops=shuffled)  # type: ignore[arg-type]

    assert once == again
