"""Class B, the case and its people: extensions, stays, ends of a round, panels, detentions, distributions."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from fajian.core.clocks import Clock, as_day, stops_of_row
from fajian.core.counting import count_due
from fajian.core.facts import Fact, View
from fajian.core.rules import Rules, Trigger
from fajian.core.triggers.evidence import (
    Finding,
    about,
    clocks_read,
    day_in,
    days_after,
    ids,
    said,
)


def faulty_extension(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T08: extended after the end, or beyond three months without being on the high court's record."""
    for clock in clocks_read(trigger, view, rules):
        due = clock.due_day
        if due is None:
            continue
        for fact in view.named("ExtensionApproved"):
            if fact.id in clock.extended_late and fact.day > due:
                why = {"approved_on": fact.day.isoformat(), "due_day": due.isoformat()}
                yield Finding(trigger.id, fact.id, fact.day, (*clock.evidence[:1], fact.id), why)
        yield from _off_the_record(trigger, clock, due, view, rules)


def _off_the_record(trigger: Trigger, clock: Clock, due: date, view: View, rules: Rules) -> Iterator[Finding]:
    """Compare with three months more on the same clock, and on it every day counts that did not run."""
    period = rules.periods[clock.rule]
    assert period.length is not None  # `law check` sees to it
    usual = count_due(
        clock.due.start,
        period.length,
        clock.due.count,
        rules.calendar,
        stops=stops_of_row(period, view, rules),
        extra=trigger.params["months"],
    )
    last = as_day(usual.due_day)
    if clock.due.extended_to is None or last is None or due <= last:
        return
    over = clock.closed is not None and clock.closed[0] <= last
    if not over and not any(fact.day <= last for fact in view.named("ExtensionRecorded")):
        why = {"extended_to": due.isoformat(), "not_on_record_by": last.isoformat()}
        yield Finding(trigger.id, clock.rule, last, tuple(clock.evidence), why, awaited=True)


