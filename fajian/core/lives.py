"""Which life cycle a subject has, and where it stands in it."""

from collections.abc import Mapping, Sequence
from typing import Final

from fajian.core.enforcement_life import ENFORCEMENT
from fajian.core.facts import BASELINE, Fact, View
from fajian.core.life import Life, LifeCycle, State, Walk
from fajian.core.supervision_life import SUPERVISION

LIFE_CYCLES: Final[Mapping[str, LifeCycle]] = {"case": ENFORCEMENT, "supervision": SUPERVISION}  #: by kind


def life_of(view: View, among: frozenset[str] | None = None) -> Life | None:
    """Return where a subject stands by its facts, or by those named *among*; None without a life cycle."""
    cycle = LIFE_CYCLES.get(view.kind)
    return _walked(cycle, view, among)[0].life if cycle else None


def impossible_in(view: View) -> Mapping[str, State]:
    """Return the ids of facts that could not happen where the subject stood, each with that state.

    Of a subject that was taken over from elsewhere nobody can say so.
    """
    cycle = LIFE_CYCLES.get(view.kind)
    if cycle is None or view.named(BASELINE):
        return {}
    walk, moving = _walked(cycle, view, None)
    if not walk.whole or not walk.impossible:
        return {}
    return {moving[place].id: state for place, state in walk.impossible.items()}


def _walked(cycle: LifeCycle, view: View, among: frozenset[str] | None) -> tuple[Walk, Sequence[Fact]]:
    """Return the way of *view* through *cycle*, and the facts that made it, by day.

    A view that grew at its end goes on from where the one before it stood.
    """
    known = view.walks.get(among)
    walk, moving, seen = known or (Walk(cycle), (), 0)
    if seen < len(view.by_day):
        walk, made = walk.copy(), list(moving)
        for fact in view.by_day[seen:]:
            word = cycle.word(fact.name, fact.body)
            if word in cycle.words and (among is None or fact.name in among):
                walk.step(word)
                made.append(fact)
        moving = tuple(made)
        view.walks[among] = walk, moving, len(view.by_day)
    return walk, moving
