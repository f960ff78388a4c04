"""Receipts as files in `receipts/`, JSON Lines or tables, each there entirely or not at all.

A crash between a file and the note of how far it went writes the same receipts once more.
"""

import asyncio
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import orjson

from connectors.config import ConnectorConfig
from connectors.metrics import PartHealth
from connectors.projection import Row
from connectors.source_config import FilesSource
from connectors.sources.exchange import write_whole
from connectors.sources.receipts import ReceiptStream, receipt_stream
from connectors.tables import table_row
from fajian.clock import SHANGHAI
from fajian.errors import PeerAwayError, SourceError

MOST_IN_A_FILE = 10_000

#: What a table of receipts says, Chinese and English.
COLUMNS = (
    "时间 at", "来源 source", "编号 id", "案号 subject", "结果 status", "问题 problems", "提醒 warnings",
    "总账位置 ledger", "收件位置 inbox",
)  # fmt: skip
_STATUSES = {
    "accepted": "已受理 accepted",
    "rejected": "已拒收 rejected",
    "recorded": "已入账 recorded",
    "duplicate": "重复 duplicate",
    "conflict": "冲突 conflict",
}


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
        except orjson.JSONDecodeError as error:  # from the beginning again, old files would be written over
            raise SourceError(f"{self._position}: expected how far the receipts went, {error}") from error
        self._number = found["number"]
        self._offsets = {int(partition): offset for partition, offset in found["offsets"].items()}
        self._written_at = monotonic()

    async def _round(self, stream: ReceiptStream) -> None:
        received = await stream.next(wait_seconds=min(1, self._source.receipts_seconds))
        line = _cells if self._source.receipts == "csv" else _line
        self._waiting += [
            line(row) for row in received.rows if row["source"].startswith(self._source.sources)
        ]
        self._offsets |= received.following
        is_due = monotonic() - self._written_at >= self._source.receipts_seconds
        if self._waiting and (is_due or len(self._waiting) >= MOST_IN_A_FILE):
            await asyncio.to_thread(self._write, self._waiting)
            self._waiting, self._written_at = [], monotonic()

    def _write(self, lines: Sequence[bytes]) -> None:
        self._number += 1
        head = [table_row(COLUMNS, "utf-8-sig")] if self._source.receipts == "csv" else []
        name = f"receipts-{self._number:08}.{self._source.receipts}"
        write_whole(self._folder / name, [*head, *lines])
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


def _cells(row: Row) -> bytes:
    at = row["at"].astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    problems, warnings = (_told(orjson.loads(row[name])) for name in ("problems", "warnings"))
    cells = (
        at, row["source"], row["id"], row["subject"], _STATUSES[row["status"]], problems, warnings,
        row["ledger"], row["origin"],
    )  # fmt: skip
    return table_row(cells, "utf-8")


def _told(problems: Sequence[Mapping[str, str]]) -> str:
    return "；".join(
        f"{problem.get('pointer', '')} {problem.get('detail', '')}".strip() for problem in problems
    )
