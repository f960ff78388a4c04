"""One process that reads a preloaded topic to its end: ours, or the same core on something else.

`python -m bench.contender KIND AGENT RECORDS`, as a hub process. All call the same folders and await the
acknowledgement of what they send. The states of casework lie in the same RocksDB stores; for stock Faust in a
Faust table, in memory and told to its changelog, which is how states outlive a worker there. Time runs from
the first call of a folder to the last acknowledgement; one line of JSON tells it.
"""

import asyncio
import os
import signal
import sys
from bisect import bisect_left, insort
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, process_time
from typing import Any, NamedTuple

import faust
import orjson
from aiokafka import AIOKafkaConsumer
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import SASLScram512

from agents import intake
from fajian.bootstrap import build_worker
from fajian.core.casework import Casework
from fajian.core.ports import Folded, Folder, Record, Store
from fajian.core.replay import MemoryRecord
from fajian.law.documents import load_rules
from fajian.law.intake import load_intake
from fajian.local.ports import free_port
from fajian.logs import configure_logging
from fajian.settings import Settings, load_settings
from fajian.streams.app import POLL_RECORDS
from fajian.streams.connection import aiokafka_options, faust_credentials
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.store import Applied, MemoryStore, PartitionStore, Stores
from schemas.topics import CASE_EVENTS

UNDER_WAY = 500  #: records whose outputs stock Faust may have under way


class Watch:
    """Says when the first folder was called and when the last record was done, on the system's own clock."""

    def __init__(self) -> None:
        self.begun = self.ended = self.cpu_begun = self.cpu_ended = 0.0
        self.done = 0

    def start(self) -> None:
        if not self.begun:
            self.begun, self.cpu_begun = monotonic(), process_time()

    def count(self, records: int) -> None:
        self.done += records
        self.ended, self.cpu_ended = monotonic(), process_time()

    def tell(self) -> None:
        told = {
            "begun": self.begun,
            "ended": self.ended,
            "records": self.done,
            "cpu": self.cpu_ended - self.cpu_begun,
        }
        print(orjson.dumps(told).decode(), flush=True)


WATCH = Watch()


class Watched:
    """A folder that starts the watch."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def fold(self, records: Sequence[Record], store: Store) -> Folded:
        WATCH.start()
        return self._folder.fold(records, store)


class Work(NamedTuple):
    """What there is to do: the topics, the core, and where states are kept."""

    topics: Sequence[str]
    folder: Callable[[], Folder]
    store: Callable[[str, int], PartitionStore]
    total: int


def work_of(agent: str, total: int, settings: Settings) -> Work:
    if agent == intake.NAME:
        return Work(intake.INBOXES, lambda: load_intake(simulated=True), lambda *_: MemoryStore(), total)
    rules = load_rules()
    stores = Stores(Path(settings.data_dir) / "stores")
    return Work(
        (CASE_EVENTS,),
        lambda: Casework({rules.version: rules}.__getitem__),
        lambda topic, partition: stores.open(agent, topic, partition),
        total,
    )


class Desk:
    """Folds batches partition by partition, delivers, then writes: what any user of the core has to do."""

    def __init__(self, work: Work, outbox: KafkaOutbox) -> None:
        self._work = work
        self._outbox = outbox
        self._parts: dict[tuple[str, int], tuple[Folder, PartitionStore]] = {}

    def of(self, topic: str, partition: int) -> tuple[Folder, PartitionStore]:
        if (topic, partition) not in self._parts:
            parts = Watched(self._work.folder()), self._work.store(topic, partition)
            self._parts[topic, partition] = parts
        return self._parts[topic, partition]

    async def take(self, records: Sequence[Record]) -> None:
        folder, store = self.of(records[0].topic, records[0].partition)
        rest = records
        while rest:
            folded = folder.fold(rest, store)
            await self._outbox.deliver(folded.outputs)
            done = [record for record in rest if record.offset <= folded.applied]
            store.write(folded.writes, Applied.after((done or rest)[-1], topic_id="", notes=folded.notes))
            WATCH.count(len(done))
            rest = rest[len(done) :]


async def on_aiokafka(work: Work, settings: Settings, group: str) -> None:
    """Poll, fold each partition's records, send, write, commit: the shortest program that is correct."""
    consumer = AIOKafkaConsumer(
        *work.topics,
        **aiokafka_options(settings, client_id="bench"),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    async with KafkaOutbox(settings) as outbox:
        desk = Desk(work, outbox)
        await consumer.start()
        while WATCH.done < work.total:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=POLL_RECORDS)).values():
                await desk.take(records)
            await consumer.commit()
        await consumer.stop()


async def on_faststream(work: Work, settings: Settings, group: str) -> None:
    """FastStream's batch subscriber; it brings records of several partitions at a time."""
    password = settings.sasl_password.get_secret_value() if settings.sasl_password else ""
    security = SASLScram512(username=settings.sasl_username or "", password=password, use_ssl=False)
    broker = KafkaBroker(settings.bootstrap_servers, security=security, logger=None)
    app = FastStream(broker)
    async with KafkaOutbox(settings) as outbox:
        desk = Desk(work, outbox)

        @broker.subscriber(
            *work.topics,
            group_id=group,
            batch=True,
            max_records=POLL_RECORDS,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.ACK,
        )
        async def handle(message: KafkaMessage) -> None:
            parts: dict[tuple[str, int], list[Record]] = {}
            for record in message.raw_message:
                parts.setdefault((record.topic, record.partition), []).append(record)
            for records in parts.values():
                await desk.take(records)
            if WATCH.done >= work.total:
                app.exit()

        await app.run()


