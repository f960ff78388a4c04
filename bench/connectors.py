"""The sources against what one would write by hand for the same work, on the embedded Kafka and PostgreSQL.

Requests are ASGI calls in this process, without sockets: what is compared is the door, not the web server.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from importlib.resources import files
from time import monotonic
from typing import Any, cast

import orjson
import psycopg
from psycopg.rows import dict_row
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

from bench.harness import Bench, Figure, Measure, Run, compared, timed
from bench.noise import event
from connectors import court
from connectors.config import ConnectorConfig, load_side
from connectors.kafka import KafkaInbox, Letter
from connectors.metrics import Metrics, PartHealth
from connectors.source_config import HttpSource, OutboxSource
from connectors.sources.http import HttpDoor, build_app
from connectors.sources.judge import judge_for, types_of
from connectors.sources.keys import Doorman
from connectors.sources.outbox import OutboxRelay, opened_outbox
from connectors.sources.rates import Rates
from fajian.local.stack import StackInfo
from schemas.topics import inbox

PARTITIONS = 4
AT_ONCE = 64
KEYS = {"busy": "bench key of the system busy"}
INBOX = inbox("court")


def _config(info: StackInfo) -> ConnectorConfig:
    return load_side("court", court.CONFIG, info.environment("court"))


def _inbox(config: ConnectorConfig) -> KafkaInbox:
    return KafkaInbox(INBOX, config.kafka, timeout_seconds=30, client_id="fajian-bench")


def _door(kafka: KafkaInbox, **limits: Any) -> ASGIApp:
    keys = [{"system": name, "key": key, "sources": ["//court/"]} for name, key in KEYS.items()]
    config = HttpSource.model_validate({"kind": "http", "port": 0, "keys": keys, **limits})
    return build_app(
        HttpDoor(
            config=config,
            side="court",
            sender="//court/connector",
            types=types_of("court"),
            doorman=Doorman(config, side="court"),
            rates=Rates(config, clock=monotonic),
            inbox=kafka,
            judge=judge_for("court"),
            projection=None,
            metrics=Metrics("court"),
            health=dict,
        )
    )


def _bare(kafka: KafkaInbox) -> ASGIApp:
    """The handler that one would write in a quarter of an hour: no key, no checks, no limits."""

    async def take(request: Request) -> Response:
        event = orjson.loads(await request.body())
        data = event.pop("data")
        headers = tuple((f"ce_{name}", value.encode()) for name, value in event.items())
        letter = Letter(event["subject"].encode(), orjson.dumps(data), headers)
        [placed] = await kafka.put([letter])
        return Response(orjson.dumps({"placed": str(placed)}), 202, media_type="application/json")

    return Starlette(routes=[Route("/v1/events", take, methods=["POST"])])


async def _call(app: ASGIApp, system: str, body: bytes) -> int:
    """Post *body*; return the status."""
    headers = [
        (b"content-type", b"application/cloudevents+json"),
        (b"authorization", f"Bearer {KEYS[system]}".encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/events",
        "raw_path": b"/v1/events",
        "query_string": b"",
        "headers": headers,
    }
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    return status


async def _post_all(app: ASGIApp, bodies: Sequence[bytes]) -> None:
    """Post all of *bodies*, so many at once."""
    rest = iter(bodies)

    async def client() -> None:
        for body in rest:
            assert await _call(app, "busy", body) == 202

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))


def http(bench: Bench) -> Figure:
    config = _config(bench.stack(PARTITIONS))
    bodies = [orjson.dumps(event(number)) for number in range(bench.size(5000, 200))]

    async def measure() -> Figure:
        kafka = _inbox(config)
        await kafka.open()
        try:
            door, bare = _door(kafka, events_per_second=1e6, burst_events=10**6), _bare(kafka)
            await _post_all(door, bodies[:200])
            pairs = [
                (await timed(_post_all(door, bodies)), await timed(_post_all(bare, bodies)))
                for _ in range(bench.rounds)
            ]
        finally:
            await kafka.close()
        return compared(pairs, len(bodies))

    return asyncio.run(measure())


ROWS = 500


def outbox(bench: Bench) -> Figure:
    config = _config(bench.stack(PARTITIONS))
    assert config.postgres is not None
    dsn = config.postgres.dsn.get_secret_value()
    count = bench.size(5000, 500)

    async def measure() -> Figure:
        kafka = _inbox(config)
        await kafka.open()
        try:
            pairs = []
            for _ in range(bench.rounds):
                ours = await _drained(dsn, count, lambda: _by_relay(dsn, kafka))
                theirs = await _drained(dsn, count, lambda: _by_hand(dsn, kafka))
                pairs.append((ours, theirs))
        finally:
            await kafka.close()
        return compared(pairs, count)

    return asyncio.run(measure())


async def _drained(dsn: str, count: int, drain: Callable[[], Awaitable[None]]) -> Run:
    """Fill the outbox anew, and drain it."""
    sql = files("connectors.sql").joinpath("outbox.sql").read_text(encoding="utf-8")
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as opened:
        await opened.execute(cast("Any", sql))
        await opened.execute("TRUNCATE fajian_outbox")
        await opened.execute(
            "INSERT INTO fajian_outbox (id, source, type, subject, occurred_at, data) "
            "SELECT n::text, '//court/皖1324', 'MoneyPaid', '（2022）皖1324执' || 100 + n %% 500 || '号', "
            '\'2022-05-01 00:00+08\', \'{"payment_ref": "P", "amount": "1.00"}\' '
            "FROM generate_series(1, %s) AS n",
            [count],
        )
        await opened.execute("ANALYZE fajian_outbox")
    return await timed(drain())


async def _by_relay(dsn: str, kafka: KafkaInbox) -> None:
    source = OutboxSource.model_validate({"kind": "outbox", "dsn": dsn, "batch_rows": ROWS})
    relay = OutboxRelay(
        source,
        inbox=kafka,
        judge=judge_for("court"),
        metrics=Metrics("court"),
        health=PartHealth("outbox"),
    )
    async with opened_outbox(source) as opened:
        while await relay.publish_some(opened):
            pass


async def _by_hand(dsn: str, kafka: KafkaInbox) -> None:
    """Lock, send, mark: no check of what is sent, and no order between two that do this side by side."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True, row_factory=dict_row) as opened:
        while True:
            async with opened.transaction():
                rows = await (
                    await opened.execute(
                        "SELECT seq, id, source, type, subject, occurred_at, data::text AS data "
                        "FROM fajian_outbox WHERE state = 'waiting' ORDER BY seq LIMIT %s "
                        "FOR UPDATE SKIP LOCKED",
                        [ROWS],
                    )
                ).fetchall()
                if not rows:
                    return
                placed = await kafka.put([_letter(row) for row in rows])
                async with opened.cursor() as cursor:
                    await cursor.executemany(
                        "UPDATE fajian_outbox SET state = 'published', inbox = %s WHERE seq = %s",
                        [(place, row["seq"]) for place, row in zip(placed, rows, strict=True)],
                    )


def _letter(row: Any) -> Letter:
    said = {"specversion": "1.0", "time": row["occurred_at"].isoformat()}
    said |= {name: row[name] for name in ("id", "source", "type", "subject")}
    headers = tuple((f"ce_{name}", value.encode()) for name, value in said.items())
    return Letter(row["subject"].encode(), row["data"].encode(), headers)


MEASURES = (
    Measure("connectors-http", "our HTTP source against a bare Starlette handler to Kafka", "×", http),
    Measure("connectors-outbox", "our outbox relay against a hand-written psycopg one", "×", outbox),
)
