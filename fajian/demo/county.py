"""Play a simulated county on a running stack: hand over each day's events, then end the day."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import date
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from fajian.core.ports import Output
from fajian.errors import DemoError
from fajian.law.documents import load_rules
from fajian.local.stack import SIDES_WITH_CONNECTOR, StackInfo
from fajian.settings import Settings
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.rules_topic import publish_rules
from fajian.streams.ticker import Ticker
from schemas.cloudevents import raw_of, to_kafka
from schemas.topics import HUB, OPERATOR, SIDES, inbox

BATCH = "application/cloudevents-batch+json"

Events = Sequence[Mapping[str, Any]]


class County:
    """The agencies of a county, each with its own credentials, and the clock. An async context manager.

    Court and procuratorate have connectors and speak HTTP; office and discipline team write to Kafka.
    """

    def __init__(self, stack: StackInfo, settings: Mapping[str, Settings]) -> None:
        self._stack = stack
        self._ticker = Ticker(settings[HUB])
        self._operator = KafkaOutbox(settings[OPERATOR])
        self._own_clients = {
            side: KafkaOutbox(settings[side]) for side in SIDES if side not in SIDES_WITH_CONNECTOR
        }
        self._doors = {side: _door(stack, side) for side in SIDES_WITH_CONNECTOR}
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self._ticker)
            for client in (self._operator, *self._own_clients.values()):
                await opening.enter_async_context(client)
            for door in self._doors.values():
                await opening.enter_async_context(door)
            self._opened = opening.pop_all()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._opened.aclose()

    async def found(self, first_day: date) -> None:
        """Adopt the bundled rules and declare the ledger to be a simulated one."""
        await publish_rules(self._operator, load_rules(), effective_day=first_day)
        await self._ticker.declare(simulated=True, from_day=first_day)

    async def live(self, day: date, events: Events) -> None:
        """Hand over the events of *day*, each side its own, then end it."""
        await asyncio.gather(*(self._hand_over(side, own) for side, own in _by_side(events)))
        await self._ticker.tick(day)

    async def _hand_over(self, side: str, events: Events) -> None:
        if side in self._doors:
            answer = await self._post(side, orjson.dumps(events))
            while answer.status_code in (429, 503):  # the same events again do no harm
                await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))
                answer = await self._post(side, orjson.dumps(events))
            if answer.status_code not in (202, 207):
                raise DemoError(
                    f"expected 202 from the {side}'s connector, got {answer.status_code}: {answer.text}"
                )
            return
        await self._own_clients[side].deliver([_inbox_record(side, event) for event in events])

    async def _post(self, side: str, batch: bytes) -> httpx.Response:
        return await self._doors[side].post("/v1/events", content=batch, headers={"content-type": BATCH})


def _by_side(events: Events) -> Iterable[tuple[str, Events]]:
    for side in SIDES:
        own = [event for event in events if str(event["source"]).startswith(f"//{side}/")]
        if own:
            yield side, own


def _inbox_record(side: str, event: Mapping[str, Any]) -> Output:
    headers, value = to_kafka(raw_of(event))
    return Output(0, inbox(side), str(event["subject"]).encode(), value, headers)


def _door(stack: StackInfo, side: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{stack.http_ports[side]}",
        headers={"authorization": f"Bearer {stack.http_keys[side]}"},
        timeout=30,
    )
