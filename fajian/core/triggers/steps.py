"""Steps of the procuratorate that the texts do not allow where it stands (`domain/domain.md`, section 5).

Both sides are watched alike: what is found here is told to the procuratorate itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from fajian.core.clocks import clocks_of
from fajian.core.facts import Fact, View
from fajian.core.rules import Rules, Trigger
from fajian.core.triggers.evidence import Finding

Why = dict[str, Any]  #: what is wrong -> the text that says so, or the facts of it


def supervision_steps(trigger: Trigger, view: View, rules: Rules) -> Iterator[Finding]:
    """S01: an acceptance or a conclusion that the texts do not allow."""
    for fact in view.named("SupervisionAccepted"):
        applied = next(
            (one for one in reversed(view.named("SupervisionApplied")) if one.day <= fact.day), None
        )
        why = _application(applied) | _remedies(trigger, applied, fact.day, view, rules)
        if why:
            evidence = (*((applied.id,) if applied else ()), fact.id)
            yield Finding(trigger.id, fact.id, fact.day, evidence, why)
    for fact in view.named("ReviewConcluded"):
        if not fact.linked and (why := _conclusion(trigger, fact, view)):
            yield Finding(trigger.id, fact.id, fact.day, (fact.id,), why)


def _application(applied: Fact | None) -> Why:
    """Judge the application on its own subject: who applied, and whether the remedies were used."""
    if applied is None or applied.linked:
        return {}
    why: Why = {}
    if applied.body.get("applicant") == "other":
        why["complaint_taken_as_application"] = "RULE 19, 35; JOINT 5"
    if applied.body.get("remedies") == "not-used" and not _is_excused(applied):
        why["remedy_not_used"] = "RULE 28(1)"
    return why


def _is_excused(applied: Fact | None) -> bool:
    excuses = ("good_reason", "misconduct")
    return applied is not None and any(applied.body.get(excuse) for excuse in excuses)


def _remedies(trigger: Trigger, applied: Fact | None, day: date, view: View, rules: Rules) -> Why:
    """Judge on the case itself: a remedy against the same act. A court that is late opens the door."""
    objection = applied.body.get("objection_no") if applied else None
    if objection is None or _is_excused(applied):
        return {}
    barring = pending_remedies(trigger.params["remedies"], objection, day, view, rules)
    return {"remedy_pending": dict(barring), "remedy_basis": "RULE 28(2)"} if barring else {}


def pending_remedies(
    rows: Sequence[str], objection: str, day: date, view: View, rules: Rules
) -> Mapping[str, str | None]:
    """Return the remedies of *rows* that bar supervision on *day*: rule -> the day on which it is due.

    One is pending until it is ruled on; from the day after its due day it bars no more.
    """
    barring: dict[str, str | None] = {}
    for period in (rules.periods[row] for row in rows):
        for clock in clocks_of(period, view, rules):
            told = clock.closed or clock.ended
            due = clock.due_day
            is_open = clock.opened_on <= day and (told is None or told[0] > day)
            if clock.instance == objection and is_open and (due is None or day <= due):
                barring[clock.rule] = due.isoformat() if due else None
    return barring


def _conclusion(trigger: Trigger, fact: Fact, view: View) -> Why:
    decision, why = fact.body["decision"], Why()
    decider = fact.body.get("approver_role")
    if decision == "suggestion":
        if decider and decider not in trigger.params["deciders"]:
            why["decided_by"] = f"{decider}; RULE 108"
        if any(accepted.body.get("handed_down") for accepted in view.named("SupervisionAccepted")):
            why["refer_up_instead"] = "RULE 107"
        if any(done.day < fact.day for done in view.named("CorrectionDone")):
            why["corrected_already"] = "RULE 73(1)"
    if decision == "not-supported" and view.named("ExOfficioStarted"):
        why["terminate_instead"] = "JOINT 16"
    ground = fact.body.get("ground") if view.named("SupervisionApplied", "SupervisionAccepted") else None
    if decision == "terminated" and ground in trigger.params["no_grounds"]:
        why["not_a_ground_to_terminate"] = "JOINT 15, 16; RULE 73"
    return why
