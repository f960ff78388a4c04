"""One partition of one agent: from fetched records to folded, delivered, stored and stated.

Order of effects for a batch: fold, send the outputs and await their acknowledgement, write the store,
state the progress (Faust commits when the handler returns). A crash between any two steps repeats named
outputs and nothing else; so the next batch may be folded while the progress of this one is on its way.

Where records do not follow on each other there is a gap, whatever the reason. It is read by a task of its
own with the partition paused, never in the handler: a rebalance must not wait for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from fajian.core.ports import Folded, FolderFactory, Record
from fajian.errors import FajianError, PartitionStoppedError, place_of
from fajian.streams.continuity import Standing
from fajian.streams.log import Log, Part
from fajian.streams.metrics import Metrics
from fajian.streams.outbox import Outbox
from fajian.streams.progress import Progress, progress_output
from fajian.streams.skips import SkipBook
from fajian.streams.store import Applied, MemoryStore, PartitionStore

logger = structlog.get_logger(__name__)

FOLD_AT_ONCE = 250  #: records, of what is read anew: a worker has other partitions to serve meanwhile
GAP_AFTER_SECONDS = 2.0  #: records wait and nothing is in flight for so long: something was dropped
STARVED_AFTER_SECONDS = 10.0  #: the same while the agent is busy with other partitions
FINISH_WITHIN_SECONDS = 2.0  #: a batch in flight, when its partition is given up
RETRY_AFTER_SECONDS = 5.0  #: a partition with a fault is tried again after so long


class Flow(Protocol):
    """The fetching of one partition; Faust's consumer in earnest.

    Agents may share a partition: it flows when none of them holds it up.
    """

    def pause(self, part: Part, agent: str) -> None: ...
    def resume(self, part: Part, agent: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the runners of one agent share."""

    agent: str
    folder: FolderFactory
    log: Log
    outbox: Outbox
    flow: Flow
    skips: SkipBook
    refresh: Callable[[], Awaitable[None]]  #: reads `skips` and `rules` to their ends
    turns: asyncio.Semaphore  #: how many partitions of the worker read what is missing at a time
    metrics: Metrics
    clock: Callable[[], float]  #: seconds, monotonic


