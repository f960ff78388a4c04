"""Class C: an act that must follow did not come. Where no text has the days of waiting, they are ours (D)."""

from collections.abc import Iterator

from fajian.core.facts import View
from fajian.core.rules import Rules, Trigger
from fajian.core.triggers.evidence import (
    Finding,
    about,
    clocks_read,
    days_after,
    done_on,
    enforced_until,
    ids,
    said,
)


def act_missing(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T03, T06, T10, T16: the act that a duty without a number (IMM) asks for has not come.

    It is waited for until the reminder of the duty, or for the row's own time.
    """
    over = enforced_until(view) if trigger.params.get("ends_with_case") else None
    for clock in clocks_read(trigger, view, rules):
        wait, last = trigger.params.get("wait"), clock.due_day
        if wait:
            last = days_after(clock.opened_on, wait, rules)
        done = clock.closed or clock.ended
        if last is None or (done and done[0] <= last) or (over is not None and over <= last):
            continue
        why = {"period": clock.rule, "not_done_by": last.isoformat()}
        cured = done[0] if done else None
        evidence = tuple(clock.evidence)
        yield Finding(trigger.id, clock.instance, last, evidence, why, awaited=True, cured=cured)


def uncorrected(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T35: the court adopted a suggestion, and the correction itself is not on record."""
    for fact in view.named("CourtReplied"):
        if fact.body.get("outcome") not in ("adopted", "partly-adopted"):
            continue
        number, last = said(fact, "suggestion_no"), days_after(fact.day, trigger.params["wait"], rules)
        satisfied = [one for one in view.named("ResultChecked") if one.body.get("result") == "satisfied"]
        changed = [one for one in view.named("SuggestionChanged") if one.day >= fact.day]
        answers = [*view.named("CorrectionDone", "SuggestionWithdrawn"), *changed, *satisfied]
        done = done_on(about(answers, "suggestion_no", number))
        if done is None or done > last:
            why = {"adopted_on": fact.day.isoformat(), "not_corrected_by": last.isoformat()}
            yield Finding(trigger.id, number, last, ids(fact), why, awaited=True, cured=done)


def organ_without_assistance(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T40: another organ of the state does not perform or assist; a suggestion would go to that organ."""
    for fact in view.named("OrganFailedToAssist"):
        number = said(fact, "request_no")
        done = done_on(about(view.named("OrganAssisted"), "request_no", number))
        yield Finding(trigger.id, number, fact.day, ids(fact), {"organ": said(fact, "organ")}, cured=done)


def police_without_case(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T41: signs of refusing to obey a judgment, and the police open no case."""
    for clock in clocks_read(trigger, view, rules):
        done = done_on(about(view.named("PoliceDocketed"), "request_no", clock.instance))
        refused = about(view.named("PoliceRefused"), "request_no", clock.instance)
        last = refused[0].day if refused else clock.due_day
        if last is not None and (done is None or done > last):
            why = {"refused_on" if refused else "not_answered_by": last.isoformat()}
            evidence = (*clock.evidence[:1], *ids(*refused[:1]))
            yield Finding(trigger.id, clock.instance, last, evidence, why, awaited=not refused, cured=done)


def unclaimed_money(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T21-unclaimed: money that no case claims stays on the court's account."""
    settled = view.named("MoneyAttributed", "MoneyPaid", "MoneyDeposited")
    for fact in view.named("MoneyArrived"):
        number, last = said(fact, "payment_ref"), days_after(fact.day, trigger.params["wait"], rules)
        done = done_on(about(settled, "payment_ref", number))
        if done is None or done > last:
            why = {"arrived_on": fact.day.isoformat(), "unclaimed_until": last.isoformat()}
            yield Finding(trigger.id, number, last, ids(fact), why, awaited=True, cured=done)
