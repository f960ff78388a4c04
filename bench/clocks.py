"""Many open clocks in one worker: a midnight tick with a tenth of them due, memory, the start of the worker.

Its stores are seeded: one case is folded for each day on which clocks begin, and its state is written under
as many case numbers as there shall be clocks. The rest is real: the worker process, Kafka, the tick.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import httpx
import psutil

from bench.harness import Bench, Figure, Measure, median_of
from bench.history import declaration, numbered, tick
from bench.waiting import worked_off
from fajian.core.casework import DUE, META, STATE, Casework
from fajian.core.clocks import as_day
from fajian.core.memory import Memory
from fajian.core.ports import Output, Record
from fajian.core.replay import MemoryRecord
from fajian.law.documents import FOLD, load_rules
from fajian.law.intake import load_intake
from fajian.local.kafka import ADMIN
from fajian.local.ports import free_port
from fajian.local.stack import StackInfo
from fajian.streams.log import KafkaLog, Part, record_at
from fajian.streams.outbox import KafkaOutbox, partition_of
from fajian.streams.rules_topic import publish_rules
from fajian.streams.store import Applied, PartitionStore, Stores
from schemas.cloudevents import raw_of, to_kafka
from schemas.topics import CASE_EVENTS, HUB, inbox

PARTITIONS = 12
FIRST = date(2025, 3, 3)
LATER = timedelta(days=45)  #: between the clocks of the tenth that is due and the others
DUE_SHARE = 10
CASE = "（2025）皖1324执{}号"
WRITTEN_AT_ONCE = 20_000
READY_SECONDS = 300.0
TICK_SECONDS = 1800.0
LOOK_SECONDS = 0.1
MEGA = 1_000_000


class Taken(NamedTuple):
    """What one worker with so many clocks took."""

    start_seconds: float  #: from the start of the process until it is ready
    tick_seconds: float  #: from the tick in the ledger to the last acknowledged flag
    start_mb: float  #: resident memory when ready
    peak_mb: float  #: the most there was, the tick included


def _event(number: int, day: date) -> dict[str, object]:
    """Return a payment that has arrived: its pay-out is due thirty days later."""
    return {
        "specversion": "1.0",
        "id": f"bench-{number}",
        "source": "//court/皖1324",
        "type": "cn.fajian.enforcement.finance-notified.v1",
        "time": f"{day}T00:00:00+08:00",
        "recordedtime": f"{day}T10:00:00+08:00",
        "subject": CASE.format(number),
        "data": {"payment_ref": "1", "amount": "50000.00"},
    }


def ledger_record(number: int, day: date) -> Output:
    """Return what intake puts on the ledger for it."""
    headers, value = to_kafka(raw_of(_event(number, day)))
    record = MemoryRecord(inbox("court"), 0, number, 0, b"", value, headers)
    outputs = load_intake(simulated=True).fold([record], Memory()).outputs
    return next(output for output in outputs if output.topic == CASE_EVENTS)


class Seed(NamedTuple):
    """The state of one case, and the day on which it has something to say."""

    state: bytes
    wake: bytes
    due_day: date


def _seed(day: date) -> tuple[Seed, bytes]:
    """Fold a ledger with one payment of *day*; return its state, and the partition's own."""
    rules = load_rules()
    event = ledger_record(1, day)
    records = numbered(0, [declaration(0, FIRST, rules), tick(0, FIRST, rules), event])
    store = Memory()
    store.apply(Casework({rules.version: rules}.__getitem__).fold(records, store).writes)
    subject = CASE.format(1).encode()
    _, state = next(store.scan(STATE, STATE + b"\xff"))
    due, _ = next(store.scan(DUE, DUE + b"\xff"))
    wake = due[len(DUE) : -len(subject)]
    return Seed(state, wake, _last_day(day)), store.get(META) or b""


def _last_day(day: date) -> date:
    rules = load_rules()
    row = rules.periods["pay-out"]
    assert row.length is not None
    due = rules.due(day, row.length, row.count).due_day
    day_ = as_day(due)
    assert day_ is not None
    return day_


def seed_stores(folder: Path, clocks: int, topic_id: str, lasts: Sequence[Record]) -> None:
    """Write so many open clocks into the stores of a worker, each under the partition of its number."""
    (due, meta), (later, _) = _seed(FIRST), _seed(FIRST + LATER)
    stores = Stores(folder / "stores" / f"fold-{FOLD}")
    opened = [stores.open("casework", CASE_EVENTS, n) for n in range(PARTITIONS)]
    writes: list[dict[bytes, bytes | None]] = [{META: meta} for _ in opened]
    for number in range(2, clocks + 2):
        seed, subject = (due if number % DUE_SHARE == 0 else later), CASE.format(number).encode()
        part = writes[partition_of(subject, PARTITIONS)]
        part[STATE + subject] = seed.state
        part[DUE + seed.wake + subject] = b""
        if number % (WRITTEN_AT_ONCE * PARTITIONS) == 0:
            _write(opened, writes, topic_id, lasts)
    _write(opened, writes, topic_id, lasts)
    for store in opened:
        store.close()


def _write(
    opened: Sequence[PartitionStore],
    writes: list[dict[bytes, bytes | None]],
    topic_id: str,
    lasts: Sequence[Record],
) -> None:
    for n, store in enumerate(opened):
        store.write(writes[n], Applied.after(lasts[n], topic_id=topic_id, notes={}))
        writes[n] = {}


