"""The worked examples of the catalogue: questions to `fajian due`, and facts that a trigger is found in."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

CASE = "（2022）皖1324执123号"  #: where a fact of an example names no subject


@dataclass(frozen=True, slots=True)
class Example:
    """One worked example."""

    no: str
    rule: str
    day: date
    ask: Mapping[str, Any]  #: stops, extra units, repetition, variant
    answer: Mapping[str, Any]
    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """One fact of an example: what was done, when, in which cases, and when it was recorded."""

    event: str
    day: str  #: a day, or an instant where hours count
    recorded: str
    subjects: Sequence[str]
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts in which a trigger finds something; what it finds is folded, not written down."""

    trigger: str
    until: date  #: the last day that the bus has seen the end of
    facts: Sequence[Told]


@cache
def load_examples() -> tuple[Example, ...]:
    """Return the examples in the order of their numbers."""
    return tuple(
        Example(row["no"], row["rule"], row["day"], row.get("ask", {}), row["answer"], row.get("why", ""))
        for row in _rows("examples.toml")
    )


@cache
def load_facts() -> tuple[Facts, ...]:
    """Return the examples of triggers in the order of the file."""
    return tuple(
        Facts(row["trigger"], row["until"], tuple(_told(fact) for fact in row["facts"]))
        for row in _rows("trigger_examples.toml")
    )


def _told(row: Mapping[str, Any]) -> Told:
    named = row.get("subject", CASE)
    subjects = (named,) if isinstance(named, str) else tuple(named)
    return Told(
        row["event"], str(row["day"]), str(row.get("recorded", row["day"])), subjects, row.get("data", {})
    )


def _rows(name: str) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = tomllib.loads((files("fajian.law") / name).read_text("utf-8"))[
        "example"
    ]
    return found
