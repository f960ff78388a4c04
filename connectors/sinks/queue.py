"""The delivery queue of one receiver, in the side's PostgreSQL: what is to go, what went, and the proof.

Taking over the feed is exactly once: rows and position move in one transaction. Sending is at least
once: a crash between a receiver's yes and its note repeats the message, under the same id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from connectors.projection import Row
from connectors.sinks.ladder import Outcome, Step
from connectors.sinks.told import Told
from connectors.sql import load_queries
from connectors.turns import slices
from schemas.names import derived_id

SCHEMA = "fajian_delivery"
SCRIPTS = "delivery"  #: its migrations, beside the projection's
QUERIES = load_queries("delivery.sql")

Connection = psycopg.AsyncConnection[Row]


@dataclass(frozen=True)
class Message:
    """One delivery that is due."""

    seq: int
    message_id: str
    subject: str
    body: bytes
    attempts: int  #: so far, all together
    rung: int  #: so far, since it was last sent on its way


@dataclass(frozen=True)
class Attempt:
    """One attempt to deliver, how it ended and what follows."""

    message: Message
    at: datetime
    took_ms: int
    outcome: Outcome
    step: Step

    def row(self) -> Row:
        return {
            "seq": self.message.seq,
            "number": self.message.attempts + 1,
            "rung": self.message.rung + 1,
            "at": self.at,
            "took_ms": self.took_ms,
            "status": self.outcome.status,
            "detail": self.outcome.detail or "delivered",
            "state": self.step.state,
            "next_at": self.step.next_at,
        }


class DeliveryQueue:
    """The rows of one receiver."""

    def __init__(self, opened: Connection, receiver: str) -> None:
        self._opened = opened
        self.receiver = receiver

    async def add(self, channel: str, *, now: datetime) -> None:
        await self._run("add_receiver", channel=channel, now=now)

    async def closed_because(self) -> str | None:
        """Return why the receiver gets nothing, or None while it is open."""
        [row] = await self._fetch("receiver")
        return None if row["state"] == "enabled" else row["reason"] or "disabled"

    async def positions(self, topic: str) -> Mapping[int, int]:
        rows = await self._fetch("positions", topic=topic)
        return {row["partition"]: row["next_offset"] for row in rows}

    async def begin(self, topic: str, started: Mapping[int, int]) -> None:
        """Note where the receiver begins, unless it has begun."""
        for partition, offset in sorted(started.items()):
            await self._run("begin_position", topic=topic, partition=partition, next=offset)

    async def take(
        self, topic: str, records: Sequence[Told], following: Mapping[int, int], *, now: datetime
    ) -> None:
        """Queue *records* and move on, both or neither."""
        rows = [
            {
                "receiver": self.receiver,
                "message_id": record.message_id,
                "subject": record.subject,
                "kind": record.kind,
                "type": record.type,
                "event": record.body.decode(),
                "place": f"{topic}/{record.partition}/{record.offset}",
                "now": now,
            }
            for record in records
        ]
        moves = [
            {"receiver": self.receiver, "topic": topic, "partition": partition, "next": offset}
            for partition, offset in sorted(following.items())
        ]
        async with self._opened.transaction(), self._opened.cursor() as cursor:
            async for some in slices(rows):
                await cursor.executemany(QUERIES["put"], some)
            await cursor.executemany(QUERIES["advance"], moves)

    async def due(self, *, limit: int, now: datetime, busy: Sequence[str] = ()) -> list[Message]:
        """Return what may go now, oldest first, but nothing of the subjects that are *busy*."""
        values = {"receiver": self.receiver, "limit": limit, "now": now, "busy": list(busy)}
        # Planned anew each time, for a queue as long as it is by now.
        found = await self._opened.execute(QUERIES["due"], values, prepare=False)
        return [_message(row) for row in await found.fetchall()]

    async def bundle(self, day: str, *, before: datetime) -> None:
        """Settle which messages belong to the digest of *day*: those queued *before*."""
        await self._run("bundle", day=day, before=before)

    async def next_bundle(self, *, limit: int, now: datetime) -> tuple[str, list[Message]]:
        """Return the day and the messages of the oldest digest that may go now."""
        rows = await self._fetch("next_bundle", limit=limit)
        if not rows or any(row["next_at"] > now for row in rows):
            return "", []
        return rows[0]["bundle"], [_message(row) for row in rows]

    async def note(self, attempts: Sequence[Attempt]) -> None:
        """Write attempts, what follows from them, and what the operators must know, in one transaction."""
        rows = [attempt.row() for attempt in attempts]
        alerts = [
            self._alert("failed", attempt.outcome.detail, attempt.at, attempt.message)
            for attempt in attempts
            if attempt.step.state == "failed"
        ]
        closing = next((attempt for attempt in attempts if attempt.outcome.closes), None)
        async with self._opened.transaction(), self._opened.cursor() as cursor:
            await cursor.executemany(QUERIES["note_attempt"], rows)
            await cursor.executemany(QUERIES["move"], rows)
            if closing is not None:
                why, at = closing.outcome.detail, closing.at
                await cursor.execute(
                    QUERIES["disable"], {"receiver": self.receiver, "reason": why, "now": at}
                )
                if cursor.rowcount:
                    alerts.append(self._alert("disabled", why, at, None))
            if alerts:
                await cursor.executemany(QUERIES["put_alert"], alerts)

    def _alert(self, kind: str, detail: str, at: datetime, message: Message | None) -> dict[str, Any]:
        cause = f"{message.message_id}/{message.attempts + 1}" if message else at.isoformat()
        return {
            "alert_id": derived_id("delivery-alert", self.receiver, kind, cause),
            "receiver": self.receiver,
            "kind": kind,
            "detail": detail,
            "delivery": message.seq if message else None,
            "at": at,
        }

    async def hasten(self, *, now: datetime) -> None:
        await self._run("hasten", now=now)

    async def counts(self) -> Row:
        [row] = await self._fetch("counts")
        return row

    async def clean(self, *, keep_days: int, now: datetime) -> None:
        await self._run("clean", before=now - timedelta(days=keep_days))

    async def _fetch(self, query: str, **values: object) -> list[Row]:
        found = await self._opened.execute(QUERIES[query], {"receiver": self.receiver, **values})
        return await found.fetchall()

    async def _run(self, query: str, **values: object) -> None:
        await self._opened.execute(QUERIES[query], {"receiver": self.receiver, **values})


def _message(row: Row) -> Message:
    body = row["event"].encode()
    return Message(row["seq"], row["message_id"], row["subject"], body, row["attempts"], row["rung"])
