"""Takes the feed over into a receiver's queue, and carries the queue to the receiver.

The two halves run apart: while a receiver is away its queue grows and nothing waits in Kafka, and what
is due goes out while Kafka is away. Each receiver has its own courier, so a slow one holds up nobody.
Within a receiver, messages of one subject go one after the other, and none before an earlier one has
been delivered or has failed for good.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from time import monotonic
from typing import Protocol

import structlog

from connectors.config import ConnectorConfig
from connectors.metrics import PartHealth, Standing
from connectors.projection import connection, migrate
from connectors.sink_config import Receiver
from connectors.sinks.ladder import Breaker, Outcome, Step, step_after
from connectors.sinks.queue import SCHEMA, SCRIPTS, Attempt, DeliveryQueue, Message
from connectors.sinks.told import read
from connectors.topic_stream import topic_stream
from fajian.clock import now as wall_clock
from fajian.errors import ConnectorConfigError, place_of
from schemas.topics import feed

log = structlog.get_logger(__name__)

FINISH_SECONDS = 4.0  #: for what is under way when we are told to stop
LOOK_SECONDS = 1.0  #: at the queue at least this often, even if no word comes
MOST_AT_A_TIME = 500
CLEAN_EVERY = timedelta(hours=1)

Clock = Callable[[], datetime]


class Carrier(Protocol):
    """Carries one message to the receiver, by HTTP or by mail."""

    async def send(self, message: Message, *, now: datetime) -> Outcome:
        """Return how it ended. Raises nothing: what goes wrong is an outcome."""
        ...

    async def close(self) -> None: ...


class Courier:
    """One receiver's part of the connector."""

    def __init__(
        self,
        config: ConnectorConfig,
        receiver: Receiver,
        carrier: Carrier,
        *,
        channel: str,
        health: PartHealth,
        clock: Clock = wall_clock,
        chance: Callable[[], float] = random.random,
    ) -> None:
        if config.postgres is None:
            raise ConnectorConfigError(f"{config.side}: {receiver.name} needs a [[sink]] of kind postgres")
        self._config = config
        self._dsn = config.postgres.dsn.get_secret_value()
        self._receiver = receiver
        self._carrier = carrier
        self._channel = channel
        self._health = health
        self._clock = clock
        self._chance = chance
        self._breaker = Breaker(after=receiver.break_after, rest_seconds=receiver.rest_seconds)
        self._room = asyncio.Semaphore(receiver.at_once)
        self._under_way: dict[str, asyncio.Task[None]] = {}  #: subject -> its chain of messages
        self._done: list[Attempt] = []
        self._writing = asyncio.Lock()
        self._came = asyncio.Event()
        self._cleaned_at: datetime | None = None
        self._closed = False  #: by its receiver, or by a person
        self.standing = Standing()

    async def take_over(self) -> None:
        """Bring the feed into the queue until cancelled; `PeerAwayError` asks to be started again."""
        topic, name = feed(self._config.side), self._receiver.name
        async with AsyncExitStack() as stack:
            queue = await self._queue(stack)
            await queue.add(self._channel, now=self._clock())
            stream = await stack.enter_async_context(
                topic_stream(
                    self._config,
                    topic,
                    await queue.positions(topic),
                    client_id=f"fajian-{self._config.side}-{name}",
                    begin=self._receiver.begin,
                )
            )
            await queue.begin(topic, stream.position)
            while True:
                batch = await stream.next(limit=MOST_AT_A_TIME)
                if batch.following:
                    wanted = list(read(batch.records, self._receiver, self.standing))
                    await queue.take(topic, wanted, batch.following, now=self._clock())
                    if wanted:
                        self._came.set()
                self.standing.feed_lag = stream.lag
                self._health.ready()

    async def carry(self, health: PartHealth) -> None:
        """Deliver what is due until cancelled; `PeerAwayError` asks to be started again."""
        async with AsyncExitStack() as stack:
            queue = await self._queue(stack)
            await queue.add(self._channel, now=self._clock())
            stack.push_async_callback(self._carrier.close)
            stack.push_async_callback(self._finish)
            self._done.clear()
            looked_at = -LOOK_SECONDS
            while True:
                self._came.clear()
                begun = await self.round(queue)
                if not begun or monotonic() - looked_at >= LOOK_SECONDS:
                    await self._look(queue, health)
                    looked_at = monotonic()
                if not begun:
                    await self._wait()

    async def round(self, queue: DeliveryQueue) -> int:
        """Begin what is due now, and wait until there is room for more; return how many messages it is.

        A message that takes long keeps its place and its subject, and nobody waits for it.
        """
        self._clear_away()
        messages = await self._due(queue)
        chains: dict[str, list[Message]] = {}
        for message in messages:
            chains.setdefault(message.subject, []).append(message)
        for subject, chain in chains.items():
            task = asyncio.create_task(self._chain(queue, chain))
            task.add_done_callback(lambda _: self._came.set())
            self._under_way[subject] = task
        while len(self._under_way) >= self._receiver.at_once:
            await asyncio.wait(self._under_way.values(), return_when=asyncio.FIRST_COMPLETED)
            self._clear_away()
        return len(messages)

    async def _due(self, queue: DeliveryQueue) -> Sequence[Message]:
        """Return what may go now, of subjects of which nothing is under way."""
        is_idle, now = not self._under_way, self._clock()
        if await queue.closed_because() is not None:
            self._closed = True
        elif is_idle:  # else one that is under way may have heard that the receiver wants no more
            self._closed = False
        if self._closed or self._breaker.is_open(now):
            return ()
        if not self._breaker.is_probing:
            return await queue.due(limit=MOST_AT_A_TIME, busy=list(self._under_way), now=now)
        return await queue.due(limit=1, now=now) if is_idle else ()

    async def _chain(self, queue: DeliveryQueue, chain: Sequence[Message]) -> None:
        """Send messages of one subject in their order, as far as it goes well."""
        for message in chain:
            async with self._room:
                if self._closed or self._breaker.is_open(self._clock()):
                    break
                attempt, came_back = await self._attempt(message)
            await self._note(queue, attempt, came_back=came_back)
            if attempt.step.state == "waiting":
                break

    def _clear_away(self) -> None:
        """Let go of the chains that have ended; what ended one with an error ends us, too."""
        for subject, task in list(self._under_way.items()):
            if task.done():
                del self._under_way[subject]
                task.result()

    async def _finish(self) -> None:
        """Let what is under way end, and be noted."""
        self._closed = True
        sending = list(self._under_way.values())
        self._under_way.clear()
        if sending:
            _, late = await asyncio.wait(sending, timeout=FINISH_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)

    async def _attempt(self, message: Message) -> tuple[Attempt, bool]:
        at, begun = self._clock(), monotonic()
        outcome = await self._outcome(self._carrier.send(message, now=at))
        took_ms = round((monotonic() - begun) * 1000)
        came_back = self._breaker.note(outcome, self._clock())
        self._closed = self._closed or outcome.closes
        self._count(outcome)
        return Attempt(message, at, took_ms, outcome, self._step(message, outcome)), came_back

    async def _outcome(self, sending: Awaitable[Outcome]) -> Outcome:
        """Return how *sending* ended. What it raises is a failed attempt, and ends nobody else."""
        try:
            return await sending
        except Exception as error:
            kind = type(error).__name__  # its message may quote the event
            log.error("carrier_failed", receiver=self._receiver.name, error=kind, place=place_of(error))
            return Outcome(False, f"could not be sent: {kind}")

    def _step(self, message: Message, outcome: Outcome) -> Step:
        ladder, now = self._receiver.retry_seconds, self._clock()
        return step_after(outcome, message.rung + 1, ladder, now=now, chance=self._chance)

    def _count(self, outcome: Outcome) -> None:
        if outcome.delivered:
            self.standing.delivered += 1
            self.standing.last_error = None
        else:
            self.standing.attempts_failed += 1
            self.standing.last_error = outcome.detail

    async def _note(self, queue: DeliveryQueue, attempt: Attempt, *, came_back: bool) -> None:
        """Write what has ended so far: whoever comes first writes for those that came meanwhile."""
        self._done.append(attempt)
        async with self._writing:
            done, self._done = self._done, []
            if done:
                await queue.note(done)
            if came_back:
                await queue.hasten(now=self._clock())

    async def _look(self, queue: DeliveryQueue, health: PartHealth) -> None:
        """Show how it stands, and tidy now and then."""
        counts = await queue.counts()
        closed = await queue.closed_because()
        now, standing = self._clock(), self.standing
        standing.waiting, standing.failed = counts["waiting"], counts["failed"]
        standing.oldest_at, standing.is_resting = counts["oldest"], self._breaker.is_open(now)
        if closed is not None:
            health.state, health.error = "stopped", f"{self._receiver.name} is disabled: {closed}"
        elif standing.is_resting or (standing.last_error and standing.waiting):
            health.state, health.error = "waiting", standing.last_error
        else:
            health.ready()
        if self._cleaned_at is None or now - self._cleaned_at >= CLEAN_EVERY:
            self._cleaned_at = now
            await queue.clean(keep_days=self._receiver.keep_days, now=now)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._came.wait()
        except TimeoutError:
            pass

    async def _queue(self, stack: AsyncExitStack) -> DeliveryQueue:
        await migrate(self._dsn, schema=SCHEMA, scripts=SCRIPTS)
        opened = await stack.enter_async_context(connection(self._dsn, schema=SCHEMA))
        return DeliveryQueue(opened, self._receiver.name)
