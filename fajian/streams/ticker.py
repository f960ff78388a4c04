"""The clock of the ledger: it appends the end of each day to every partition, once the day's facts are in.

The fold never looks at a wall clock; this is where days come from. Several tickers may run: a tick has a
name, and its repetition changes nothing.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import date, datetime, time, timedelta
from typing import Self

import orjson
import structlog

from fajian import clock
from fajian.core.ports import Header, Output
from fajian.errors import ClusterAwayError, DeliveryError, TickRefusedError
from fajian.settings import Settings
from fajian.streams.ledger import DECLARED, Ledger
from fajian.streams.log import KafkaLog, Log, Part
from fajian.streams.outbox import KafkaOutbox, Outbox
from fajian.streams.progress import Progress, ProgressBook, progress_output
from fajian.streams.rules_topic import RulesTopic
from schemas.names import ce_type, derived_id
from schemas.topics import CASE_EVENTS, SIDES, inbox

logger = structlog.get_logger(__name__)

SOURCE = "//hub/ticker"
SUBJECT = "clock"
TICKED = ce_type("ClockTicked", "clock")
AGENT = "ticker"  #: in `progress`
INTAKE = "intake"

LOOK_EVERY_SECONDS = 0.05  #: at intake's progress, while a tick waits for it
LOOK_AT_MOST_SECONDS = 30.0  #: at the wall clock, while no day has ended
AGAIN_AFTER_SECONDS = 5.0


class DayEnder:
    """Ends days in a ledger of so many *partitions*. *now* is the wall clock."""

    def __init__(
        self, log: Log, outbox: Outbox, *, partitions: int, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._log = log
        self._outbox = outbox
        self._now = now
        self._rules = RulesTopic(log)
        self._ledger = Ledger(log)
        self._book = ProgressBook(log)
        self._parts = [Part(CASE_EVENTS, partition) for partition in range(partitions)]
        self._inboxes = [Part(inbox(side), partition) for side in SIDES for partition in range(partitions)]

    async def declare(self, *, simulated: bool, from_day: date) -> None:
        """Write the declaration into every partition of the ledger that is empty. *from_day* ticks first."""
        await self._rules.refresh()
        data = {
            "simulated": simulated,
            "rules": self._rules.in_force(from_day),
            "from_day": from_day.isoformat(),
        }
        ends = await self._log.ends(self._parts)
        at = datetime.combine(from_day, time(), clock.SHANGHAI)
        await self._outbox.deliver(
            [clock_output(part, DECLARED, from_day, at, data) for part in self._parts if ends[part] == 0]
        )

    async def next_day(self) -> date:
        """Return the first day that has not been ticked."""
        await self._ledger.refresh()
        await self._book.refresh()
        stated = self._book.of(AGENT, self._parts[0])
        if stated is None:
            return self._ledger.declaration.from_day
        return date.fromisoformat(stated.notes["tick"]) + timedelta(days=1)

    async def tick(self, day: date, *, grace: timedelta | None = None) -> bool:
        """End *day* in every partition; return whether its facts were complete.

        Waits until intake has passed every inbox record of the day, at most for *grace*.
        """
        await self._ledger.refresh()
        simulated = self._ledger.declaration.simulated
        end = end_of(day)
        if not simulated and end > self._now():
            raise TickRefusedError(f"{day} ends at {end.isoformat()}, and it is {self._now().isoformat()}")
        if simulated:
            wanted = await self._log.ends(self._inboxes)
        else:
            wanted = await self._log.ends_before(self._inboxes, int(end.timestamp() * 1000))
        complete = await self._wait_for_intake(wanted, grace)
        await self._append(day, complete=complete)
        return complete

    async def grace_of(self, day: date) -> timedelta:
        """Return how long the policy in force lets the tick of *day* wait for its facts."""
        await self._rules.refresh()
        rules = self._rules.get(self._rules.in_force(day))
        return timedelta(minutes=rules.policy.grace_minutes)

    async def run(self, *, grace: timedelta | None = None) -> None:
        """End day after day, the missed ones first, for ever. Without *grace*, that of the policy counts."""
        while True:
            try:
                await self._run_once(grace)
            except (ClusterAwayError, DeliveryError) as error:
                logger.warning("tick_waits", error=str(error))
                await asyncio.sleep(AGAIN_AFTER_SECONDS)

    async def _run_once(self, grace: timedelta | None) -> None:
        day = await self.next_day()
        if self._ledger.declaration.simulated:
            raise TickRefusedError("this ledger lives in simulated time: what simulates it ends its days")
        left = (end_of(day) - self._now()).total_seconds()
        if left > 0:  # look again soon: the wall clock may be set
            await asyncio.sleep(min(left, LOOK_AT_MOST_SECONDS))
            return
        complete = await self.tick(day, grace=await self.grace_of(day) if grace is None else grace)
        logger.info("day_ended", day=day.isoformat(), complete=complete)

    async def _wait_for_intake(self, wanted: Mapping[Part, int], grace: timedelta | None) -> bool:
        try:
            async with asyncio.timeout(grace.total_seconds() if grace is not None else None):
                while await self._is_behind(wanted):  # noqa: ASYNC110 - Kafka tells nobody
                    await asyncio.sleep(LOOK_EVERY_SECONDS)
        except TimeoutError:
            return False
        return True

    async def _is_behind(self, wanted: Mapping[Part, int]) -> bool:
        await self._book.refresh()
        stated = {part: self._book.of(INTAKE, part) for part in wanted}
        return any(
            end > (progress.acked if (progress := stated[part]) else 0) for part, end in wanted.items()
        )

    async def _append(self, day: date, *, complete: bool) -> None:
        await self._rules.refresh()
        data = {"day": day.isoformat(), "rules": self._rules.in_force(day), "incomplete": not complete}
        ticks = [clock_output(part, TICKED, day, end_of(day), data) for part in self._parts]
        await self._outbox.deliver(ticks)
        ledger_id = (await self._log.topic_ids([CASE_EVENTS]))[CASE_EVENTS]
        stated = Progress(topic_id=ledger_id, acked=0, notes={"tick": day.isoformat()})
        await self._outbox.deliver([progress_output(AGENT, self._parts[0], stated)])


class Ticker(DayEnder):
    """Ends days on the cluster of *settings*, which act as the hub. Use as an async context manager."""

    def __init__(self, settings: Settings) -> None:
        self._opened = AsyncExitStack()
        self._connections = (
            KafkaLog(settings, client_id="fajian-ticker"),
            KafkaOutbox(settings, client_id="fajian-ticker"),
        )
        super().__init__(*self._connections, partitions=settings.partitions)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            for connection in self._connections:
                await opening.enter_async_context(connection)
            self._opened = opening.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()


def end_of(day: date) -> datetime:
    """Return the instant in which *day* ends in Shanghai."""
    return datetime.combine(day + timedelta(days=1), time(), clock.SHANGHAI)


def clock_output(part: Part, ce_type_: str, day: date, at: datetime, data: Mapping[str, object]) -> Output:
    """Return a record of the clock itself, a declaration or a tick, for one partition of the ledger."""
    name = derived_id(*(() if ce_type_ == TICKED else (ce_type_,)), str(part.partition), day.isoformat())
    headers: tuple[Header, ...] = (
        ("ce_specversion", b"1.0"),
        ("ce_id", name.encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", ce_type_.encode()),
        ("ce_time", at.isoformat().encode()),
        ("ce_subject", SUBJECT.encode()),
        ("content-type", b"application/json"),
    )
    return Output(0, part.topic, None, orjson.dumps(data), headers, part.partition)
