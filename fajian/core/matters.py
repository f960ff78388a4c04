"""What is said of a duty, and when: the stages of a flag, its answer window, and its taking back.

A *matter* is what the facts say now, `Said` is what was published of it. The difference is what to say.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from fajian.core.calendar import ONE_DAY
from fajian.core.clocks import Clock
from fajian.core.counting import explain
from fajian.core.facts import BASELINE, View
from fajian.core.rules import LAPSING, Period, Rules, Trigger
from fajian.core.triggers import Finding

#: How far a matter has come, in order; what follows `overdue` waits for the answer window.
#: `lapsed` is the end of an effect or of a party's right: nobody is late.
STAGES: Final = (
    "opened", "local", "soon30", "soon15", "soon7", "soon3", "soon1",
    "today", "lapsed", "overdue", "escalated",
)  # fmt: skip
_RANK: Final = {stage: rank for rank, stage in enumerate(STAGES)}
_LAPSED: Final = _RANK["lapsed"]
_OVERDUE: Final = _RANK["overdue"]

#: Stages after which nothing stands that could be taken back.
_TAKEN_BACK: Final = ("withdrawn", "gone", "met", "awaited")

#: The flag of each stage; of all others it is `DueSoon`.
_WORD: Final = {
    "today": "DueToday",
    "lapsed": "Lapsed",
    "overdue": "Overdue",
    "escalated": "Escalated",
}


class Matter(NamedTuple):
    """One duty or finding as the facts show it now."""

    rule: str
    instance: str
    phase: str  #: `Clock.phase`; of a finding `breach`, or `late` once it is cured
    due_day: date | None
    row: Period | Trigger
    side: str
    shown_by: Clock | Finding
    historic: bool = False  #: due before the agreement or the baseline: no breach is told across
    awaited: bool = False  #: a finding that stands only once its day has ended
    lapses: bool = False  #: an effect, a right, a duty without a number: its end is no breach
    expires: bool = False  #: an effect or a right: its end is told
    rungs: tuple[int, ...] = ()  #: of the row's, those that do not fall on or before the day of the beginning
    local_day: date | None = None  #: earlier day on which a local agreement wants it done

    @property
    def key(self) -> str:
        return f"{self.rule}\x1f{self.instance}"

    @property
    def evidence(self) -> list[str]:
        return list(self.shown_by.evidence)


class Said(NamedTuple):
    """What was published of a matter. Kept with the subject's facts."""

    stage: str  #: of STAGES, or `paused`, `met`, `late`, `gone`, `moot`, `withdrawn`, `historic`, `awaited`
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
    length = (due - clock.opened_on).days if due else 0
    return Matter(
        clock.rule,
        clock.instance,
        clock.phase,
        due,
        period,
        period.side,
        clock,
        historic=due is not None and due < since,
        lapses=not period.can_be_broken,
        expires=period.nature in LAPSING,
        rungs=tuple([days for days in period.rungs if days < length]),
        local_day=clock.local_day,
    )


def matter_of_finding(finding: Finding, trigger: Trigger, since: date) -> Matter:
    side, day = finding.side or trigger.side, finding.day
    return Matter(
        finding.rule,
        finding.instance,
        "late" if finding.cured else "breach",
        day,
        trigger,
        side,
        finding,
        historic=day < since,
        awaited=finding.awaited,
    )


def live_since(view: View, rules: Rules) -> date:
    """Return the day from which breaches count: that of the agreement or of a baseline, the later one."""
    days = [date.fromisoformat(fact.body["as_of_day"]) for fact in view.named(BASELINE)]
    return max((*days, rules.policy.go_live or date.min))


def speak(
    matter: Matter, said: Said | None, tick: date, rules: Rules, *, on: date | None = None
) -> tuple[list[str], Said]:
    """Return the flags to publish, oldest first, and what has been said after them.

    *tick* is the last day that has ended: the morning after it is judged. *on* is the day on which it is
    said, when that is a later one: what an event shows during a day is answered from the next morning on,
    and so is what a late tick shows, for nobody could answer it before.
    """
    if matter.awaited and matter.due_day is not None and matter.due_day > tick:
        return _await(matter, said)
    if matter.phase in ("open", "breach"):
        return _speak_of_open(matter, said, tick, on or tick, rules)
    if said is None and matter.phase in ("late", "moot") and matter.historic:
        return [], Said(matter.phase, matter.due_day)
    return _speak_of_settled(matter, said)


def unsay(said: Said) -> tuple[list[str], Said]:
    """Take back what was said of a matter that the facts show no more."""
    return ([] if said.stage in _TAKEN_BACK else ["Withdrawn"]), Said("withdrawn")


def _await(matter: Matter, said: Said | None) -> tuple[list[str], Said]:
    """Say nothing before the day: the act may still come."""
    told = said is not None and said.breached
    return (["Withdrawn"] if told else []), Said("awaited", matter.due_day, wake=matter.due_day)


def _speak_of_settled(matter: Matter, said: Said | None) -> tuple[list[str], Said]:
    before = said or Said("")
    if matter.lapses and matter.phase in ("late", "moot"):
        return _speak_of_past(matter, before)
    after = before._replace(stage=matter.phase, due_day=matter.due_day, wake=None)
    if before.stage == matter.phase:
        return [], after
    match matter.phase:
        case "met":
            return (["Withdrawn"] if before.breached or before.stage == "late" else ["Met"]), after
        case "late":
            broken = "Breached" if isinstance(matter.shown_by, Finding) else "Overdue"
            return (["Met"] if before.breached else [broken, "Met"]), after
        case "gone":
            return (["Withdrawn"] if said and before.stage not in ("met", "withdrawn") else []), after
        case "moot":
            return ([] if before.breached else ["Overdue"]), after
        case _:  # paused
            opened = [] if said else ["DeadlineOpened"]
            return [*opened, *(["Withdrawn"] if before.breached else []), "Paused"], after


