"""The PostgreSQL sink: one consumer of feed, receipts and state, writing into the side's own database.

The offsets stand in the database and move in the transaction of the rows, so a crash at any point
neither loses nor doubles anything. There is no consumer group: whoever runs reads all partitions, and
two that run at once take turns, because a batch is rolled back when its offsets have moved meanwhile.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from time import monotonic

import psycopg
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from aiokafka.structs import ConsumerRecord

from connectors.config import ConnectorConfig
from connectors.kafka import Inbox, client_options, partitions_of
from connectors.metrics import PartHealth
from connectors.projection import SCHEMA, connection, migrate
from connectors.sinks.digests import QUERIES, send_digests, take_digest
from connectors.sinks.rows import (
    Row,
    UnreadableError,
    feed_row,
    is_digest_marker,
    marker_of,
    receipt_row,
    subject_row,
)
from connectors.turns import in_turns, slices
from fajian.core.ports import Record
from fajian.errors import ConnectorError, PeerAwayError, ProjectionError
from schemas.topics import CASE_STATE, feed

log = structlog.get_logger(__name__)

STALLED_SECONDS = 25.0

Batch = Mapping[TopicPartition, Sequence[ConsumerRecord]]
Connection = psycopg.AsyncConnection[Row]


class OffsetsMovedError(ConnectorError):
    """Another sink, or a rebuild, has written meanwhile: begin again from its offsets."""


class PostgresSink:
    """Keeps one schema of the side's database up to date with the bus."""

    def __init__(
        self,
        config: ConnectorConfig,
        topics: Sequence[str],
        *,
        inbox: Inbox | None = None,
        schema: str = SCHEMA,
        health: PartHealth | None = None,
    ) -> None:
        if config.postgres is None:
            raise ProjectionError(f"{config.side}: there is no [[sink]] of kind postgres")
        self._config = config
        self._postgres = config.postgres
        self._inbox = inbox  #: where digests go; None keeps them here
        self._schema = schema
        self._topics = tuple(topics)
        self._health = health or PartHealth("postgres")
        self._next: dict[TopicPartition, int] = {}
        self._complete_from: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._unreadable: list[Row] = []
        self._moved_at = monotonic()
        self.faults = 0  #: records put aside since the start
        self.caught_up = asyncio.Event()  #: nothing waits, or nothing did a moment ago

    @property
    def lag(self) -> Mapping[tuple[str, int], int]:
        """Records that wait, by topic and partition, as far as Kafka has told."""
        return {
            (tp.topic, tp.partition): max(0, end - self._next.get(tp, 0)) for tp, end in self._ends.items()
        }

    @property
    def is_stalled(self) -> bool:
        """Tell whether records wait and nothing has moved for half a minute."""
        return any(self.lag.values()) and monotonic() - self._moved_at > STALLED_SECONDS

    async def run(self) -> None:
        """Work until cancelled; `PeerAwayError` asks to be started again, `ProjectionError` for a person."""
        dsn = self._postgres.dsn.get_secret_value()
        await migrate(dsn, schema=self._schema)
        async with AsyncExitStack() as stack:
            opened = await stack.enter_async_context(connection(dsn, schema=self._schema))
            try:
                consumer = await self._consumer(stack)
                await self._begin(opened, consumer)
                while True:
                    await self._round(opened, consumer)
            except OffsetOutOfRangeError as error:
                raise ProjectionError(f"the topic no longer has what comes next: {error}; rebuild") from error
            except KafkaError as error:
                raise PeerAwayError(f"Kafka: {type(error).__name__}: {error}") from error

    async def _consumer(self, stack: AsyncExitStack) -> AIOKafkaConsumer:
        options = client_options(self._config.kafka, client_id=f"fajian-{self._config.side}-postgres")
        partitions = await partitions_of(options, self._topics)
        consumer = AIOKafkaConsumer(
            **options,
            group_id=None,
            auto_offset_reset="none",
            enable_auto_commit=False,
            fetch_max_wait_ms=250,
        )
        stack.push_async_callback(consumer.stop)
        await consumer.start()
        consumer.assign(partitions)
        return consumer

    async def _begin(self, opened: Connection, consumer: AIOKafkaConsumer) -> None:
        """Go to the offsets that the database names, once it is clear that the topics still have them."""
        partitions = list(consumer.assignment())
        begins = await consumer.beginning_offsets(partitions)
        self._ends = dict(await consumer.end_offsets(partitions))
        for tp in partitions:
            await opened.execute(
                QUERIES["begin_offset"], {"topic": tp.topic, "partition": tp.partition, "begin": begins[tp]}
            )
        stored = await (await opened.execute(QUERIES["offsets"])).fetchall()
        places = {TopicPartition(row["topic"], row["partition"]): row for row in stored}
        self._next = {tp: row["next_offset"] for tp, row in places.items()}
        self._complete_from = {tp: row["complete_from"] for tp, row in places.items()}
        for tp in partitions:
            _check_reachable(tp, self._next[tp], begins[tp], self._ends[tp])
            consumer.seek(tp, self._next[tp])

    async def _round(self, opened: Connection, consumer: AIOKafkaConsumer) -> None:
        """Fetch and apply one batch, then tell the digests that wait."""
        batch: Batch = await consumer.getmany(timeout_ms=500, max_records=self._postgres.batch_records)
        for tp in consumer.assignment():
            self._ends[tp] = max(self._ends[tp], consumer.highwater(tp) or 0)
        if batch:
            try:
                await self._apply(opened, batch)
            except OffsetsMovedError:
                log.info("offsets_moved", side=self._config.side)
                await self._begin(opened, consumer)
                return
        await self._tell_digests(opened)
        self._health.ready()
        if not any(self.lag.values()):
            self.caught_up.set()

    async def _tell_digests(self, opened: Connection) -> None:
        """Send what waits. An inbox that takes nothing does not hold up the projection: next round again."""
        if self._inbox is not None:
            try:
                await send_digests(opened, self._inbox, self._config)
            except ConnectorError as error:
                log.warning("digests_wait", side=self._config.side, error=str(error))

    async def _apply(self, opened: Connection, batch: Batch) -> None:
        following = {tp: records[-1].offset + 1 for tp, records in batch.items()}
        complete_from = {tp: self._complete_after(tp, records) for tp, records in batch.items()}
        self._unreadable = []
        async with opened.transaction():
            await self._advance(opened, following, complete_from)
            for tp, records in batch.items():
                if tp.topic == CASE_STATE:
                    await self._put_states(opened, records, complete_from[tp])
                elif tp.topic == feed(self._config.side):
                    await self._put(opened, "put_feed", await self._read(records, feed_row))
                else:
                    await self._put(opened, "put_receipt", await self._read(records, receipt_row))
            await self._put(opened, "put_fault", self._unreadable)
            await opened.execute(QUERIES["tell"])
        self._next |= following
        self._complete_from |= complete_from
        self._moved_at = monotonic()
        self.faults += len(self._unreadable)

    def _complete_after(self, tp: TopicPartition, records: Sequence[ConsumerRecord]) -> int:
        """Return the offset from which on nothing is wanting of what was read.

        Compaction takes a state out when a younger one of its subject is in the topic already. A copy that
        has not come to that younger one lacks the subject, and no digest of it says anything.
        """
        if records[-1].offset + 1 - self._next[tp] == len(records):
            return self._complete_from[tp]
        return self._ends[tp]

    async def _advance(
        self,
        opened: Connection,
        following: Mapping[TopicPartition, int],
        complete_from: Mapping[TopicPartition, int],
    ) -> None:
        moves = [
            {
                "topic": tp.topic,
                "partition": tp.partition,
                "next": offset,
                "expected": self._next[tp],
                "complete_from": complete_from[tp],
            }
            for tp, offset in sorted(following.items())
        ]
        async with opened.cursor() as cursor:
            await cursor.executemany(QUERIES["advance_offset"], moves)
            if cursor.rowcount != len(moves):
                raise OffsetsMovedError

    async def _put_states(
        self, opened: Connection, records: Sequence[ConsumerRecord], complete_from: int
    ) -> None:
        """Write states up to each digest marker, take the digest there if all is there, and go on."""
        waiting: list[ConsumerRecord] = []
        for record in records:
            if not is_digest_marker(record):
                waiting.append(record)
                continue
            await self._put_subjects(opened, waiting)
            waiting = []
            if self._postgres.digests and record.offset >= complete_from:
                for marker in await self._read([record], marker_of):
                    await take_digest(opened, marker)
        await self._put_subjects(opened, waiting)

    async def _put_subjects(self, opened: Connection, records: Sequence[ConsumerRecord]) -> None:
        latest: dict[str, Row] = {}
        for row in await self._read(records, subject_row):
            known = latest.get(row["subject"])
            if known is None or known["ledger_offset"] <= row["ledger_offset"]:
                latest[row["subject"]] = row
        await self._put(opened, "put_subject", list(latest.values()))

    async def _put(self, opened: Connection, query: str, written: Sequence[Row]) -> None:
        if written:
            async with opened.cursor() as cursor:
                async for rows in slices(written):
                    await cursor.executemany(QUERIES[query], rows)

    async def _read(self, records: Sequence[ConsumerRecord], reader: Callable[[Record], Row]) -> list[Row]:
        """Return the rows of *records*; what cannot be read waits to be put aside in the same transaction."""
        rows = await in_turns(self._row(record, reader) for record in records)
        return [row for row in rows if row is not None]

    def _row(self, record: ConsumerRecord, reader: Callable[[Record], Row]) -> Row | None:
        try:
            return reader(record)
        except UnreadableError as error:
            place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
            self._unreadable.append({**place, "reason": str(error), "value": record.value})
            log.warning("record_put_aside", **place)
            return None


def _check_reachable(tp: TopicPartition, wanted: int, begin: int, end: int) -> None:
    if wanted > end:
        raise ProjectionError(
            f"{tp.topic}/{tp.partition}: the database is at offset {wanted}, but the topic ends at {end}: "
            "this is another topic than the one that the database was filled from; rebuild the projection"
        )
    if wanted < begin:
        raise ProjectionError(
            f"{tp.topic}/{tp.partition}: the database needs offset {wanted}, the topic begins at {begin}: "
            "records were deleted before they arrived here; rebuild the projection"
        )
