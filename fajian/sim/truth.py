"""What the simulator knows and the bus must find out."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

#: A pattern across cases is told as a lead alone, and only where both sides have approved its row.
Kind = Literal["breach", "near-miss", "pattern"]


@dataclass(frozen=True, slots=True)
class Planted:
    """One duty with a tale: broken, or kept although a careless eye would think it broken."""

    subject: str
    rule: str
    instance: str
    due_day: date  #: for what no clock shows (T14, T34, T38, patterns) the day of the act
    kind: Kind
    trigger: str | None  #: the lead to expect within the run; None where none may come
    how: str  #: what was done, in a word or two

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"due_day": self.due_day.isoformat()}


@dataclass(frozen=True, slots=True)
class DayPlan:
    """What the agencies hand over on one day, as structured CloudEvents."""

    day: date
    events: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """A county's days in order, and the truth about them."""

    plans: tuple[DayPlan, ...]
    truth: tuple[Planted, ...]

    def __iter__(self) -> Iterator[DayPlan]:
        return iter(self.plans)

    @property
    def events(self) -> Iterator[Mapping[str, Any]]:
        return (event for plan in self.plans for event in plan.events)