def take(bench: Bench, clocks: int) -> Taken:
    """Seed a worker with *clocks* open clocks, start it, and let a day end on which a tenth is due."""
    with bench.alone(PARTITIONS) as info:
        folder = Path(info.data_dir)
        bench.say(f"seeding stores with {clocks:,} open clocks")
        topic_id, lasts = asyncio.run(_found(info))
        seed_stores(folder / "workers" / "bench", clocks, topic_id, lasts)
        with running(info, "casework") as (process, start_seconds):
            start_mb = _resident(process)
            bench.say(f"ready after {start_seconds:.1f} s with {start_mb:.0f} MB; a day ends")
            tick_seconds, peak = asyncio.run(_end_day(info, _last_day(FIRST), process))
    return Taken(start_seconds, tick_seconds, start_mb, max(start_mb, peak))


async def _found(info: StackInfo) -> tuple[str, list[Record]]:
    """Adopt the law, and write into each partition a declaration, a first tick and one payment."""
    rules = load_rules()
    parts = [Part(CASE_EVENTS, n) for n in range(PARTITIONS)]
    async with KafkaOutbox(info.settings(ADMIN)) as outbox, KafkaLog(info.settings(ADMIN)) as log:
        await publish_rules(outbox, rules, effective_day=FIRST)
        for make in (declaration, tick):
            await outbox.deliver([make(n, FIRST, rules) for n in range(PARTITIONS)])
        await outbox.deliver([ledger_record(1, FIRST)._replace(partition=n) for n in range(PARTITIONS)])
        topic_id = (await log.topic_ids([CASE_EVENTS]))[CASE_EVENTS]
        found = [await record_at(log, part, 2) for part in parts]
        return topic_id, [record for record in found if record is not None]


@contextmanager
def running(info: StackInfo, *agents: str) -> Iterator[tuple[psutil.Process, float]]:
    """Run the real worker; give its process, and the seconds until it was ready."""
    port = free_port()
    argv = [sys.executable, "-m", "fajian", "worker", *agents, "--name", "bench", "--web-port", str(port)]
    begun = monotonic()
    with (Path(info.data_dir) / "bench-worker.log").open("wb") as log:
        child = subprocess.Popen(argv, env=os.environ | info.environment(HUB), stdout=log, stderr=log)
    try:
        asyncio.run(_ready(f"http://127.0.0.1:{port}/readyz", child))
        yield psutil.Process(child.pid), monotonic() - begun
    finally:
        child.terminate()
        child.wait(timeout=60)


async def _ready(page: str, child: "subprocess.Popen[bytes]") -> None:
    async with httpx.AsyncClient() as client, asyncio.timeout(READY_SECONDS):
        while not await _answers(client, page):
            if child.poll() is not None:
                raise RuntimeError(f"the worker ended with status {child.returncode}")
            await asyncio.sleep(LOOK_SECONDS)


async def _answers(client: httpx.AsyncClient, page: str) -> bool:
    try:
        return (await client.get(page)).is_success
    except httpx.TransportError:
        return False


async def _end_day(info: StackInfo, day: date, process: psutil.Process) -> tuple[float, float]:
    rules, settings = load_rules(), info.settings(ADMIN)
    peak = 0.0
    async with KafkaOutbox(settings) as outbox:
        begun = monotonic()
        await outbox.deliver([tick(n, day, rules) for n in range(PARTITIONS)])
        parts = [Part(CASE_EVENTS, n) for n in range(PARTITIONS)]
        waiting = asyncio.create_task(worked_off(info.settings(HUB), "casework", parts, TICK_SECONDS))
        while not waiting.done():
            peak = max(peak, _resident(process))
            await asyncio.wait([waiting], timeout=LOOK_SECONDS)
        await waiting
        return monotonic() - begun, peak


def _resident(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / MEGA


def _taken(bench: Bench, clocks: int) -> Sequence[Taken]:
    def measure() -> Sequence[Taken]:
        rows = [take(bench, bench.size(clocks, clocks // 100)) for _ in range(bench.rounds)]
        for row in rows:
            bench.say(f"{clocks:,} clocks: {row}")
        return rows

    return bench.once(f"clocks {clocks}", measure)


def _of(clocks: int, pick: Callable[[Taken], float]) -> Callable[[Bench], Figure]:
    def measure(bench: Bench) -> Figure:
        rows = _taken(bench, clocks)
        return median_of((pick(row) for row in rows), clocks=bench.size(clocks, clocks // 100))

    return measure


MEASURES = (
    Measure(
        "tick-100k",
        "a day ends over 100,000 open clocks, a tenth due",
        "s",
        _of(MEGA // 10, lambda taken: taken.tick_seconds),
        better="lower",
    ),
    Measure(
        "tick-1m",
        "a day ends over 1,000,000 open clocks, a tenth due",
        "s",
        _of(MEGA, lambda taken: taken.tick_seconds),
        floor=60,
        goal=15,
        better="lower",
    ),
    Measure(
        "memory-1m",
        "most memory of a worker with 1,000,000 open clocks, that day included",
        "MB",
        _of(MEGA, lambda taken: taken.peak_mb),
        floor=1000,
        goal=400,
        better="lower",
    ),
    Measure(
        "start-1m",
        "a worker starts with a warm store of 1,000,000 subjects",
        "s",
        _of(MEGA, lambda taken: taken.start_seconds),
        floor=60,
        goal=10,
        better="lower",
    ),
)
