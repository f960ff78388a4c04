"""The law as the core reads it: rows of data, each with its source and mark. Loading them is `fajian.law`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache, partial
from typing import Any, Literal

from fajian.core.calendar import Calendar
from fajian.core.citations import Citation, Instrument, printed_on
from fajian.core.counting import Due, Length, count_due
from fajian.core.events import EventRow

Body = Mapping[str, Any]
Severity = Literal["hard", "soft"]

MARKS = ("V", "V2", "M", "D")  #: from read in the original to our own proposal; later is weaker
UNVERIFIED = frozenset({"M", "D"})
Values = Mapping[str, tuple[Any, ...]]  #: body field -> values

BOTH = frozenset({"court", "procuratorate"})
LONGEST_WINDOW = 366  #: days that an agreement may look back for patterns
REMEMBERED = 16_384  #: results of one pure function, by rules version

#: What a row of the law is. Only a duty is ever broken.
Nature = Literal[
    "duty",  # somebody on the bus owes an act
    "right",  # a party, or somebody else outside the bus, may or must act: shown and reminded, never a breach
    "warning",  # an earlier line of a duty: reminds and passes
    "effect",  # a freeze, a stay, a listing: lives until it lapses
    "bar",  # an act is forbidden for a time
    "window",  # the only time in which something may be asked for
    "check",  # something to look at, without a time
    "trap",  # a text that looks as if it applied, and does not
]
RUNNING = frozenset({"duty", "right", "warning", "effect"})  #: natures that have clocks
LAPSING = frozenset({"right", "effect"})  #: natures that are over when their time is


@dataclass(frozen=True, slots=True)
class Cue:
    """One event as a row of the law names it: which facts count, and on which day."""

    event: str
    day: str | None = None  #: body field that holds the day; without it the day of the fact
    strict: bool = False  #: a fact that lacks the field does not count at all
    when: Values = field(default_factory=dict)  #: the values that count
    unless: Values = field(default_factory=dict)  #: values that take the fact out; none named: any
    on: str | None = None  #: the only kind of subject on which the cue is heard
    timely: bool = False  #: counts only up to the due day
    after: bool = False  #: counts only from the day of what opened the clock
    later: bool = False  #: counts only from the day after it
    side: str | None = None  #: the only side whose word counts
    plus: Length | None = None  #: the day lies so much later: where a term ends that the law itself sets
    _hash: int = field(init=False, compare=False, repr=False)  #: views look cues up for every fact

    def __post_init__(self) -> None:
        filters = (*sorted(self.when.items()), None, *sorted(self.unless.items()))
        counts = (self.timely, self.after, self.later, self.side, self.plus)
        said = (self.event, self.day, self.strict, filters, self.on, counts)
        object.__setattr__(self, "_hash", hash(said))

    def __hash__(self) -> int:
        return self._hash

    def hears(self, body: Body, kind: str) -> bool:
        if self.on is not None and self.on != kind:
            return False
        if self.strict and self.day is not None and not body.get(self.day):
            return False
        for name, values in self.unless.items():
            said = body.get(name)
            if said in values if values else said:
                return False
        return not self.when or all(body.get(name) in values for name, values in self.when.items())


@dataclass(frozen=True, slots=True)
class Extension:
    """Who may lengthen a period, by what: a number of units from the same anchor, or to a dated end."""

    event: str
    by: tuple[str, ...] = ()  #: posts that may approve; empty: anyone
    add: int = 0  #: units added to the length
    until: str | None = None  #: body field with the new end
    max: int = 1  #: how often
    anew: bool = False  #: without a dated end the length runs again, from the day of the fact


@dataclass(frozen=True, slots=True)
class Variant:
    """Another length of the same duty: for facts of a kind (urgent), or under an earlier text."""

    name: str
    zh: str
    length: Length
    count: str
    when: Values = field(default_factory=dict)  #: what the opening fact says; none: any
    since: date | None = None
    until: date | None = None
    basis: str = ""  #: where it differs from the row's
    cites: tuple[Citation, ...] = ()

    def fits(self, anchor: date, body: Body) -> bool:
        if not _is_within(anchor, self.since, self.until):
            return False
        return all(body.get(name) in values for name, values in self.when.items())


@dataclass(frozen=True)
class Period:
    """One duty with its time (`domain/periods.md` has a row for each)."""

    id: str
    zh: str
    en: str
    on: tuple[str, ...]  #: kinds of subject that carry the clock
    owed_by: str  #: post
    side: str
    opens: tuple[Cue, ...]
    closes: tuple[Cue, ...]
    length: Length | None  #: None: the text has no number, an order or an agreement fixes the day
    count: str
    basis: str
    sure: str
    severity: Severity
    cites: tuple[Citation, ...] = ()  #: what *basis* says, article by article
    nature: Nature = "duty"
    variants: tuple[Variant, ...] = ()  #: the first that fits counts instead of the length
    fixed_by: str | None = None  #: body field of the opening fact with the end, where one was fixed
    latest: bool = False  #: a later opening of the same instance replaces the earlier one
    renewed_by: Cue | None = None  #: a later opening replaces the earlier one after such a fact alone
    line_of: str = ""  #: the period of which this is another line
    rungs: tuple[int, ...] = (7, 3, 1)  #: days before the end on which the owner is reminded
    instance: str | None = None  #: body field that tells several clocks of a subject apart
    per: Cue | None = None  #: one clock for each of these facts, opened once an opener is there too
    tie: str | None = None  #: body field in which the two must not differ; who names none speaks of all
    closes_all: tuple[Cue, ...] = ()  #: all of them, the k-th of each for the k-th repetition
    ends: tuple[Cue, ...] = ()  #: the duty is gone
    stops: tuple[str, ...] = ()
    extension: Extension | None = None
    repeat: int = 1
    since: date | None = None  #: first day of an anchor that this text governs
    until: date | None = None  #: last day of an anchor that it governs
    topic: str = "case"  #: money, credit, answer or case: decides who hears of a breach
    overdue: str = ""  #: what follows, in words

    @property
    def runs(self) -> bool:
        """Tell whether facts open clocks of this row. The others are there to be looked up."""
        return self.nature in RUNNING and self.count != "MIN"

    @property
    def can_be_broken(self) -> bool:
        """Tell whether the end of its time is a breach: of duties, where the law gives a number."""
        return self.nature == "duty" and self.count != "IMM"

    def governs(self, anchor: date) -> bool:
        return _is_within(anchor, self.since, self.until)

    def variant(self, anchor: date, body: Body) -> Variant | None:
        """Return the variant that counts for what began on *anchor* with a fact that says *body*."""
        return next((variant for variant in self.variants if variant.fits(anchor, body)), None)

    @cached_property
    def opened_by(self) -> frozenset[str]:
        """Event names without one of which there is no clock."""
        return frozenset(cue.event for cue in self.opens)

    @cached_property
    def mentions(self) -> frozenset[str]:
        """Event names that can open, close or end the clock; stops and extensions come on top."""
        extension = (self.extension.event,) if self.extension else ()
        return frozenset(cue.event for cue in self.cues) | frozenset(extension)

    @property
    def cues(self) -> tuple[Cue, ...]:
        """Everything that opens, closes or ends the clock."""
        more = tuple(cue for cue in (self.per, self.renewed_by) if cue)
        return (*self.opens, *self.closes, *self.closes_all, *self.ends, *more)


def _is_within(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


@dataclass(frozen=True, slots=True)
class StopLife:
    """When a stop that begins with facts of a kind ends by itself."""

    when: Values = field(default_factory=dict)  #: what the beginning says
    usual: Length | None = None  #: its life where no end was named
    cap: Length | None = None  #: longest life
    extended: Length | None = None  #: longest life once it was extended in time; without it still the cap


@dataclass(frozen=True, slots=True)
class StopKind:
    """What stops a clock: which events begin and end it, and when it ends by itself."""

    kind: str
    begins: tuple[Cue, ...]
    ends: tuple[Cue, ...]
    instance: str | None = None
    until: str | None = None  #: body field of the beginning with a fixed end
    cap: Length | None = None  #: longest life
    lives: tuple[StopLife, ...] = ()  #: the first that fits counts instead of the cap
    extended_by: Cue | None = None  #: moves the end of a stop that has not ended

    def life_of(self, body: Body) -> StopLife:
        """Return how long a stop lives that begins with a fact that says *body*."""
        for life in self.lives:
            if all(body.get(name) in values for name, values in life.when.items()):
                return life
        return StopLife(cap=self.cap)

    @property
    def cues(self) -> tuple[Cue, ...]:
        """Everything that begins, ends or lengthens it."""
        return (*self.begins, *self.ends, *((self.extended_by,) if self.extended_by else ()))


@dataclass(frozen=True, slots=True)
class Trigger:
    """One row of `domain/domain.md` section 9: when a breach becomes a lead."""

    id: str
    zh: str
    en: str
    on: tuple[str, ...]
    basis: str
    sure: str
    ground: str
    severity: Severity = "hard"
    periods: tuple[str, ...] = ()  #: the overdue clocks that it names
    predicate: str = "always"  #: further condition on an overdue clock
    finder: str | None = None  #: or: the function that finds the breach in the facts
    pattern: str | None = None  #: or: the function that finds it across many subjects
    reads: tuple[str, ...] = ()  #: periods whose clocks the finder looks at
    owed_by: str = ""
    side: str = ""
    watches: tuple[str, ...] = ()  #: events that can change its answer; `*`: all
    since: date | None = None  #: earlier breaches are judged by other texts
    topic: str = "case"
    lead: bool = True  #: false: told to the owner, a lead only by policy
    cites: tuple[Citation, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rung:
    """One row of the escalation ladder: who is alerted when a flag of this class reaches this stage."""

    stage: str
    side: str  #: the side that owes the duty
    severity: str  #: hard, soft or any
    topic: str  #: that of the row, or any
    posts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Visibility:
    """One kind of data, and what each side may see of it: a word of `fajian/law/visibility.toml`."""

    id: str
    zh: str
    en: str
    access: Mapping[str, str]  #: side -> word
    events: tuple[str, ...] = ()  #: governed as a whole
    fields: tuple[str, ...] = ()  #: body fields that it governs, wherever they occur
    fixed: bool = False  #: no annex widens it
    never: str = ""  #: why the bus holds no such data


#: Words under which the facts themselves do not reach a side.
UNSEEN = frozenset({"listed", "referred", "none"})


@dataclass(frozen=True, slots=True)
class LocalPeriod:
    """A shorter time that both sides have agreed on: it reminds, and is never a breach."""

    length: Length
    count: str


@dataclass(frozen=True, slots=True)
class Brake:
    """When the flags of one tick are so many that two people must look at them before anybody else does."""

    times: int = 10  #: more than so many times the usual number
    of_ticks: int = 30  #: the usual number is the median of so many ticks before
    at_least: int = 500  #: and at least so many, in one partition of the ledger
    keys: Mapping[str, str] = field(default_factory=dict)  #: who may decide: name -> public key


@dataclass(frozen=True, slots=True)
class SameFault:
    """How many cases with one fault, within how many days, make a pattern (T37)."""

    cases: int
    days: int


@dataclass(frozen=True, slots=True)
class Policy:
    """The local agreement. It counts when both sides have signed the same text."""

    id: str
    version: str
    agreement: str  #: subject on which meetings, issues and patterns stand
    answer_window: int  #: working days that the owner has to answer a breach
    late_days: int  #: days between a fact and its record that are still in order
    go_live: date | None  #: breaches before this day are historic
    signed: bool
    approved: frozenset[str] = frozenset()  #: unverified rows that both sides accept
    leads_by_policy: frozenset[str] = frozenset()  #: triggers that are told across only by agreement
    outages: tuple[tuple[date, date], ...] = ()  #: first and last days on which records could not be made
    local: Mapping[str, LocalPeriod] = field(default_factory=dict)  #: period -> its local line
    grace_minutes: int = 60  #: how long the end of a day waits for its last facts
    brake: Brake = field(default_factory=Brake)
    same_fault: SameFault | None = None  #: in place of the figures of the triggers about patterns


@dataclass(frozen=True)
class Rules:
    """Law, calendar and policy under one name. Equal versions judge alike."""

    version: str
    document: bytes  #: what all of this was read from
    calendar: Calendar
    policy: Policy
    events: Mapping[str, EventRow]  #: by short name
    periods: Mapping[str, Period]
    triggers: Mapping[str, Trigger]
    stops: Mapping[str, StopKind]
    posts: Mapping[str, str]  #: post -> side
    ladder: tuple[Rung, ...]
    instruments: Mapping[str, Instrument] = field(default_factory=dict)  #: by short name
    impossible: tuple[tuple[str, str, str | None], ...] = ()  #: (first, then, field that ties them)
    visibility: Mapping[str, Visibility] = field(default_factory=dict)

    @cached_property
    def rows_on(self) -> Mapping[str, Mapping[str, Period | Trigger]]:
        """Kind of subject -> what can be said of it, in the order in which it is said: clocks first."""
        rows: list[Period | Trigger] = [period for period in self.periods.values() if period.runs]
        rows += [trigger for trigger in self.triggers.values() if trigger.finder]
        kinds = sorted({kind for row in rows for kind in row.on})
        return {kind: {row.id: row for row in rows if kind in row.on} for kind in kinds}

    @cached_property
    def _heard_on(self) -> dict[tuple[str, str], tuple[str, ...]]:
        return {}

    def heard_on(self, kind: str, event: str) -> tuple[str, ...]:
        """Return the rows of `rows_on` of *kind* that *event* can change, in their order."""
        rows = self._heard_on.get((kind, event))
        if rows is None:
            heard = self.heard_by[event]
            rows = self._heard_on[kind, event] = tuple(r for r in self.rows_on.get(kind, ()) if r in heard)
        return rows

    @cached_property
    def common(self) -> frozenset[str]:
        """Names of the events that both court and procuratorate see."""
        return frozenset(name for name, sides in self.seen_by.items() if BOTH.issubset(sides))

    @cached_property
    def open_to_both(self) -> frozenset[str]:
        """Ids of the periods of whose clocks both court and procuratorate may know.

        Only what both see opens them, and the side that does not owe the duty sees all else that moves them.
        Who owes it hears of that anyway, from its flags.
        """
        return frozenset(period.id for period in self.periods.values() if self._is_open_to_both(period))

    def _is_open_to_both(self, period: Period) -> bool:
        openers = period.opened_by | ({period.per.event} if period.per else frozenset())
        others = BOTH - {period.side}
        moving = self._names_heard_by(period)
        return openers <= self.common and all(others.issubset(self.seen_by.get(one, ())) for one in moving)

    @cached_property
    def masked(self) -> frozenset[str]:
        """Body fields that some side does not see, or not in every case."""
        return frozenset().union(*self.veiled_from.values())

    @cached_property
    def due(self) -> Callable[..., Due]:
        """`count_due` on this calendar. Cases of a county share many days, so results are remembered."""
        return lru_cache(maxsize=REMEMBERED)(partial(count_due, calendar=self.calendar))

    @cached_property
    def printed(self) -> Callable[[tuple[Citation, ...], date], str]:
        """Citations as they are read on a day, remembered likewise."""
        return lru_cache(maxsize=REMEMBERED)(lambda cites, day: printed_on(cites, self.instruments, day))

    @cached_property
    def trigger_of(self) -> Mapping[str, tuple[Trigger, ...]]:
        """Period id -> the triggers that name its breach."""
        return {
            period: tuple(t for t in self.triggers.values() if period in t.periods) for period in self.periods
        }

    @cached_property
    def seen_by(self) -> Mapping[str, tuple[str, ...]]:
        """Event name -> the sides that receive it: those of its row, unless they may not see its kind."""
        unseen = {
            (event, side)
            for row in self.visibility.values()
            for event in row.events
            for side, word in row.access.items()
            if word in UNSEEN
        }
        return {
            name: tuple(side for side in event.visible if (name, side) not in unseen)
            for name, event in self.events.items()
        }

    @cached_property
    def veiled_from(self) -> Mapping[str, Mapping[str, Visibility]]:
        """Side -> body field -> the row by which the field is taken out of what that side receives."""
        sides = sorted({side for row in self.visibility.values() for side in row.access})
        return {
            side: {
                name: row
                for row in self.visibility.values()
                if row.access[side] != "full"
                for name in row.fields
            }
            for side in sides
        }

    @cached_property
    def names(self) -> Mapping[str, str]:
        """`ce_type` -> short name."""
        return {event.ce_type: event.name for event in self.events.values()}

    @cached_property
    def impossible_after(self) -> Mapping[str, tuple[tuple[str, str | None], ...]]:
        """Event name -> what cannot have come after it, with the field that ties the two."""
        thens = sorted({then for _, then, _ in self.impossible})
        return {
            name: tuple((first, tie) for first, then, tie in self.impossible if then == name)
            for name in thens
        }

    @cached_property
    def heard_by(self) -> Mapping[str, frozenset[str]]:
        """Event name -> ids of the periods and finders that it can change."""
        heard: dict[str, list[str]] = {name: [] for name in self.events}
        for period in self.periods.values():
            for name in sorted(self._names_heard_by(period)):
                heard.setdefault(name, []).append(period.id)
        for trigger in self.triggers.values():
            for name in self._names_watched_by(trigger):
                heard.setdefault(name, []).extend([trigger.id] if trigger.finder else trigger.periods)
        return {name: frozenset(ids) for name, ids in heard.items()}

    def _names_heard_by(self, period: Period) -> frozenset[str]:
        stops = (self.stops[kind] for kind in period.stops)
        names = [cue.event for stop in stops for cue in stop.cues]
        return period.mentions | frozenset(names)

    def _names_watched_by(self, trigger: Trigger) -> list[str]:
        if trigger.watches == ("*",):
            return sorted(self.events)
        read = (self._names_heard_by(self.periods[name]) for name in trigger.reads)
        return sorted(frozenset(trigger.watches).union(*read))

    def may_raise(self, trigger: Trigger) -> bool:
        """Tell whether *trigger* makes leads: settled, signed for, and wanted where the law leaves it."""
        wanted = trigger.lead or trigger.id in self.policy.leads_by_policy
        return self.policy.signed and wanted and self.is_settled(trigger.id, trigger.sure)

    def is_settled(self, row: str, sure: str) -> bool:
        """Tell whether a row may be reported across: verified, or approved under both signatures."""
        return sure not in UNVERIFIED or (self.policy.signed and row in self.policy.approved)
