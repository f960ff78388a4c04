"""Sending what folds lead to. A delivery returns when every record of it is durable, or raises."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Protocol, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from fajian.core.ports import BY_KEY, Output
from fajian.errors import DeliveryError
from fajian.settings import Settings
from fajian.streams.connection import aiokafka_options, translated
from schemas.topics import MAX_MESSAGE_BYTES

BATCH_BYTES = 512 * 1024
REQUEST_TIMEOUT_MS = 15_000
FEW = 20  #: up to so many records for one partition are sent singly


class Outbox(Protocol):
    """Where outputs go; `KafkaOutbox` in earnest, `fajian.streams.memory` in tests."""

    async def deliver(self, outputs: Sequence[Output]) -> None:
        """Return when Kafka has acknowledged all of *outputs*; raise `DeliveryError` if it did not."""
        ...


@lru_cache(
    maxsize=65_536
)  # in Python it takes as long as folding; one event leads to several records of its key
def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of *key*, as Kafka's Java clients choose it (murmur2)."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


class KafkaOutbox:
    """An idempotent producer that waits for all replicas. Use as an async context manager.

    A producer that failed is replaced: after some errors aiokafka's idempotent one never sends again.
    """

    def __init__(self, settings: Settings, *, client_id: str = "fajian-outbox") -> None:
        self._settings = settings
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._partitions: dict[str, int] = {}
        self._turns: dict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def __aenter__(self) -> Self:
        with translated(self._settings):
            await self._started()
        return self

    async def __aexit__(self, *_: object) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def deliver(self, outputs: Sequence[Output]) -> None:
        if not outputs:
            return
        producer: AIOKafkaProducer | None = None
        try:
            producer = await self._started()
            sent = []
            for place, group in (await self._by_part(producer, outputs)).items():
                sent += await self._send(producer, *place, group)
            await asyncio.wait(sent)  # unlike gather, leaves them alone when we are cancelled
            for future in sent:
                future.result()
        except (KafkaError, TimeoutError) as error:
            await self._discard(producer)
            raise DeliveryError(
                f"Kafka at {self._settings.bootstrap_servers} did not acknowledge {len(outputs)} records "
                f"({type(error).__name__}: {error})"
            ) from error

    async def _send(
        self, producer: AIOKafkaProducer, topic: str, partition: int, outputs: Sequence[Output]
    ) -> list[asyncio.Future[Any]]:
        """Hand over what goes to one partition; a few records travel along with those of others.

        Whole batches take turns: aiokafka wakes everybody who waits for a place, and counts their waiting
        several times over, until they time out.
        """
        if len(outputs) <= FEW:
            return [
                await producer.send(
                    topic, output.value, key=output.key, headers=list(output.headers), partition=partition
                )
                for output in outputs
            ]
        async with self._turns[topic, partition]:
            return [
                await producer.send_batch(batch, topic, partition=partition)
                for batch in _batches(producer, outputs)
            ]

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = self._new_producer()
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    async def _discard(self, producer: AIOKafkaProducer | None) -> None:
        if producer is not None and producer is self._producer:
            self._producer = None
            # What it still holds is going to be delivered again by name; nobody waits for it here.
            self._stopping = asyncio.create_task(_stop(producer))

    def _new_producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **aiokafka_options(self._settings, client_id=self._client_id),
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            max_batch_size=BATCH_BYTES,
            max_request_size=2 * MAX_MESSAGE_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )

    async def _by_part(
        self, producer: AIOKafkaProducer, outputs: Iterable[Output]
    ) -> dict[tuple[str, int], list[Output]]:
        """Sort *outputs* by topic and partition; within one they keep their order."""
        groups: dict[tuple[str, int], list[Output]] = {}
        for output in outputs:
            partition = output.partition
            if partition == BY_KEY:
                count = self._partitions.get(output.topic) or await self._count(producer, output.topic)
                partition = partition_of(_key_of(output), count)
            groups.setdefault((output.topic, partition), []).append(output)
        return groups

    async def _count(self, producer: AIOKafkaProducer, topic: str) -> int:
        self._partitions[topic] = count = len(await producer.partitions_for(topic))
        return count


def _key_of(output: Output) -> bytes:
    if output.key is None:
        raise DeliveryError(f"an output to {output.topic} has neither key nor partition: {output.cause}")
    return output.key


def _batches(producer: AIOKafkaProducer, outputs: Iterable[Output]) -> Iterator[Any]:
    batch = producer.create_batch()
    for output in outputs:
        while not _append(batch, output):
            batch.close()
            yield batch
            batch = producer.create_batch()  # the first record always fits
    batch.close()
    yield batch


def _append(batch: Any, output: Output) -> bool:
    headers = list(output.headers)
    return batch.append(timestamp=None, key=output.key, value=output.value, headers=headers) is not None


async def _stop(producer: AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000):
            await producer.stop()
    except (KafkaError, TimeoutError):
        pass  # it was discarded because it had failed
