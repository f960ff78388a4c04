"""What another rules version moves: every clock and finding of a subject that it judges differently."""

from collections.abc import Iterator
from typing import Any

from fajian.core.clocks import Clock
from fajian.core.matters import Matter
from fajian.core.rules import Rules
from fajian.core.subject_state import SubjectState


def moved(state: SubjectState, before: Rules, after: Rules) -> Iterator[dict[str, Any]]:
    """Return what *after* judges otherwise than *before*, by rule and instance.

    `was` or `becomes` is None where that version has no such clock or finding.
    """
    was, becomes = _judged(state, before), _judged(state, after)
    for key in sorted(was.keys() | becomes.keys()):
        old, new = was.get(key), becomes.get(key)
        if old != new:
            rule, _, instance = key.partition("\x1f")
            yield {"subject": state.subject, "rule": rule, "instance": instance, "was": old, "becomes": new}


def _judged(state: SubjectState, rules: Rules) -> dict[str, dict[str, Any]]:
    state.forget()
    return {matter.key: _shape(matter) for matters in state.judge(rules).values() for matter in matters}


def _shape(matter: Matter) -> dict[str, Any]:
    clock = matter.shown_by if isinstance(matter.shown_by, Clock) else None
    return {
        "phase": matter.phase,
        "due_day": matter.due_day.isoformat() if matter.due_day else None,
        "local_day": clock.local_day.isoformat() if clock and clock.local_day else None,
        "provisional": clock is not None and clock.due.provisional,
    }
