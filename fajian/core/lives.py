"""Which life cycle a subject has, and where it stands in it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from fajian.core.enforcement_life import ENFORCEMENT
from fajian.core.facts import BASELINE, Fact, View, order_of
from fajian.core.life import Life, LifeCycle, State, live
from fajian.core.rules import Rules
from fajian.core.supervision_life import SUPERVISION

LIFE_CYCLES: Final[Mapping[str, LifeCycle]] = {"case": ENFORCEMENT, "supervision": SUPERVISION}  #: by kind


def life_of(kind: str, facts: Iterable[Fact], rules: Rules) -> Life | None:
    """Return where a subject of *kind* stands by *facts*; None where its kind has no life cycle."""
    cycle = LIFE_CYCLES.get(kind)
    return live(cycle, _by_day(cycle, facts, rules)) if cycle else None


def impossible_in(view: View, rules: Rules) -> Mapping[str, State]:
    """Return the ids of facts that could not happen where the subject stood, each with that state.

    Of a subject that was taken over from elsewhere nobody can say so.
    """
    cycle = LIFE_CYCLES.get(view.kind)
    if cycle is None or view.named(BASELINE):
        return {}
    facts = _by_day(cycle, view.facts, rules)
    return {facts[place].id: state for place, state in live(cycle, facts).impossible.items()}


def _by_day(cycle: LifeCycle, facts: Iterable[Fact], rules: Rules) -> Sequence[Fact]:
    """Order by day, and on one day by the law: most facts are known by their day only, some by the hour."""
    moving = (fact for fact in facts if cycle.word(fact.name, fact.body) in cycle.words)
    law = order_of(rules)
    return sorted(moving, key=lambda fact: (fact.day, law(fact)[1]))
