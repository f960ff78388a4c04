"""Receipts as files: JSON Lines in `receipts/`, each file there entirely or not at all.

A crash between a file and the note of how far it went writes the same receipts once more.
"""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Any

import orjson

from connectors.config import ConnectorConfig
from connectors.metrics import PartHealth
from connectors.projection import Row
from connectors.source_config import FilesSource
from connectors.sources.exchange import write_whole
from connectors.sources.receipts import ReceiptStream, receipt_stream
from fajian.errors import PeerAwayError

MOST_IN_A_FILE = 10_000


class FileReceipts:
    """Writes the receipts of the folder's own sources."""

    def __init__(self, config: ConnectorConfig, source: FilesSource, *, health: PartHealth) -> None:
        self._side = config
        self._source = source
        self._health = health
        self._folder = source.folder / "receipts"
        self._position = source.folder / "work" / ".receipts"
        self._waiting: list[bytes] = []
        self._offsets: dict[int, int] = {}
        self._number = 0
        self._written_at = 0.0

    async def run(self) -> None:
        """Work until cancelled; `PeerAwayError` asks to be started again."""
        try:
            await asyncio.to_thread(self._begin)
            name = f"fajian-{self._side.side}-{self._source.name}"
            async with receipt_stream(self._side, self._offsets, client_id=name) as stream:
                while True:
                    await self._round(stream)
                    self._health.ready()
        except OSError as error:
            raise PeerAwayError(f"{self._source.folder}: {error.strerror or error}") from error

    def _begin(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._position.parent.mkdir(exist_ok=True)
        self._waiting = []
        try:
            found = orjson.loads(self._position.read_bytes())
        except FileNotFoundError:
            found = {"number": 0, "offsets": {}}
        self._number = found["number"]
        self._offsets = {int(partition): offset for partition, offset in found["offsets"].items()}
        self._written_at = monotonic()

    async def _round(self, stream: ReceiptStream) -> None:
        received = await stream.next(wait_seconds=min(1, self._source.receipts_seconds))
        self._waiting += [
            _line(row) for row in received.rows if row["source"].startswith(self._source.sources)
        ]
        self._offsets |= received.following
        is_due = monotonic() - self._written_at >= self._source.receipts_seconds
        if self._waiting and (is_due or len(self._waiting) >= MOST_IN_A_FILE):
            await asyncio.to_thread(self._write, self._waiting)
            self._waiting, self._written_at = [], monotonic()

    def _write(self, lines: Sequence[bytes]) -> None:
        self._number += 1
        write_whole(self._folder / f"receipts-{self._number:08}.jsonl", lines)
        offsets = {str(partition): offset for partition, offset in self._offsets.items()}
        write_whole(self._position, [orjson.dumps({"number": self._number, "offsets": offsets})])


def _line(row: Row) -> bytes:
    told: dict[str, Any] = {
        "source": row["source"],
        "id": row["id"],
        "subject": row["subject"],
        "status": row["status"],
        "problems": orjson.Fragment(row["problems"]),
        "warnings": orjson.Fragment(row["warnings"]),
        "ledger": row["ledger"],
        "inbox": row["origin"],
        "at": row["at"],
    }
    return orjson.dumps(told) + b"\n"
