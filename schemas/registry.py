"""All event types that there are: found by short name or by `ce_type`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType, ModuleType

from schemas import (
    clock,
    credit,
    enforcement,
    entrustment,
    flags,
    investigation,
    leads,
    mechanism,
    preservation,
    proceeds,
    receipts,
    remedies,
    rounds,
    sale,
    supervision,
)
from schemas.fields import Body, Fact
from schemas.names import ce_type


@dataclass(frozen=True, slots=True)
class EventType:
    """One event type: what it is called and what its body looks like."""

    name: str
    family: str
    ce_type: str
    model: type[Body]

    @property
    def zh(self) -> str:
        return self.model.model_config.get("title") or self.name

    @property
    def en(self) -> str:
        return (self.model.__doc__ or "").strip()

    @property
    def is_fact(self) -> bool:
        """Tell whether it is something that a side reports, not something that the bus derives."""
        return issubclass(self.model, Fact)


def _types_in(module: ModuleType) -> Iterator[EventType]:
    for name, value in vars(module).items():
        own = isinstance(value, type) and issubclass(value, Body) and value.__module__ == module.__name__
        if own and value.family and value.model_config.get("title"):
            yield EventType(name, value.family, ce_type(name, value.family), value)


_MODULES = (
    enforcement,
    entrustment,
    investigation,
    preservation,
    sale,
    proceeds,
    remedies,
    rounds,
    credit,
    supervision,
    mechanism,
    clock,
    flags,
    leads,
    receipts,
)

TYPES: Mapping[str, EventType] = MappingProxyType(
    {found.ce_type: found for module in _MODULES for found in _types_in(module)}
)

#: Facts come first: Resumed is what a court reports; the flag of that name is `flag.Resumed`.
_BY_NAME: Mapping[str, EventType] = MappingProxyType(
    {found.name: found for found in sorted(TYPES.values(), key=lambda found: found.is_fact)}
    | {f"{found.family}.{found.name}": found for found in TYPES.values()}
)


def find(text: str) -> EventType | None:
    """Return the event type named by `ce_type`, short name, or `family.ShortName`."""
    return TYPES.get(text) or _BY_NAME.get(text)


def suggest(text: str) -> str | None:
    """Return the known name that is most like *text*, to help whoever mistyped it."""
    pool = TYPES if text.startswith("cn.") else _BY_NAME
    return next(iter(get_close_matches(text, pool, n=1, cutoff=0.6)), None)