def _speak_of_past(matter: Matter, before: Said) -> tuple[list[str], Said]:
    """Speak of what came after the end of a time that is no breach: a right is lost, a reminder answered."""
    stage, word = ("met", "Met") if matter.phase == "late" else ("gone", "Withdrawn")
    if matter.expires:
        stage, word = "lapsed", "Lapsed"
    after = before._replace(stage=stage, due_day=matter.due_day, wake=None)
    silent = before.stage == stage or (stage == "gone" and not before.stage)
    return ([] if silent else [word]), after


def _speak_of_open(
    matter: Matter, said: Said | None, tick: date, on: date, rules: Rules
) -> tuple[list[str], Said]:
    words, before = _reopen(matter, said, tick)
    if before.stage == "historic":
        return words, before
    stage = _stage(matter, before, tick)
    word = "Breached" if matter.phase == "breach" and stage == "overdue" else _WORD.get(stage, "DueSoon")
    if matter.historic and stage == "overdue":
        return [*words, word], Said("historic", matter.due_day, since=on)
    _, due_day, since, until, lead, _, reported = before
    if _RANK[stage] > before.rank:
        words.append(word)
        reported = stage == "escalated"
    if stage == "overdue" and until is None:
        since, until = on, rules.calendar.add_working_days(on, rules.policy.answer_window)
    return words, Said(stage, due_day, since, until, lead, _wake(matter, stage, until, tick), reported)


def _reopen(matter: Matter, said: Said | None, tick: date) -> tuple[list[str], Said]:
    """Bring what was said in line with a due day that may have moved, before any stage is judged."""
    fresh = Said("opened", matter.due_day)
    if matter.phase == "breach":
        return [], said._replace(due_day=matter.due_day) if said and said.breached else fresh
    if said is None or said.stage in ("met", "late", "gone", "moot", "withdrawn"):
        return ["DeadlineOpened"], fresh
    if said.stage == "paused":
        return ["Resumed"], fresh
    if said.due_day == matter.due_day or (said.stage == "historic" and matter.historic):
        return [], said
    if said.rank >= _LAPSED:
        if matter.due_day is not None and matter.due_day <= tick:
            return [], said._replace(due_day=matter.due_day)
        return ["Withdrawn"], fresh
    later = said.due_day is not None and matter.due_day is not None and matter.due_day > said.due_day
    return ["Extended" if later else "DeadlineOpened"], fresh


def _stage(matter: Matter, said: Said, tick: date) -> str:
    if said.rank >= _OVERDUE:
        over = said.until is not None and said.until <= tick
        return "escalated" if over else said.stage
    left = ((matter.due_day or date.max) - tick).days - 1
    if matter.phase == "breach" or (left < 0 and not matter.lapses):
        return "overdue"
    if left < 0 and matter.expires:
        return "lapsed"
    if left == 0:
        return "today"
    rungs = [days for days in matter.rungs if left <= days]
    if rungs:
        return f"soon{min(rungs)}"
    return "local" if matter.local_day and matter.local_day <= tick + ONE_DAY else "opened"


def _wake(matter: Matter, stage: str, until: date | None, tick: date) -> date | None:
    """Return the next tick that changes what *stage* says; *until* ends the answer window of a breach."""
    if _RANK[stage] >= _OVERDUE:
        return until if stage == "overdue" else None
    due = matter.due_day or tick
    left = (due - tick).days - 1
    ahead = [rung for rung in (*matter.rungs, 0, -1) if rung < left]
    wakes = due - timedelta(days=max(ahead) + 1) if ahead else None
    local = matter.local_day - ONE_DAY if matter.local_day else None
    return local if local and local > tick and (wakes is None or local < wakes) else wakes


def explanation_of(matter: Matter, rules: Rules) -> dict[str, Any]:
    """Explain one matter: the row and its source, then every step from the first day to the due day."""
    row, shown = matter.row, matter.shown_by
    cites = row.cites
    if isinstance(shown, Clock) and shown.variant and shown.variant.cites:
        cites = shown.variant.cites
    head: dict[str, Any] = {
        "rule": matter.rule,
        "basis": rules.printed(cites, _begun(shown)),
        "sure": row.sure,
        "severity": row.severity,
        "owed_by": row.owed_by,
    }
    if isinstance(shown, Finding):
        awaited = {"awaited": True} if shown.awaited and not shown.cured else {}
        why = {"day": shown.day.isoformat(), "why": dict(shown.why), **awaited}
        return head | why | {"rules": rules.version}
    return head | explain(shown.due) | _further(matter, shown, rules) | {"rules": rules.version}


def _begun(shown: Clock | Finding) -> date:
    return shown.day if isinstance(shown, Finding) else shown.opened_on


def _further(matter: Matter, clock: Clock, rules: Rules) -> dict[str, Any]:
    """Say what is not so with every clock."""
    further: dict[str, Any] = {}
    if isinstance(matter.row, Period) and matter.row.nature != "duty":
        further["nature"] = matter.row.nature
    if assumed := [fact.body["assumed"] for fact in clock.opened_by if fact.body.get("assumed")]:
        further["assumed"] = assumed
    if clock.extended_late:
        further["extended_late"] = list(clock.extended_late)
    if clock.variant:
        further["variant"] = clock.variant.name
    if clock.local_day:
        further["local"] = {"due_day": clock.local_day.isoformat(), "policy": rules.policy.id}
    return further


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
