"""A ledger in memory, a fold that is easy to check, and a place to run one partition."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from fajian.core.ports import Folded, Output, Record, Store
from fajian.errors import DeliveryError, StoreError
from fajian.streams.continuity import Standing
from fajian.streams.log import Part
from fajian.streams.memory import MemoryTopics
from fajian.streams.metrics import Metrics
from fajian.streams.progress import ProgressBook
from fajian.streams.runner import PartitionRunner, Surroundings
from fajian.streams.skips import Skip, SkipBook
from fajian.streams.store import Applied, MemoryStore
from schemas.topics import PROGRESS, SKIPS

AGENT = "toy"
LEDGER = Part("ledger", 0)
OUT = "out"


SLICED = b"sliced"  #: key of the records that take two calls


class Sums:
    """Adds up numbers by key. One output for each record, named after it; a value that is none is a fault."""

    def __init__(self) -> None:
        self._remembered: dict[bytes, int] = {}  # as a decoded state in a cache would be

    def fold(self, records: Sequence[Record], store: Store) -> Folded:
        folded = Folded(records[0].offset - 1)
        for record in records:
            key = record.key or b""
            if key == SLICED and store.get(b"half") != b"%d" % record.offset:
                folded.writes[b"half"] = b"%d" % record.offset
                said = orjson.dumps({"id": record.offset + 1000, "sum": 0})
                folded.outputs.append(Output(record.offset, OUT, key, said, partition=0))
                folded.unfinished = True
                break
            folded.applied = record.offset
            if key not in self._remembered:
                self._remembered[key] = int(store.get(key) or b"0")
            self._remembered[key] += int(record.value or b"")
            folded.writes[key] = b"%d" % self._remembered[key]
            said = orjson.dumps({"id": record.offset, "sum": self._remembered[key]})
            folded.outputs.append(Output(record.offset, OUT, key, said, partition=0))
        folded.notes = {"last": str(folded.applied)}
        return folded


class Broken(Exception):
    """The process ends here."""


@dataclass
class FlakyTopics:
    """An outbox over *topics* that fails on demand, before or after it has sent."""

    topics: MemoryTopics
    refuse_next: int = 0
    break_before: str | None = None  #: topic
    break_after: str | None = None
    break_in: int | None = None  #: so many deliveries succeed before it
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    held: str | None = None  #: the topic that waits while *hold* is clear; None: all

    def __post_init__(self) -> None:
        self.hold.set()

    def hold_back(self, topic: str) -> None:
        """Let what goes to *topic* wait until *hold* is set."""
        self.held = topic
        self.hold.clear()

    async def deliver(self, outputs: Sequence[Output]) -> None:
        topics = {output.topic for output in outputs}
        if self.held is None or self.held in topics:
            await self.hold.wait()
        if self.refuse_next:
            self.refuse_next -= 1
            raise DeliveryError("not today")
        if self.break_before in topics or self.break_in == 0:
            raise Broken
        if self.break_in is not None:
            self.break_in -= 1
        await self.topics.deliver(outputs)
        if self.break_after in topics:
            raise Broken


class FullStore(MemoryStore):
    """A store whose disk may be full."""

    full = False

    def write(self, writes: Mapping[bytes, bytes | None], applied: Applied) -> None:
        if self.full:
            raise StoreError("no space left on device")
        super().write(writes, applied)


class StillFlow:
    """Remembers what is paused."""

    def __init__(self) -> None:
        self.paused: set[Part] = set()

    def pause(self, part: Part, agent: str) -> None:
        self.paused.add(part)

    def resume(self, part: Part, agent: str) -> None:
        self.paused.discard(part)


class Bench:
    """One partition of one agent, in memory. Every `take_over` is a new process with the same topics."""

    def __init__(self) -> None:
        self.topics = MemoryTopics()
        self.outbox = FlakyTopics(self.topics)
        self.flow = StillFlow()
        self.seconds = 0.0
        self.skips = SkipBook(self.topics)
        self.book = ProgressBook(self.topics)
        self.turns = asyncio.Semaphore(1)

    def write(self, *numbers: int | str, key: bytes = b"k") -> list[Record]:
        return [self.topics.append(LEDGER.topic, key=key, value=str(number).encode()) for number in numbers]

    def ledger(self) -> list[Record]:
        return list(self.topics.records(LEDGER.topic))

    def skip(self, offset: int, *signers: str) -> None:
        entry = Skip(topic=LEDGER.topic, partition=0, offset=offset, reason="unreadable", signers=signers)
        self.topics.append(SKIPS, key=entry.key, value=entry.model_dump_json().encode(), partition=0)

    async def take_over(self, store: MemoryStore | None = None) -> PartitionRunner:
        runner = PartitionRunner(LEDGER, self._around(), await self.standing(), store)
        runner.start()
        return runner

    async def standing(self) -> Standing:
        await self.book.refresh()
        ids = await self.topics.topic_ids([LEDGER.topic])
        begin = (await self.topics.begins([LEDGER]))[LEDGER]
        end = (await self.topics.ends([LEDGER]))[LEDGER]
        return Standing(ids[LEDGER.topic], begin, end, self.book.of(AGENT, LEDGER))

    def _around(self) -> Surroundings:
        return Surroundings(
            agent=AGENT,
            folder=Sums,
            log=self.topics,
            outbox=self.outbox,
            flow=self.flow,
            skips=self.skips,
            refresh=self.skips.refresh,
            turns=self.turns,
            metrics=Metrics(),
            clock=lambda: self.seconds,
        )

    def said(self) -> list[dict[str, int]]:
        """Return every output that was sent, in order, repetitions among them."""
        return [orjson.loads(record.value or b"") for record in self.topics.records(OUT)]

    def unique(self) -> dict[int, int]:
        """Return the sum that was said for each record; the same name never says two things."""
        found: dict[int, int] = {}
        for said in self.said():
            assert found.setdefault(said["id"], said["sum"]) == said["sum"]
        return found

    async def acked(self) -> int:
        await self.book.refresh()
        stated = self.book.of(AGENT, LEDGER)
        return stated.acked if stated else 0

    def progress_records(self) -> int:
        return len(self.topics.records(PROGRESS))


async def settle(runner: PartitionRunner) -> None:
    """Let the tasks of *runner* go on until nothing of it is under way."""
    while runner.is_busy:  # noqa: ASYNC110 - there is nothing else to wait for
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Let tasks go on until *condition* holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - there is nothing else to wait for
            await asyncio.sleep(0)
