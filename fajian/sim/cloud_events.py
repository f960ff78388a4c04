"""Structured CloudEvents, as the agencies' systems would write them into a file."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.registry import find


def structured(
    name: str,
    event_id: str,
    source: str,
    subject: str,
    at: datetime,
    recorded_at: datetime,
    data: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the event *name* of *at*, recorded at *recorded_at*."""
    found = find(name)
    if found is None:
        raise LookupError(f"expected the short name of an event type, got {name!r}")
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": found.ce_type,
        "time": at.isoformat(),
        "subject": subject,
        "recordedtime": recorded_at.isoformat(),
        "datacontenttype": "application/json",
        "data": dict(data),
    }
