"""A noisy system beside a quiet one, at the door of a court's connector as it is shipped.

The connector runs in a process of its own, and the noise in another: it costs the one that measures nothing.
Both kinds of load go out by the clock, whether or not earlier requests have been answered, and each answer is
charged from when its request was due. Normal and noisy seconds alternate, so that what else the machine does
meanwhile falls on both.
"""

import asyncio
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from itertools import count
from multiprocessing.sharedctypes import Synchronized
from statistics import median, quantiles
from time import perf_counter
from typing import Any

import orjson
import psutil

from bench.harness import Bench, Figure, Measure, median_of
from connectors.source_config import HttpSource
from fajian.local.doors import wait_until_open
from fajian.local.stack import StackInfo

PARTITIONS = 4
NORMAL_PER_SECOND = 100  #: four times what a whole county brings in the outage drill
NOISE = 10  #: times the normal rate
SLICES = 6  #: of each kind in a round: a hundredth of fewer answers is a handful
SLICE_SECONDS = 4.0
SETTLE_SECONDS = 1.0  #: at the beginning of a slice, not measured
CONNECTIONS = 64
IDLE_SECONDS = 5.0
QUIET_KEY = "bench key of the quiet system"

_SYSTEM = """
[[source.keys]]
system = "quiet"
key = "${FAJIAN_BENCH_KEY}"
sources = ["//court/"]
events_per_second = 1000
"""


def event(number: int, *, prefix: str = "e") -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{prefix}-{number}",
        "source": "//court/皖1324",
        "type": "cn.fajian.enforcement.money-paid.v1",
        "time": "2022-05-01T00:00:00+08:00",
        "subject": f"（2022）皖1324执{100 + number % 500}号",
        "data": {"payment_ref": f"P-{number}", "amount": "100.00"},
    }


