"""What is said of a duty, and when: the stages of a flag, its answer window, and its taking back.

A *matter* is what the facts say now, `Said` is what was published of it. The difference is what to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from fajian.core.citations import cited_on, printed_on
from fajian.core.clocks import Clock
from fajian.core.calendar import ONE_DAY
from fajian.core.counting import explain
from fajian.core.facts import BASELINE, View
from fajian.core.rules import LAPSING, Period, Rules, Trigger
from fajian.core.triggers import Finding

#: How far a matter has come, in order; what follows `overdue` waits for the answer window. `lapsed` is the end
#: of an effect or of a party's right: nobody is late.
STAGES: Final = (
    "opened", "local", "soon30", "soon15", "soon7", "soon3", "soon1", "today", "lapsed", "overdue", "escalated",
)  # fmt: skip
_RANK: Final = {stage: rank for rank, stage in enumerate(STAGES)}
_LAPSED: Final = _RANK["lapsed"]
_OVERDUE: Final = _RANK["overdue"]

_WORD: Final = {
    "today": "DueToday",
    "lapsed": "Lapsed",
    "overdue": "Overdue",
    "escalated": "Escalated",
}


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
    historic: bool = False  #: due before the agreement or the baseline: no breach is told across

    @property
    def key(self) -> str:
        return f"{self.rule}\x1f{self.instance}"

    @property
    def evidence(self) -> list[str]:
        return list(self.shown_by.evidence)

    @property
    def can_be_broken(self) -> bool:
        return isinstance(self.row, Trigger) or self.row.can_be_broken

    @property
    def lapses(self) -> bool:
        return isinstance(self.row, Period) and self.row.nature in LAPSING


@dataclass(frozen=True, slots=True)
class Said:
    """What was published of a matter. Kept with the subject's facts."""

    stage: str  #: of STAGES, or `paused`, `met`, `late`, `gone`, `moot`, `withdrawn`, `historic`
    due_day: date | None = None
    since: date | None = None  #: day on which the breach was first said
    until: date | None = None  #: last day of the owner's answer window
    lead: str | None = None
    wake: date | None = None  #: next tick at which there may be something to say
    reported: bool = False  #: others than the owner have heard of the breach

    @property
    def breached(self) -> bool:
        return self.rank >= _OVERDUE or self.stage == "historic"

    @property
    def rank(self) -> int:
        return _RANK.get(self.stage, -1)


def matter_of_clock(clock: Clock, period: Period, since: date) -> Matter:
    """Return the matter that *clock* shows. Breaches before *since* are historic."""
    due = clock.due_day
    historic = due is not None and due < since
    return Matter(clock.rule, clock.instance, clock.phase, due, period, period.side, clock, historic)


def matter_of_finding(finding: Finding, trigger: Trigger, since: date) -> Matter:
    side, day = finding.side or trigger.side, finding.day
    return Matter(finding.rule, finding.instance, "breach", day, trigger, side, finding, day < since)


def live_since(view: View, rules: Rules) -> date:
    """Return the day from which breaches count: that of the agreement or of a baseline, the later one."""
    days = [date.fromisoformat(fact.body["as_of_day"]) for fact in view.named(BASELINE)]
    return max((*days, rules.policy.go_live or date.min))


def speak(
    matter: Matter | None, said: Said | None, tick: date, rules: Rules, *, on: date | None = None
) -> tuple[list[str], Said | None]:
    """Return the flags to publish, oldest first, and what has been said after them.

    *tick* is the last day that has ended: the morning after it is judged. *on* is the day on which it is
    said, when that is a later one: what an event shows during a day is answered from the next morning on.
    """
    if matter is None:
        silent = said is None or said.stage in ("withdrawn", "gone", "met")
        return ([] if silent else ["Withdrawn"]), said and Said("withdrawn")
    if matter.phase in ("open", "breach"):
        return _speak_of_open(matter, said, tick, on or tick, rules)
    if said is None and matter.phase in ("late", "moot") and matter.historic:
        return [], Said(matter.phase, matter.due_day)
    return _speak_of_settled(matter, said)


def _speak_of_settled(matter: Matter, said: Said | None) -> tuple[list[str], Said]:
    before = said or Said("")
    if not matter.can_be_broken and matter.phase in ("late", "moot"):
        return _speak_of_past(matter, before)
    after = replace(before, stage=matter.phase, due_day=matter.due_day, wake=None)
    if before.stage == matter.phase:
        return [], after
    match matter.phase:
        case "met":
            return (["Withdrawn"] if before.breached or before.stage == "late" else ["Met"]), after
        case "late":
            return (["Met"] if before.breached else ["Overdue", "Met"]), after
        case "gone":
            return (["Withdrawn"] if said and before.stage not in ("met", "withdrawn") else []), after
        case "moot":
            return ([] if before.breached else ["Overdue"]), after
        case _:  # paused
            opened = [] if said else ["DeadlineOpened"]
            return [*opened, *(["Withdrawn"] if before.breached else []), "Paused"], after


