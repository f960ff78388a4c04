"""One subject as it stood when a day had ended: by what was known then, or by what is known now of then."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Literal

from fajian.core.clocks import Clock, clocks_of
from fajian.core.facts import Fact, View, view_of
from fajian.core.lives import life_of
from fajian.core.matters import explanation_of, live_since, matter_of_clock
from fajian.core.rules import Period, Rules
from fajian.core.subjects import kind_of

Known = Literal["then", "now"]


def as_of(subject: str, facts: Iterable[Fact], rules: Rules, day: date, known: Known) -> dict[str, Any]:
    """Return state, clocks and facts of *subject* after *day*, judged by *rules*.

    *then*: by the facts that had arrived. *now*: by all that happened up to that day, however late it was
    recorded, and as it was corrected or retracted since.
    """
    view = _view(subject, list(facts), rules, day, known)
    life = life_of(view)
    return {
        "subject": subject,
        "kind": view.kind,
        "as_of": day.isoformat(),
        "known": known,
        "rules": rules.version,
        "state": life.state if life and view.facts else None,
        "beside": list(life.beside) if life else [],
        "clocks": list(_clocks(view, rules, day)),
        "facts": [
            {"day": fact.day.isoformat(), "type": fact.name, "id": fact.id, "source": fact.source}
            for fact in view.facts
        ],
    }


def _view(subject: str, facts: list[Fact], rules: Rules, day: date, known: Known) -> View:
    kind = kind_of(subject)
    if known == "then":
        return view_of(subject, kind, [fact for fact in facts if fact.arrived_day <= day], rules)
    standing = view_of(subject, kind, facts, rules).facts
    return view_of(subject, kind, [fact for fact in standing if fact.day <= day], rules)


def _clocks(view: View, rules: Rules, day: date) -> Iterator[dict[str, Any]]:
    since = live_since(view, rules)
    for row in rules.rows_on.get(view.kind, {}).values():
        if not isinstance(row, Period):
            continue
        for clock in clocks_of(row, view, rules):
            yield {
                "rule": clock.rule,
                "instance": clock.instance,
                "owed_by": row.owed_by,
                "status": _status(clock, row, day),
                "due_day": clock.due_day.isoformat() if clock.due_day else None,
                "explanation": explanation_of(matter_of_clock(clock, row, since), rules),
            }


def _status(clock: Clock, row: Period, day: date) -> str:
    """Return the phase, and of an open clock whose time is over what that means."""
    is_over = clock.phase == "open" and clock.due_day is not None and clock.due_day <= day
    if not is_over:
        return clock.phase
    return "overdue" if row.can_be_broken else "lapsed"