class Caller:
    """Posts events over kept connections. As lean as can be: its time is part of what is measured."""

    def __init__(self, port: int, key: str, prefix: str) -> None:
        self._port, self._key, self._prefix = port, key, prefix
        self._numbers = count()
        self._free: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._room = asyncio.Semaphore(CONNECTIONS)
        self.statuses: dict[int, int] = {}

    async def post(self) -> None:
        body = orjson.dumps(event(next(self._numbers), prefix=self._prefix))
        head = (
            "POST /v1/events HTTP/1.1\r\nHost: door\r\nContent-Type: application/cloudevents+json\r\n"
            f"Authorization: Bearer {self._key}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        async with self._room:
            reader, writer = await self._connection()
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            self._free.append((perf_counter(), reader, writer))
        status = int(answer[9:12])
        self.statuses[status] = self.statuses.get(status, 0) + 1

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return one that was used a moment ago, or a new one: the door closes what is idle."""
        while self._free:
            used_at, reader, writer = self._free.pop()
            if perf_counter() - used_at < IDLE_SECONDS:
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)

    async def close(self) -> None:
        for _, _, writer in self._free:
            writer.close()


async def _paced(caller: Caller, seconds: float, per_second: float) -> list[float]:
    """Post at a steady rate; return how long each took, counted from when it was due."""
    took: list[float] = []

    async def one(due: float) -> None:
        await caller.post()
        took.append(perf_counter() - due)

    begun, tasks = perf_counter(), []
    for number in range(int(seconds * per_second)):
        due = begun + number / per_second
        await asyncio.sleep(max(0.0, due - perf_counter()))
        tasks.append(asyncio.create_task(one(due)))
    await asyncio.gather(*tasks)
    return took


def make_noise(port: int, key: str, rate: "Synchronized[float]") -> None:
    """Post at *rate* events a second, which may change, until it is negative."""

    async def noise() -> None:
        caller, due = Caller(port, key, "noise"), perf_counter()
        tasks: set[asyncio.Task[None]] = set()
        while (now := rate.value) >= 0:
            due = max(due + 1 / now, perf_counter() - 0.1) if now else perf_counter() + 0.01
            await asyncio.sleep(max(0.0, due - perf_counter()))
            if now and len(tasks) < 10 * CONNECTIONS:
                task = asyncio.create_task(caller.post())
                tasks.add(task)
                task.add_done_callback(tasks.discard)

    asyncio.run(noise())


@contextmanager
def court_door(bench: Bench, info: StackInfo) -> Iterator[subprocess.Popen[bytes]]:
    """Run the court's connector as it is shipped, with one system more."""
    shipped = files("connectors").joinpath("court.toml").read_text(encoding="utf-8")
    keys = 'sources = ["//court/"]\n'
    config = bench.folder / "noisy-court.toml"
    config.write_text(shipped.replace(keys, keys + _SYSTEM, 1), encoding="utf-8")
    command = [sys.executable, "-m", "fajian", "connector", "court", "--config", str(config)]
    own = {**os.environ, **info.environment("court"), "FAJIAN_BENCH_KEY": QUIET_KEY}
    # As shipped: a stack on which counties are played would let through more than anybody sends.
    own["FAJIAN_COURT_EVENTS_PER_SECOND"] = str(HttpSource.model_fields["events_per_second"].default)
    with (bench.folder / "noisy-court.log").open("wb") as log:
        door = subprocess.Popen(command, env=own, stdout=log, stderr=log)
    try:
        yield door
    finally:
        door.terminate()
        door.wait(20)


def noisy(bench: Bench) -> Figure:
    info = bench.stack(PARTITIONS)
    port = info.http_ports["court"]
    rate = multiprocessing.get_context("spawn").Value("d", 0.0)
    with court_door(bench, info) as door:
        wait_until_open({"court-connector": f"http://127.0.0.1:{port}"})
        making = multiprocessing.get_context("spawn").Process(
            target=make_noise, args=(port, info.http_keys["court"], rate), daemon=True
        )
        making.start()
        try:
            return asyncio.run(_rounds(bench, port, rate, psutil.Process(door.pid)))
        finally:
            rate.value = -1
            making.join(10)


async def _rounds(bench: Bench, port: int, rate: "Synchronized[float]", door: psutil.Process) -> Figure:
    caller = Caller(port, QUIET_KEY, f"quiet-{os.getpid()}")
    await _paced(caller, 2, NORMAL_PER_SECOND)
    ratios, seen, rates = [], [], (0, NORMAL_PER_SECOND, NOISE * NORMAL_PER_SECOND)
    for _ in range(bench.rounds):
        took: dict[int, list[float]] = {each: [] for each in rates}
        busy = dict.fromkeys(rates, 0.0)
        for _ in range(bench.size(SLICES, 1)):
            for each in rates:
                rate.value = each
                await _paced(caller, SETTLE_SECONDS, NORMAL_PER_SECOND)
                before = door.cpu_times()
                took[each] += await _paced(caller, SLICE_SECONDS, NORMAL_PER_SECOND)
                after = door.cpu_times()
                busy[each] += after.user + after.system - before.user - before.system
        alone, normal, loud = (1000 * quantiles(took[each], n=100)[98] for each in rates)
        ratios.append(loud / normal)
        seconds = bench.size(SLICES, 1) * SLICE_SECONDS
        seen.append((alone, normal, loud, *(busy[each] / seconds for each in rates)))
    await caller.close()
    names = ("alone_p99_ms", "normal_p99_ms", "noisy_p99_ms", "alone_cpu", "normal_cpu", "noisy_cpu")
    detail = {
        name: round(median(values), 2) for name, values in zip(names, zip(*seen, strict=True), strict=True)
    }
    return median_of(
        ratios, **detail, quiet_statuses={str(status): count for status, count in caller.statuses.items()}
    )


MEASURES = (
    Measure(
        "connectors-noisy",
        f"p99 of a quiet system while another sends {NOISE} times the normal rate, against the normal rate",
        "×",
        noisy,
        floor=1.2,
        better="lower",
    ),
)
