"""Count one period: from its start to the day on which it is due, with everything that moved that day.

Conventions where the texts are silent, each of them one place below:

* **Stops** are half-open, [begin, end), clipped to the start day and united: a day is taken out once, and
  belongs to the stop that began first. A stop counts if it begins on or before the last day as it then stands
  (that day ends at 24:00), before any roll; one that begins on the rest days that are rolled over is late.
* **A dated extension** replaces the end as it stood. Stops of which the old end already took account do not
  move the new one.
* **One roll**, at the very end. Effects (EXP), minimum waits (MIN) and hours (H) never roll.
* **Hours** run from the next full hour: a start at 10:00 sharp, like one at 10:59, counts from 11:00.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from fajian.core.calendar import ONE_DAY, SHANGHAI, Calendar
from fajian.errors import CountingError

Unit = Literal["day", "working-day", "month", "year", "hour"]
UNITS: Final[tuple[Unit, ...]] = ("day", "working-day", "month", "year", "hour")

DAYS_AND_MONTHS: Final[tuple[Unit, ...]] = ("day", "month", "year")
FITTING_UNITS: Final[dict[str, tuple[Unit, ...]]] = {
    "ND": ("day",),
    "WD": ("working-day",),
    "M": ("month",),
    "Y": ("year",),
    "MIN": DAYS_AND_MONTHS,
    "BACK": DAYS_AND_MONTHS,
    "EXP": DAYS_AND_MONTHS,
    "H": ("hour",),
    "IMM": ("day", "working-day"),  # the law gives no number: the day counted is that of a soft reminder
}
STOPPABLE: Final = frozenset(FITTING_UNITS) - {"BACK", "H"}
EXTENDABLE: Final = STOPPABLE - {"MIN"}

ONE_HOUR = timedelta(hours=1)
MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
LONGEST = 110_000  #: units; more days than from the earliest fact (1900) to the last day in a body (2199)


class Length(NamedTuple):
    number: int
    unit: Unit


#: When a duty without a number (IMM) is brought to mind: our own figure, marked D.
IMMEDIATELY: Final = Length(15, "day")


class Stop(NamedTuple):
    """A time that the period does not run: from *begin* up to, and without, *end*; None while it lasts."""

    kind: str
    begin: date
    end: date | None


class CountedStop(NamedTuple):
    """A stop that moves the end, with the days that it adds; None while nobody knows."""

    kind: str
    begin: date
    end: date | None
    days: int | None


@dataclass(frozen=True, slots=True)
class Due:
    """A due day and how it came about. Days are days of Shanghai; for hours all of them are instants."""

    start: date | datetime  #: never counted itself; for BACK the future day
    first_day: date | datetime
    length: int  #: as the rule has it, without *extra* and *nth*
    unit: Unit
    count: str
    nominal_end: date | datetime  #: before stops, extension and roll
    calendar: str
    due_day: date | datetime | None = None  #: None while suspended, and for a minimum wait
    overdue_from: date | datetime | None = None
    stops: tuple[CountedStop, ...] = ()  #: those that move the end
    extra: int = 0  #: units added by an extension, from the same start
    nth: int = 1
    extended_to: date | None = None
    rolled_over: tuple[date, ...] = ()  #: rest days skipped
    provisional: bool = False  #: a day had to be judged whose notice is not out
    suspended_since: date | None = None
    lawful_from: date | None = None  #: MIN: the first day on which the act is allowed
    window_from: date | None = None  #: BACK with a window: the first day in it
    last_safe_day: date | None = None  #: EXP: the last working day before the effect lapses


def count_due(
    start: date | datetime,
    length: Length,
    code: str,
    calendar: Calendar,
    *,
    stops: Sequence[Stop] = (),
    extra: int = 0,
    extended_to: date | None = None,
    extension_from: date | None = None,
    window: bool = False,
    nth: int = 1,
) -> Due:
    """Count *length* from *start* by the count code *code*.

    *extra* units, and *nth* for repeated duties, count from the same start, never from a rolled end.
    *extended_to* replaces the end; stop days on or after *extension_from* (without it: stops that begin after
    the end as it stood) are added to it. With *window* a BACK period is the time before *start* in which the
    act is lawful, and *start* itself its last day.
    """
    number = _number(length, code, extra, nth)
    _check_combination(code, stops, extended_to, extension_from, window)
    try:
        if code == "H":
            return _count_hours(start, length, number, calendar, extra, nth)
        begin = _day(start)
        if code == "BACK":
            return _count_back(begin, length, number, calendar, extra, nth, window)
        return _count_forward(
            begin, length, number, code, calendar, stops, extra, nth, extended_to, extension_from
        )
    except (OverflowError, ValueError) as error:
        raise CountingError(f"the end of {number} {length.unit} from {start} is no day of our era") from error


def _number(length: Length, code: str, extra: int, nth: int) -> int:
    fitting = FITTING_UNITS.get(code)
    if fitting is None:
        raise CountingError(f"expected a count code of {', '.join(FITTING_UNITS)}, got {code!r}")
    if length.unit not in fitting:
        raise CountingError(f"{code} counts in {' or '.join(fitting)}, got a length in {length.unit!r}")
    number = length.number * nth + extra
    if length.number < 1 or nth < 1 or extra < 0 or number > LONGEST:
        raise CountingError(
            f"expected a length and a repetition of 1 or more, an extension of 0 or more,"
            f" {LONGEST} units at most; got length {length.number}, repetition {nth}, extension {extra}"
        )
    return number


def _check_combination(
    code: str,
    stops: Sequence[Stop],
    extended_to: date | None,
    extension_from: date | None,
    window: bool,
) -> None:
    if stops:
        if code not in STOPPABLE:
            raise CountingError(f"a period counted by {code} cannot be stopped, got a stop {stops[0].kind!r}")
        for stop in stops:
            if stop.end is not None and stop.end < stop.begin:
                raise CountingError(f"a stop {stop.kind!r} ends on {stop.end}, before its begin {stop.begin}")
    if extended_to is None:
        if extension_from is not None:
            raise CountingError(f"an extension from {extension_from} needs the day that it extends to")
    elif code not in EXTENDABLE:
        raise CountingError(f"a period counted by {code} cannot be extended, got {extended_to}")
    if window and code != "BACK":
        raise CountingError(f"only a period counted by BACK can be a window, got {code}")


def _day(start: date | datetime) -> date:
    """Return the day of Shanghai on which *start* lies."""
    if not isinstance(start, datetime):
        return start
    return _aware(start).date()


def _aware(start: datetime) -> datetime:
    if start.utcoffset() is None:
        raise CountingError(f"expected an instant with its zone, got {start.isoformat()} without")
    return start.astimezone(SHANGHAI)


def _count_hours(
    start: date | datetime, length: Length, number: int, calendar: Calendar, extra: int, nth: int
) -> Due:
    if not isinstance(start, datetime):
        raise CountingError(f"hours count from an instant with its zone, got the day {start}")
    begin = _aware(start)
    first = begin.replace(minute=0, second=0, microsecond=0) + ONE_HOUR
    end = first + ONE_HOUR * number
    return Due(
        begin, first, length.number, length.unit, "H", end, calendar.version, end, end, extra=extra, nth=nth
    )


def _count_back(
    start: date, length: Length, number: int, calendar: Calendar, extra: int, nth: int, window: bool
) -> Due:
    limit = shift(start, -number, length.unit)
    nominal = start if window else limit
    due = calendar.roll_forward(start) if window else calendar.roll_back(limit)
    return Due(
        start,
        start - ONE_DAY,
        length.number,
        length.unit,
        "BACK",
        nominal,
        calendar.version,
        due,
        due + ONE_DAY,
        extra=extra,
        nth=nth,
        rolled_over=_skipped(nominal, due),
        provisional=not (calendar.is_known(nominal) and calendar.is_known(due)),
        window_from=limit if window else None,
    )


def _count_forward(
    start: date,
    length: Length,
    number: int,
    code: str,
    calendar: Calendar,
    stops: Sequence[Stop],
    extra: int,
    nth: int,
    extended_to: date | None,
    extension_from: date | None,
) -> Due:
    unit = length.unit
    if unit == "working-day":
        nominal = calendar.add_working_days(start, number)
    else:
        nominal = shift(start, number, unit)
    end = nominal
    counted: tuple[CountedStop, ...] = ()
    suspended_since = None
    if extended_to is not None or stops:
        end, counted, suspended_since = _end(start, nominal, stops, extended_to, extension_from)
    due = overdue_from = lawful_from = last_safe = None
    rolled_over: tuple[date, ...] = ()
    provisional = False
    if suspended_since is not None:
        pass  # an open stop: no end that could be judged
    elif code == "MIN":
        lawful_from = end + ONE_DAY
    elif code == "EXP":
        due, overdue_from = end, end + ONE_DAY
        last_safe = calendar.roll_back(end - ONE_DAY)
        provisional = not (calendar.is_known(end - ONE_DAY) and calendar.is_known(last_safe))
    else:
        due = calendar.roll_forward(end)
        overdue_from = due + ONE_DAY
        rolled_over = _skipped(end, due)
        judged_from = start + ONE_DAY if unit == "working-day" else end
        provisional = not (calendar.is_known(judged_from) and calendar.is_known(due))
    return Due(
        start,
        start + ONE_DAY,
        length.number,
        unit,
        code,
        nominal,
        calendar.version,
        due,
        overdue_from,
        counted,
        extra,
        nth,
        extended_to,
        rolled_over,
        provisional,
        suspended_since,
        lawful_from,
        None,
        last_safe,
    )


def _end(
    start: date,
    nominal: date,
    stops: Sequence[Stop],
    extended_to: date | None,
    extension_from: date | None,
) -> tuple[date, tuple[CountedStop, ...], date | None]:
    """Return the end before the roll, the stops that move it, and since when an open one suspends it."""
    in_order = sorted(stops, key=lambda stop: (stop.begin, stop.end or date.max, stop.kind))
    if extended_to is None:
        return _prolong(nominal, in_order, start, start)
    if extension_from is None:
        stood, before, suspended_since = _prolong(nominal, in_order, start, start)
        if suspended_since is not None:
            return stood, before, suspended_since
        extension_from = stood
    return _prolong(extended_to, in_order, start, max(start, extension_from))


def _prolong(
    end: date, in_order: Sequence[Stop], start: date, covered: date
) -> tuple[date, tuple[CountedStop, ...], date | None]:
    """Move *end* by the days of the stops; those before *covered* are spoken for and count no more."""
    counted: list[CountedStop] = []
    for stop in in_order:
        if stop.end is not None and stop.end <= covered:
            continue
        begin = max(stop.begin, covered)
        if begin > end:
            break
        if stop.end is None:
            counted.append(CountedStop(stop.kind, stop.begin, None, None))
            return end, tuple(counted), max(stop.begin, start)
        days = (stop.end - begin).days
        counted.append(CountedStop(stop.kind, stop.begin, stop.end, days))
        end += timedelta(days=days)
        covered = stop.end
    return end, tuple(counted), None


def shift(day: date, number: int, unit: Unit) -> date:
    """Return the corresponding day *number* units away; where the month has none, its last day."""
    if unit == "day":
        return day + timedelta(days=number)
    months = day.year * 12 + day.month - 1 + (number if unit == "month" else number * 12)
    year, month = divmod(months, 12)
    last = MONTH_DAYS[month]
    if month == 1 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        last = 29
    return date(year, month + 1, min(day.day, last))


def _skipped(end: date, due: date) -> tuple[date, ...]:
    """Return the rest days from *end* towards *due*, in the order in which they were skipped."""
    if end == due:
        return ()
    step = 1 if due > end else -1
    return tuple(end + timedelta(days=step * n) for n in range(abs((due - end).days)))


def explain(due: Due) -> dict[str, Any]:
    """Return *due* as other programs read it: days as YYYY-MM-DD, hours as instants."""
    shape: dict[str, Any] = {
        "start_day": due.start.isoformat(),
        "first_day": due.first_day.isoformat(),
        "length": due.length,
        "unit": due.unit,
        "count": due.count,
        "nominal_end": due.nominal_end.isoformat(),
        "stops": [
            {"kind": stop.kind, "from": stop.begin.isoformat(), "to": _text(stop.end), "days": stop.days}
            for stop in due.stops
        ],
        "extended_to": _text(due.extended_to),
        "rolled_over": [day.isoformat() for day in due.rolled_over],
        "due_day": _text(due.due_day),
        "overdue_from": _text(due.overdue_from),
        "provisional": due.provisional,
        "calendar": due.calendar,
    }
    if due.extra:
        shape["extra"] = due.extra
    if due.nth > 1:
        shape["number"] = due.nth
    for name in ("lawful_from", "window_from", "last_safe_day", "suspended_since"):
        day = getattr(due, name)
        if day is not None:
            shape[name] = day.isoformat()
    return shape


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
