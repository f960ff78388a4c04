"""The receipts of a side as they come, for sources that hand them back to where the events came from.

There is no consumer group: whoever reads keeps its own offsets, beside what it makes of the receipts.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from connectors.config import ConnectorConfig
from connectors.kafka import client_options, partitions_of
from connectors.sinks.rows import Row, UnreadableError, receipt_row
from fajian.errors import PeerAwayError
from schemas.topics import receipts

log = structlog.get_logger(__name__)


class Received(NamedTuple):
    """Receipts, as rows in the order of their partitions, and where to go on after them."""

    rows: Sequence[Row]
    following: Mapping[int, int]  #: partition -> next offset


class ReceiptStream:
    """Reads on from the offsets that it was given."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def next(self, *, wait_seconds: float = 1, limit: int = 1000) -> Received:
        """Return what has come; nothing after *wait_seconds* without any."""
        batch = await self._consumer.getmany(timeout_ms=int(wait_seconds * 1000), max_records=limit)
        rows = [row for records in batch.values() for record in records if (row := _read(record))]
        return Received(rows, {tp.partition: records[-1].offset + 1 for tp, records in batch.items()})


@asynccontextmanager
async def receipt_stream(
    config: ConnectorConfig, offsets: Mapping[int, int], *, client_id: str
) -> AsyncIterator[ReceiptStream]:
    """Open the receipts of the side. Kafka that is away, now or later in the block, is a `PeerAwayError`."""
    options = client_options(config.kafka, client_id=client_id)
    consumer = AIOKafkaConsumer(
        **options,
        group_id=None,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=250,
    )
    try:
        partitions = await partitions_of(options, [receipts(config.side)])
        await consumer.start()
        consumer.assign(partitions)
        await _seek(consumer, partitions, offsets)
        yield ReceiptStream(consumer)
    except KafkaError as error:
        raise PeerAwayError(f"Kafka: {type(error).__name__}: {error}") from error
    finally:
        await consumer.stop()


async def _seek(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], offsets: Mapping[int, int]
) -> None:
    """Go on where we were. A topic without that offset is read from its beginning: no harm done."""
    begins = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    for tp in partitions:
        wanted = offsets.get(tp.partition, begins[tp])
        if not begins[tp] <= wanted <= ends[tp]:
            log.error("receipts_missed", topic=tp.topic, partition=tp.partition, wanted=wanted)
            wanted = begins[tp]
        consumer.seek(tp, wanted)


def _read(record: ConsumerRecord) -> Row | None:
    try:
        return receipt_row(record)
    except UnreadableError as error:
        log.warning("receipt_unreadable", partition=record.partition, offset=record.offset, error=str(error))
        return None