def _speak_of_past(matter: Matter, before: Said) -> tuple[list[str], Said]:
    """Speak of what came after the end of a time that is no breach: a right is lost, a reminder is answered."""
    stage, word = ("met", "Met") if matter.phase == "late" else ("gone", "Withdrawn")
    if matter.lapses:
        stage, word = "lapsed", "Lapsed"
    after = replace(before, stage=stage, due_day=matter.due_day, wake=None)
    silent = before.stage == stage or (stage == "gone" and not before.stage)
    return ([] if silent else [word]), after


def _speak_of_open(
    matter: Matter, said: Said | None, tick: date, on: date, rules: Rules
) -> tuple[list[str], Said]:
    words, before = _reopen(matter, said, tick)
    if before.stage == "historic":
        return words, before
    now, stage = before, _stage(matter, before, tick)
    word = "Breached" if matter.phase == "breach" and stage == "overdue" else _WORD.get(stage, "DueSoon")
    if matter.historic and stage == "overdue":
        return [*words, word], Said("historic", matter.due_day, since=on)
    if _RANK[stage] > before.rank:
        words.append(word)
        now = replace(before, stage=stage, reported=stage == "escalated")
    if stage == "overdue" and now.until is None:
        until = rules.calendar.add_working_days(on, rules.policy.answer_window)
        now = replace(now, since=on, until=until)
    return words, replace(now, wake=_wake(matter, now, tick))


def _reopen(matter: Matter, said: Said | None, tick: date) -> tuple[list[str], Said]:
    """Bring what was said in line with a due day that may have moved, before any stage is judged."""
    fresh = Said("opened", matter.due_day)
    if matter.phase == "breach":
        return [], replace(said, due_day=matter.due_day) if said and said.breached else fresh
    if said is None or said.stage in ("met", "late", "gone", "moot", "withdrawn"):
        return ["DeadlineOpened"], fresh
    if said.stage == "paused":
        return ["Resumed"], fresh
    if said.due_day == matter.due_day or (said.stage == "historic" and matter.historic):
        return [], said
    if said.rank >= _LAPSED:
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
        return "overdue" if matter.can_be_broken else "lapsed" if matter.lapses else "soon1"
    if left == 0:
        return "today"
    for days in reversed(row.rungs):
        if left <= days and _has_rung(clock, days):
            return f"soon{days}"
    return "local" if clock.local_day is not None and clock.local_day <= tick + ONE_DAY else "opened"


def _has_rung(clock: Clock, days: int) -> bool:
    """A reminder on or before the day on which the period began would say nothing."""
    return clock.due_day is not None and clock.due_day - timedelta(days=days) > clock.opened_on


def _wake(matter: Matter, said: Said, tick: date) -> date | None:
    if said.stage == "escalated":
        return None
    if said.rank >= _OVERDUE:
        return said.until
    clock, due, row = matter.shown_by, matter.due_day, matter.row
    if due is None or not isinstance(clock, Clock) or not isinstance(row, Period):
        return None
    ticks = [due - timedelta(days=days + 1) for days in row.rungs if _has_rung(clock, days)]
    if clock.local_day is not None:
        ticks.append(clock.local_day - ONE_DAY)
    return min((day for day in (*ticks, due - ONE_DAY, due) if day > tick), default=None)


def explanation_of(matter: Matter, rules: Rules) -> dict[str, Any]:
    """Explain one matter: the row and its source, then every step from the first day to the due day."""
    row, shown = matter.row, matter.shown_by
    day, cites = _valid_on(shown), row.cites
    if isinstance(shown, Clock) and shown.variant and shown.variant.cites:
        cites = shown.variant.cites
    head: dict[str, Any] = {
        "rule": matter.rule,
        "basis": printed_on(cites, rules.instruments, day),
        "sure": row.sure,
        "severity": row.severity,
    }
    head["owed_by"] = row.owed_by
    if isinstance(row, Period) and row.nature != "duty":
        head["nature"] = row.nature
    if isinstance(shown, Finding):
        return head | {"day": shown.day.isoformat(), "why": dict(shown.why), "rules": rules.version}
    assumed = [fact.body["assumed"] for fact in shown.opened_by if fact.body.get("assumed")]
    extra: dict[str, Any] = {"rules": rules.version}
    if assumed:
        extra["assumed"] = assumed
    if shown.extended_late:
        extra["extended_late"] = list(shown.extended_late)
    if shown.variant:
        extra["variant"] = shown.variant.name
    if shown.local_day:
        extra["local"] = {"due_day": shown.local_day.isoformat(), "policy": rules.policy.id}
    return head | explain(shown.due) | extra


def _valid_on(shown: Clock | Finding) -> date:
    return shown.day if isinstance(shown, Finding) else shown.opened_on


def encode_said(said: Mapping[str, Said]) -> dict[str, list[Any]]:
    def iso(day: date | None) -> str | None:
        return day.isoformat() if day else None

    return {
        key: [s.stage, iso(s.due_day), iso(s.since), iso(s.until), s.lead, iso(s.wake), s.reported]
        for key, s in sorted(said.items())
    }


def decode_said(rows: Mapping[str, list[Any]]) -> dict[str, Said]:
    def day(text: str | None) -> date | None:
        return date.fromisoformat(text) if text else None

    return {
        key: Said(stage, day(due), day(since), day(until), lead, day(wake), reported)
        for key, (stage, due, since, until, lead, wake, reported) in rows.items()
    }
