"""Which life cycle a subject has, and where it stands in it."""

from collections.abc import Collection, Mapping
from typing import Final

from fajian.core.enforcement_life import ENFORCEMENT
from fajian.core.facts import BASELINE, Fact, View
from fajian.core.life import Life, LifeCycle, State, Word, live
from fajian.core.supervision_life import SUPERVISION

LIFE_CYCLES: Final[Mapping[str, LifeCycle]] = {"case": ENFORCEMENT, "supervision": SUPERVISION}  #: by kind


def life_of(view: View, among: Collection[str] | None = None) -> Life | None:
    """Return where a subject stands by its facts, or by those named *among*; None without a life cycle."""
    cycle = LIFE_CYCLES.get(view.kind)
    return live(cycle, [word for word, _ in _moving(cycle, view, among)]) if cycle else None


def impossible_in(view: View) -> Mapping[str, State]:
    """Return the ids of facts that could not happen where the subject stood, each with that state.

    Of a subject that was taken over from elsewhere nobody can say so.
    """
    cycle = LIFE_CYCLES.get(view.kind)
    if cycle is None or view.named(BASELINE):
        return {}
    moving = _moving(cycle, view)
    impossible = live(cycle, [word for word, _ in moving]).impossible
    return {moving[place][1].id: state for place, state in impossible.items()}


def _moving(cycle: LifeCycle, view: View, among: Collection[str] | None = None) -> list[tuple[Word, Fact]]:
    """Return the facts that move something, each with its word, by day."""
    words, says = cycle.words, cycle.says
    found = []
    for fact in view.by_day:
        name = fact.name
        word = cycle.word(name, fact.body) if name in says else name
        if word in words and (among is None or name in among):
            found.append((word, fact))
    return found
