"""All partitions that one worker holds, for all its agents: taking them, letting go, watching over them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from fajian.core.ports import FolderFactory, Record, Take
from fajian.errors import (
    ClusterAwayError,
    FajianError,
    LedgerMismatchError,
    StoreError,
    StuckError,
    place_of,
)
from fajian.streams.continuity import Standing, check_continuity, check_end, check_topic_id
from fajian.streams.log import Log, Part
from fajian.streams.metrics import Metrics
from fajian.streams.outbox import Outbox
from fajian.streams.progress import ProgressBook
from fajian.streams.runner import Flow, PartitionRunner, Surroundings
from fajian.streams.skips import SkipBook
from fajian.streams.store import PartitionStore

logger = structlog.get_logger(__name__)

WATCH_EVERY_SECONDS = 1.0
IDENTIFY_EVERY = 10  #: watches between two looks at the topics' ids
RED_AFTER_SECONDS = 20.0  #: records wait and nothing moves, or Kafka does not answer
STUCK_AFTER_LOOKS = (
    25  #: records wait, Kafka answers, and nothing moves at so many watches: only a new start helps
)
AGAIN_AFTER_SECONDS = 2.0
CATCH_UP_AT_ONCE = 2  #: partitions that read what is missing: one folds while the other fetches

OpenStore = Callable[[str, str, int], PartitionStore]  #: of an agent, a topic and a partition


@dataclass(frozen=True, slots=True)
class Seat:
    """One agent of this worker."""

    topics: tuple[str, ...]
    durable: bool
    around: Surroundings


class Host:
    """Joins Faust's partitions to `PartitionRunner`s.

    *prepare* reads what folders look up beside their records; *on_fatal* ends the worker.
    """

    def __init__(
        self,
        *,
        log: Log,
        outbox: Outbox,
        flow: Flow,
        open_store: OpenStore,
        on_fatal: Callable[[FajianError], None],
        prepare: Callable[[], Awaitable[None]],
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.metrics = metrics or Metrics()
        self._log = log
        self._outbox = outbox
        self._flow = flow
        self._open_store = open_store
        self._on_fatal = on_fatal
        self._prepare = prepare
        self._clock = clock
        self._book = ProgressBook(log)
        self._skips = SkipBook(log)
        self._turns = asyncio.Semaphore(CATCH_UP_AT_ONCE)
        self._seats: dict[str, Seat] = {}
        self._runners: dict[tuple[str, Part], PartitionRunner] = {}
        self._early: set[tuple[str, Part]] = set()  # delivered before their runner was there
        self._held: frozenset[Part] = frozenset()
        self._opening: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._watched_at = self._assigned_at = self._clock()
        self._not_held = "they are being taken"

    def add(self, agent: str, topics: Sequence[str], folder: FolderFactory, *, durable: bool) -> Take:
        """Give *agent* a seat; the handler returned takes its batches."""
        around = Surroundings(
            agent=agent,
            folder=folder,
            log=self._log,
            outbox=self._outbox,
            flow=self._flow,
            skips=self._skips,
            refresh=self._refresh,
            turns=self._turns,
            metrics=self.metrics,
            clock=self._clock,
        )
        self._seats[agent] = Seat(tuple(topics), durable, around)

        async def take(batch: Sequence[Record]) -> None:
            place = agent, Part(batch[0].topic, batch[0].partition)
            if runner := self._runners.get(place):
                await runner.take(batch)
            else:
                self._early.add(place)

        return take

    @property
    def topics(self) -> tuple[str, ...]:
        """What the agents of this worker read."""
        return tuple(sorted({topic for seat in self._seats.values() for topic in seat.topics}))

    async def assigned(self, parts: Collection[Part]) -> None:
        """Take *parts*, in a task of its own: the rebalance goes on."""
        await self._stop_opening()
        self._held, self._assigned_at = frozenset(parts), self._clock()
        self._opening = asyncio.create_task(self._open_all(), name="take partitions")
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="watch partitions")

    async def revoked(self, parts: Collection[Part]) -> None:
        """Let go of *parts*."""
        await self._stop_opening()
        self._held -= frozenset(parts)
        await self._close([place for place in self._runners if place[1] in parts])

    async def close(self) -> None:
        """Let go of everything."""
        if self._watching is not None:
            await _cancel(self._watching)
        await self.revoked(self._held)

    # --- taking partitions

    async def _open_all(self) -> None:
        while True:
            try:
                await self._open()
            except (LedgerMismatchError, StoreError) as error:
                self._on_fatal(error)
                return
            except FajianError as error:
                logger.warning("partitions_not_taken", error=str(error))
                self._not_held = str(error)
                await asyncio.sleep(AGAIN_AFTER_SECONDS)
            except Exception as error:
                self._on_fatal(_broken("taking partitions", error))
                return
            else:
                return

    async def _open(self) -> None:
        places = [place for place in self._places() if place not in self._runners]
        standings = await self._standings(places)
        await self._refresh()
        for agent, part in places:
            seat = self._seats[agent]
            store = self._open_store(agent, *part) if seat.durable else None
            try:
                await check_continuity(
                    agent,
                    part,
                    standings[agent, part],
                    store.applied if store else None,
                    durable=seat.durable,
                    log=self._log,
                )
            except BaseException:
                if store:
                    store.close()
                raise
            runner = PartitionRunner(part, seat.around, standings[agent, part], store)
            self._runners[agent, part] = runner
            runner.start()
            if (agent, part) in self._early:
                self._early.discard((agent, part))
                runner.fill()
        logger.info("partitions_taken", count=len(places))

    def _places(self) -> Iterator[tuple[str, Part]]:
        for agent, seat in self._seats.items():
            for part in sorted(self._held):
                if part.topic in seat.topics:
                    yield agent, part

    async def _standings(self, places: Sequence[tuple[str, Part]]) -> Mapping[tuple[str, Part], Standing]:
        """Read the progress anew: another worker may have gone on from where we were."""
        parts = sorted({part for _, part in places})
        await self._book.refresh()
        ids = await self._log.topic_ids({part.topic for part in parts})
        begins = await self._log.begins(parts)
        ends = await self._log.ends(parts)
        return {
            (agent, part): Standing(
                ids.get(part.topic, ""), begins[part], ends[part], self._book.of(agent, part)
            )
            for agent, part in places
        }

    async def _refresh(self) -> None:
        await self._skips.refresh()
        await self._prepare()

    async def _stop_opening(self) -> None:
        if self._opening is not None:
            await _cancel(self._opening)
            self._opening = None

    async def _close(self, places: Sequence[tuple[str, Part]]) -> None:
        self._early.clear()
        runners = [self._runners.pop(place) for place in places]
        await asyncio.gather(*(runner.close() for runner in runners))

    # --- watching over them

    async def _watch(self) -> None:
        count = 0
        while True:
            await asyncio.sleep(WATCH_EVERY_SECONDS)
            try:
                await self._look(identify=count % IDENTIFY_EVERY == 0)
                self._watched_at = self._clock()
            except ClusterAwayError as error:
                logger.warning("kafka_away", error=str(error))
            except (LedgerMismatchError, StoreError, StuckError) as error:
                self._on_fatal(error)
                return
            except Exception as error:
                self._on_fatal(_broken("watching partitions", error))
                return
            count += 1

    async def _look(self, *, identify: bool) -> None:
        """Compare what was applied with the ends of the logs, and the topics with the ones we know."""
        come_to = {place: runner.next for place, runner in self._runners.items()}
        parts = sorted({part for _, part in come_to})
        ends = await self._log.ends(parts)
        ids = await self._log.topic_ids({part.topic for part in parts}) if identify and parts else None
        for place, offset in come_to.items():
            agent, part = place
            runner = self._runners.get(place)
            if runner is None:
                continue
            if ids is not None:
                check_topic_id(agent, part, kept=runner.topic_id, found=ids.get(part.topic))
            check_end(agent, part, come_to=offset, end=ends[part])
            runner.watch(ends[part], agent_is_idle=not self._is_busy(agent))
            _check_alive(agent, runner)
        self._measure(ends)

    def _is_busy(self, agent: str) -> bool:
        return any(runner.is_busy for (name, _), runner in self._runners.items() if name == agent)

    def _measure(self, ends: Mapping[Part, int]) -> None:
        for agent in self._seats:
            mine = [runner for (name, _), runner in self._runners.items() if name == agent]
            waiting = sum(max(0, ends.get(runner.part, 0) - runner.next) for runner in mine)
            self.metrics.lag.labels(agent).set(waiting)
            self.metrics.faults.labels(agent).set(sum(runner.fault is not None for runner in mine))
            self.metrics.partitions.labels(agent).set(len(mine))

    # --- health

    def problems(self) -> list[str]:
        """Say what is wrong with this worker; nothing when it is well."""
        now = self._clock()
        found = [
            f"{agent} {part}: {runner.fault}"
            if runner.fault
            else f"{agent} {part}: records wait and nothing has moved for {now - runner.moved_at:.0f} s"
            for (agent, part), runner in sorted(self._runners.items())
            if runner.fault or now - runner.moved_at > RED_AFTER_SECONDS
        ]
        if not self.is_ready and self._watching and now - self._assigned_at > RED_AFTER_SECONDS:
            found.append(f"partitions are not held since {now - self._assigned_at:.0f} s: {self._not_held}")
        if self._watching and now - self._watched_at > RED_AFTER_SECONDS:
            found.append(f"Kafka has not answered for {now - self._watched_at:.0f} s")
        return found

    @property
    def is_ready(self) -> bool:
        """Tell whether every partition that was assigned is held."""
        return self._watching is not None and all(place in self._runners for place in self._places())


def _check_alive(agent: str, runner: PartitionRunner) -> None:
    """Raise where going on in this process does not help: a store that takes no writes, or no movement."""
    if isinstance(runner.fault, StoreError):
        raise runner.fault
    if runner.looks_without_move >= STUCK_AFTER_LOOKS:
        raise StuckError(
            f"{agent} {runner.part}: records wait from offset {runner.next}, and nothing has moved for "
            f"{runner.looks_without_move * WATCH_EVERY_SECONDS:.0f} s"
        )


def _broken(doing: str, error: Exception) -> StuckError:
    """What we did not foresee ends the worker, to be started again: nobody else would notice."""
    return StuckError(f"{doing} failed: {type(error).__name__} at {place_of(error)}")


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
