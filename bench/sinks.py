"""The sinks against what one would write by hand for the same work, on the embedded Kafka and PostgreSQL.

Beside the rate stands the CPU time of this process: it says more than a rate where others use the machine.
"""

import asyncio
import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any

import httpx
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.harness import Bench, Figure, Measure, compared, timed
from bench.noise import event
from connectors import court
from connectors.config import ConnectorConfig, load_side
from connectors.kafka import client_options, partitions_of
from connectors.metrics import PartHealth
from connectors.projection import connection, migrate
from connectors.sink_config import WebhookSink
from connectors.sinks import queue
from connectors.sinks.courier import Courier
from connectors.sinks.digests import QUERIES
from connectors.sinks.postgres import PostgresSink
from connectors.sinks.webhook import WebhookCarrier
from fajian.local.kafka import ADMIN
from fajian.local.stack import StackInfo
from fajian.streams.connection import aiokafka_options
from schemas.topics import feed

PARTITIONS = 4
BATCH_RECORDS = 2000
AT_ONCE = 8
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def _config(info: StackInfo) -> ConnectorConfig:
    return load_side("court", court.CONFIG, info.environment("court"))


def _dsn(config: ConnectorConfig) -> str:
    assert config.postgres is not None
    return config.postgres.dsn.get_secret_value()


def postgres(bench: Bench) -> Figure:
    info = bench.stack(PARTITIONS, "sinks")
    count = bench.size(20_000, 1000)

    async def measure() -> Figure:
        await _tell(info, count)
        config = _config(info)
        pairs = []
        for number in range(bench.rounds):
            for name in ("ours", "theirs"):
                await migrate(_dsn(config), schema=f"bench_{name}_{number}")
            ours = await timed(_by_sink(config, f"bench_ours_{number}"))
            theirs = await timed(_by_hand(config, f"bench_theirs_{number}", count))
            pairs.append((ours, theirs))
            for name in ("ours", "theirs"):
                async with connection(_dsn(config), schema=f"bench_{name}_{number}") as opened:
                    [row] = await (await opened.execute("SELECT count(*) AS rows FROM feed")).fetchall()
                    assert row["rows"] == count, (name, row)
        return compared(pairs, count)

    return asyncio.run(measure())


async def _tell(info: StackInfo, count: int) -> None:
    """Write facts into the court's feed, as the hub's agents would."""
    producer = AIOKafkaProducer(
        **aiokafka_options(info.settings(ADMIN), client_id="fajian-bench"), linger_ms=20
    )
    await producer.start()
    for number in range(count):
        said = event(number)
        value = orjson.dumps(said.pop("data"))
        headers = [(f"ce_{name}", str(text).encode()) for name, text in said.items()]
        headers += [("ledgerpartition", b"0"), ("ledgeroffset", str(number).encode())]
        await producer.send(feed("court"), value, key=said["subject"].encode(), headers=headers)
    await producer.stop()


async def _by_sink(config: ConnectorConfig, schema: str) -> None:
    sink = PostgresSink(config, [feed("court")], schema=schema)
    running = asyncio.create_task(sink.run())
    await sink.caught_up.wait()
    running.cancel()
    await asyncio.wait([running])


