"""When the bus has come to rest: every agent has passed its topics, and both databases theirs."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from time import monotonic

import orjson
import psycopg

from fajian.local.stack import StackInfo
from schemas.topics import (
    CASE_EVENTS,
    CASE_STATE,
    DIGESTS,
    FLAGS,
    LEADS,
    PATTERNS,
    PROGRESS,
    SIDES,
    feed,
    inbox,
    receipts,
)
from tests.chaos.reading import Part, Reader

AGAIN_SECONDS = 1.0
SAY_EVERY_SECONDS = 10.0

#: agent -> what it reads
READS = {
    "intake": tuple(inbox(side) for side in SIDES),
    "casework": (CASE_EVENTS,),
    "routing": (FLAGS, LEADS),
    "patterns": (PATTERNS,),
    "sync-collect": (CASE_EVENTS, CASE_STATE),
    "sync-newest": (CASE_STATE,),
    "sync": (DIGESTS,),
}


async def wait_until_at_rest(
    reader: Reader, info: StackInfo, *, patience: float, say: Callable[[str], None]
) -> list[str]:
    """Return what still waits when nothing has moved for *patience* seconds; nothing when all is at rest."""
    stated, before = Stated(reader), 0
    moved = told = monotonic()
    while True:
        waiting = await asyncio.to_thread(lambda: [*_waiting(reader, stated, info)])
        count, now = sum(number for _, number in waiting), monotonic()
        if count != before:  # it may grow: a record leads to several
            before, moved = count, now
        if not waiting or now > moved + patience:
            return [f"{where}: {number}" for where, number in waiting]
        if now > told + SAY_EVERY_SECONDS:
            told = now
            say(f"  积压 / waiting: {count}, {waiting[0][0]}: {waiting[0][1]} …")
        await asyncio.sleep(AGAIN_SECONDS)


class Stated:
    """What agents have stated of their progress; read from where the last reading ended."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._next = 0
        self._last: dict[bytes | None, bytes | None] = {}

    def refresh(self) -> None:
        for records in self._reader.batches(Part(PROGRESS, 0), self._next):
            self._last |= {record.key: record.value for record in records}
            self._next = records[-1].offset + 1

    def acked(self, agent: str, topic: str, number: int) -> int:
        raw = self._last.get(f"{agent}/{topic}/{number}".encode())
        return int(orjson.loads(raw)["acked"]) if raw else 0


def _waiting(reader: Reader, stated: Stated, info: StackInfo) -> Iterator[tuple[str, int]]:
    """Yield who has how many records before them, where any are."""
    stated.refresh()
    for agent, topics in READS.items():
        for (topic, number), end in reader.ends(topics).items():
            acked = stated.acked(agent, topic, number)
            if acked < end:
                yield f"{agent} {topic}/{number}", end - acked
    for side, dsn in info.dsns.items():
        done = _projected(dsn)
        for (topic, number), end in reader.ends((feed(side), receipts(side), CASE_STATE)).items():
            if (came_to := done.get((topic, number), 0)) < end:
                yield f"{side} {topic}/{number}", end - came_to


def _projected(dsn: str) -> Mapping[tuple[str, int], int]:
    try:
        with psycopg.connect(dsn, connect_timeout=5) as opened:
            rows = opened.execute("SELECT topic, partition, next_offset FROM fajian.offsets").fetchall()
    except psycopg.Error:
        return {}
    return {(topic, partition): offset for topic, partition, offset in rows}
