"""Bring events to a side's inbox and wait for what becomes of them. The ways there are in `ways.py`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, field
from time import monotonic
from typing import Any, Protocol

import orjson

BATCH_EVENTS = 500
BATCH_BYTES = 4 * 1024 * 1024
POLL_SECONDS = 5  #: how long one question for receipts may wait for an answer

WAITING = "waiting"
FINAL = ("rejected", "recorded", "duplicate", "conflict")
GOOD = ("recorded", "duplicate")

Row = Mapping[str, Any]


@dataclass
class Fate:
    """One submitted event, and what is known to have become of it."""

    line: int
    source: str | None = None
    id: str | None = None
    subject: str | None = None
    status: str = WAITING
    inbox: str | None = None
    ledger: str | None = None
    problems: list[Row] = field(default_factory=list)
    warnings: list[Row] = field(default_factory=list)

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    def shape(self) -> dict[str, Any]:
        return asdict(self)

    def hear(self, receipt: Row) -> None:
        """Take in a receipt of the hub."""
        self.status, self.subject = receipt["status"], receipt["subject"]
        self.ledger = receipt["ledger"] or self.ledger
        self.problems = self.problems or receipt["problems"]
        self.warnings = self.warnings or receipt["warnings"]


@dataclass(frozen=True)
class Line:
    """One event as it stands in a file."""

    number: int
    raw: bytes


class Way(AbstractAsyncContextManager[Any], Protocol):
    """How to reach the inbox, and the receipts."""

    async def send(self, lines: Sequence[Line]) -> list[Fate]:
        """Return a fate for each line, final where it was refused at once."""
        ...

    async def receipts(self, after: int, *, wait_seconds: int) -> list[Row]:
        """Return the side's receipts after a position, waiting a while for the first."""
        ...

    async def newest(self) -> int:
        """Return the position of the last receipt so far."""
        ...


async def publish(way: Way, lines: Sequence[Line], *, wait_seconds: float) -> AsyncIterator[Fate]:
    """Send *lines* in order; yield each event's fate once it is final, and at the end those that are not."""
    after = await way.newest() if wait_seconds else 0
    waiting = _Waiting()
    for batch in batches(lines):
        for fate in await way.send(batch):
            if fate.is_final:
                yield fate
            else:
                waiting.add(fate)
    deadline = monotonic() + wait_seconds
    while waiting.fates and (left := deadline - monotonic()) > 0:
        for row in await way.receipts(after, wait_seconds=min(POLL_SECONDS, int(left) + 1)):
            after = max(after, row["seq"])
            if (arrived := waiting.hear(row)) is not None:
                yield arrived
    for fate in waiting.fates.values():
        yield fate


class _Waiting:
    """The events on their way. Intake's receipts name the place in the inbox, the fold's the event."""

    def __init__(self) -> None:
        self.fates: dict[int, Fate] = {}
        self._by_place: dict[str, Fate] = {}
        self._by_name: dict[tuple[str, str], list[Fate]] = {}

    def add(self, fate: Fate) -> None:
        self.fates[id(fate)] = fate
        if fate.inbox:
            self._by_place[fate.inbox] = fate
        self._by_name.setdefault((fate.source or "", fate.id or ""), []).append(fate)

    def hear(self, receipt: Row) -> Fate | None:
        """Take in a receipt, and return whose wait it ended."""
        fate = self._addressee(receipt)
        if fate is None:
            return None
        fate.hear(receipt)
        return self.fates.pop(id(fate)) if fate.is_final else None

    def _addressee(self, receipt: Row) -> Fate | None:
        if receipt["origin"] is not None:
            return self._by_place.get(receipt["origin"])
        named = self._by_name.get((receipt["source"], receipt["id"]), [])
        return next((fate for fate in named if id(fate) in self.fates), None)


def batches(lines: Sequence[Line]) -> list[list[Line]]:
    """Pack lines that are JSON together; the others go alone, so that they spoil no batch."""
    packed: list[list[Line]] = []
    size, is_open = 0, False
    for line in lines:
        good = _is_json(line.raw)
        if not (good and is_open and len(packed[-1]) < BATCH_EVENTS and size + len(line.raw) < BATCH_BYTES):
            packed.append([])
            size = 0
        packed[-1].append(line)
        size += len(line.raw) + 1
        is_open = good
    return packed


def _is_json(raw: bytes) -> bool:
    try:
        orjson.loads(raw)
    except ValueError:
        return False
    return True
