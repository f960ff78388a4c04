"""Reading topics beside Faust: where they begin and end, who they are, and stretches of records.

`KafkaLog` needs no consumer group and moves nobody's offsets. `fajian.streams.memory` has its twin.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from fajian.core.ports import Record
from fajian.settings import Settings
from fajian.streams.connection import aiokafka_options, confluent_options, translated

ANSWER_WITHIN_SECONDS = 10.0  #: aiokafka asks for ever where it may not describe a topic
READ_WAIT_MS = 1000
READ_RECORDS = 2000
READERS_AT_ONCE = 8  #: stretches read at the same time: each holds a connection and a batch


class Part(NamedTuple):
    """One partition of a topic; equal to Faust's and aiokafka's own tuples."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


class Log(Protocol):
    """What the runtime asks of topics. Every method raises `ClusterAwayError` when Kafka does not answer."""

    async def begins(self, parts: Sequence[Part]) -> Mapping[Part, int]:
        """Return the offset of the oldest record of each partition."""
        ...

    async def ends(self, parts: Sequence[Part]) -> Mapping[Part, int]:
        """Return the offset that the next record of each partition will have."""
        ...

    async def ends_before(self, parts: Sequence[Part], instant_ms: int) -> Mapping[Part, int]:
        """Return for each partition where the records end that were appended before *instant_ms*."""
        ...

    async def topic_ids(self, topics: Iterable[str]) -> Mapping[str, str]:
        """Return Kafka's id of each topic that exists. A recreated topic has another."""
        ...

    def read(self, part: Part, begin: int, end: int) -> AsyncIterator[Sequence[Record]]:
        """Yield the records of *part* in [begin, end), in order and in batches."""
        ...


async def record_at(log: Log, part: Part, offset: int) -> Record | None:
    """Return the record at *offset*, if there is one."""
    found = None
    async for records in log.read(part, offset, offset + 1):
        found = records[0]
    return found


class KafkaLog:
    """The topics of a cluster. Use as an async context manager."""

    def __init__(self, settings: Settings, *, client_id: str = "fajian-log") -> None:
        self._settings = settings
        self._client_id = client_id
        self._turn = asyncio.Semaphore(READERS_AT_ONCE)
        self._idle: list[AIOKafkaConsumer] = []

    async def __aenter__(self) -> Self:
        self._asker = await self._new_consumer()
        return self

    async def __aexit__(self, *_: object) -> None:
        idle, self._idle = self._idle, []
        for consumer in (self._asker, *idle):
            await consumer.stop()

    async def begins(self, parts: Sequence[Part]) -> Mapping[Part, int]:
        return await self._offsets(self._asker.beginning_offsets, parts)

    async def ends(self, parts: Sequence[Part]) -> Mapping[Part, int]:
        return await self._offsets(self._asker.end_offsets, parts)

    async def ends_before(self, parts: Sequence[Part], instant_ms: int) -> Mapping[Part, int]:
        ends = await self.ends(parts)
        with translated(self._settings):
            async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                found = await self._asker.offsets_for_times({_tp(part): instant_ms for part in parts})
        return {part: at.offset if (at := found[_tp(part)]) else ends[part] for part in parts}

    async def topic_ids(self, topics: Iterable[str]) -> Mapping[str, str]:
        return await asyncio.to_thread(self._describe, sorted(set(topics)))

    async def read(self, part: Part, begin: int, end: int) -> AsyncIterator[Sequence[Record]]:
        if begin >= end:
            return
        async with self._turn, self._reader() as consumer:
            consumer.assign([_tp(part)])
            consumer.seek(_tp(part), begin)
            position = begin
            while position < end:
                with translated(self._settings):
                    fetched = await consumer.getmany(timeout_ms=READ_WAIT_MS, max_records=READ_RECORDS)
                    position = await consumer.position(_tp(part))
                records = [record for batch in fetched.values() for record in batch if record.offset < end]
                if records:
                    yield records

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[AIOKafkaConsumer]:
        """Lend a consumer of our own; one that failed or was interrupted is not used again."""
        consumer = self._idle.pop() if self._idle else await self._new_consumer()
        try:
            yield consumer
        except BaseException:
            await consumer.stop()
            raise
        self._idle.append(consumer)

    async def _new_consumer(self) -> AIOKafkaConsumer:
        options = aiokafka_options(self._settings, client_id=self._client_id)
        consumer = AIOKafkaConsumer(**options, enable_auto_commit=False, auto_offset_reset="none")
        try:
            with translated(self._settings):
                await consumer.start()
            await asyncio.sleep(0)  # aiokafka's stop fails where its tasks have not begun yet
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    async def _offsets(self, ask: Any, parts: Sequence[Part]) -> Mapping[Part, int]:
        with translated(self._settings):
            async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                found = await ask([_tp(part) for part in parts]) if parts else {}
        return {Part(*tp): offset for tp, offset in found.items()}

    def _describe(self, topics: list[str]) -> dict[str, str]:
        admin = AdminClient(confluent_options(self._settings))
        asked = admin.describe_topics(TopicCollection(topics), request_timeout=ANSWER_WITHIN_SECONDS)
        ids = {}
        with translated(self._settings):
            for name, future in asked.items():
                try:
                    ids[name] = str(future.result().topic_id)
                except KafkaException as error:
                    if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                        raise
        return ids


def _tp(part: Part) -> TopicPartition:
    return TopicPartition(part.topic, part.partition)
