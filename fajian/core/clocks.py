"""Why a duty is due on its day: clocks follow from the standing facts and a row of the law alone."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from fajian.core.calendar import SHANGHAI, Calendar
from fajian.core.counting import Due, Length, Stop, count_due
from fajian.core.facts import Fact, View
from fajian.core.rules import Cue, Extension, Period, Rules, StopKind

Told = tuple[date, Fact]  #: a fact and the day on which it counts


@dataclass(frozen=True, slots=True)
class Clock:
    """One duty of one subject. `due.due_day` is None while it is stopped."""

    rule: str
    instance: str
    due: Due
    opened_by: tuple[Fact, ...]
    closed: Told | None = None  #: fulfilled, in time or late
    ended: Told | None = None  #: the duty fell away
    extended_late: tuple[str, ...] = ()  #: ids of extensions that came too late or from the wrong post

    @property
    def due_day(self) -> date | None:
        """Return the last day on which the duty can be done in time; None while the clock is stopped."""
        return as_day(self.due.due_day)

    @property
    def phase(self) -> str:
        """Return `open`, `paused`, `met`, `late`, `gone` (fell away in time) or `moot` (after it)."""
        told = self.closed or self.ended
        if told is None:
            return "paused" if self.due_day is None else "open"
        in_time = self.due_day is None or told[0] <= self.due_day
        if self.closed:
            return "met" if in_time else "late"
        return "gone" if in_time else "moot"

    @property
    def evidence(self) -> list[str]:
        told = [told[1] for told in (self.closed, self.ended) if told]
        return [fact.id for fact in (*self.opened_by, *told)]


def clocks_of(period: Period, view: View, rules: Rules) -> list[Clock]:
    """Return the clocks that *period* runs on this subject, by instance, in the order of their opening."""
    if period.nature == "bar" or period.count == "MIN":
        return []
    return [
        clock
        for instance, anchor, opened_by in _openings(period, view)
        if period.since is None or anchor >= period.since
        for clock in _repetitions(period, view, rules, instance, anchor, opened_by)
    ]


def _openings(period: Period, view: View) -> Iterator[tuple[str, date, tuple[Fact, ...]]]:
    openers = sorted(
        (told for cue in period.opens for told in view.heard(cue)), key=lambda told: (told[0], told[1].at)
    )
    if not openers:
        return
    begun: list[tuple[date, tuple[Fact, ...]]]
    if period.per is None:
        begun = [(day, (fact,)) for day, fact in openers]
    else:
        since, opener = openers[0]
        begun = [(max(day, since), (fact, opener)) for day, fact in view.heard(period.per)]
    seen: dict[str, None] = {}
    for day, opened_by in begun:
        instance = str(opened_by[0].body.get(period.instance) or "") if period.instance else ""
        if instance not in seen:
            seen[instance] = None
            yield instance, day, opened_by


def _repetitions(
    period: Period, view: View, rules: Rules, instance: str, anchor: date, opened_by: tuple[Fact, ...]
) -> Iterator[Clock]:
    stops = [stop for kind in period.stops for stop in stops_of(rules.stops[kind], view, rules.calendar)]
    for nth in range(1, period.repeat + 1):
        due, too_late = _due(period, view, rules.calendar, instance, anchor, stops, nth)
        closed = _closing(period, view, instance, anchor, nth)
        ended = _ending(period, view, instance, due)
        if closed and ended:
            closed, ended = (closed, None) if closed[0] <= ended[0] else (None, ended)
        yield Clock(
            rule=period.id,
            instance=instance if period.repeat == 1 else "-".join(filter(None, (instance, str(nth)))),
            due=due,
            opened_by=opened_by,
            closed=closed,
            ended=ended,
            extended_late=too_late,
        )


def _ending(period: Period, view: View, instance: str, due: Due) -> Told | None:
    """Return what took the duty away. Some grounds count only in time: a late deferral cures nothing."""
    endings = [
        told
        for cue in period.ends
        for told in _answers(cue, period, view, instance)
        if not cue.timely or _in_time(told[0], due)
    ]
    return min(endings, key=_when, default=None)


def _in_time(day: date, due: Due) -> bool:
    last = as_day(due.due_day)
    return last is None or day <= last


def _answers(cue: Cue, period: Period, view: View, instance: str) -> list[Told]:
    """Return what *cue* hears of this instance. A fact that names none speaks of the whole subject."""
    field = period.instance
    return [
        (day, fact)
        for day, fact in view.heard(cue)
        if field is None or str(fact.body.get(field) or instance) == instance
    ]


def _closing(period: Period, view: View, instance: str, anchor: date, nth: int) -> Told | None:
    if period.closes_all:
        parts = [
            sorted((t for t in _answers(cue, period, view, instance) if t[0] > anchor), key=_when)
            for cue in period.closes_all
        ]
        if any(len(part) < nth for part in parts):
            return None
        return max((part[nth - 1] for part in parts), key=_when)
    closings = [told for cue in period.closes for told in _answers(cue, period, view, instance)]
    return min(closings, key=_when, default=None)


def _when(told: Told) -> tuple[date, int, str]:
    return told[0], told[1].at, told[1].id


def _due(
    period: Period,
    view: View,
    calendar: Calendar,
    instance: str,
    anchor: date,
    stops: Sequence[Stop],
    nth: int,
) -> tuple[Due, tuple[str, ...]]:
    """Count the period, then again for each extension that came in time from a post that may give it."""
    due = count_due(anchor, period.length, period.count, calendar, stops=stops, nth=nth)
    extension = period.extension
    if extension is None:
        return due, ()
    granted, too_late = 0, []
    for day, fact in _answers(Cue(extension.event), period, view, instance):
        if not _may_extend(extension, period, fact):
            continue
        in_vain = (
            granted >= extension.max or not _approved(extension, fact) or _shortens(extension, fact, due)
        )
        if in_vain or not _in_time(day, due):
            too_late.append(fact.id)
            continue
        granted += 1
        if extension.until is None:
            more = extension.add * granted
            due = count_due(anchor, period.length, period.count, calendar, stops=stops, extra=more, nth=nth)
        else:
            until = date.fromisoformat(fact.body[extension.until])
            due = count_due(
                anchor,
                period.length,
                period.count,
                calendar,
                stops=stops,
                extended_to=until,
                extension_from=day,
                nth=nth,
            )
    return due, tuple(too_late)


def _may_extend(extension: Extension, period: Period, fact: Fact) -> bool:
    """Tell whether the approval speaks of this period at all."""
    named = fact.body.get("period") or period.id
    return named == period.id and (extension.until is None or bool(fact.body.get(extension.until)))


def _shortens(extension: Extension, fact: Fact, due: Due) -> bool:
    """Tell whether a dated extension would end the period before it ends anyway: then it is none."""
    last = as_day(due.due_day)
    return (
        extension.until is not None
        and last is not None
        and date.fromisoformat(fact.body[extension.until]) < last
    )


def _approved(extension: Extension, fact: Fact) -> bool:
    return not extension.by or fact.body.get("approver_role") in extension.by


def stops_of(kind: StopKind, view: View, calendar: Calendar) -> list[Stop]:
    """Pair what begins and ends a stop. A stop with a fixed end or a cap ends by itself."""
    endings = sorted((told for cue in kind.ends for told in view.heard(cue)), key=_when)
    begun = sorted((told for cue in kind.begins for told in view.heard(cue)), key=_when)
    return [
        Stop(kind.kind, day, _earliest(_end_of(kind, fact, day, endings), _limit(kind, fact, day, calendar)))
        for day, fact in begun
    ]


def _end_of(kind: StopKind, begin: Fact, day: date, endings: Iterable[Told]) -> date | None:
    named = begin.body.get(kind.instance) if kind.instance else None
    for ended, fact in endings:
        answers = fact.body.get(kind.instance) if kind.instance else None
        if ended >= day and (named is None or answers is None or named == answers):
            return ended
    return None


def _limit(kind: StopKind, begin: Fact, begun: date, calendar: Calendar) -> date | None:
    """Return the first day after the stop's own end: an effect lapses at the end of its last day."""
    until = begin.body.get(kind.until) if kind.until else None
    last = date.fromisoformat(until) if until else None
    if kind.cap is not None:
        last = _earliest(last, _lapse(begun, kind.cap, calendar))
    return None if last is None else max(begun, last + timedelta(days=1))


def _lapse(begun: date, life: Length, calendar: Calendar) -> date | None:
    return as_day(count_due(begun, life, "EXP", calendar).due_day)


def as_day(when: date | datetime | None) -> date | None:
    """Return the day of Shanghai of a due day or due instant."""
    return when.astimezone(SHANGHAI).date() if isinstance(when, datetime) else when


def _earliest(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day is not None), default=None)
