"""Inbox records and submitted events for tests: one event of the court, changed as each test needs it."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from fajian.core.intake import Intake
from fajian.core.ports import Header, Output
from fajian.law.events import load_intake_law
from schemas.cloudevents import Raw, raw_of, to_kafka

NOON = 1_655_438_400_000  #: 2022-06-17T12:00:00+08:00, in milliseconds
CASE = "（2022）皖1324执123号"


@dataclass(frozen=True, slots=True)
class InboxRecord:
    value: bytes | None
    headers: list[Header] = field(default_factory=list)
    topic: str = "court.inbox"
    partition: int = 3
    offset: int = 1234
    timestamp: int = NOON
    key: bytes | None = b"as the client likes"


def event(**changes: Any) -> dict[str, Any]:
    """Return a structured event of the court; attributes given as None are left out."""
    told = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "//court/皖1324",
        "type": "cn.fajian.enforcement.money-paid.v1",
        "time": "2022-06-16T00:00:00+08:00",
        "subject": CASE,
        "data": {"payment_ref": "p-1", "amount": "12345.60"},
        **changes,
    }
    return {name: value for name, value in told.items() if value is not None}


def raw(**changes: Any) -> Raw:
    return raw_of(event(**changes))


def record(value: bytes | None = None, *, extra: tuple[Header, ...] = (), **changes: Any) -> InboxRecord:
    """Return the inbox record of an event; *value* replaces its bytes."""
    headers, data = to_kafka(raw(**changes))
    return InboxRecord(data if value is None else value, [*headers, *extra])


def submit(taken: InboxRecord, *, side: str = "court", simulated: bool = False) -> list[Output]:
    return Intake(load_intake_law(), simulated=simulated).submit(taken, side)


def headers_of(output: Output) -> dict[str, str]:
    return {name: value.decode("utf-8", "replace") for name, value in output.headers}


def body_of(output: Output) -> Any:
    return orjson.loads(output.value or b"null")
