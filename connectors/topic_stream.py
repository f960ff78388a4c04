"""A topic of a side as it comes, for parts that keep their own place in it.

There is no consumer group: whoever reads keeps its offsets beside what it makes of the records, so
that both move together.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Literal, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from connectors.config import ConnectorConfig
from connectors.kafka import client_options, partitions_of
from fajian.errors import PeerAwayError

log = structlog.get_logger(__name__)


class Batch(NamedTuple):
    """Records in the order of their partitions, and where to go on after them."""

    records: Sequence[ConsumerRecord]
    following: Mapping[int, int]  #: partition -> next offset


class TopicStream:
    """Reads on from the offsets that it was given."""

    def __init__(self, consumer: AIOKafkaConsumer, started: Mapping[int, int]) -> None:
        self._consumer = consumer
        self.position = dict(started)  #: partition -> next offset to be returned

    async def next(self, *, wait_seconds: float = 1, limit: int = 1000) -> Batch:
        """Return what has come; nothing after *wait_seconds* without any."""
        batch = await self._consumer.getmany(timeout_ms=int(wait_seconds * 1000), max_records=limit)
        following = {tp.partition: records[-1].offset + 1 for tp, records in batch.items()}
        self.position |= following
        return Batch([record for records in batch.values() for record in records], following)

    @property
    def lag(self) -> int:
        """Records that wait in Kafka, as far as it has told."""
        ends = {tp.partition: self._consumer.highwater(tp) or 0 for tp in self._consumer.assignment()}
        return sum(max(0, end - self.position.get(partition, 0)) for partition, end in ends.items())


@asynccontextmanager
async def topic_stream(
    config: ConnectorConfig,
    topic: str,
    offsets: Mapping[int, int],
    *,
    client_id: str,
    begin: Literal["earliest", "latest"] = "earliest",
) -> AsyncIterator[TopicStream]:
    """Open *topic* at *offsets*; partitions without one start at *begin*.

    Kafka that is away, now or later in the block, is a `PeerAwayError`.
    """
    options = client_options(config.kafka, client_id=client_id)
    consumer = AIOKafkaConsumer(
        **options,
        group_id=None,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=250,
    )
    try:
        partitions = await partitions_of(options, [topic])
        await consumer.start()
        consumer.assign(partitions)
        yield TopicStream(consumer, await _seek(consumer, partitions, offsets, begin))
    except KafkaError as error:
        raise PeerAwayError(f"Kafka: {type(error).__name__}: {error}") from error
    finally:
        await consumer.stop()


async def _seek(
    consumer: AIOKafkaConsumer,
    partitions: Sequence[TopicPartition],
    offsets: Mapping[int, int],
    begin: Literal["earliest", "latest"],
) -> dict[int, int]:
    """Go on where we were. A topic without that offset is read from its beginning: no harm done."""
    begins = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    started = {}
    for tp in partitions:
        wanted = offsets.get(tp.partition, begins[tp] if begin == "earliest" else ends[tp])
        if not begins[tp] <= wanted <= ends[tp]:
            log.error("records_missed", topic=tp.topic, partition=tp.partition, wanted=wanted)
            wanted = begins[tp]
        consumer.seek(tp, wanted)
        started[tp.partition] = wanted
    return started
