"""Why a duty is due on its day: clocks follow from the standing facts and a row of the law alone."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from fajian.core.calendar import SHANGHAI, Calendar
from fajian.core.counting import STOPPABLE, Due, Length, Stop, count_due
from fajian.core.facts import Fact, View, microseconds, moment_of
from fajian.core.rules import Cue, Extension, Period, Rules, StopKind, Variant

Told = tuple[date, Fact]  #: a fact and the day on which it counts


class Clock(NamedTuple):
    """One duty of one subject. `due.due_day` is None while it is stopped."""

    rule: str
    instance: str
    due: Due
    opened_by: tuple[Fact, ...]
    closed: Told | None = None  #: fulfilled, in time or late
    ended: Told | None = None  #: the duty fell away
    extended_late: tuple[str, ...] = ()  #: ids of extensions that came too late or from the wrong post
    variant: Variant | None = None  #: what counted instead of the row's own length
    local_day: date | None = None  #: by local agreement the act is expected by this earlier day

    @property
    def due_day(self) -> date | None:
        """Return the last day on which the duty can be done in time; None while the clock is stopped."""
        return as_day(self.due.due_day)

    @property
    def opened_on(self) -> date:
        """Return the day from which the owner can act; for a period counted back not the day it ends at."""
        start = as_day(self.due.start)
        assert start is not None
        return min(start, self.opened_by[0].day) if self.due.count == "BACK" else start

    @property
    def phase(self) -> str:
        """Return `open`, `paused`, `met`, `late`, `gone` (fell away in time) or `moot` (after it)."""
        told = self.closed or self.ended
        if told is None:
            return "paused" if self.due_day is None else "open"
        in_time = is_in_time(told, self.due)
        if self.closed:
            return "met" if in_time else "late"
        return "gone" if in_time else "moot"

    @property
    def evidence(self) -> list[str]:
        told = [told[1] for told in (self.closed, self.ended) if told]
        return [fact.id for fact in (*self.opened_by, *told)]


class _Count(NamedTuple):
    """What one clock counts: from which moment, how long, by which code."""

    start: date | datetime
    length: Length
    code: str
    stops: tuple[Stop, ...]
    rules: Rules
    nth: int = 1

    def due(self, **extension: Any) -> Due:
        return self.rules.due(self.start, self.length, self.code, stops=self.stops, nth=self.nth, **extension)


def clocks_of(period: Period, view: View, rules: Rules) -> list[Clock]:
    """Return the clocks that *period* runs on this subject, by instance, in the order of their opening.

    A period in hours is judged, like all others, by the tick of the day in which it ends; whether the act
    came in time is judged by the hour.
    """
    if not period.runs:
        return []
    key = period.id, rules.version
    clocks: list[Clock] | None = view.clocks.get(key)  # a finder may read what the row itself has shown
    if clocks is None:
        clocks = view.clocks[key] = _clocks_of(period, view, rules)
    return clocks


def _clocks_of(period: Period, view: View, rules: Rules) -> list[Clock]:
    clocks: list[Clock] = []
    stops: tuple[Stop, ...] | None = None
    for instance, anchor, opened_by in _openings(period, view):
        if not period.governs(anchor):
            continue
        if stops is None:  # the same for all clocks of this row
            stops = stops_of_row(period, view, rules)
        clocks += _repetitions(period, view, rules, instance, anchor, opened_by, stops)
    return clocks


def stops_of_row(period: Period, view: View, rules: Rules) -> tuple[Stop, ...]:
    """Return all that stops *period*; `Due.stops` are those of them that have moved its end."""
    kinds = [rules.stops[name] for name in period.stops]
    return tuple([stop for kind in kinds for stop in stops_of(kind, view, rules.calendar)])


def _openings(period: Period, view: View) -> Iterator[tuple[str, date, tuple[Fact, ...]]]:
    openers = [told for cue in period.opens if cue.event in view.by_name for told in view.heard(cue)]
    if not openers:
        return
    if len(openers) > 1:
        openers.sort(key=lambda told: (told[0], told[1].at))
    begun: Iterable[tuple[date, tuple[Fact, ...]]]
    if period.per is None:
        begun = [(day, (fact,)) for day, fact in openers]
    else:
        begun = _joined(view.heard(period.per), openers, period.tie)
    found: dict[str, tuple[date, tuple[Fact, ...]]] = {}
    for day, opened_by in begun:
        instance = str(opened_by[0].body.get(period.instance) or "") if period.instance else ""
        if instance not in found or period.latest:
            found[instance] = day, opened_by
        elif period.renewed_by is not None:
            heard = _answers(period.renewed_by, period, view, instance, opened_by)
            if renewals := [told for told in heard if found[instance][0] < told[0] <= day]:
                found[instance] = day, (*opened_by, max(renewals, key=_when)[1])
    for instance, (day, opened_by) in found.items():
        yield instance, day, opened_by


def _joined(
    facts: Iterable[Told], openers: Iterable[Told], tie: str | None
) -> Iterator[tuple[date, tuple[Fact, ...]]]:
    """Join each of *facts* with the first opener that does not speak of somebody else."""
    for day, fact in facts:
        about = fact.body.get(tie) if tie else None
        for since, opener in openers:
            if about is None or opener.body.get(str(tie)) in (None, about):
                yield max(day, since), (fact, opener)
                break


def _repetitions(
    period: Period,
    view: View,
    rules: Rules,
    instance: str,
    anchor: date,
    opened_by: tuple[Fact, ...],
    stops: tuple[Stop, ...],
) -> Iterator[Clock]:
    variant = period.variant(anchor, opened_by[0].body)
    text = _text(period, variant, anchor, opened_by[0])
    if text is None:
        return
    length, code = text
    for nth in range(1, period.repeat + 1):
        count = _Count(_start(anchor, code, opened_by[0]), length, code, stops, rules, nth)
        due, too_late = _due(period, view, count, instance, opened_by)
        closed = _closing(period, view, instance, anchor, opened_by, nth)
        ended = _ending(period, view, instance, opened_by, due)
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
            variant=variant,
            local_day=_local_day(period, rules, count, due),
        )


def _text(period: Period, variant: Variant | None, anchor: date, opener: Fact) -> tuple[Length, str] | None:
    """Return length and code that count here: a fixed end before a variant before the row's own length."""
    length, code = (variant.length, variant.count) if variant else (period.length, period.count)
    fixed = opener.body.get(period.fixed_by) if period.fixed_by else None
    days = (date.fromisoformat(fixed) - anchor).days if fixed else 0
    if days > 0:
        return Length(days, "day"), "EXP" if code == "EXP" else "ND"
    return None if length is None else (length, code)


