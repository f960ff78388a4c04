"""Class A: conditions on an overdue clock, and effects that ran out unseen."""

from collections.abc import Iterator

from fajian.core.clocks import Clock, stops_of_row
from fajian.core.facts import View
from fajian.core.rules import Rules, Trigger
from fajian.core.triggers.evidence import Evidence, Finding, clocks_read, ids, is_settled_by, said


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
    return Evidence(ids(*known[:3]), {"property_known_since": known[0].day.isoformat()})


def _stopped(view: View, clock: Clock, rules: Rules) -> bool:
    return any(stop.end is None for stop in stops_of_row(rules.periods[clock.rule], view, rules))


def lapsed_seizure(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T11: a seizure ran out, not renewed in time, while the claim was not settled.

    What became of the object later does not bring the effect back.
    It is said on the day after its last, or when the court itself reports the lapse of a seizure of which
    the bus does not know how long it lives.
    """
    counted = set()
    for clock in clocks_read(trigger, view, rules):
        counted.add(clock.instance)
        last = clock.due_day
        if last is None or (clock.ended and clock.ended[0] <= last) or is_settled_by(view, last):
            continue
        why = {"lapsed_on": last.isoformat(), "effect": clock.rule}
        yield Finding(trigger.id, clock.instance, last, tuple(clock.evidence), why, awaited=True)
    for fact in view.named("SeizureLapsed"):
        number = said(fact, "seizure_no")
        if number not in counted and not is_settled_by(view, fact.day):
            yield Finding(trigger.id, number, fact.day, ids(fact), {"lapsed_on": fact.day.isoformat()})
