"""What predicates and finders give back, and the few questions that several of them ask."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from fajian.core.clocks import Clock, as_day, clocks_of
from fajian.core.counting import Length, count_due
from fajian.core.facts import Fact, View
from fajian.core.rules import Rules, Trigger

#: Ways of closing after which nothing more is enforced. A round that ended leaves the claim alive.
ENDINGS = frozenset({"fulfilled", "terminated", "cancelled", "not-enforced", "dismissed"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a predicate rests on, beyond the clock itself."""

    events: tuple[str, ...] = ()
    why: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach that no clock shows: an act too early, a reply with a fault, a record too late."""

    rule: str
    instance: str
    day: date
    evidence: tuple[str, ...]
    why: Mapping[str, Any]
    side: str | None = None  #: who must answer for it, where the row leaves it open
    awaited: bool = False  #: an act may still come: nothing is said before *day* has ended
    cured: date | None = None  #: the day on which the act came, too late


Predicate = Callable[[View, Clock, Rules], Evidence | None]
Finder = Callable[[Trigger, View, Rules], Iterator[Finding]]


def clocks_read(trigger: Trigger, view: View, rules: Rules) -> Iterator[Clock]:
    """Yield the clocks of the periods that the row of *trigger* reads."""
    for name in trigger.reads:
        yield from clocks_of(rules.periods[name], view, rules)


def ids(*facts: Fact) -> tuple[str, ...]:
    return tuple(fact.id for fact in facts)


def said(fact: Fact, name: str) -> str:
    """Return a reference that *fact* gives, or nothing."""
    return str(fact.body.get(name) or "")


def day_in(fact: Fact, name: str) -> date | None:
    named = fact.body.get(name)
    return date.fromisoformat(named) if named else None


def about(facts: Sequence[Fact], name: str, value: str) -> list[Fact]:
    """Return those of *facts* that speak of *value*. Who names none speaks of all, and so does no *value*."""
    return [fact for fact in facts if not value or said(fact, name) in ("", value)]


def days_after(day: date, wait: Mapping[str, Any], rules: Rules) -> date:
    """Return the last day of a time that a row of triggers.toml sets: `{ length, unit, count }`."""
    due = count_due(day, Length(wait["length"], wait["unit"]), wait["count"], rules.calendar)
    last = as_day(due.due_day)
    assert last is not None  # `law check` admits only codes that give one
    return last


def enforced_until(view: View) -> date | None:
    """Return the day from which nothing is enforced any more in this case."""
    closed = (fact for fact in view.named("CaseClosed") if fact.body.get("mode") in ENDINGS)
    return min((fact.day for fact in (*closed, *view.named("EnforcementTerminated"))), default=None)


def done_on(facts: Sequence[Fact]) -> date | None:
    """Return the first day on which one of *facts* happened."""
    return min((fact.day for fact in facts), default=None)


def is_settled_by(view: View, day: date) -> bool:
    """Tell whether by *day* nothing was left to enforce."""
    performed = (fact.day for fact in view.named("SatisfactionRecorded"))
    ended = enforced_until(view)
    return min(performed, default=date.max) <= day or (ended is not None and ended <= day)
