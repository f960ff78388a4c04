"""Three systems of a court that never stop: one speaks HTTP, one writes an outbox table, one drops files.

Each sends its events in order, begins again where it was not sure, and knows nothing of what is down.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from importlib.resources import files
from pathlib import Path
from time import monotonic
from typing import Any, cast

import httpx
import orjson
import psycopg

from fajian import clock
from fajian.local.stack import StackInfo

SUBJECTS = 50  #: that take turns; each then has `PER_SUBJECT` events
PER_SUBJECT = 8
AGAIN_SECONDS = 0.5
STRUCTURED = {"Content-Type": "application/cloudevents+json"}

Event = dict[str, Any]


class Producer:
    """Makes the events of one source at a steady rate, and counts those that were handed over for good."""

    def __init__(self, name: str, serials: Iterator[int], *, rate: float) -> None:
        self.name = name
        self.source = f"//court/{name}"
        self.made = 0
        self.handed_over = 0
        self._serials = serials
        self._rate = rate
        self._today = clock.now().date()
        self._cases: list[str] = []

    async def due(self, stop: asyncio.Event) -> AsyncIterator[list[Event]]:
        """Yield what has become due since the last time, until *stop*; then what is left."""
        begun = monotonic()
        while not stop.is_set():
            await asyncio.wait({asyncio.create_task(stop.wait())}, timeout=1 / max(1, self._rate))
            wanted = int((monotonic() - begun) * self._rate)
            yield [self._event() for _ in range(wanted - self.made)]

    def _event(self) -> Event:
        number, self.made = self.made, self.made + 1
        if number % (SUBJECTS * PER_SUBJECT) == 0:
            self._cases = [f"（{self._today.year}）皖1324执{next(self._serials)}号" for _ in range(SUBJECTS)]
        return {
            "specversion": "1.0",
            "id": f"{number:07}",
            "source": self.source,
            "type": "cn.fajian.enforcement.money-arrived.v1",
            "time": f"{self._today.isoformat()}T00:00:00+08:00",
            "subject": self._cases[number % SUBJECTS],
            "data": {"payment_ref": f"{self.name}-{number}", "amount": "100.00"},
        }


async def post(producer: Producer, stop: asyncio.Event, *, url: str, key: str) -> None:
    """Hand over by HTTP, one event after the other; what is not a 202 is sent again."""
    headers = {**STRUCTURED, "Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as door:
        async for events in producer.due(stop):
            for event in events:
                while (pause := await _post(door, event)) is not None:  # noqa: ASYNC110 - told to come again
                    await asyncio.sleep(pause)
                producer.handed_over += 1


async def _post(door: httpx.AsyncClient, event: Event) -> float | None:
    """Return after how many seconds to try again; None when the event was taken."""
    try:
        answer = await door.post("/v1/events", content=orjson.dumps(event))
    except httpx.TransportError:
        return AGAIN_SECONDS
    if answer.status_code == 202:
        return None
    if answer.status_code in (429, 503):
        return float(answer.headers["retry-after"])
    raise AssertionError(f"expected 202, 429 or 503, got {answer.status_code}: {answer.text}")


async def insert(producer: Producer, stop: asyncio.Event, *, dsn: str) -> None:
    """Hand over by committed rows of the outbox table; a commit that nobody confirmed is made again."""
    rows: list[Event] = []
    async for events in producer.due(stop):
        rows += events
        if rows and await _commit(dsn, rows):
            producer.handed_over += len(rows)
            rows = []
    while rows:
        if await _commit(dsn, rows):
            producer.handed_over += len(rows)
            return
        await asyncio.sleep(AGAIN_SECONDS)


async def _commit(dsn: str, rows: list[Event]) -> bool:
    values = [{**row, "data": orjson.dumps(row["data"]).decode()} for row in rows]
    try:
        async with await psycopg.AsyncConnection.connect(dsn, connect_timeout=5) as opened:
            await opened.cursor().executemany(
                "INSERT INTO fajian_outbox (id, source, type, subject, occurred_at, data) "
                "VALUES (%(id)s, %(source)s, %(type)s, %(subject)s, %(time)s, %(data)s::json) "
                "ON CONFLICT (source, id) DO NOTHING",
                values,
            )
    except psycopg.OperationalError:
        return False
    return True


async def make_outbox(dsn: str) -> None:
    sql = files("connectors.sql").joinpath("outbox.sql").read_text(encoding="utf-8")
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as opened:
        await opened.execute(cast("Any", sql))


async def drop(producer: Producer, stop: asyncio.Event, *, folder: Path) -> None:
    """Hand over by files of a second each, renamed when they are whole."""
    lines: list[bytes] = []
    numbers = itertools.count()
    written_at = monotonic()
    async for events in producer.due(stop):
        lines += [orjson.dumps(event) for event in events]
        if lines and (stop.is_set() or monotonic() - written_at >= 1):
            _write(folder / "inbox" / f"{next(numbers):07}.jsonl", lines)
            producer.handed_over += len(lines)
            lines, written_at = [], monotonic()
    if lines:
        _write(folder / "inbox" / f"{next(numbers):07}.jsonl", lines)
        producer.handed_over += len(lines)


def _write(path: Path, lines: list[bytes]) -> None:
    draft = path.with_suffix(".tmp")
    draft.write_bytes(b"\n".join(lines))
    draft.rename(path)


def producers(
    info: StackInfo, folder: Path, *, rate: float
) -> list[tuple[Producer, Callable[[asyncio.Event], Awaitable[None]]]]:
    """Return the three of them, each with what keeps it going until it is told to stop."""
    serials = itertools.count(1)
    http, outbox, dropped = (Producer(name, serials, rate=rate) for name in ("http", "outbox", "files"))
    url, key = f"http://127.0.0.1:{info.http_ports['court']}", info.http_keys["court"]
    return [
        (http, lambda stop: post(http, stop, url=url, key=key)),
        (outbox, lambda stop: insert(outbox, stop, dsn=info.dsns["court"])),
        (dropped, lambda stop: drop(dropped, stop, folder=folder)),
    ]
