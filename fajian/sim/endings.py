"""The ways in which one duty ends: in time, hardly in time, too late, or not as it first seemed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from fajian.core.words import flag_id
from fajian.sim.county import COURT, PROCURATORATE
from fajian.sim.diary import Diary
from fajian.sim.duties import LEADS

BY_RULE: Final = "by-rule"
OF_PROCURATORATE: Final = ("sup-", "advice-", "files-return")

#: Twists that every duty can take; a deck names the ones that it deals.
KEPT: Final = ("prompt", "last-day", "late-record", "corrected")
BROKEN: Final = ("day-late", "weeks-late", "moved-out", "retracted")


class Close(Protocol):
    """Report the fact that fulfils a duty, and return its id."""

    def __call__(self, day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str: ...


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty of one subject, from the first day on which it can be fulfilled to its last day."""

    subject: str
    rule: str
    instance: str
    first: date
    due: date
    source: str
    nominal: date | None = None  #: the last day before stops and extensions, where it differs
    saved_by: str = ""  #: what moved the last day
    trigger: str | None = BY_RULE


def settle(diary: Diary, duty: Duty, twist: str, close: Close) -> date:
    """Let *duty* end by *twist*, plant what there is, and return the day on which it was fulfilled."""
    ending = _ENDINGS.get(twist, _promptly)
    if duty.first > duty.due:
        ending = _late
    return ending(diary, duty, twist, close)


def _promptly(diary: Diary, duty: Duty, twist: str, close: Close) -> date:
    day = diary.between(duty.first, min(duty.due, duty.first + (duty.due - duty.first) * 2 / 3))
    if day > duty.due:
        day = duty.due
    close(day)
    if duty.nominal is not None and duty.nominal < day:
        _kept(diary, duty, duty.saved_by, bait=duty.nominal)
    return day


def _on_the_last_day(diary: Diary, duty: Duty, twist: str, close: Close) -> date:
    close(duty.due)
    how = f"last day, {duty.saved_by}" if duty.saved_by else "last day"
    _kept(diary, duty, how, bait=duty.nominal or duty.due)
    return duty.due


def _recorded_late(diary: Diary, duty: Duty, twist: str, close: Close) -> date:
    recorded = diary.workdays_after(duty.due, diary.rng.choice((1, 2)))
    if not diary.in_order(duty.due, recorded):
        return _on_the_last_day(diary, duty, twist, close)
    close(duty.due, recorded=recorded)
    _kept(diary, duty, "in time, recorded after the last day", bait=duty.due)
    return duty.due


def _corrected(diary: Diary, duty: Duty, twist: str, close: Close) -> date:
    wrong = diary.workdays_after(duty.due, 1)
    recorded = diary.workdays_after(wrong, 1)
    if not diary.in_order(duty.due, recorded):
        return _on_the_last_day(diary, duty, twist, close)
    close(duty.due, recorded=recorded, supersedes=close(wrong))
    _kept(diary, duty, "a wrong late day, corrected to the true one", bait=duty.due)
    return duty.due


def _late(diary: Diary, duty: Duty, twist: str, close: Close) -> date:
    if duty.first > duty.due:
        day = duty.first
    elif twist == "weeks-late":
        _contest(diary, duty)
        day = diary.later(duty.due, 14, 40)
    else:
        day = diary.workdays_after(duty.due, 1)
    close(day)
    _broken(diary, duty, twist, healed=day)
    return day


def _contest(diary: Diary, duty: Duty) -> None:
    """Let the owner answer within its window, now and then: the answer shall travel with the lead."""
    if diary.rng.random() < 0.6:
        return
    flag = flag_id(duty.subject, duty.rule, duty.instance)
    owner = PROCURATORATE if duty.rule.startswith(OF_PROCURATORATE) else COURT
    day = diary.workdays_after(duty.due, 1)
    diary.report("FlagAcknowledged", duty.subject, day, source=owner, flag_id=flag)
    diary.report(
        "FlagAnswered",
        duty.subject,
        day,
        source=owner,
        flag_id=flag,
        rule=duty.rule,
        instance=duty.instance,
        answer="contested",
    )


def _moved_out(diary: Diary, duty: Duty, twist: str, close: Close) -> date:
    day = diary.workdays_after(duty.due, 1)
    recorded = diary.workdays_after(day, 1)
    if not diary.in_order(day, recorded):
        return _on_the_last_day(diary, duty, twist, close)
    close(day, recorded=recorded, supersedes=close(duty.due))
    _broken(diary, duty, "in time, then corrected to a late day", known=recorded, healed=recorded)
    return day


def _retracted(diary: Diary, duty: Duty, twist: str, close: Close) -> date:
    claimed = diary.between(duty.first, duty.due)
    retracted = diary.workdays_after(claimed, diary.rng.randint(1, 3))
    if retracted > diary.last_day:
        return _on_the_last_day(diary, duty, twist, close)
    diary.report("Retracted", duty.subject, retracted, source=duty.source, retracts=close(claimed))
    day = diary.later(max(duty.due, retracted), 10, 25)
    close(day)
    _broken(diary, duty, "reported as done, then retracted", known=retracted, healed=day)
    return day


_ENDINGS: Final[dict[str, Callable[[Diary, Duty, str, Close], date]]] = {
    "last-day": _on_the_last_day,
    "late-record": _recorded_late,
    "corrected": _corrected,
    "day-late": _late,
    "weeks-late": _late,
    "moved-out": _moved_out,
    "retracted": _retracted,
}


def _kept(diary: Diary, duty: Duty, how: str, *, bait: date) -> None:
    diary.near_miss(duty.subject, duty.rule, duty.instance, duty.due, how, bait=bait)


def _broken(
    diary: Diary, duty: Duty, how: str, *, known: date | None = None, healed: date | None = None
) -> None:
    trigger = LEADS.get(duty.rule) if duty.trigger == BY_RULE else duty.trigger
    diary.breach(
        duty.subject, duty.rule, duty.instance, duty.due, how, trigger=trigger, known=known, healed=healed
    )
