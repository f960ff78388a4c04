"""Which days count. Arithmetic on values: no clock, no file and no setting is read here."""

from dataclasses import dataclass
from datetime import date, timedelta, timezone

SATURDAY = 5  #: as `date.weekday()` counts
ONE_DAY = timedelta(days=1)
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")  #: UTC+8, no summer time in the years we judge


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that differ from an ordinary week, as the yearly notices publish them.

    Outside *known_from* to *known_until* only the week is known: what is judged there is provisional.
    """

    version: str
    days_off: frozenset[date]
    make_up_days: frozenset[date]  #: weekend days that the notices turn into working days
    known_from: date
    known_until: date
    make_up_days_work: bool = True  #: a make-up day is an ordinary last day; no statute says so in words

    def is_rest_day(self, day: date) -> bool:
        """Say whether *day* is a statutory rest day (weekend or day off)."""
        if day in self.days_off:
            return True
        return day.weekday() >= SATURDAY and not (self.make_up_days_work and day in self.make_up_days)

    def is_working_day(self, day: date) -> bool:
        return not self.is_rest_day(day)

    def is_known(self, day: date) -> bool:
        """Say whether the notice for *day* is loaded; otherwise what rests on it is provisional."""
        return self.known_from <= day <= self.known_until

    def roll_forward(self, day: date) -> date:
        """Return *day*, or the first day after it that is no rest day (CPL 2023, art. 85(3))."""
        while self.is_rest_day(day):
            day += ONE_DAY
        return day

    def roll_back(self, day: date) -> date:
        """Return *day*, or the last day before it that is no rest day."""
        while self.is_rest_day(day):
            day -= ONE_DAY
        return day

    def add_working_days(self, day: date, n: int) -> date:
        """Return the *n*-th working day after *day*; *day* itself never counts, and *n* of 0 returns it."""
        while n > 0:
            day += ONE_DAY
            if not self.is_rest_day(day):
                n -= 1
        return day
