"""Classes A and E: replies with a fault, and records that are late, impossible or do not fit together."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from fajian.core.facts import BASELINE, DAY, Fact, View, day_number
from fajian.core.lives import impossible_in
from fajian.core.rules import Rules, Trigger
from fajian.core.triggers.evidence import Finding, enforced_until, ids, said

RESTORED = "执恢"


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
    impossible, ordered = impossible_in(view), rules.impossible_after
    within = rules.policy.late_days * DAY  # what is longer may still be as many days
    asked = [
        fact
        for fact in view.facts
        if fact.arrived - fact.at > within or fact.name in ordered or fact.id in impossible
    ]
    for fact in asked:
        why = {} if fact.linked else _lateness(fact, view, rules)
        if fact.name in ordered:
            why |= _disorder(fact, view, rules)
        if fact.id in impossible and not fact.linked:
            why["impossible_in"] = impossible[fact.id]
        if why:
            yield Finding(trigger.id, fact.id, fact.day, (fact.id,), why, fact.side)


def _lateness(fact: Fact, view: View, rules: Rules) -> dict[str, Any]:
    days = day_number(fact.arrived) - day_number(fact.at)
    if days <= rules.policy.late_days or fact.name == BASELINE:
        return {}
    noted = [_between(outage) for outage in view.named("OutageNoted")]
    if any(first <= fact.day <= last for first, last in (*rules.policy.outages, *noted)):
        return {}
    return {"recorded_days_later": days}


def _between(outage: Fact) -> tuple[date, date]:
    return date.fromisoformat(outage.body["from_day"]), date.fromisoformat(outage.body["to_day"])


def _disorder(fact: Fact, view: View, rules: Rules) -> dict[str, Any]:
    """Of two copies of facts that are at home elsewhere, that other subject tells."""
    for first, tie in rules.impossible_after[fact.name]:
        tied = [
            earlier.day
            for earlier in view.named(first)
            if not (fact.linked and earlier.linked)
            and (tie is None or earlier.body.get(tie) == fact.body.get(tie))
        ]
        if tied and fact.day < min(tied):
            return {"before": first, "which_happened_on": min(tied).isoformat()}
    return {}


def doubtful_record(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T39, within one case: a restored case that names no parent, or money on a case that is closed."""
    docketed = view.named("CaseDocketed")
    orphan = [
        fact for fact in docketed if fact.body.get("case_kind") == "restored" or RESTORED in view.subject
    ]
    if orphan and not any(fact.body.get("parent_case") for fact in docketed):
        yield Finding(trigger.id, "parent", orphan[0].day, ids(orphan[0]), {"missing": ["parent_case"]})
    over = enforced_until(view)
    restored = view.named("EnforcementRestored")
    for fact in view.named("MoneyArrived"):
        if over is not None and fact.day > over and not restored:
            why = {"closed_on": over.isoformat(), "arrived_on": fact.day.isoformat()}
            yield Finding(trigger.id, said(fact, "payment_ref"), fact.day, ids(fact), why)
