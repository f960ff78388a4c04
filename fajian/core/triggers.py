"""When a breach is worth a lead, and which breaches only the facts can show: named pure functions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from fajian.core.clocks import Clock, stops_of
from fajian.core.counting import count_due
from fajian.core.facts import BASELINE, Fact, View, day_number
from fajian.core.lives import impossible_in
from fajian.core.rules import Rules, Trigger


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


Predicate = Callable[[View, Clock, Rules], Evidence | None]
Finder = Callable[[Trigger, View, Rules], Iterator[Finding]]


def always(view: View, clock: Clock, rules: Rules) -> Evidence | None:
    return Evidence()


def property_known(view: View, clock: Clock, rules: Rules) -> Evidence | None:
    """T07: delay counts against the court only where it knew of something to enforce against."""
    known = [
        *view.named("SeizureTookEffect", "MoneyArrived", "FinanceNotified", "PropertyFoundAfterRoundEnd"),
        *(fact for fact in view.named("NetworkQueried", "ClueVerified") if fact.body.get("found")),
    ]
    if not known or _stopped(view, clock, rules):
        return None
    return Evidence(tuple(fact.id for fact in known[:3]), {"property_known_since": known[0].day.isoformat()})


def _stopped(view: View, clock: Clock, rules: Rules) -> bool:
    kinds = rules.periods[clock.rule].stops
    return any(
        stop.end is None for kind in kinds for stop in stops_of(rules.stops[kind], view, rules.calendar)
    )


PREDICATES: Mapping[str, Predicate] = {"always": always, "property-known": property_known}


def early_round_end(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T14: the round was ended within the minimum wait, or without an act that must come first.

    Without a docketing day the application's day serves: docketing cannot be earlier. That an act is
    missing is judged only in a case that the bus has seen from its docketing on.
    """
    docketed = view.named("CaseDocketed")
    begun = min((fact.day for fact in docketed or view.named("ApplicationReceived")), default=None)
    for number, fact in enumerate(view.named("RoundEnded"), start=1):
        ruled = date.fromisoformat(fact.body.get("ruling_day") or fact.day.isoformat())
        why: dict[str, Any] = {}
        if begun is not None:
            wait = rules.periods[trigger.params["wait"]]
            assert wait.length is not None  # `law check` sees to it
            lawful = count_due(begun, wait.length, wait.count, rules.calendar).lawful_from
            if lawful is not None and ruled < lawful:
                why |= {"ruling_day": ruled.isoformat(), "lawful_from": lawful.isoformat()}
        missing = _missing(trigger, view, ruled) if docketed else []
        missing += [name for name in trigger.params["told"] if fact.body.get(name) is False]
        if missing:
            why["missing"] = missing
        if why:
            opened = (docketed or view.named("ApplicationReceived"))[:1]
            events = tuple(fact.id for fact in (*opened, fact))
            yield Finding(trigger.id, str(number) if number > 1 else "", ruled, events, why)


def _missing(trigger: Trigger, view: View, by: date) -> list[str]:
    return [
        names[0]
        for names in trigger.params["requires"]
        if not any(fact.day <= by for fact in view.named(*names))
    ]


def defective_reply(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T34, second half: a reply without seal or rulings, or a refusal without reasons (JOINT 13)."""
    for fact in view.named("CourtReplied"):
        faults = [name for name in ("sealed", "rulings_attached") if fact.body.get(name) is False]
        if fact.body.get("outcome") != "adopted" and fact.body.get("reasons_given") is False:
            faults.append("reasons_given")
        if faults:
            instance = str(fact.body.get("suggestion_no") or "")
            yield Finding(trigger.id, instance, fact.day, (fact.id,), {"missing": faults})


def late_record(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T38: recorded long after it happened (known outages left out), or where it could not happen."""
    impossible = impossible_in(view, rules)
    for fact in view.facts:
        late = {} if fact.linked else _lateness(fact, view, rules)
        why = late | _disorder(fact, view, rules)
        if fact.id in impossible and not fact.linked:
            why["impossible_in"] = impossible[fact.id]
        if why:
            yield Finding(trigger.id, fact.id, fact.day, (fact.id,), why, fact.side)


def _lateness(fact: Fact, view: View, rules: Rules) -> dict[str, Any]:
    late = day_number(fact.arrived) - day_number(fact.at)
    if late <= rules.policy.late_days or fact.name == BASELINE:
        return {}
    noted = [_between(outage) for outage in view.named("OutageNoted")]
    if any(first <= fact.day <= last for first, last in (*rules.policy.outages, *noted)):
        return {}
    return {"recorded_days_later": late}


def _between(outage: Fact) -> tuple[date, date]:
    return date.fromisoformat(outage.body["from_day"]), date.fromisoformat(outage.body["to_day"])


def _disorder(fact: Fact, view: View, rules: Rules) -> dict[str, Any]:
    """Of two copies of facts that are at home elsewhere, that other subject tells."""
    for first, tie in rules.impossible_after.get(fact.name, ()):
        tied = [
            earlier.day
            for earlier in view.named(first)
            if not (fact.linked and earlier.linked)
            and (tie is None or earlier.body.get(tie) == fact.body.get(tie))
        ]
        if tied and fact.day < min(tied):
            return {"before": first, "which_happened_on": min(tied).isoformat()}
    return {}


FINDERS: Mapping[str, Finder] = {
    "early-round-end": early_round_end,
    "defective-reply": defective_reply,
    "late-record": late_record,
}
