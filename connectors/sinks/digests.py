"""What this side holds of a partition, as one number; and telling it to the bus (`StateDigest`).

The casework agent computes the same number from its own store. Where the two differ, one of the two
sides does not see what the ledger says.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from hashlib import blake2b
from typing import Any

import orjson
import psycopg

from connectors.config import ConnectorConfig
from connectors.kafka import Inbox, Letter
from connectors.sinks.rows import Row
from connectors.sql import load_queries
from fajian.clock import SHANGHAI
from fajian.errors import ConnectorError
from schemas.names import ce_type, derived_id

QUERIES = load_queries("sink.sql")


def digest_of(states: Iterable[tuple[str, str]]) -> int:
    """Return the sum over (subject, state); the order of subjects does not matter."""
    return sum(
        int.from_bytes(blake2b(f"{subject}\0{state}".encode(), digest_size=16).digest())
        for subject, state in states
    ) % (1 << 128)


async def take_digest(opened: psycopg.AsyncConnection[Any], marker: Row) -> bool:
    """Note the digest at *marker* in the open transaction; False if the states here are already younger.

    They are after a worker repeated its outputs: then there is nothing to compare, and the first digest
    of that day has been taken already.
    """
    ahead = await (await opened.execute(QUERIES["partition_is_ahead"], marker)).fetchone()
    if ahead is None or ahead["exists"]:
        return False
    total = count = 0
    async with opened.cursor(name="fajian_digest") as cursor:
        cursor.itersize = 2000
        await cursor.execute(QUERIES["partition_states"], marker)
        async for row in cursor:
            total += digest_of([(row["subject"], row["state"])])
            count += 1
    digest = f"{total % (1 << 128):032x}"
    await opened.execute(QUERIES["put_digest"], {**marker, "count": count, "digest": digest})
    return True


async def send_digests(opened: psycopg.AsyncConnection[Any], inbox: Inbox, config: ConnectorConfig) -> None:
    """Send what waits. A crash between sending and marking repeats letters with the same ids."""
    while rows := await (await opened.execute(QUERIES["digests_to_send"])).fetchall():
        for row, placed in zip(rows, await inbox.put([letter(row, config) for row in rows]), strict=True):
            if isinstance(placed, ConnectorError):
                raise placed
            await opened.execute(QUERIES["digest_sent"], row)


def letter(row: Row, config: ConnectorConfig) -> Letter:
    """Write the event. Its time is the end of the day that was closed: a repeat has the same bytes."""
    subject = f"agreement/{config.agreement}"
    day_end = datetime.combine(row["day"] + timedelta(days=1), time(), tzinfo=SHANGHAI)
    attributes = {
        "specversion": "1.0",
        "id": derived_id("state-digest", config.sender, str(row["partition"]), row["day"].isoformat()),
        "source": config.sender,
        "type": ce_type("StateDigest", "mechanism"),
        "time": day_end.isoformat(),
        "subject": subject,
        "recordedtime": day_end.isoformat(),
    }
    body = {
        "partition": row["partition"],
        "day": row["day"].isoformat(),
        "offset": row["offset"],
        "count": row["count"],
        "digest": row["digest"],
    }
    headers = tuple((f"ce_{name}", value.encode()) for name, value in attributes.items())
    return Letter(
        key=subject.encode(),
        value=orjson.dumps(body),
        headers=(*headers, ("content-type", b"application/json")),
    )
