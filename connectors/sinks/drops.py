"""The files sink: what a side was told, as numbered files in a folder that an exchange machine carries away.

Each file is there entirely or not at all, and each record stands in exactly one file, whatever crashes:

1. a file is written and flushed under `work/`;
2. the journal names it and the offsets behind it, in one atomic step;
3. the file is renamed into the folder.

After a crash before 2 the draft is written anew. After a crash behind 2 the journal's file is renamed if
it still lies in `work/`; if it does not, it has been delivered, even if somebody took it away since.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import orjson

from connectors.config import ConnectorConfig
from connectors.metrics import PartHealth, Standing
from connectors.sink_config import FilesSink
from connectors.sinks.told import Told, read
from connectors.sources.exchange import write_whole
from connectors.tables import table_row
from connectors.topic_stream import Batch, TopicStream, topic_stream
from fajian.errors import PeerAwayError, SourceError
from schemas.topics import feed

#: Columns of CSV, Chinese and English; what has no column of its own is in the last.
COLUMNS = (
    "时间 at", "类别 kind", "类型 type", "案号 subject", "规则 rule", "事项 instance", "到期日 due_day",
    "作出之日 on", "责任岗位 owed_by", "通知岗位 posts", "严重程度 severity", "预警编号 flag_id",
    "来源 source", "编号 id", "内容 data",
)  # fmt: skip


class DropsPart:
    """Writes the drops of one folder."""

    def __init__(
        self,
        config: ConnectorConfig,
        sink: FilesSink,
        *,
        health: PartHealth,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._side = config
        self._sink = sink
        self._health = health
        self._clock = clock
        self._work = sink.folder / "work"
        self._journal = self._work / f".{sink.name}"
        self._number = 0
        self._offsets: dict[int, int] = {}
        self._waiting: list[bytes] = []
        self._following: dict[int, int] = {}
        self._written_at = 0.0
        self.standing = Standing()

    async def run(self) -> None:
        """Work until cancelled; `PeerAwayError` asks to be started again."""
        try:
            with self._held():
                await asyncio.to_thread(self.begin)
                async with topic_stream(
                    self._side,
                    feed(self._side.side),
                    self._offsets,
                    client_id=f"fajian-{self._side.side}-{self._sink.name}",
                    begin=self._sink.begin,
                ) as stream:
                    if not self._offsets:  # from now on, wherever the feed stands
                        self._offsets = dict(stream.position)
                        await asyncio.to_thread(self._note, None)
                    while True:
                        await self._round(stream)
                        self._health.ready()
        except OSError as error:
            raise PeerAwayError(f"{self._sink.folder}: {error.strerror or error}") from error

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Be the only one who writes here."""
        self._work.mkdir(parents=True, exist_ok=True)
        with (self._work / f".{self._sink.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise PeerAwayError(f"{self._sink.folder}: another connector writes there") from error
            yield

    def begin(self) -> None:
        """Read the journal, and finish what it says."""
        self._waiting, self._following = [], {}
        self._written_at = self._clock()
        try:
            found = orjson.loads(self._journal.read_bytes())
        except FileNotFoundError:
            found = {"number": 0, "offsets": {}, "file": None}
        except orjson.JSONDecodeError as error:  # from the beginning again, all would go out twice
            raise SourceError(f"{self._journal}: expected how far the feed went, {error}") from error
        self._number = found["number"]
        self._offsets = {int(partition): offset for partition, offset in found["offsets"].items()}
        if found["file"] is not None:
            self._deliver(found["file"])

    async def _round(self, stream: TopicStream) -> None:
        room = self._sink.most_records - len(self._waiting)
        self.take(await stream.next(wait_seconds=min(0.5, self._sink.every_seconds), limit=room))
        self.standing.feed_lag, self.standing.waiting = stream.lag, len(self._waiting)
        if self._is_due():
            await asyncio.to_thread(self.write)

    def take(self, batch: Batch) -> None:
        """Take in records; they are durable only when `write` has returned."""
        self._following |= batch.following
        self._waiting += [self._line(record) for record in read(batch.records, self._sink, self.standing)]

    def _is_due(self) -> bool:
        if not self._following:
            return False
        is_time = self._clock() - self._written_at >= self._sink.every_seconds
        return is_time or len(self._waiting) >= self._sink.most_records

    def write(self) -> None:
        """Make a file of what waits. Where nothing does, only the place in the feed is kept."""
        self._offsets |= self._following
        name = None
        if self._waiting:
            self._number += 1
            name = f"{self._sink.name}-{self._number:08}.{self._sink.format}"
            write_whole(self._work / name, [*self._head(), *self._waiting])
        self._note(name)
        if name is not None:
            self._deliver(name)
        self.standing.delivered += len(self._waiting)
        self._waiting, self._following, self._written_at = [], {}, self._clock()

    def _note(self, name: str | None) -> None:
        offsets = {str(partition): offset for partition, offset in self._offsets.items()}
        write_whole(self._journal, [orjson.dumps({"number": self._number, "offsets": offsets, "file": name})])
        _sync(self._work)

    def _deliver(self, name: str) -> None:
        draft = self._work / name
        if draft.exists():
            draft.rename(self._sink.folder / name)
            _sync(self._sink.folder)

    def _head(self) -> list[bytes]:
        return [self._encoded(COLUMNS, first=True)] if self._sink.format == "csv" else []

    def _line(self, record: Told) -> bytes:
        if self._sink.format == "jsonl":
            return record.body + b"\n"
        return self._encoded(_cells(record))

    def _encoded(self, cells: Sequence[Any], *, first: bool = False) -> bytes:
        encoding = "utf-8" if self._sink.encoding == "utf-8-sig" and not first else self._sink.encoding
        return table_row(cells, encoding)


def _cells(record: Told) -> list[Any]:
    data, event = record.data, record.event
    return [
        event.get("time"), record.kind, record.type, record.subject, record.rule, data.get("instance"),
        data.get("due_day"), data.get("on"), data.get("owed_by"), ",".join(record.posts), record.severity,
        data.get("flag_id"), event.get("source"), event.get("id"), orjson.dumps(data).decode(),
    ]  # fmt: skip


def _sync(folder: Path) -> None:
    """Let the names in *folder* survive a loss of power, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