def stay_beyond_its_cap(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T09: enforcement is stayed for longer than a stay of its kind may last.

    A stay whose end was fixed within the cap ends by itself, whether or not its end is on record.
    """
    for clock in clocks_read(trigger, view, rules):
        stay, period = clock.opened_by[0], rules.periods[clock.rule]
        assert period.length is not None  # `law check` sees to it
        longer = about(view.named("StayExtended"), "stay_no", clock.instance) if period.extension else []
        extra = period.length.number if longer else 0
        cap, last = (
            as_day(count_due(stay.day, period.length, period.count, rules.calendar, extra=extra).due_day),
            clock.due_day,
        )
        assert cap is not None  # an effect never stops
        assert last is not None
        why = {"cap": cap.isoformat()}
        ended = clock.ended[0] if clock.ended else None
        if clock.rule in trigger.params["capped"] and last > cap:
            fixed = (longer or [stay])[-1]
            until = {"until": last.isoformat()}
            yield Finding(trigger.id, clock.instance, fixed.day, ids(stay, *longer), why | until)
        elif not day_in(stay, "until_day") and not longer and (ended is None or ended > cap):
            yield Finding(trigger.id, clock.instance, cap, tuple(clock.evidence), why, awaited=True)


def early_round_end(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T14: the round was ended within the minimum wait, or without an act that must come first.

    Without a docketing day the application's day serves: docketing cannot be earlier. That an act is
    missing is judged only in a case that the bus has seen from its docketing on.
    """
    docketed = view.named("CaseDocketed")
    begun = min((fact.day for fact in docketed or view.named("ApplicationReceived")), default=None)
    for number, fact in enumerate(view.named("RoundEnded"), start=1):
        ruled = day_in(fact, "ruling_day") or fact.day
        why: dict[str, Any] = {}
        if begun is not None:
            wait = rules.periods[trigger.params["minimum"]]
            assert wait.length is not None  # `law check` sees to it
            lawful = count_due(begun, wait.length, wait.count, rules.calendar).lawful_from
            if lawful is not None and ruled < lawful:
                why |= {"ruling_day": ruled.isoformat(), "lawful_from": lawful.isoformat()}
        missing = [*(_acts_missing(trigger, view, ruled) if docketed else []), *_said_to_be_missing(fact)]
        if missing:
            why["missing"] = missing
        if why:
            opened = (docketed or view.named("ApplicationReceived"))[:1]
            yield Finding(trigger.id, str(number) if number > 1 else "", ruled, ids(*opened, fact), why)


def _acts_missing(trigger: Trigger, view: View, by: date) -> list[str]:
    before = {name for name, facts in view.by_name.items() if any(fact.day <= by for fact in facts)}
    missing = [names[0] for names in trigger.params["requires"] if before.isdisjoint(names)]
    clues = (said(fact, "clue_no") for fact in view.named("ClueProvided") if fact.day <= by)
    checked = {said(fact, "clue_no") for fact in view.named("ClueVerified") if fact.day <= by}
    return [*missing, *(["ClueVerified"] if set(clues) - checked else [])]


def _said_to_be_missing(fact: Fact) -> Iterator[str]:
    """Yield what the report of the end itself denies; what it does not mention, nobody can judge."""
    body = fact.body
    if body.get("creditor_heard") is False:
        yield "creditor_heard"
    if body.get("approved") is False and body.get("creditor_signed") is not True:
        yield "approved"
    if body.get("debtor_missing") is True and body.get("debtor_searched") is False:
        yield "debtor_searched"
    if body.get("listing_due") is True and body.get("listed") is False:
        yield "listed"


def faulty_panel(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T29: who carried out the act sits on the panel, or there is no panel of three."""
    for fact in view.named("PanelFormed"):
        judges = fact.body.get("judges")
        why: dict[str, Any] = {}
        if fact.body.get("includes_acting_officer") is True:
            why["includes_acting_officer"] = True
        if judges is not None and judges < trigger.params["judges"]:
            why["judges"] = judges
        if why:
            yield Finding(trigger.id, said(fact, "objection_no"), fact.day, ids(fact), why)


def unlawful_detention(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T31: a detention lasts too long, or comes a second time for the same act."""
    for clock in clocks_read(trigger, view, rules):
        fact, length = clock.opened_by[0], rules.periods[clock.rule].length
        assert length is not None  # `law check` sees to it
        cap = as_day(count_due(fact.day, length, clock.due.count, rules.calendar).due_day)
        assert cap is not None  # an effect never stops
        fixed, ended = day_in(fact, "until_day"), clock.ended[0] if clock.ended else None
        why = {"longest": cap.isoformat()}
        if fixed is not None and fixed > cap:
            yield Finding(trigger.id, clock.instance, fact.day, ids(fact), why | {"until": fixed.isoformat()})
        elif ended is None or ended > cap:
            yield Finding(trigger.id, clock.instance, cap, tuple(clock.evidence), why, awaited=True)
    first: dict[tuple[str, str], Fact] = {}
    for fact in view.named("Detained"):
        if said(fact, "act"):
            before = first.setdefault((said(fact, "party_ref"), said(fact, "act")), fact)
            if said(before, "sanction_no") != said(fact, "sanction_no"):
                why = {"act": said(fact, "act"), "already_on": before.day.isoformat()}
                instance = f"{said(fact, 'sanction_no')}-again"
                yield Finding(trigger.id, instance, fact.day, ids(before, fact), why)


def early_distribution(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """T32: money was distributed while a creditor or the debtor could still object, or without a plan.

    Whoever leaves the disputed share aside may distribute the rest.
    """
    plans = view.named("DistributionPlanServed")
    for fact in view.named("DistributionMade"):
        number = said(fact, "plan_no")
        served = about(plans, "plan_no", number)
        if not served and view.named("CaseDocketed"):
            yield Finding(trigger.id, number, fact.day, ids(fact), {"missing": ["DistributionPlanServed"]})
        windows = _windows(trigger, served, number, view, rules)
        open_ = [(last, begun) for last, begun in windows if begun.day <= fact.day <= last]
        if open_ and fact.body.get("disputed_share_deposited") is not True:
            last, begun = max(open_, key=lambda window: (window[0], window[1].at, window[1].id))
            why = {"distributed_on": fact.day.isoformat(), "window_until": last.isoformat()}
            yield Finding(trigger.id, number, fact.day, ids(begun, fact), why)


def _windows(
    trigger: Trigger, served: Sequence[Fact], number: str, view: View, rules: Rules
) -> list[tuple[date, Fact]]:
    """Return the times in which somebody may still object, oppose or sue."""
    later = view.named("DistributionObjectionServed", "DistributionOppositionServed")
    return [
        (days_after(fact.day, trigger.params["window"], rules), fact)
        for fact in (*served, *about(later, "plan_no", number))
    ]
