"""What is said of a duty, and when: the stages of a flag, its answer window, and its taking back.

A *matter* is what the facts say now, `Said` is what was published of it. The difference is what to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from fajian.core.clocks import Clock, as_day
from fajian.core.counting import explain
from fajian.core.rules import Period, Rules, Trigger
from fajian.core.triggers import Finding

RUNGS: Final = (7, 3, 1)  #: days before the due day on which the owner is reminded

#: How far a matter has come, in order; what follows `overdue` waits for the answer window.
STAGES: Final = ("opened", "soon7", "soon3", "soon1", "today", "overdue", "escalated")
_RANK: Final = {stage: rank for rank, stage in enumerate(STAGES)}
_OVERDUE: Final = _RANK["overdue"]

_WORD: Final = {
    "soon7": "DueSoon",
    "soon3": "DueSoon",
    "soon1": "DueSoon",
    "today": "DueToday",
    "overdue": "Overdue",
    "escalated": "Escalated",
}
_NEVER_LATE: Final = ("IMM",)  #: duties without a number remind, and are never a breach


@dataclass(frozen=True, slots=True)
class Matter:
    """One duty or finding as the facts show it now."""

    rule: str
    instance: str
    phase: str  #: `Clock.phase`, or `breach` for a finding
    due_day: date | None
    row: Period | Trigger
    side: str
    shown_by: Clock | Finding

    @property
    def key(self) -> str:
        return f"{self.rule}\x1f{self.instance}"

    @property
    def evidence(self) -> list[str]:
        return list(self.shown_by.evidence)


@dataclass(frozen=True, slots=True)
class Said:
    """What was published of a matter. Kept with the subject's facts."""

    stage: str  #: of STAGES, or `paused`, `met`, `late`, `gone`, `withdrawn`, `historic`
    due_day: date | None = None
    since: date | None = None  #: tick at which the breach was first said
    until: date | None = None  #: last day of the owner's answer window
    lead: str | None = None
    wake: date | None = None  #: next tick at which there may be something to say

    @property
    def rank(self) -> int:
        return _RANK.get(self.stage, -1)


def matter_of_clock(clock: Clock, period: Period) -> Matter:
    return Matter(clock.rule, clock.instance, clock.phase, clock.due_day, period, period.side, clock)


def matter_of_finding(finding: Finding, trigger: Trigger) -> Matter:
    side = finding.side or trigger.side
    return Matter(finding.rule, finding.instance, "breach", finding.day, trigger, side, finding)


def speak(
    matter: Matter | None, said: Said | None, tick: date, rules: Rules
) -> tuple[list[str], Said | None]:
    """Return the flags to publish, oldest first, and what has been said after them.

    *tick* is the last day that has ended: the morning after it is judged.
    """
    if matter is None:
        if said is None or said.stage in ("withdrawn", "gone", "met"):
            return [], said
        return ["Withdrawn"], Said("withdrawn")
    if matter.phase in ("open", "breach"):
        return _speak_of_open(matter, said, tick, rules)
    if said is None and matter.phase in ("late", "moot") and _is_historic(matter, rules):
        return [], Said("historic", matter.due_day, since=tick)
    return _speak_of_settled(matter, said)


def _speak_of_settled(matter: Matter, said: Said | None) -> tuple[list[str], Said]:
    before = said or Said("")
    breached = before.rank >= _OVERDUE
    after = replace(before, stage=matter.phase, due_day=matter.due_day, wake=None)
    if before.stage in (matter.phase, "historic"):
        return [], replace(before, wake=None)
    match matter.phase:
        case "met":
            return (["Withdrawn"] if breached or before.stage == "late" else ["Met"]), after
        case "late":
            return (["Met"] if breached else ["Overdue", "Met"]), after
        case "gone":
            return (["Withdrawn"] if said and before.stage not in ("met", "withdrawn") else []), after
        case "moot":
            return ([] if breached else ["Overdue"]), after
        case _:  # paused
            opened = [] if said else ["DeadlineOpened"]
            return [*opened, *(["Withdrawn"] if breached else []), "Paused"], after


def _speak_of_open(matter: Matter, said: Said | None, tick: date, rules: Rules) -> tuple[list[str], Said]:
    words, before = _reopen(matter, said, tick)
    if before.stage == "historic":
        return words, before
    if _is_historic(matter, rules) and _stage(matter, before, tick) == "overdue":
        return [*words, "Overdue"], Said("historic", matter.due_day, since=tick)
    now, stage = before, _stage(matter, before, tick)
    if _RANK[stage] > before.rank:
        words.append("Breached" if matter.phase == "breach" and stage == "overdue" else _WORD[stage])
        now = replace(before, stage=stage)
    if stage == "overdue" and now.until is None:
        until = rules.calendar.add_working_days(tick, rules.policy.answer_window)
        now = replace(now, since=tick, until=until)
    return words, replace(now, wake=_wake(matter, now, tick))


