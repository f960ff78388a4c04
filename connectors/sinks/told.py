"""One record of the feed as the sinks hand it on, and the choice of records that a receiver wants."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import structlog

from connectors.metrics import Standing
from connectors.sink_config import Selection
from connectors.sinks.rows import Row, UnreadableError, feed_row
from fajian.core.ports import Record
from fajian.errors import WireError
from schemas.cloudevents import from_kafka, to_structured
from schemas.names import derived_id

log = structlog.get_logger(__name__)

HUB = "//hub/"  #: beginning of the sources whose ids are unique over all sources
POSTS = "posts"  #: the CloudEvents attribute that says whose turn it is


@dataclass(frozen=True)
class Told:
    """A fact, flag, lead or alert that this side was told."""

    message_id: str  #: the same for the same event, however often it comes
    subject: str
    kind: str
    type: str
    rule: str | None
    severity: str | None
    posts: tuple[str, ...]
    at: datetime
    event: dict[str, Any]  #: CloudEvents JSON
    partition: int
    offset: int

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = self.event["data"]
        return found

    @property
    def body(self) -> bytes:
        """The event as it goes out: the same bytes each time."""
        return orjson.dumps(self.event)


def told(record: Record) -> Told:
    """Read a record of the feed, or raise `UnreadableError`."""
    row = feed_row(record)
    try:
        return told_of(row)
    except (WireError, KeyError, ValueError) as error:
        raise UnreadableError(f"expected an event in binary mode with JSON, got {error!r}") from error


def read(records: Sequence[Record], selection: Selection, standing: Standing) -> Iterator[Told]:
    """Yield what is wanted. What cannot be read is counted and logged: the projection keeps it."""
    for record in records:
        try:
            found = told(record)
        except UnreadableError as error:
            standing.unreadable += 1
            place = f"{record.topic}/{record.partition}/{record.offset}"
            log.warning("record_unreadable", place=place, error=str(error))
            continue
        if is_wanted(selection, found):
            yield found


def told_of(row: Row) -> Told:
    """Read a row of the projection's feed; *envelope* and *body* are JSON text."""
    headers = [(name, value.encode()) for name, value in orjson.loads(row["envelope"]).items()]
    event = to_structured(from_kafka(headers, row["body"].encode()))
    severity = event["data"].get("severity")
    return Told(
        message_id=message_id(row["ce_source"], row["ce_id"], row["subject"]),
        subject=row["subject"],
        kind=row["kind"],
        type=row["type"],
        rule=row["rule"],
        severity=severity if isinstance(severity, str) else None,
        posts=posts_of(event),
        at=row["at"],
        event=event,
        partition=row["topic_partition"],
        offset=row["topic_offset"],
    )


def message_id(source: str, id_: str, subject: str) -> str:
    """Name a message: by the event's own id where the bus gave it, else by all that makes it the only one."""
    return id_ if source.startswith(HUB) else derived_id("message", source, id_, subject)


def posts_of(event: dict[str, Any]) -> tuple[str, ...]:
    """Return whose turn it is, by the routing of the bus."""
    return tuple(post for post in str(event.get(POSTS, "")).split(",") if post)


def is_wanted(selection: Selection, record: Told) -> bool:
    """Tell whether every filter of *selection* lets *record* pass."""
    return (
        (not selection.kinds or record.kind in selection.kinds)
        and (not selection.types or record.type in selection.types)
        and (not selection.rules or record.rule in selection.rules)
        and (not selection.severities or record.severity in selection.severities)
        and (not selection.posts or any(post in selection.posts for post in record.posts))
    )
