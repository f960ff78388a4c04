"""The receipts of a side as they come, for sources that hand them back to where the events came from."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import structlog
from aiokafka.structs import ConsumerRecord

from connectors.config import ConnectorConfig
from connectors.sinks.rows import Row, UnreadableError, receipt_row
from connectors.topic_stream import TopicStream, topic_stream
from schemas.topics import receipts

log = structlog.get_logger(__name__)


class Received(NamedTuple):
    """Receipts, as rows in the order of their partitions, and where to go on after them."""

    rows: Sequence[Row]
    following: Mapping[int, int]  #: partition -> next offset


class ReceiptStream:
    """Reads on from the offsets that it was given."""

    def __init__(self, stream: TopicStream) -> None:
        self._stream = stream

    async def next(self, *, wait_seconds: float = 1, limit: int = 1000) -> Received:
        """Return what has come; nothing after *wait_seconds* without any."""
        batch = await self._stream.next(wait_seconds=wait_seconds, limit=limit)
        return Received([row for record in batch.records if (row := _read(record))], batch.following)


@asynccontextmanager
async def receipt_stream(
    config: ConnectorConfig, offsets: Mapping[int, int], *, client_id: str
) -> AsyncIterator[ReceiptStream]:
    """Open the receipts of the side. Kafka that is away, now or later in the block, is a `PeerAwayError`."""
    async with topic_stream(config, receipts(config.side), offsets, client_id=client_id) as stream:
        yield ReceiptStream(stream)


def _read(record: ConsumerRecord) -> Row | None:
    try:
        return receipt_row(record)
    except UnreadableError as error:
        log.warning("receipt_unreadable", partition=record.partition, offset=record.offset, error=str(error))
        return None
