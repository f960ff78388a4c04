"""The machine behind the two life cycles: where a case stands, and which facts were impossible there.

Facts are never refused for being inconvenient. One that its table does not have in the state that the case
is in changes nothing, and is marked; whoever owns the data hears of it (T38).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Word = str  #: an event, or an event and what it says: `CaseClosed`, `ReviewConcluded:suggestion`
State = str


@dataclass(frozen=True, slots=True)
class Beside:
    """A state that lies beside the others, such as a stay: it begins and ends without moving them."""

    zh: str
    begins: frozenset[Word]
    ends: frozenset[Word] = frozenset()


@dataclass(frozen=True)
class LifeCycle:
    """A state machine as tables. The first state is that of a case of which nothing is known."""

    states: Mapping[State, str]  #: with their Chinese names, in the order in which they are drawn
    transitions: Mapping[State, Mapping[Word, State]]
    beside: Mapping[State, Beside]
    says: Mapping[str, str]  #: event -> the body field whose value belongs to the word
    beginnings: frozenset[Word]  #: a history that begins otherwise was not seen from its beginning
    heralds: frozenset[Word] = frozenset()  #: may come before the beginning
    words: frozenset[Word] = field(init=False)  #: all that move anything
    aside: Mapping[Word, Mapping[State, bool]] = field(
        init=False
    )  #: word -> what lies beside, begun or ended

    def __post_init__(self) -> None:
        aside: dict[Word, dict[State, bool]] = {}
        for name, one in self.beside.items():
            for word in sorted(one.begins | one.ends):
                aside.setdefault(word, {})[name] = word in one.begins
        moving = (word for row in self.transitions.values() for word in row)
        object.__setattr__(self, "aside", aside)
        object.__setattr__(self, "words", frozenset((*moving, *aside)))

    @property
    def first(self) -> State:
        return next(iter(self.states))

    def word(self, name: str, body: Mapping[str, Any]) -> Word:
        """Return how the tables call a fact: with what it says, where they tell that apart."""
        said = self.says.get(name)
        if said is None:
            return name
        longer = f"{name}:{body.get(said)}"
        return longer if longer in self.words else name


@dataclass(frozen=True, slots=True)
class Life:
    """Where a case stands by its facts."""

    state: State
    beside: tuple[State, ...] = ()  #: in the order of the tables
    impossible: Mapping[int, State] = field(default_factory=dict)  #: place of a fact -> the state it met
    whole: bool = True  #: seen from the beginning; else nothing is called impossible


@dataclass(slots=True)
class Walk:
    """A history on its way through a life cycle, word by word in the order of the law."""

    cycle: LifeCycle
    state: State = field(init=False)
    beside: set[State] = field(default_factory=set)
    impossible: dict[int, State] = field(default_factory=dict)  #: by the place of the word
    whole: bool | None = None  #: None: nothing but heralds so far
    length: int = 0  #: words so far

    def __post_init__(self) -> None:
        self.state = self.cycle.first

    def step(self, word: Word) -> None:
        """Go on with *word*, which moves something somewhere."""
        cycle = self.cycle
        if self.whole is None and word not in cycle.heralds:
            self.whole = word in cycle.beginnings
        then = cycle.transitions[self.state].get(word)
        moved = then is not None
        for name, begins in cycle.aside.get(word, {}).items():
            if begins:
                self.beside.add(name)
                moved = True
            elif name in self.beside:
                self.beside.remove(name)
                moved = True
        if then is not None:
            self.state = then
        elif not moved:
            self.impossible[self.length] = self.state
        self.length += 1

    def copy(self) -> "Walk":
        other = Walk(self.cycle)
        other.state, other.whole, other.length = self.state, self.whole, self.length
        other.beside, other.impossible = set(self.beside), dict(self.impossible)
        return other

    @property
    def life(self) -> Life:
        return Life(
            self.state,
            tuple(name for name in self.cycle.beside if name in self.beside),
            dict(self.impossible) if self.whole else {},
            self.whole is not False,
        )


def drawn(cycle: LifeCycle) -> str:
    """Return *cycle* as a Mermaid state diagram: one arrow for each pair of states, with its words."""
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{zh} {name}" as {_id(name)}' for name, zh in cycle.states.items()]
    lines.append(f"    [*] --> {_id(cycle.first)}")
    for state in cycle.states:
        arrows: dict[State, list[Word]] = {}
        for word, then in cycle.transitions[state].items():
            arrows.setdefault(then, []).append(word)
        for then in cycle.states:
            if then in arrows:
                lines.append(f"    {_id(state)} --> {_id(then)}: {_listed(arrows[then])}")
        if not cycle.transitions[state]:
            lines.append(f"    {_id(state)} --> [*]")
    return "\n".join(lines)


def _id(state: State) -> str:
    return state.replace("-", "_")


def _listed(words: list[Word]) -> str:
    return "<br>".join(word.replace(":", " = ") for word in words)
