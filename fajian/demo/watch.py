"""Read along while the bus works: each side's own feed with its own credentials, then all that was said."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from fajian.core.ports import Record
from fajian.errors import DemoError
from fajian.local.stack import StackInfo
from fajian.settings import Settings
from fajian.streams.connection import aiokafka_options
from fajian.streams.log import KafkaLog, Part
from fajian.streams.progress import ProgressBook
from schemas.names import parse_ce_type
from schemas.topics import CASE_EVENTS, CASE_STATE, FLAGS, LEADS, SIDES, feed, inbox, receipts

SETTLE_SECONDS = 120.0
CONNECTOR = "/connector"  #: ends the source of what a connector says of its own, its digests

#: agent -> the topics that it reads
READS = {
    "intake": tuple(inbox(side) for side in SIDES),
    "casework": (CASE_EVENTS,),
    "routing": (FLAGS, LEADS),
}

Projected = Callable[[str], Mapping[Part, int]]  #: side -> where its database stands
Show = Callable[[str, str, Mapping[str, Any]], None]  #: side, short name, body


async def follow(side: str, settings: Settings, show: Show) -> None:
    """Show what arrives in the feed of *side*, for ever."""
    consumer = AIOKafkaConsumer(
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **aiokafka_options(settings, client_id=f"watch-{side}"),
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(feed(side), number) for number in range(settings.partitions)])
        async for record in consumer:
            name = parse_ce_type(_header(record, "ce_type"))
            if name is not None and name.family in ("flag", "lead"):
                show(side, name.short, orjson.loads(record.value))
    finally:
        await consumer.stop()


class Auditor:
    """Reads every topic, as only the administrator may, once everything has settled."""

    def __init__(self, log: KafkaLog, partitions: int) -> None:
        self._log = log
        self._partitions = partitions

    async def wait_until_settled(
        self, stack: StackInfo, projected: Callable[[str], Mapping[Part, int]]
    ) -> None:
        """Return when every agent has passed its topics, and both projections theirs.

        *projected* tells how far the database of a side has come.
        """
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                while waiting := await self._behind(stack, projected):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise DemoError(f"still behind after {SETTLE_SECONDS:.0f} s: {', '.join(waiting)}") from None

    async def _behind(self, stack: StackInfo, projected: Projected) -> list[str]:
        book = ProgressBook(self._log)
        await book.refresh()
        behind = []
        for agent, topics in READS.items():
            for part, end in (await self._ends(topics)).items():
                stated = book.of(agent, part)
                if end > (stated.acked if stated else 0):
                    behind.append(f"{agent} {part}")
        for side in stack.dsns:
            done = await asyncio.to_thread(projected, side)
            ends = await self._ends((feed(side), receipts(side), CASE_STATE))
            behind += [f"{side} {part}" for part, end in ends.items() if end > done.get(part, 0)]
        return behind

    async def _ends(self, topics: Iterable[str]) -> Mapping[Part, int]:
        return await self._log.ends([Part(topic, n) for topic in topics for n in range(self._partitions)])

    async def said(self, topic: str) -> list[dict[str, Any]]:
        """Return the bodies in *topic*, each record once, with its short name as `type`."""
        seen: dict[str, dict[str, Any]] = {}
        for part, end in (await self._ends([topic])).items():
            async for records in self._log.read(part, 0, end):
                for record in records:
                    name = parse_ce_type(_header(record, "ce_type"))
                    body = {"type": name.short if name else "", **orjson.loads(record.value or b"{}")}
                    seen.setdefault(_header(record, "ce_id"), body)
        return list(seen.values())

    async def count(self, topic: str) -> int:
        """Return how many different records are in *topic*."""
        seen: set[tuple[str, bytes | None]] = set()
        for part, end in (await self._ends([topic])).items():
            async for records in self._log.read(part, 0, end):
                seen.update((_header(record, "ce_id"), record.key) for record in records)
        return len(seen)

    async def statuses(self) -> Counter[str]:
        """Return how many receipts of each status went to all sides, the connectors' own words left out."""
        bodies = [body for side in SIDES for body in await self.said(receipts(side))]
        return Counter(str(body["status"]) for body in bodies if not body["source"].endswith(CONNECTOR))


def _header(record: Record, name: str) -> str:
    return next((value for key, value in record.headers if key == name), b"").decode()
