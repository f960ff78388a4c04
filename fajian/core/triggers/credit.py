"""Class D: money that was held back by the wrong hand, listings and restrictions that should not be."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from fajian.core.facts import Fact, View
from fajian.core.rules import Rules, Trigger
from fajian.core.triggers.evidence import Finding, about, days_after, done_on, ids, said
from fajian.core.triggers.missing import act_missing


def deferral_by_the_wrong_post(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T21: a pay-out was put off by a post that may not do so."""
    for fact in view.named("PayoutDeferralApproved"):
        if fact.body.get("approver_role") not in trigger.params["posts"]:
            why = {"approver": said(fact, "approver_role")}
            yield Finding(trigger.id, said(fact, "payment_ref"), fact.day, ids(fact), why)


def wrongful_listing(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T24: a minor is listed, nobody who may has signed, or security covers the claim (ground 1(1) only)."""
    for fact in view.named("Listed"):
        why: dict[str, Any] = {}
        if fact.body.get("minor") is True:
            why["minor"] = True
        if fact.body.get("signed_by") not in (None, *trigger.params["posts"]):
            why["signed_by"] = fact.body["signed_by"]
        if fact.body.get("secured") is True and fact.body.get("ground") == "1(1)":
            why["secured"] = True
        if why:
            number, done = said(fact, "listing_no"), _delisted(view, fact)
            yield Finding(trigger.id, number, fact.day, ids(fact), why, cured=done)


def still_restricted(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T25: the debtor has performed or has died, and is still restricted, or listed after death."""
    yield from act_missing(trigger, view, rules)
    for death in view.named("DebtorDied"):
        party, last = said(death, "party_ref"), days_after(death.day, trigger.params["wait"], rules)
        lifted = done_on(about(view.named("ConsumptionRestrictionLifted"), "party_ref", party))
        restricted = about(view.named("ConsumptionRestricted"), "party_ref", party)[:1]
        measures = [(fact, lifted) for fact in restricted]
        measures += [
            (fact, _delisted(view, fact)) for fact in about(view.named("Listed"), "party_ref", party)
        ]
        for fact, done in measures:
            until = max(last, fact.day)
            if done is None or done > until:
                why = {"died_on": death.day.isoformat(), "measure": fact.name}
                instance = "-".join(filter(None, (party, said(fact, "listing_no"), "dead")))
                evidence = ids(death, fact)
                yield Finding(trigger.id, instance, until, evidence, why, awaited=True, cured=done)


def listed_but_not_restricted(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T26: who is listed must be restricted as well."""
    for fact in view.named("Listed"):
        last = days_after(fact.day, trigger.params["wait"], rules)
        restricted = done_on(about(view.named("ConsumptionRestricted"), "party_ref", said(fact, "party_ref")))
        done = min((day for day in (restricted, _delisted(view, fact)) if day), default=None)
        if done is None or done > last:
            why = {"listed_on": fact.day.isoformat(), "not_restricted_by": last.isoformat()}
            number = said(fact, "listing_no")
            yield Finding(trigger.id, number, last, ids(fact), why, awaited=True, cured=done)


def _delisted(view: View, listing: Fact) -> date | None:
    number = said(listing, "listing_no")
    return done_on(about(view.named("ListingRemoved", "ListingRevoked"), "listing_no", number))
