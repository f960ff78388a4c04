"""Class B, the objects: sales without seizure, seizures beyond the claim, short notices, barred disposals."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from fajian.core.calendar import ONE_DAY
from fajian.core.facts import Fact, View
from fajian.core.rules import Rules, Trigger
from fajian.core.triggers.evidence import Finding, about, clocks_read, day_in, days_after, ids, said
from fajian.core.triggers.missing import act_missing

SALES = ("Sold", "PropertyTakenForDebt")


def sale_without_seizure(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T12: an object was disposed of whose seizure had been released or had lapsed, or only waited.

    Of an object whose seizure the bus has never heard of it says nothing: that may stand in another case.
    """
    lives = {clock.instance: clock.due_day for clock in clocks_read(trigger, view, rules)}
    for fact in view.named(*SALES, "PropertyTransferred"):
        number = said(fact, "seizure_no")
        seized = [
            one for one in view.named("SeizureTookEffect") if number and said(one, "seizure_no") == number
        ]
        if not seized or (
            fact.name == "PropertyTransferred" and about(view.named(*SALES), "seizure_no", number)
        ):
            continue  # after a sale the seizure is lifted, so that the buyer can be registered
        gone = [
            one
            for one in about(view.named("SeizureReleased", "SeizureLapsed"), "seizure_no", number)
            if one.day < fact.day and not one.body.get("partial")
        ]
        last = lives.get(number)
        if all(one.body.get("waiting") is True for one in seized):
            why = {"seizure": "waiting"}
        elif gone:
            why = {"seizure": "gone", "since": gone[0].day.isoformat()}
        elif last is not None and last < fact.day:
            why = {"seizure": "lapsed", "since": last.isoformat()}
        else:
            continue
        yield Finding(trigger.id, number, fact.day, ids(seized[0], *gone[:1], fact), why)


def over_seizure(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T13: an excess that was found is not released; or even without one of the objects the rest is enough.

    A single object that cannot be divided may be worth more than the claim (SEIZE 19).
    """
    yield from act_missing(trigger, view, rules)
    claims = [fact for fact in view.named("CaseDocketed") if fact.body.get("claim_amount")]
    if not claims:
        return
    enough = Decimal(claims[-1].body["claim_amount"]) * Decimal(trigger.params["margin"])
    gone = {
        said(fact, "seizure_no")
        for fact in view.named("SeizureReleased", "SeizureLapsed", *SALES)
        if not fact.body.get("partial")
    }
    held: list[Fact] = []
    for fact in view.named("SeizureTookEffect"):
        if fact.body.get("value") and not fact.body.get("waiting") and said(fact, "seizure_no") not in gone:
            held.append(fact)
            values = [Decimal(one.body["value"]) for one in held]
            if len(held) > 1 and sum(values) - min(values) >= enough:
                last = days_after(fact.day, trigger.params["wait"], rules)
                why = {"claim": claims[-1].body["claim_amount"], "seized": str(sum(values))}
                yield Finding(trigger.id, "", last, ids(claims[-1], *held), why, awaited=True)
                return


def short_notice(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T18: an auction was announced too close to its day. Nothing heals that."""
    for clock in clocks_read(trigger, view, rules):
        if clock.phase == "late" and clock.closed is not None:
            announced, last = clock.closed[0], clock.due.nominal_end
            why = {"announced_on": announced.isoformat(), "latest": last.isoformat(), "period": clock.rule}
            yield Finding(trigger.id, clock.instance, announced, ids(clock.closed[1]), why)


def barred_disposal(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T28: an object was disposed of while a third party's objection was pending, or too soon after.

    An objection that names no object counts only where there is but one. A creditor who has given security
    may have enforcement go on (EP-I 15). While nobody has said when a rejection was served the day of the
    ruling serves: service cannot be earlier.
    """
    objects = {said(fact, "seizure_no") for fact in view.named("SeizureTookEffect")}
    for objection in view.named("ObjectionReceived"):
        number = said(objection, "objection_no")
        named = said(objection, "seizure_no") or ("" if len(objects) > 1 else next(iter(objects), ""))
        secured = about(view.named("ContinuationSecured"), "objection_no", number)
        if objection.body.get("objection_kind") != "third-party" or secured or not named:
            continue
        until, evidence = _barred_until(trigger, number, view, rules)
        for fact in view.named(*SALES, "PropertyTransferred"):
            if said(fact, "seizure_no") == named and objection.day <= fact.day <= until:
                why = {"objection": number, "disposed_of_on": fact.day.isoformat()}
                instance = f"{number}-{named}"
                yield Finding(trigger.id, instance, fact.day, ids(objection, *evidence, fact), why)
                break


def _barred_until(trigger: Trigger, number: str, view: View, rules: Rules) -> tuple[date, Sequence[Fact]]:
    answered = about(view.named("ObjectionRuled", "ObjectionRefused"), "objection_no", number)
    if not answered:
        return date.max, ()
    ruling = answered[0]
    if ruling.name == "ObjectionRuled" and ruling.body.get("outcome") in ("rejected", "dismissed"):
        served = day_in(ruling, "served_day") or ruling.day
        return days_after(served, trigger.params["window"], rules), (ruling,)
    return ruling.day - ONE_DAY, (ruling,)