def _start(anchor: date, code: str, opener: Fact) -> date | datetime:
    if code != "H":
        return anchor
    return moment_of(opener.at) if opener.day == anchor else datetime.combine(anchor, time(0), SHANGHAI)


def _local_day(period: Period, rules: Rules, count: _Count, due: Due) -> date | None:
    """Return the day of the local agreement where it is the earlier one: it may only shorten."""
    local, last = rules.policy.local.get(period.id), as_day(due.due_day)
    if local is None or last is None:
        return None
    stops = count.stops if local.count in STOPPABLE else ()
    day = as_day(count._replace(length=local.length, code=local.count, stops=stops).due().due_day)
    return day if day is not None and day < last else None


def _ending(period: Period, view: View, instance: str, opened_by: tuple[Fact, ...], due: Due) -> Told | None:
    """Return what took the duty away. Some grounds count only in time: a late deferral cures nothing."""
    endings = [
        told
        for cue in period.ends
        if cue.event in view.by_name
        for told in _answers(cue, period, view, instance, opened_by)
        if not cue.timely or is_in_time(told, due)
    ]
    return min(endings, key=_when, default=None)


def is_in_time(told: Told, due: Due) -> bool:
    """Tell whether *told* happened by the end: by its day, and for hours by its instant.

    Of a time counted back the due day is the prudent one. No text takes away the rest days between that and
    the limit itself.
    """
    last = due.due_day
    if isinstance(last, datetime) and told[0] == as_day(last):
        return told[1].at <= microseconds(last)
    day = as_day(last)
    if day is None or told[0] <= day:
        return True
    return due.count == "BACK" and told[0] <= due.nominal_end


def _answers(cue: Cue, period: Period, view: View, instance: str, opened_by: tuple[Fact, ...]) -> list[Told]:
    """Return what *cue* hears of this instance. A fact that names none speaks of the whole subject.

    Where the clock was renewed, what came before counts no more, nor does the renewal itself.
    """
    field, heard = period.instance, view.heard(cue)
    if not heard or (field is None and not (cue.after or cue.later)):
        return heard
    since, renewals = opened_by[0].day, opened_by[1:] if period.renewed_by else ()
    return [
        (day, fact)
        for day, fact in heard
        if (field is None or str(fact.body.get(field) or instance) == instance)
        and not ((cue.after or renewals) and day < since)
        and not (cue.later and day <= since)
        and fact not in renewals
    ]


def _closing(
    period: Period, view: View, instance: str, anchor: date, opened_by: tuple[Fact, ...], nth: int
) -> Told | None:
    if period.closes_all:
        parts = [
            sorted((t for t in _answers(cue, period, view, instance, opened_by) if t[0] > anchor), key=_when)
            for cue in period.closes_all
        ]
        if any(len(part) < nth for part in parts):
            return None
        return max((part[nth - 1] for part in parts), key=_when)
    closings = [
        told
        for cue in period.closes
        if cue.event in view.by_name
        for told in _answers(cue, period, view, instance, opened_by)
    ]
    return min(closings, key=_when, default=None)


