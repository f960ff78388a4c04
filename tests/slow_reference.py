"""A second opinion on due days: counts on the fingers, day by day, with nothing shared with the engine.

It is written from the counting rules alone and for clarity alone; random comparison with it is in
`unit/core/test_counting_against_reference.py`.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Almanac:
    """What the yearly notices say, and for which years there are notices."""

    off: frozenset[date]
    worked: frozenset[date]
    first: date
    last: date

    def rests(self, day: date) -> bool:
        weekend = day.isoweekday() in (6, 7)
        return (weekend and day not in self.worked) or day in self.off

    def knows(self, day: date) -> bool:
        return self.first <= day and day <= self.last


@dataclass(frozen=True)
class Answer:
    nominal_end: date | datetime
    due_day: date | datetime | None = None
    provisional: bool = False
    suspended_since: date | None = None
    lawful_from: date | None = None
    last_safe_day: date | None = None
    added: int = 0
    skipped: tuple[date, ...] = ()


Interval = tuple[date, date | None]


def corresponding_day(day: date, months: int) -> date:
    """Walk month by month on the calendar sheet, then find the same number or the last one on the sheet."""
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        if month == 0:
            year, month = year - 1, 12
    sheet = [date(year, month, 1)]
    while (sheet[-1] + DAY).month == month:
        sheet.append(sheet[-1] + DAY)
    return sheet[min(day.day, len(sheet)) - 1]


def far_end(start: date, number: int, unit: str, almanac: Almanac, direction: int = 1) -> date:
    if unit == "month":
        return corresponding_day(start, direction * number)
    if unit == "year":
        return corresponding_day(start, direction * number * 12)
    day, counted = start, 0
    while counted < number:
        day += direction * DAY
        if unit == "day" or not almanac.rests(day):
            counted += 1
    return day


def stopped_on(day: date, intervals: list[Interval]) -> bool:
    return any(begin <= day and (end is None or day < end) for begin, end in intervals)


def push(end: date, intervals: list[Interval], since: date) -> tuple[date, int, date | None]:
    """Walk from *since* to the end; every stopped day met on the way moves the end by one day."""
    day, added = since, 0
    while day <= end:
        for begin, until in sorted(intervals, key=lambda interval: interval[0]):
            if until is None and begin <= day:
                return end, added, begin
        if stopped_on(day, intervals):
            end += DAY
            added += 1
        day += DAY
    return end, added, None


def reference(
    start: date,
    number: int,
    unit: str,
    code: str,
    almanac: Almanac,
    *,
    intervals: list[Interval] | None = None,
    extended_to: date | None = None,
    extension_from: date | None = None,
) -> Answer:
    if code == "BACK":
        return backwards(start, number, unit, almanac)
    intervals = intervals or []
    nominal = far_end(start, number, unit, almanac)
    end, added, open_since = nominal, 0, None
    if extended_to is None or extension_from is None:
        end, added, open_since = push(end, intervals, start)
    if extended_to is not None and open_since is None:
        end, added, open_since = push(extended_to, intervals, max(start, extension_from or end))
    if open_since is not None:
        return Answer(nominal, suspended_since=max(open_since, start))
    if code == "MIN":
        return Answer(nominal, lawful_from=end + DAY, added=added)
    if code == "EXP":
        safe = end - DAY
        judged = [safe]
        while almanac.rests(safe):
            safe -= DAY
            judged.append(safe)
        return Answer(nominal, end, unknown(judged, almanac), last_safe_day=safe, added=added)
    return rolled(nominal, end, added, [start + DAY] if unit == "working-day" else [], almanac)


def rolled(nominal: date, end: date, added: int, judged: list[date], almanac: Almanac) -> Answer:
    due, skipped = end, []
    while almanac.rests(due):
        skipped.append(due)
        due += DAY
    return Answer(
        nominal, due, unknown([*judged, *skipped, due], almanac), added=added, skipped=tuple(skipped)
    )


def backwards(start: date, number: int, unit: str, almanac: Almanac) -> Answer:
    limit = far_end(start, number, unit, almanac, direction=-1)
    due, skipped = limit, []
    while almanac.rests(due):
        skipped.append(due)
        due -= DAY
    return Answer(limit, due, unknown([*skipped, due], almanac), skipped=tuple(skipped))


def unknown(days: list[date], almanac: Almanac) -> bool:
    return any(not almanac.knows(day) for day in days)


def hours(start: datetime, number: int) -> datetime:
    """Let a clock strike: the hour that has begun does not count, the next *number* do."""
    minute = start.replace(second=0, microsecond=0)
    struck = 0
    while struck <= number:
        minute += timedelta(minutes=1)
        if minute.minute == 0:
            struck += 1
    return minute