def _reopen(matter: Matter, said: Said | None, tick: date) -> tuple[list[str], Said]:
    """Bring what was said in line with a due day that may have moved, before any stage is judged."""
    fresh = Said("opened", matter.due_day)
    if matter.phase == "breach":
        return [], said if said and said.rank >= _OVERDUE else Said("opened", matter.due_day)
    if said is None or said.stage in ("met", "late", "gone", "moot", "withdrawn"):
        return ["DeadlineOpened"], fresh
    if said.stage == "historic":
        return [], said
    if said.stage == "paused":
        return ["Resumed"], fresh
    if said.due_day == matter.due_day:
        return [], said
    if said.rank >= _OVERDUE:
        if matter.due_day is not None and matter.due_day <= tick:
            return [], replace(said, due_day=matter.due_day)
        return ["Withdrawn"], fresh
    later = said.due_day is not None and matter.due_day is not None and matter.due_day > said.due_day
    return ["Extended" if later else "DeadlineOpened"], fresh


def _stage(matter: Matter, said: Said, tick: date) -> str:
    if said.rank >= _OVERDUE:
        over = said.until is not None and said.until <= tick
        return "escalated" if over else said.stage
    if matter.phase == "breach":
        return "overdue"
    clock, row = matter.shown_by, matter.row
    if matter.due_day is None or not isinstance(clock, Clock) or not isinstance(row, Period):
        return "opened"
    left = (matter.due_day - tick).days - 1
    if left < 0:
        return "overdue" if row.nature == "duty" and row.count not in _NEVER_LATE else "soon1"
    if left == 0:
        return "today"
    for days in reversed(RUNGS):
        if left <= days and _has_rung(clock, days):
            return f"soon{days}"
    return "opened"


def _has_rung(clock: Clock, days: int) -> bool:
    """A reminder on or before the day on which the period began would say nothing."""
    due, first = clock.due_day, as_day(clock.due.first_day)
    return due is not None and first is not None and due - timedelta(days=days) >= first


def _wake(matter: Matter, said: Said, tick: date) -> date | None:
    if said.stage == "escalated":
        return None
    if said.rank >= _OVERDUE:
        return said.until
    clock, due = matter.shown_by, matter.due_day
    if due is None or not isinstance(clock, Clock):
        return None
    ticks = [due - timedelta(days=days + 1) for days in RUNGS if _has_rung(clock, days)]
    return min((day for day in (*ticks, due - timedelta(days=1), due) if day > tick), default=None)


def _is_historic(matter: Matter, rules: Rules) -> bool:
    go_live = rules.policy.go_live
    return go_live is not None and matter.due_day is not None and matter.due_day < go_live


def explanation_of(matter: Matter, rules: Rules) -> dict[str, Any]:
    """Explain one matter: the row and its source, then every step from the first day to the due day."""
    row = matter.row
    head: dict[str, Any] = {
        "rule": matter.rule,
        "basis": row.basis,
        "sure": row.sure,
        "severity": row.severity,
    }
    head["owed_by"] = row.owed_by
    shown = matter.shown_by
    if isinstance(shown, Finding):
        return head | {"day": shown.day.isoformat(), "why": dict(shown.why), "rules": rules.version}
    assumed = [fact.body["assumed"] for fact in shown.opened_by if fact.body.get("assumed")]
    extra: dict[str, Any] = {"rules": rules.version}
    if assumed:
        extra["assumed"] = assumed
    if shown.extended_late:
        extra["extended_late"] = list(shown.extended_late)
    return head | explain(shown.due) | extra


def encode_said(said: Mapping[str, Said]) -> dict[str, list[str | None]]:
    def iso(day: date | None) -> str | None:
        return day.isoformat() if day else None

    return {
        key: [s.stage, iso(s.due_day), iso(s.since), iso(s.until), s.lead, iso(s.wake)]
        for key, s in sorted(said.items())
    }


def decode_said(rows: Mapping[str, list[str | None]]) -> dict[str, Said]:
    def day(text: str | None) -> date | None:
        return date.fromisoformat(text) if text else None

    return {
        key: Said(row[0] or "", day(row[1]), day(row[2]), day(row[3]), row[4], day(row[5]))
        for key, row in rows.items()
    }
