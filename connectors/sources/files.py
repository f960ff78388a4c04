"""The file source: events from a folder that a front-end exchange machine (前置机) shares with an agency.

A file is claimed, checked, published line by line, and put where it ends. How far it got stands in a
journal that is written after Kafka has acknowledged: a crash at any point repeats some lines under the
same ids, which the fold recognises.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from hashlib import sha256
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import IO, Any, Self

import orjson
import structlog

from connectors.kafka import Inbox
from connectors.metrics import Metrics, PartHealth
from connectors.source_config import FilesSource
from connectors.sources.csv_mapping import load_mapping
from connectors.sources.exchange import Exchange, write_whole
from connectors.sources.file_faults import Fault, FileChangedError, FileRefusedError
from connectors.sources.file_items import Gate, Item
from connectors.sources.file_reading import Part, Reading
from connectors.sources.file_report import Refused, Tally, report_of
from connectors.sources.packages import CHANGED
from connectors.sources.submissions import Judge
from fajian.errors import InboxRefusedError, PeerAwayError

log = structlog.get_logger(__name__)

BATCH_BYTES = 4 * 1024 * 1024
MOST_OF_PACKAGE = 40  #: bytes of a package's name in that of another file


class FilesPart:
    """Brings the files of one folder to the inbox, one after the other in the order of their names."""

    def __init__(
        self, config: FilesSource, *, inbox: Inbox, judge: Judge, metrics: Metrics, health: PartHealth
    ) -> None:
        self._config = config
        self._inbox = inbox
        self._metrics = metrics
        self._health = health
        self._gate = Gate(judge, config.sources)
        self._mappings = [load_mapping(path) for path in config.mappings]
        self.exchange = Exchange(config, clock=monotonic)

    async def run(self) -> None:
        """Work until cancelled; `PeerAwayError` asks to be started again."""
        try:
            with self.exchange.held():
                while True:
                    await self.round()
                    self._health.ready()
                    await asyncio.sleep(self._config.poll_seconds)
        except OSError as error:
            raise PeerAwayError(f"{self._config.folder}: {error.strerror or error}") from error

    async def round(self) -> int:
        """Bring what was claimed before and what is whole by now; return how many files were finished."""
        finished = 0
        for begun in await asyncio.to_thread(self.exchange.claimed):
            finished += await self._bring(begun)
        ready = await asyncio.to_thread(self.exchange.ready)
        for waiting, name in zip(range(len(ready), 0, -1), ready, strict=True):
            self._metrics.waiting.labels(self._config.name).set(waiting)
            if (path := self.exchange.claim(name)) is not None:
                finished += await self._bring(path)
        self._metrics.waiting.labels(self._config.name).set(0)
        return finished

    async def _bring(self, path: Path) -> bool:
        """Deliver one claimed file; False when somebody still writes to it."""
        delivery = Delivery(path, self._config, self.exchange, self._inbox, self._metrics)
        reading = Reading(path, self._config, self._mappings, self._gate)
        try:
            await asyncio.to_thread(reading.open)
            with closing(reading):
                await delivery.publish(reading)
        except (FileChangedError, *CHANGED) as error:
            log.info("file_not_whole", source=self._config.name, reason=str(error)[:200])
            return False
        except FileRefusedError as error:
            delivery.refuse_whole(error.faults)
        await asyncio.to_thread(delivery.finish)
        return True


class Delivery:
    """One file on its way. Judged again after a crash it has the same verdicts; only sending is skipped."""

    def __init__(
        self, path: Path, config: FilesSource, exchange: Exchange, inbox: Inbox, metrics: Metrics
    ) -> None:
        self._ticket = path.name
        self._config = config
        self._exchange = exchange
        self._inbox = inbox
        self._metrics = metrics
        self._tally = Tally()
        self._sha256: str | None = None
        self._mended: list[str] = []
        self._journal: dict[str, Any] = {}

    async def publish(self, reading: Reading) -> None:
        """Send every line that has not been sent yet, and draft what is told of each."""
        self._sha256 = reading.sha256
        journal = await asyncio.to_thread(self._exchange.journal, self._ticket)
        fresh = {"sha256": reading.sha256, "sent": 0, "refused": {}}
        self._journal = journal if journal.get("sha256") == reading.sha256 else fresh
        number = 0
        with ExitStack() as drafts:
            told = drafts.enter_context(self._draft("items"))
            for part in reading.parts:
                draft = self._exchange.drafts / f"refused-{len(self._mended)}"
                mended = drafts.enter_context(_Mended(draft, part))
                while batch := await asyncio.to_thread(_take, part.items, self._config.batch_lines):
                    await self._send(batch, number, is_last=len(batch) < self._config.batch_lines)
                    for item in batch:
                        self._tell(told, mended, part, item, self._faults(item, number))
                        number += 1
                if mended.is_needed:
                    self._mended.append(_mended_name(self._ticket, part.member))
        reading.check_unchanged()

    async def _send(self, batch: Sequence[Item], first: int, *, is_last: bool) -> None:
        """Send what of *batch* is not known to be in Kafka, and note it."""
        unsent = [
            (number, item)
            for number, item in enumerate(batch, first)
            if item.submission is not None and number >= self._journal["sent"]
        ]
        letters = [item.submission.letter for _, item in unsent if item.submission is not None]
        placed = await self._inbox.put(letters)
        for (number, _), place in zip(unsent, placed, strict=True):
            if isinstance(place, PeerAwayError):
                raise place
            if isinstance(place, InboxRefusedError):
                self._journal["refused"][str(number)] = str(place)
        if first + len(batch) > self._journal["sent"]:
            self._journal["sent"] = first + len(batch)
            if not is_last or first or self._journal["refused"]:  # a short file is as soon sent again
                await asyncio.to_thread(self._exchange.write_journal, self._ticket, self._journal)

    def _faults(self, item: Item, number: int) -> Sequence[Fault]:
        refused = self._journal["refused"].get(str(number))
        return item.faults if refused is None else [Fault("事件过大 / event too large", refused)]

    def _tell(
        self, told: IO[bytes], mended: "_Mended", part: Part, item: Item, faults: Sequence[Fault]
    ) -> None:
        told.write(orjson.dumps(_told(self._ticket, part.member, item, faults)) + b"\n")
        if faults:
            self._tally.refuse(Refused(part.member, item.line, faults))
            mended.add(item)
        else:
            self._tally.delivered += 1

    def _draft(self, name: str) -> IO[bytes]:
        return (self._exchange.drafts / name).open("wb")

    def refuse_whole(self, faults: Sequence[Fault]) -> None:
        self._tally.refuse(Refused(None, None, faults))

    def finish(self) -> None:
        """Put report, verdicts and file in their places; all of it may be done again after a crash."""
        tally, exchange = self._tally, self._exchange
        if tally.refused:
            mended = self._mended if tally.is_good else []
            for number, name in enumerate(mended):
                _move(exchange.drafts / f"refused-{number}", exchange.rejected / name)
            report = report_of(self._ticket, self._sha256, tally, mended)
            write_whole(exchange.rejected / f"{self._ticket}.report.txt", [report])
        if tally.is_good:
            _move(exchange.drafts / "items", exchange.receipts / f"{self._ticket}.items.jsonl")
        for verdict, count in (("accepted", tally.delivered), ("refused", tally.refused)):
            self._metrics.events.labels(self._config.name, verdict).inc(count)
        exchange.finish(self._ticket, accepted=tally.is_good)
        log.info("file_finished", source=self._config.name, delivered=tally.delivered, refused=tally.refused)


class _Mended:
    """The refused lines of one part as they stood, under their line of column names; made when needed."""

    def __init__(self, path: Path, part: Part) -> None:
        self._path = path
        self._head = part.head
        self._stream: IO[bytes] | None = None

    @property
    def is_needed(self) -> bool:
        return self._stream is not None

    def add(self, item: Item) -> None:
        if not item.raw:
            return  # too long to be held; the original has it
        if self._stream is None:
            self._stream = self._path.open("wb")
            self._stream.writelines(line + b"\r\n" for line in self._head)
        self._stream.write(item.raw + b"\r\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()


def _take(items: Iterator[Item], most: int) -> list[Item]:
    """Return the next items, fewer when they are large."""
    batch, size = [], 0
    for item in islice(items, most):
        batch.append(item)
        size += len(item.raw)
        if size > BATCH_BYTES:
            break
    return batch


def _told(ticket: str, member: str | None, item: Item, faults: Sequence[Fault]) -> Mapping[str, Any]:
    return {
        "file": ticket,
        "member": member,
        "line": item.line,
        "source": item.submission.source if item.submission else None,
        "id": item.submission.id if item.submission else None,
        "status": "refused" if faults else "delivered",
        "problems": [fault._asdict() for fault in faults],
    }


def _mended_name(ticket: str, member: str | None) -> str:
    """Name the refused lines so that, once mended, they are read like the file that they come from."""
    name = Path(member or ticket)
    package = f"-{_short(Path(ticket).stem)}" if member else ""
    return f"{name.stem}.refused{package}{name.suffix}"


def _short(name: str) -> str:
    """Return *name* if there is room for it behind the longest name in a package, else what stands for it."""
    raw = name.encode()
    if len(raw) <= MOST_OF_PACKAGE:
        return name
    return f"{raw[:24].decode('utf-8', 'ignore')}-{sha256(raw).hexdigest()[:12]}"


def _move(draft: Path, place: Path) -> None:
    """Put a draft where people look, once it is safe on the disk."""
    with draft.open("rb") as stream:
        write_whole(place, stream)
    draft.unlink()
