"""When the bus has come to rest: every agent has passed its topics, and both databases theirs."""

import asyncio
from collections.abc import Iterator, Mapping
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
from tests.chaos.reading import Reader

AGAIN_SECONDS = 1.0

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


async def wait_until_at_rest(reader: Reader, info: StackInfo, *, within: float) -> list[str]:
    """Return what still waits after *within* seconds; nothing when all has come to rest."""
    deadline = monotonic() + within
    while True:
        waiting = await asyncio.to_thread(lambda: [*_waiting(reader, info)])
        if not waiting or monotonic() > deadline:
            return waiting
        await asyncio.sleep(AGAIN_SECONDS)


def _waiting(reader: Reader, info: StackInfo) -> Iterator[str]:
    stated = {record.key: record.value for record in reader.records(PROGRESS)}
    for agent, topics in READS.items():
        for (topic, number), end in reader.ends(topics).items():
            raw = stated.get(f"{agent}/{topic}/{number}".encode())
            acked = orjson.loads(raw)["acked"] if raw else 0
            if acked < end:
                yield f"{agent} {topic}/{number}: {end - acked}"
    for side, dsn in info.dsns.items():
        done = _projected(dsn)
        for (topic, number), end in reader.ends((feed(side), receipts(side), CASE_STATE)).items():
            if done.get((topic, number), 0) < end:
                yield f"{side} {topic}/{number}: {end - done.get((topic, number), 0)}"


def _projected(dsn: str) -> Mapping[tuple[str, int], int]:
    try:
        with psycopg.connect(dsn, connect_timeout=5) as opened:
            rows = opened.execute("SELECT topic, partition, next_offset FROM fajian.offsets").fetchall()
    except psycopg.Error:
        return {}
    return {(topic, partition): offset for topic, partition, offset in rows}