def _when(told: Told) -> tuple[date, int, str]:
    return told[0], told[1].at, told[1].id


def _due(
    period: Period, view: View, count: _Count, instance: str, opened_by: tuple[Fact, ...]
) -> tuple[Due, tuple[str, ...]]:
    """Count the period, then again for each extension that came in time from a post that may give it."""
    due = count.due()
    extension = period.extension
    if extension is None:
        return due, ()
    granted, too_late = 0, []
    for told in _answers(Cue(extension.event), period, view, instance, opened_by):
        day, fact = told
        if not _may_extend(extension, period, fact):
            continue
        in_vain = (
            granted >= extension.max or not _approved(extension, fact) or _shortens(extension, fact, due)
        )
        if in_vain or not is_in_time(told, due):
            too_late.append(fact.id)
            continue
        granted += 1
        if extension.add:
            due = count.due(extra=extension.add * granted)
        else:
            due = count.due(extended_to=_new_end(extension, count, day, fact), extension_from=day)
    return due, tuple(too_late)


def _new_end(extension: Extension, count: _Count, day: date, fact: Fact) -> date | None:
    named = fact.body.get(extension.until) if extension.until else None
    if named:
        return date.fromisoformat(named)
    return as_day(count.rules.due(day, count.length, count.code).due_day)


def _may_extend(extension: Extension, period: Period, fact: Fact) -> bool:
    """Tell whether the approval speaks of this period at all."""
    named = fact.body.get("period") or period.id
    dated = extension.until is None or extension.anew or bool(fact.body.get(extension.until))
    return named == period.id and dated


def _shortens(extension: Extension, fact: Fact, due: Due) -> bool:
    """Tell whether a dated extension would end the period before it ends anyway: then it is none."""
    last, named = as_day(due.due_day), fact.body.get(extension.until) if extension.until else None
    return last is not None and bool(named) and date.fromisoformat(str(named)) < last


def _approved(extension: Extension, fact: Fact) -> bool:
    return not extension.by or fact.body.get("approver_role") in extension.by


def stops_of(kind: StopKind, view: View, calendar: Calendar) -> list[Stop]:
    """Pair what begins and ends a stop. A stop with a fixed end or a cap ends by itself."""
    begun = sorted([told for cue in kind.begins for told in view.heard(cue)], key=_when)
    if not begun:
        return []
    endings = sorted([told for cue in kind.ends for told in view.heard(cue)], key=_when)
    longer = sorted(view.heard(kind.extended_by), key=_when) if kind.extended_by else ()
    return [
        Stop(
            kind.kind,
            day,
            _earliest(_end_of(kind, fact, day, endings), _limit(kind, fact, day, longer, calendar)),
        )
        for day, fact in begun
    ]


def _end_of(kind: StopKind, begin: Fact, day: date, endings: Iterable[Told]) -> date | None:
    for ended, fact in endings:
        if ended >= day and _is_about(kind, begin, fact):
            return ended
    return None


def _is_about(kind: StopKind, begin: Fact, fact: Fact) -> bool:
    named, answers = (one.body.get(kind.instance) if kind.instance else None for one in (begin, fact))
    return named is None or answers is None or named == answers


def _limit(
    kind: StopKind, begin: Fact, begun: date, longer: Iterable[Told], calendar: Calendar
) -> date | None:
    """Return the first day after the stop's own end: an effect lapses at the end of its last day."""
    life = kind.life_of(begin.body)
    last = _named_end(kind, begin) or _lapse(begun, life.usual, calendar)
    last = _earliest(last, _lapse(begun, life.cap, calendar))
    if last is None:
        return None
    longest = _lapse(begun, life.extended or life.cap, calendar)
    for day, fact in longer:
        if begun <= day <= last and _is_about(kind, begin, fact):
            last = max(last, _earliest(_named_end(kind, fact), longest) or last)
    return max(begun, last + timedelta(days=1))


def _named_end(kind: StopKind, fact: Fact) -> date | None:
    until = fact.body.get(kind.until) if kind.until else None
    return date.fromisoformat(until) if until else None


def _lapse(begun: date, life: Length | None, calendar: Calendar) -> date | None:
    return as_day(count_due(begun, life, "EXP", calendar).due_day) if life else None


def as_day(when: date | datetime | None) -> date | None:
    """Return the day of Shanghai of a due day or due instant."""
    return when.astimezone(SHANGHAI).date() if isinstance(when, datetime) else when


def _earliest(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day is not None), default=None)
