"""The worked examples of the catalogue: one question to `fajian due` each, and its answer."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """One worked example."""

    no: str
    rule: str
    day: date
    ask: Mapping[str, Any]  #: stops, extra units, repetition, variant
    answer: Mapping[str, Any]
    why: str


@cache
def load_examples() -> tuple[Example, ...]:
    """Return the examples in the order of their numbers."""
    table = tomllib.loads((files("fajian.law") / "examples.toml").read_text("utf-8"))
    return tuple(
        Example(row["no"], row["rule"], row["day"], row.get("ask", {}), row["answer"], row.get("why", ""))
        for row in table["example"]
    )
