"""What the ledger says of itself in the first record of each partition."""

from datetime import date
from typing import NamedTuple

import orjson

from fajian.core.ports import Record
from fajian.errors import LedgerUndeclaredError
from fajian.streams.log import Log, Part, record_at
from schemas.names import ce_type
from schemas.topics import CASE_EVENTS

DECLARED = ce_type("LedgerDeclared", "clock")


class Declaration(NamedTuple):
    """Whether a ledger lives in simulated time, and which day is its first."""

    simulated: bool
    from_day: date
    rules: str


class Ledger:
    """Knows the declaration after the first `refresh` that found it; it never changes."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._declaration: Declaration | None = None

    async def refresh(self) -> None:
        """Read the declaration, or raise `LedgerUndeclaredError`."""
        if self._declaration is None:
            self._declaration = await self._read()

    @property
    def declaration(self) -> Declaration:
        if self._declaration is None:
            raise LedgerUndeclaredError(f"{CASE_EVENTS} has not been read yet")
        return self._declaration

    async def _read(self) -> Declaration:
        first = Part(CASE_EVENTS, 0)
        end = (await self._log.ends([first]))[first]
        record = await record_at(self._log, first, 0) if end else None
        if record is None:
            raise LedgerUndeclaredError(f"{first} is empty: the ledger has not been declared")
        return _parse(record)


def _parse(record: Record) -> Declaration:
    found = dict(record.headers).get("ce_type", b"").decode()
    if found != DECLARED:
        raise LedgerUndeclaredError(f"{CASE_EVENTS}/0 begins with {found or 'no type'}, expected {DECLARED}")
    data = orjson.loads(record.value or b"{}")
    return Declaration(data["simulated"], date.fromisoformat(data["from_day"]), data["rules"])
