"""From the intended moment of publishing to the flag in the feed, under an even load.

The load is an open one: events go out by a schedule, whether or not earlier ones have come back, and time
runs from the moment on the schedule. A worker that stands still is charged for everybody who waits.
"""

import asyncio
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from hdrh.histogram import HdrHistogram

from bench.clocks import running
from bench.harness import Bench, Figure, Measure
from fajian import clock
from fajian.law.documents import load_rules
from fajian.local.kafka import ADMIN
from fajian.local.stack import StackInfo
from fajian.streams.connection import aiokafka_options
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.rules_topic import publish_rules
from fajian.streams.ticker import Ticker
from schemas.cloudevents import raw_of, to_kafka
from schemas.topics import HUB, feed, inbox

PARTITIONS = 4
PER_SECOND = 200
SECONDS = 30
WARM_SECONDS = 5
LOST_SECONDS = 30.0


async def _found(info: StackInfo) -> None:
    today = clock.now().date()
    async with KafkaOutbox(info.settings(ADMIN)) as outbox, Ticker(info.settings(HUB)) as ticker:
        await publish_rules(outbox, load_rules(), effective_day=today)
        await ticker.declare(simulated=False, from_day=today)


def _event(number: int) -> tuple[list[tuple[str, bytes]], bytes, bytes]:
    subject = f"（{clock.now().year}）皖1324执{number + 1}号"
    event = {
        "specversion": "1.0",
        "id": f"latency-{number}",
        "source": "//court/皖1324",
        "type": "cn.fajian.enforcement.finance-notified.v1",
        "time": clock.now().isoformat(timespec="milliseconds"),
        "subject": subject,
        "data": {"payment_ref": "1", "amount": "50000.00"},
    }
    headers, value = to_kafka(raw_of(event))
    return headers, subject.encode(), value


async def _measure(info: StackInfo, events: int) -> HdrHistogram:
    histogram = HdrHistogram(1, 120_000_000, 3)  # microseconds
    court = info.settings("court")
    options = aiokafka_options(court, client_id="bench-latency")
    consumer = AIOKafkaConsumer(feed("court"), **options, auto_offset_reset="latest", fetch_max_wait_ms=20)
    producer = AIOKafkaProducer(**options, acks="all")
    intended: dict[str, float] = {}
    heard: set[str] = set()
    await consumer.start()
    await producer.start()
    try:
        listening = asyncio.create_task(_listen(consumer, intended, heard, histogram))
        begun = monotonic()
        for number in range(events):
            due = begun + number / PER_SECOND
            if (ahead := due - monotonic()) > 0:
                await asyncio.sleep(ahead)
            headers, key, value = _event(number)
            intended[f"latency-{number}"] = due
            await producer.send(inbox("court"), value, key=key, headers=headers)
        async with asyncio.timeout(LOST_SECONDS):
            while len(heard) < events:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        listening.cancel()
    finally:
        await producer.stop()
        await consumer.stop()
    return histogram


async def _listen(
    consumer: Any, intended: dict[str, float], heard: set[str], histogram: HdrHistogram
) -> None:
    warm = PER_SECOND * WARM_SECONDS
    async for record in consumer:
        headers = dict(record.headers)
        cause = headers.get("ce_causationid", b"").decode()
        if b".flag." not in headers.get("ce_type", b"") or cause not in intended or cause in heard:
            continue
        heard.add(cause)
        if int(cause.rpartition("-")[2]) >= warm:  # the first seconds warm everything up
            histogram.record_value(max(1, int((monotonic() - intended[cause]) * 1e6)))


def _rounds(bench: Bench) -> list[tuple[float, float]]:
    def measure() -> list[tuple[float, float]]:
        found = []
        for _ in range(bench.rounds):
            with bench.alone(PARTITIONS) as info:
                asyncio.run(_found(info))
                with running(info):
                    seconds = WARM_SECONDS + bench.size(SECONDS, 5)
                    histogram = asyncio.run(_measure(info, seconds * PER_SECOND))
            p50, p99 = (histogram.get_value_at_percentile(p) / 1000 for p in (50, 99))
            bench.say(f"{PER_SECOND} events/s: p50 {p50:.0f} ms, p99 {p99:.0f} ms")
            found.append((p50, p99))
        return found

    return bench.once("latency", measure)


def _percentile(which: int) -> Any:
    def measure(bench: Bench) -> Figure:
        rounds = tuple(each[which] for each in _rounds(bench))
        return Figure(sorted(rounds)[len(rounds) // 2], rounds, {"events_per_second": PER_SECOND})

    return measure


WHAT = f"publish to the flag in the feed at {PER_SECOND} events/s"

MEASURES = (
    Measure("latency-p50", f"{WHAT}, median", "ms", _percentile(0), better="lower"),
    Measure("latency-p99", f"{WHAT}, p99", "ms", _percentile(1), floor=500, goal=100, better="lower"),
)
