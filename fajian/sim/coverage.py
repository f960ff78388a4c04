"""Which rows of the law the county breaks and keeps by a hair, and which it cannot, with the reason."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fajian.core.rules import Rules
from fajian.sim.truth import Planted

#: Rows without a breach or without a near miss in any run, and why.
NEVER_PLANTED: Final[Mapping[str, str]] = {
    "T37-officer": "off by default: nothing about officers is told to the patterns unless both sides agree",
}


@dataclass(frozen=True, slots=True)
class Covered:
    """How often one row of the law was broken and kept by a hair."""

    row: str
    breaches: int
    near_misses: int

    @property
    def is_complete(self) -> bool:
        return bool(self.breaches and self.near_misses)

    def as_json(self) -> dict[str, Any]:
        reason = {} if self.is_complete else {"reason": NEVER_PLANTED.get(self.row)}
        return {"row": self.row, "breaches": self.breaches, "near_misses": self.near_misses} | reason


def coverage(truth: Iterable[Planted], rules: Rules) -> list[Covered]:
    """Count for each duty that can be broken, then for each trigger, in the order of the tables.

    A trigger is broken where its lead, or the breach that it finds itself, is planted; it is kept by a hair
    where one of its duties is, or where the tale names it.
    """
    told = Counter(
        ("near-miss" if planted.kind == "near-miss" else "breach", name)
        for planted in truth
        for name in {planted.rule, planted.trigger}
    )
    duties = [
        Covered(period.id, told["breach", period.id], told["near-miss", period.id])
        for period in rules.periods.values()
        if period.can_be_broken
    ]
    triggers = [
        Covered(
            trigger.id,
            told["breach", trigger.id],
            sum(told["near-miss", name] for name in (trigger.id, *trigger.periods)),
        )
        for trigger in rules.triggers.values()
    ]
    return duties + triggers