class TableStore:
    """One partition's states in a Faust table. It has no ranges, so the order of keys is kept beside it."""

    def __init__(self, table: Any, partition: int) -> None:
        self._table = table
        self._mine = b"%d/" % partition
        self._keys: list[bytes] = []

    def get(self, key: bytes) -> bytes | None:
        value: bytes | None = self._table.get(self._mine + key)
        return value

    def scan(self, begin: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        for key in self._keys[bisect_left(self._keys, begin) : bisect_left(self._keys, end)]:
            yield key, self._table[self._mine + key]

    def apply(self, writes: Mapping[bytes, bytes | None]) -> None:
        """Set and delete what *writes* says; the table tells each to its changelog."""
        for key, value in writes.items():
            name = self._mine + key
            if value is None:
                del self._table[name]
                del self._keys[bisect_left(self._keys, key)]
                continue
            if name not in self._table:
                insort(self._keys, key)
            self._table[name] = value


def on_stock_faust(work: Work, settings: Settings, group: str) -> None:
    """Faust as it comes: one event at a time, a table, its own producer, some records unacknowledged."""
    folder = Path(settings.data_dir) / "faust"
    folder.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        group,
        broker=[f"kafka://{server}" for server in settings.bootstrap_servers.split(",")],
        broker_credentials=faust_credentials(settings),
        broker_max_poll_records=POLL_RECORDS,
        consumer_auto_offset_reset="earliest",
        producer_compression_type="zstd",
        topic_disable_leader=True,
        topic_partitions=settings.partitions,
        topic_replication_factor=1,
        datadir=str(folder),
        web_port=free_port(),
        worker_redirect_stdouts=False,
        loghandlers=[],
    )
    raw: Any = faust.Schema(key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    table = app.Table("states", schema=raw)
    parts: dict[tuple[str, int], tuple[Folder, TableStore]] = {}
    under_way: list[Awaitable[Any]] = []

    @app.agent(app.topic(*work.topics, key_serializer="raw", value_serializer="raw"))
    async def stock(stream: faust.StreamT[bytes]) -> None:
        producer = await app.maybe_start_producer()
        async for event in stream.events():
            message = event.message
            place = message.topic, message.partition
            if place not in parts:
                parts[place] = Watched(work.folder()), TableStore(table, message.partition)
            record = MemoryRecord(
                *place,
                message.offset,
                int(message.timestamp * 1000),
                message.key,
                message.value,
                message.headers,
            )
            folding, store = parts[place]
            folded = folding.fold([record], store)
            for output in folded.outputs:
                partition = output.partition if output.partition >= 0 else None
                sent = await producer.send(
                    output.topic, output.key, output.value, partition, None, list(output.headers)
                )
                under_way.append(sent)
            store.apply(folded.writes)
            if WATCH.done % UNDER_WAY == UNDER_WAY - 1 or WATCH.done + 1 == work.total:
                await asyncio.gather(*under_way)
                under_way.clear()
            WATCH.count(1)
            if WATCH.done == work.total:
                os.kill(os.getpid(), signal.SIGTERM)

    _run_faust(app)


def ours(agent: str, total: int, settings: Settings) -> None:
    """Run the real worker with one agent, until it has done all, or is told to stop."""
    worker = build_worker(settings, [agent], name=settings.worker, web_port=free_port())
    for name in (Casework, type(load_intake())):
        _watch(name)
    registry = worker.service.host.metrics.registry

    @worker.app.task  # type: ignore[untyped-decorator]
    async def watch() -> None:
        while True:
            done = registry.get_sample_value("fajian_records_total", {"agent": agent}) or 0
            if done > WATCH.done:
                WATCH.count(int(done) - WATCH.done)
            if WATCH.done >= total:
                os.kill(os.getpid(), signal.SIGTERM)
                return
            await asyncio.sleep(0.002)

    _run_faust(worker.app)


def _watch(folder: Any) -> None:
    fold = folder.fold

    def watched(self: Any, records: Sequence[Record], store: Store) -> Folded:
        WATCH.start()
        folded: Folded = fold(self, records, store)
        return folded

    folder.fold = watched


def _run_faust(app: faust.App) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    process = faust.Worker(app, quiet=True, override_logging=False, loop=loop)
    process.spinner = None
    with suppress(SystemExit):
        process.execute_from_commandline()


OTHERS: Mapping[str, Callable[[Work, Settings, str], Awaitable[None]]] = {
    "aiokafka": on_aiokafka,
    "faststream": on_faststream,
}


def main() -> None:
    kind, agent, total = sys.argv[1], sys.argv[2], int(sys.argv[3])
    settings = load_settings(log_level="ERROR")
    configure_logging(settings)
    group = f"hub-bench-{settings.worker}"
    if kind == "ours":
        ours(agent, total, settings)
    elif kind == "faust":
        on_stock_faust(work_of(agent, total, settings), settings, group)
    else:
        asyncio.run(_main(OTHERS[kind](work_of(agent, total, settings), settings, group)))
    WATCH.tell()


async def _main(work: Awaitable[None]) -> None:
    await work


if __name__ == "__main__":
    main()