class PartitionRunner:
    """Takes the batches of one partition, in any order and any number of times, and applies each record once.

    *store* is None for agents without one: they begin at the acknowledged offset.
    """

    def __init__(
        self, part: Part, around: Surroundings, standing: Standing, store: PartitionStore | None = None
    ) -> None:
        self.part = part
        self.fault: FajianError | None = None
        self.moved_at = around.clock()  #: when a record was last applied, or none waited
        self.looks_without_move = 0  #: while records waited and Kafka answered
        self.topic_id = standing.topic_id
        self._around = around
        self._store = store
        self._reads = store or MemoryStore()
        self._folder = around.folder()
        applied = store.applied if store else None
        progress = standing.progress
        self.acked = max(progress.acked if progress else 0, applied.offset + 1 if applied else 0)
        self.next = self._first(standing, applied)  #: offset of the next record to apply
        self._notes = dict(applied.notes if applied else progress.notes if progress else {})
        self._stated = progress.acked if progress else 0
        self._seen = 0  # end of what was delivered and passed over
        self._closing = self._closed = self._awaits_turn = False
        self._retry_at = self._looked_at = self.moved_at
        self._applying = asyncio.Lock()
        self._stating = asyncio.Lock()
        self._filling: asyncio.Task[None] | None = None

    def _first(self, standing: Standing, applied: Applied | None) -> int:
        if self._store is not None:
            return applied.offset + 1 if applied else 0
        return self.acked if standing.progress else standing.begin

    @property
    def is_busy(self) -> bool:
        return self._applying.locked() or self._is_filling

    @property
    def _is_filling(self) -> bool:
        return self._filling is not None and not self._filling.done()

    def start(self) -> None:
        """Catch up at once where store and progress do not stand at the same record."""
        if self.next < self.acked or self._stated < self.acked:
            self.fill()

    async def take(self, batch: Sequence[Record]) -> None:
        """Apply what is new in *batch*; where something is missing before it, leave that to `fill`.

        Several batches of one partition may come at a time: they wait for their turn, in their order.
        """
        try:
            async with self._applying:
                if self._closing:
                    return
                if self.fault or self._is_filling or batch[0].offset > self.next:
                    self._seen = max(self._seen, batch[-1].offset + 1)
                    if not self.fault:
                        self.fill()
                    return
                await self._apply_in_turn(batch)
            await self._state()
        except FajianError as error:
            await self._fail(error)

    def fill(self) -> None:
        """Read what is missing in a task of its own, unless that is under way."""
        if not self._is_filling and not self._closing:
            self._filling = asyncio.create_task(self._fill(), name=f"fill {self._around.agent} {self.part}")

    def watch(self, end: int, *, agent_is_idle: bool) -> None:
        """Look for a gap that no batch will show: the log's *end* lies ahead, and nothing happens."""
        now = self._around.clock()
        if self._awaits_turn or (end <= self.next and not self.fault):
            self.moved_at, self.looks_without_move = now, 0
            return
        moved, self._looked_at = self._looked_at != self.moved_at, self.moved_at
        self.looks_without_move = 0 if moved or self.fault else self.looks_without_move + 1
        patience = GAP_AFTER_SECONDS if agent_is_idle else STARVED_AFTER_SECONDS
        if now >= max(self.moved_at + patience, self._retry_at) and not self.is_busy:
            self.fill()

    async def close(self) -> None:
        """Let go of the partition: finish the batch in flight if that is soon done, then write no more."""
        self._closing = True
        if self._filling is not None:
            if not self._awaits_turn:
                await asyncio.wait({self._filling}, timeout=FINISH_WITHIN_SECONDS)
            self._filling.cancel()
            with suppress(asyncio.CancelledError):
                await self._filling
        with suppress(TimeoutError, FajianError):
            async with asyncio.timeout(FINISH_WITHIN_SECONDS):
                async with self._applying:
                    pass
                await self._state()
        self._closed = True
        if self._store is not None:
            self._store.close()

    async def _fill(self) -> None:
        self._around.flow.pause(self.part, self._around.agent)
        self._awaits_turn = True
        try:
            async with self._around.turns:
                self._awaits_turn = False
                await self._catch_up()
        except FajianError as error:
            await self._fail(error)
            return
        except Exception as error:
            await self._fail(self._unread(error))
            return
        finally:
            self._awaits_turn = False
        if self.fault:
            logger.warning("partition_recovered", agent=self._around.agent, part=str(self.part))
            self.fault = None
        if not self._closing:
            self._around.flow.resume(self.part, self._around.agent)

    async def _catch_up(self) -> None:
        """Apply everything up to the end of the log, and up to what was delivered meanwhile."""
        await self._around.refresh()
        self._around.metrics.gaps.labels(self._around.agent).inc()
        while True:
            begin, end = self.next, (await self._around.log.ends([self.part]))[self.part]
            logger.debug("gap", agent=self._around.agent, part=str(self.part), begin=begin, end=end)
            async for records in self._around.log.read(self.part, begin, end):
                await self._apply(records)
                if self._closing:
                    return
            self._pass_over(end)
            if self._seen <= self.next:
                break
        await self._state()

    def _pass_over(self, end: int) -> None:
        """Go on after offsets without a record: what Kafka keeps for itself has offsets as well."""
        if end > self.next and not self._closed:
            self.next = self.acked = end

    async def _apply(self, records: Sequence[Record]) -> None:
        for begin in range(0, len(records), FOLD_AT_ONCE):
            async with self._applying:
                await self._apply_in_turn(records[begin : begin + FOLD_AT_ONCE])
            await asyncio.sleep(0)  # heartbeats and other partitions come first
        await self._state()

    async def _apply_in_turn(self, records: Sequence[Record]) -> None:
        rest = [record for record in records if record.offset >= self.next]
        while rest and not self._closing:
            folded, last = self._fold(rest)
            await self._effect(folded, last)
            rest = [record for record in rest if record.offset >= self.next]

    def _fold(self, records: Sequence[Record]) -> tuple[Folded, Record | None]:
        """Fold *records*, or as many of them as can be; return the last one that is done or passed over."""
        foldable = [record for record in records if not self._around.skips.covers(record)]
        if not foldable:
            return Folded(applied=records[-1].offset), records[-1]
        try:
            folded = self._folder.fold(foldable, self._reads)
        except Exception as error:
            self._forget()
            if len(foldable) == 1:
                raise self._stopped(foldable[0], error) from error
            return self._fold(foldable[: len(foldable) // 2])
        if folded.applied == foldable[-1].offset:
            return folded, records[-1]
        done = [record for record in records if record.offset <= folded.applied]
        return folded, done[-1] if done else None

    async def _effect(self, folded: Folded, last: Record | None) -> None:
        """Deliver and keep what *folded* leads to. *last* is None where not even one record is done."""
        outputs = [output for output in folded.outputs if output.cause >= self.acked]
        try:
            await self._around.outbox.deliver(outputs)
        except BaseException:
            self._forget()  # it may have moved on without us
            raise
        if self._closed:
            return
        notes = self._notes | folded.notes
        if self._store is not None:
            self._write(self._store, folded, last, notes)
        self._notes = notes
        come_to = last.offset + 1 if last else self.next
        records, self.next = come_to - self.next, come_to
        self.acked = max(self.acked, self.next)
        self.moved_at = self._around.clock()
        self._count(records, len(outputs))
        if folded.unfinished:
            await asyncio.sleep(0)  # heartbeats and other partitions come first

    def _applied(self, last: Record | None, notes: Mapping[str, str]) -> Applied:
        if last is not None:
            return Applied.after(last, topic_id=self.topic_id, notes=notes)
        assert self._store is not None
        assert self._store.applied is not None  # the first record of a ledger is done in one go
        return self._store.applied

    def _write(
        self, store: PartitionStore, folded: Folded, last: Record | None, notes: Mapping[str, str]
    ) -> None:
        try:
            store.write(folded.writes, self._applied(last, notes))
        except BaseException:
            self._forget()
            raise

    async def _state(self) -> None:
        """State the progress, once for each advance. Until then a successor repeats our outputs."""
        async with self._stating:
            if self._stated < self.acked and not self._closed:
                progress = Progress(self.topic_id, self.acked, dict(self._notes))
                await self._around.outbox.deliver([progress_output(self._around.agent, self.part, progress)])
                self._stated = max(self._stated, progress.acked)

    def _forget(self) -> None:
        """Take a new folder: the old one may remember what was never written."""
        self._folder = self._around.folder()

    def _stopped(self, record: Record, error: Exception) -> FajianError:
        if isinstance(error, FajianError):
            return error
        return PartitionStoppedError(
            f"{self._around.agent} cannot fold {self.part} at offset {record.offset} "
            f"({type(error).__name__} at {place_of(error)}). The partition stands still until the fold is "
            "mended, or two people answer for passing the record over: "
            f"`fajian skip {self.part}/{record.offset}`.",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )

    def _unread(self, error: Exception) -> FajianError:
        return PartitionStoppedError(
            f"{self._around.agent} cannot read {self.part} from offset {self.next}, and tries again every "
            f"{RETRY_AFTER_SECONDS:.0f} s ({type(error).__name__} at {place_of(error)}).",
            topic=self.part.topic,
            partition=self.part.partition,
            offset=self.next,
        )

    async def _fail(self, error: FajianError) -> None:
        self.fault = error
        self._retry_at = self._around.clock() + RETRY_AFTER_SECONDS
        if not self._closing:
            self._around.flow.pause(self.part, self._around.agent)
        logger.error("partition_stopped", agent=self._around.agent, part=str(self.part), error=str(error))
        with suppress(FajianError):
            await self._state()  # of what came before the fault

    def _count(self, records: int, outputs: int) -> None:
        agent, metrics = self._around.agent, self._around.metrics
        metrics.batches.labels(agent).inc()
        metrics.records.labels(agent).inc(records)
        metrics.outputs.labels(agent).inc(outputs)
