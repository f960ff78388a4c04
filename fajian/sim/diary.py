"""The county's diary: what is reported, when it is recorded, and what is wrong with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from fajian.core.calendar import SHANGHAI, Calendar
from fajian.sim.cloud_events import structured
from fajian.sim.county import COURT
from fajian.sim.duties import ANSWER_WINDOW, LATE_DAYS
from fajian.sim.recurring import Raised
from fajian.sim.truth import DayPlan, Planted
from schemas.names import derived_id

DUPLICATED: Final = 0.02  #: share of events that are handed over a second time
OPENS: Final = 8 * 60 + 30  #: minutes after midnight
CLOSES: Final = 17 * 60 + 30
EVENING: Final = 18 * 60 + 30  #: some systems hand over the day's work in one evening run

#: Written up by hand, often the next day, when later facts are already recorded.
SLOW: Final = frozenset(
    {
        "ConsumptionRestricted", "IssueTabled", "Listed", "MoneyArrived", "ObjectionDocketed",
        "PropertyReportOrdered", "ResultChecked", "SuggestionDocketed",
    }
)  # fmt: skip


@dataclass
class Diary:
    """Collects the reports of one run. Days after *last_day* belong to the future and are left out."""

    rng: Random
    calendar: Calendar
    last_day: date
    run: str  #: distinguishes the ids of this run from those of any other
    truth: list[Planted] = field(default_factory=list)
    leads: list[Raised] = field(default_factory=list)  #: that must come
    _minutes: dict[tuple[str, date], int] = field(default_factory=dict)
    _reported: int = 0
    _slow: dict[str, date] = field(
        default_factory=dict
    )  #: by id, the day of a record that came by itself later
    _handed_over: dict[date, list[dict[str, Any]]] = field(default_factory=dict)  #: by day of the record

    def report(
        self,
        name: str,
        subject: str,
        day: date,
        *,
        source: str = COURT,
        recorded: date | None = None,
        minute: int | None = None,
        **data: Any,
    ) -> str:
        """Write down that *name* happened on *day*, recorded then or on *recorded*. Return the event's id.

        *minute*, of the day, is given where a period in hours hangs on it.
        """
        self._reported += 1
        event_id = derived_id("simulation", self.run, str(self._reported))
        at = self._instant(subject, day) if minute is None else _at(day, minute, 0)
        if recorded is None and name in SLOW and self.rng.random() < 0.3:
            recorded = self._slow[event_id] = self._next_day(day)
        recorded_at = self._recorded_at(at, recorded)
        if recorded_at.date() <= self.last_day:
            body = {key: value for key, value in data.items() if value is not None}
            event = structured(name, event_id, source, subject, at, recorded_at, body)
            self._handed_over.setdefault(recorded_at.date(), []).append(event)
        return event_id

    def on_record(self, event_id: str, day: date) -> date:
        """Return from when on record is what happened on *day*, where no other day was given for it."""
        return self._slow.get(event_id, day)

    def hand_over(self, first: date, until: date) -> Iterator[DayPlan]:
        """Yield what is handed over from *first* up to, and without, *until*, some of it twice; forget it."""
        for day in (first + timedelta(days=n) for n in range((until - first).days)):
            events = self._handed_over.pop(day, [])
            for event in tuple(events):
                if self.rng.random() < DUPLICATED:
                    again = self.workdays_after(day, self.rng.randint(0, 3))
                    (events if again == day else self._handed_over.setdefault(again, [])).append(event)
            yield DayPlan(day, tuple(sorted(events, key=lambda event: str(event["recordedtime"]))))

    def breach(
        self,
        subject: str,
        rule: str,
        instance: str,
        due: date,
        how: str,
        *,
        trigger: str | None,
        known: date | None = None,
        healed: date | None = None,
    ) -> None:
        """Plant a breach that is on record from *known* (else after *due*) and healed from *healed*."""
        shown = due if known is None else max(due, known)
        if shown > self.last_day:
            return
        lead_day = self.calendar.add_working_days(shown, ANSWER_WINDOW)
        answered = healed is not None and healed <= lead_day
        expected = None if answered or lead_day > self.last_day else trigger
        self.truth.append(Planted(subject, rule, instance, due, "breach", expected, how))
        if expected is not None:
            self.leads.append(Raised(lead_day, expected, subject))

    def pattern(self, subject: str, rule: str, instance: str, day: date, how: str) -> None:
        """Plant what is there only in several cases together, from *day* on."""
        if day <= self.last_day:
            self.truth.append(Planted(subject, rule, instance, day, "pattern", rule, how))

    def near_miss(self, subject: str, rule: str, instance: str, due: date, how: str, *, bait: date) -> None:
        """Plant a duty that is kept, though it looks broken on *bait*."""
        if bait <= self.last_day:
            self.truth.append(Planted(subject, rule, instance, due, "near-miss", None, how))

    def workday(self, day: date) -> date:
        """Return *day*, or the next day on which the offices are open."""
        return self.calendar.roll_forward(day)

    def later(self, day: date, least: int, most: int) -> date:
        """Return a working day at least *least* days after *day*, about *most* at the latest."""
        return self.workday(day + timedelta(days=self.rng.randint(least, most)))

    def workdays_after(self, day: date, number: int) -> date:
        return self.calendar.add_working_days(day, number)

    def between(self, first: date, last: date) -> date:
        """Return one of the working days from *first* to *last*; *last* if there is none."""
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return self.rng.choice([day for day in days if self.calendar.is_working_day(day)] or [last])

    def in_order(self, fact: date, recorded: date) -> bool:
        """Say whether a record made on *recorded* is neither late nor outside the run."""
        return (recorded - fact).days <= LATE_DAYS and recorded <= self.last_day

    def _next_day(self, day: date) -> date:
        recorded = self.workdays_after(day, 1)
        return recorded if self.in_order(day, recorded) else day

    def _instant(self, subject: str, day: date) -> datetime:
        before = self._minutes.get((subject, day))
        minute = (
            self.rng.randint(OPENS, CLOSES - 60)
            if before is None
            else min(before + self.rng.randint(2, 20), CLOSES + 20)
        )
        self._minutes[subject, day] = minute
        return _at(day, minute, self.rng.randrange(60))

    def _recorded_at(self, at: datetime, recorded: date | None) -> datetime:
        if recorded is not None and recorded != at.date():
            return _at(recorded, self.rng.randint(OPENS, CLOSES), self.rng.randrange(60))
        if self.rng.random() < 0.1:
            return _at(at.date(), self.rng.randint(EVENING, EVENING + 200), self.rng.randrange(60))
        return at + timedelta(seconds=self.rng.randint(30, 40 * 60))


def _at(day: date, minute: int, second: int) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60, second), SHANGHAI)


class Deck:
    """Deals its cards in random order, each once before any comes again."""

    def __init__(self, rng: Random, cards: Sequence[str]) -> None:
        self._rng = rng
        self._cards = tuple(cards)
        self._left: list[str] = []

    def deal(self) -> str:
        if not self._left:
            self._left = self._rng.sample(self._cards, len(self._cards))
        return self._left.pop()
