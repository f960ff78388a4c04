"""The outbox source: events from the table `fajian_outbox` in an agency's own database.

Rows are published first and marked afterwards, in one transaction that also holds the subjects: a crash
at any point repeats rows under the same source and id, which the fold recognises. How order per subject
is kept by several relays is told in `connectors/sql/relay.sql`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import orjson
import psycopg
import structlog

from connectors.config import ConnectorConfig
from connectors.kafka import Inbox, Placed
from connectors.metrics import Metrics, PartHealth
from connectors.projection import Row, connection
from connectors.source_config import OutboxSource
from connectors.sources.receipts import Received, receipt_stream
from connectors.sources.submissions import Judge, Submission, Verdict, judged
from connectors.sql import load_queries
from connectors.turns import in_turns, slices
from fajian.errors import InboxRefusedError, PeerAwayError, SourceError, WireError
from schemas.cloudevents import Raw
from schemas.problems import Problem, problem_of
from schemas.registry import find
from schemas.strict_json import loads
from schemas.topics import receipts
from schemas.validation import MAX_BYTES

log = structlog.get_logger(__name__)

CHANNEL = "fajian_outbox"
CLEAN_SECONDS = 600.0
STAND_BY_SECONDS = 5.0

QUERIES = load_queries("relay.sql")

Connection = psycopg.AsyncConnection[Row]


@asynccontextmanager
async def opened_outbox(source: OutboxSource) -> AsyncIterator[Connection]:
    """Connect to the agency's database; what it refuses (no table, no right, a trigger) is for a person."""
    try:
        async with connection(source.dsn.get_secret_value(), schema=source.db_schema) as opened:
            yield opened
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        raise SourceError(
            f"{source.name}: expected the tables of outbox.sql in schema {source.db_schema}: {error}"
        ) from error
    except psycopg.DatabaseError as error:  # its first line; what follows may quote a row
        told = str(error).partition("\n")[0]
        raise SourceError(f"{source.name}: {type(error).__name__}: {told}") from error


class OutboxRelay:
    """Publishes what waits. Any number of them may work side by side."""

    def __init__(
        self, source: OutboxSource, *, inbox: Inbox, judge: Judge, metrics: Metrics, health: PartHealth
    ) -> None:
        self._source = source
        self._inbox = inbox
        self._judge = judge
        self._metrics = metrics
        self._health = health

    async def run(self) -> None:
        """Work until cancelled; `PeerAwayError` asks to be started again."""
        async with opened_outbox(self._source) as opened:
            await opened.execute(f"LISTEN {CHANNEL}")
            while True:
                published = await self.publish_some(opened)
                await self._count(opened)
                self._health.ready()
                if not published:
                    await _next_word(opened, self._source.poll_seconds)

    async def publish_some(self, opened: Connection) -> int:
        """Publish and mark one batch; return how many rows left the queue."""
        async with opened.transaction():
            rows = await self._take(opened)
            submissions = await in_turns(submission_of(row, self._judge) for row in rows)
            placed = await self._inbox.put([each.letter for each in submissions])
            done = [
                _mark(row, submission, place)
                for row, submission, place in zip(rows, submissions, placed, strict=True)
                if not isinstance(place, PeerAwayError)
            ]
            if done:
                async with opened.cursor() as cursor:
                    async for marks in slices(done):
                        await cursor.executemany(QUERIES["mark_published"], marks)
        for mark in done:
            self._metrics.events.labels(self._source.name, mark["verdict"]).inc()
        for place in placed:
            if isinstance(place, PeerAwayError):
                raise place
        return len(done)

    async def _take(self, opened: Connection) -> Sequence[Row]:
        """Return rows in order, of subjects that are ours until the transaction ends."""
        limit = {"limit": self._source.batch_rows}
        waiting = await (await opened.execute(QUERIES["subjects_waiting"], limit)).fetchall()
        subjects = {"subjects": [row["subject"] for row in waiting]}
        if not waiting:
            return ()
        ours = await (await opened.execute(QUERIES["own_subjects"], subjects)).fetchall()
        owned = {"subjects": [row["subject"] for row in ours], "most_bytes": MAX_BYTES}
        return await (await opened.execute(QUERIES["rows_waiting"], {**limit, **owned})).fetchall()

    async def _count(self, opened: Connection) -> None:
        [row] = await (await opened.execute(QUERIES["count_waiting"])).fetchall()
        self._metrics.waiting.labels(self._source.name).set(row["count"])