async def _by_hand(config: ConnectorConfig, schema: str, count: int) -> None:
    """Read, insert and move the offsets in one transaction: no record is suspect, nobody else writes."""
    options = client_options(config.kafka, client_id="fajian-bench")
    consumer = AIOKafkaConsumer(**options, group_id=None, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = await partitions_of(options, [feed("court")])
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        async with connection(_dsn(config), schema=schema) as opened:
            done = 0
            while done < count:
                batch = await consumer.getmany(timeout_ms=500, max_records=BATCH_RECORDS)
                rows = [_row(record) for records in batch.values() for record in records]
                moves = [(tp.topic, tp.partition, records[-1].offset + 1) for tp, records in batch.items()]
                async with opened.transaction(), opened.cursor() as cursor:
                    if rows:
                        await cursor.executemany(QUERIES["put_feed"], rows)
                        await cursor.executemany(
                            "INSERT INTO offsets (topic, partition, first_offset, next_offset)"
                            " VALUES (%s, %s, 0, %s) ON CONFLICT (topic, partition)"
                            " DO UPDATE SET next_offset = excluded.next_offset",
                            moves,
                        )
                done += len(rows)
    finally:
        await consumer.stop()


def _row(record: Any) -> dict[str, Any]:
    headers = {name: value.decode() for name, value in record.headers}
    body = orjson.loads(record.value)
    at = datetime.fromisoformat(headers["ce_time"])
    return {
        **{name: body.get(name) for name in ("rule", "instance", "trigger", "due_day")},
        "ce_source": headers["ce_source"],
        "ce_id": headers["ce_id"],
        "subject": record.key.decode(),
        "kind": "fact",
        "type": headers["ce_type"],
        "matter": body.get("flag_id"),
        "day": at.date(),
        "at": at,
        "ledger_partition": int(headers["ledgerpartition"]),
        "ledger_offset": int(headers["ledgeroffset"]),
        "envelope": orjson.dumps(headers).decode(),
        "body": record.value.decode(),
        "topic_partition": record.partition,
        "topic_offset": record.offset,
    }


def webhook(bench: Bench) -> Figure:
    config = _config(bench.stack(PARTITIONS, "sinks"))
    count = bench.size(4000, 200)

    async def measure(url: str) -> Figure:
        await migrate(_dsn(config), schema=queue.SCHEMA, scripts=queue.SCRIPTS)
        pairs = []
        for number in range(bench.rounds):
            await _queue(config, f"bench-{number}", count)
            ours = await timed(_by_courier(config, f"bench-{number}", url))
            theirs = await timed(_by_httpx(url, count))
            pairs.append((ours, theirs))
        return compared(pairs, count)

    with _receiver() as url:
        return asyncio.run(measure(url))


async def _queue(config: ConnectorConfig, receiver: str, count: int) -> None:
    """Let so many messages wait, as after an outage."""
    async with connection(_dsn(config), schema=queue.SCHEMA) as opened:
        await opened.execute(
            "INSERT INTO deliveries"
            " (receiver, message_id, subject, kind, type, event, place, next_at, queued_at)"
            " SELECT %s, n::text, 'case-' || n %% 500, 'fact', 'MoneyPaid', %s, 'court.feed/0/' || n,"
            " now(), now() FROM generate_series(1, %s) AS n",
            [receiver, orjson.dumps(event(0)).decode(), count],
        )


async def _by_courier(config: ConnectorConfig, name: str, url: str) -> None:
    table = {"kind": "webhook", "name": name, "url": url, "secret": SECRET, "inside": ["127.0.0.0/8"]}
    sink = WebhookSink.model_validate({**table, "at_once": AT_ONCE})
    courier = Courier(config, sink, WebhookCarrier(sink), channel="webhook", health=PartHealth(name))
    carrying = asyncio.create_task(courier.carry(PartHealth(name)))
    async with connection(_dsn(config), schema=queue.SCHEMA) as opened:
        watched = queue.DeliveryQueue(opened, name)
        while (await watched.counts())["waiting"]:  # noqa: ASYNC110 - the table is what tells
            await asyncio.sleep(0.02)
    carrying.cancel()
    await asyncio.wait([carrying])


async def _by_httpx(url: str, count: int) -> None:
    """Post unsigned, in no order, with no queue and no proof."""
    rest, body = iter(range(count)), orjson.dumps(event(0))

    async def client(door: httpx.AsyncClient) -> None:
        for _ in rest:
            answer = await door.post(url, content=body, headers={"content-type": "application/json"})
            assert answer.status_code == 204

    async with httpx.AsyncClient() as door:
        await asyncio.gather(*(client(door) for _ in range(AT_ONCE)))


@contextmanager
def _receiver() -> Iterator[str]:
    """Listen in a process of its own; say 204 to everything."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        answering = multiprocessing.get_context("fork").Process(target=_answer, args=(listener,), daemon=True)
        answering.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        finally:
            answering.terminate()
            answering.join()


def _answer(listener: socket.socket) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def serve() -> None:
        async with await asyncio.start_server(answer, sock=listener) as server:
            await server.serve_forever()

    asyncio.run(serve())


MEASURES = (
    Measure("connectors-postgres", "our PostgreSQL sink against a hand-written psycopg one", "×", postgres),
    Measure(
        "connectors-webhook", "our webhook sink, with its queue and proofs, against bare httpx", "×", webhook
    ),
)
