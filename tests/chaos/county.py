"""A simulated county that hands over its days through the doors, and does not give up until each is taken.

A day's events come in at all doors at once, several requests at a time. The next day begins when intake has
passed them all and the day has ended: what is known only the day after must not be known before. Casework and
all that follows it is not waited for; it has its work before it all the time.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from time import monotonic
from typing import Any, NamedTuple, Self

import httpx
import orjson
from confluent_kafka import Producer

from fajian.core.rules import Rules
from fajian.errors import ClusterAwayError, DeliveryError
from fajian.law.documents import load_rules, rules_from_document
from fajian.local.stack import SIDES_WITH_CONNECTOR, StackInfo
from fajian.sim.simulation import Run, simulate
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.rules_topic import publish_rules
from fajian.streams.ticker import Ticker
from schemas.cloudevents import raw_of, to_kafka
from schemas.topics import HUB, OPERATOR, SIDES, inbox
from tests.chaos.checker import Event

START = date(2024, 1, 2)
MOST_DAYS = 60  #: of a large county: each costs a tick, and a wait until intake has passed it
EVENTS_A_DAY = 50  #: of a small one
SAMPLE = 200  #: cases from which we learn how many events a case has
AT_ONCE = 250  #: events in one request
REQUESTS = 4  #: under way at one door
GRACE = timedelta(seconds=180)  #: a tick that waits longer for its facts goes out marked incomplete
PATIENCE_SECONDS = 300.0
NEVER = 1_000_000_000  #: flags at the end of one day

Events = Sequence[Mapping[str, Any]]


class StuckError(Exception):
    """The bus does not take what it must, however often it is asked."""


class Plan(NamedTuple):
    """Which county to simulate. Its events are made as they are handed over, and forgotten then."""

    cases: int
    days: int
    seed: int

    @property
    def last_day(self) -> date:
        return START + timedelta(days=self.days - 1)

    def run(self) -> Run:
        return Run(self.cases, self.days, self.seed, START)


def plan_of(events: int, seed: int, days: int = 0) -> Plan:
    """Return a county with about so many *events*, over *days*, or as many as fit them."""
    days = days or max(30, min(MOST_DAYS, events // EVENTS_A_DAY))
    sample = sum(len(plan.events) for plan in simulate(SAMPLE, days, seed, START))
    return Plan(max(1, round(events * SAMPLE / sample)), days, seed)


@dataclass
class County:
    """Hands over each day's events and ends the day. An async context manager."""

    info: StackInfo
    submitted: set[Event] = field(default_factory=set)  #: acknowledged to their sender
    sent: int = 0
    again: int = 0  #: requests that had to be made again
    incomplete: int = 0  #: ticks that went out without waiting for their facts any longer

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            self._ticker = await opening.enter_async_context(Ticker(self.info.settings(HUB)))
            self._doors = {
                side: await opening.enter_async_context(_door(self.info, side))
                for side in SIDES_WITH_CONNECTOR
            }
            self._producers = {
                side: _producer(self.info, side) for side in SIDES if side not in SIDES_WITH_CONNECTOR
            }
            self._opened = opening.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    async def found(self, first_day: date) -> None:
        """Adopt the rules and declare a simulated ledger."""
        async with KafkaOutbox(self.info.settings(OPERATOR)) as operator:
            await publish_rules(operator, _rules(), effective_day=first_day)
        await self._ticker.declare(simulated=True, from_day=first_day)

    async def live(self, day: date, events: Events) -> None:
        """Hand over the events of *day*, each side its own, then end it."""
        async with asyncio.TaskGroup() as doors:
            for side, own in _by_side(events):
                for number in range(REQUESTS):
                    doors.create_task(self._hand_over(side, own[number::REQUESTS]))
        await self.end(day, grace=GRACE)

    async def end(self, day: date, *, grace: timedelta | None) -> None:
        """End *day*, again and again while Kafka is away."""
        deadline = monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.incomplete += not await self._ticker.tick(day, grace=grace)
                return
            except (ClusterAwayError, DeliveryError) as error:
                _give_up_after(deadline, f"the tick of {day}: {error}")
                await asyncio.sleep(0.5)

    async def _hand_over(self, side: str, events: Events) -> None:
        for begin in range(0, len(events), AT_ONCE):
            some = events[begin : begin + AT_ONCE]
            if side in self._doors:
                await self._post(side, some)
            else:
                await asyncio.to_thread(self._produce, side, some)
            self.submitted.update((str(event["source"]), str(event["id"])) for event in some)
            self.sent += len(some)

    async def _post(self, side: str, events: Events) -> None:
        body = orjson.dumps(events)
        deadline = monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = await self._doors[side].post("/v1/events", content=body)
            except httpx.TransportError as error:
                said, pause = f"{type(error).__name__}", 0.3
            else:
                refused = answer.json().get("refused", ())
                if answer.status_code in (202, 207) and not any(each["status"] >= 500 for each in refused):
                    return
                said, pause = answer.text[:300], float(answer.headers.get("Retry-After", 0.3))
            self.again += 1
            _give_up_after(deadline, f"{side}'s door: {said}")
            await asyncio.sleep(pause)

    def _produce(self, side: str, events: Events) -> None:
        producer, failed = self._producers[side], []
        for event in events:
            headers, value = to_kafka(raw_of(event))
            producer.produce(
                inbox(side),
                value,
                key=str(event["subject"]).encode(),
                headers=list(headers),
                on_delivery=lambda error, _message: failed.append(error) if error else None,
            )
        if producer.flush(PATIENCE_SECONDS) or failed:
            raise StuckError(f"{side}'s inbox: {failed[:1] or 'not acknowledged'}")


def _rules() -> Rules:
    """Return the bundled rules without their brake: a county that begins with no case grows past it."""
    table = orjson.loads(load_rules().document)
    table["policy"]["brake"]["at_least"] = NEVER
    return rules_from_document(orjson.dumps(table))


def _give_up_after(deadline: float, what: str) -> None:
    if monotonic() > deadline:
        raise StuckError(f"after {PATIENCE_SECONDS:.0f} s still refused: {what}")


def _by_side(events: Events) -> Iterable[tuple[str, Events]]:
    for side in SIDES:
        own = [event for event in events if str(event["source"]).startswith(f"//{side}/")]
        if own:
            yield side, own


def _door(info: StackInfo, side: str) -> httpx.AsyncClient:
    headers = {
        "authorization": f"Bearer {info.http_keys[side]}",
        "content-type": "application/cloudevents-batch+json",
    }
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{info.http_ports[side]}", headers=headers, timeout=30
    )


def _producer(info: StackInfo, side: str) -> Producer:
    access = info.access(side)
    return Producer(
        {
            "bootstrap.servers": access.bootstrap,
            "security.protocol": access.security_protocol,
            "sasl.mechanism": access.mechanism,
            "sasl.username": access.username,
            "sasl.password": access.password,
            "enable.idempotence": True,
            "delivery.timeout.ms": int(PATIENCE_SECONDS * 1000),
            "log_level": 0,
        }
    )