def submission_of(row: Row, judge: Judge) -> Submission:
    """Make an event of *row*. The same row gives the same bytes each time."""
    if row["data"] is None:
        wrong = Problem("too-large", f"expected at most {MAX_BYTES} bytes of data, got more", "/data")
        return _refused(row, b"{}", wrong)
    data = row["data"].encode()
    try:
        further = _further(row["attributes"])
    except WireError as error:
        return _refused(row, data, problem_of(error))
    return judged(Raw({**further, **_attributes(row)}, data), judge, door="outbox")


def _refused(row: Row, data: bytes, wrong: Problem) -> Submission:
    return judged(Raw(_attributes(row), data), lambda _: Verdict([wrong], []), door="outbox")


def _attributes(row: Row) -> dict[str, str]:
    known = find(row["type"])
    return {
        "specversion": "1.0",
        "id": row["id"],
        "source": row["source"],
        "type": known.ce_type if known else row["type"],
        "time": _instant(row["occurred_at"]),
        "subject": row["subject"],
        **({"recordedtime": _instant(row["recorded_at"])} if row["recorded_at"] is not None else {}),
    }


def _further(attributes: str | None) -> dict[str, str]:
    given = loads(attributes.encode(), "/attributes") if attributes else {}
    if not isinstance(given, dict):
        given = {"attributes": given}  # told as what it is: an attribute that nobody knows
    return {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in given.items()
    }


def _instant(text: str) -> str:
    """Write RFC 3339 of the text that the query made, eight hours ahead of UTC whatever the season."""
    return f"{text.removesuffix('.000000')}+08:00"


def _mark(row: Row, submission: Submission, placed: Placed) -> dict[str, Any]:
    problems = submission.problems
    if isinstance(placed, InboxRefusedError):
        problems = [Problem("too-large", str(placed))]
    return {
        "seq": row["seq"],
        "inbox": placed if isinstance(placed, str) else None,
        "state": "rejected" if problems else "published",
        "verdict": problems[0].code if problems else "accepted",
        "problems": _json(problems),
        "warnings": _json(submission.warnings),
    }


def _json(problems: Sequence[Problem]) -> str | None:
    # PostgreSQL's jsonb cannot hold the character U+0000
    told = [{name: text.replace("\0", "�") for name, text in each.as_dict().items()} for each in problems]
    return orjson.dumps(told).decode() if told else None


async def _next_word(opened: Connection, seconds: float) -> None:
    """Wait until somebody commits rows, at most so long."""
    async for _ in opened.notifies(timeout=seconds, stop_after=1):
        return


class OutboxReceipts:
    """Writes receipts back into the rows, and removes old rows. One of several relays does it at a time."""

    def __init__(self, config: ConnectorConfig, source: OutboxSource, *, health: PartHealth) -> None:
        self._config = config
        self._source = source
        self._topic = receipts(config.side)
        self._health = health
        self._cleaned_at = -CLEAN_SECONDS

    async def run(self) -> None:
        """Work until cancelled; `PeerAwayError` asks to be started again."""
        async with opened_outbox(self._source) as opened:
            while not await self._is_our_turn(opened):
                self._health.ready()
                await asyncio.sleep(STAND_BY_SECONDS)
            rows = await (await opened.execute(QUERIES["receipt_offsets"], {"topic": self._topic})).fetchall()
            offsets = {row["partition"]: row["next_offset"] for row in rows}
            name = f"fajian-{self._config.side}-{self._source.name}"
            async with receipt_stream(self._config, offsets, client_id=name) as stream:
                while True:
                    await self.apply(opened, await stream.next())
                    await self._clean(opened)
                    self._health.ready()

    async def _is_our_turn(self, opened: Connection) -> bool:
        [row] = await (await opened.execute(QUERIES["try_receipts"])).fetchall()
        return bool(row["ours"])

    async def apply(self, opened: Connection, received: Received) -> None:
        """Write *received* and how far it goes, together."""
        following = [
            {"topic": self._topic, "partition": partition, "next": offset}
            for partition, offset in sorted(received.following.items())
        ]
        if following:
            async with opened.transaction(), opened.cursor() as cursor:
                async for rows in slices(received.rows):
                    await cursor.executemany(QUERIES["put_receipt"], rows)
                await cursor.executemany(QUERIES["put_receipt_offset"], following)

    async def _clean(self, opened: Connection) -> None:
        if monotonic() - self._cleaned_at < CLEAN_SECONDS:
            return
        deleted = await opened.execute(QUERIES["clean"], {"keep_days": self._source.keep_days})
        if deleted.rowcount == 0:  # otherwise there may be more: next round
            self._cleaned_at = monotonic()
