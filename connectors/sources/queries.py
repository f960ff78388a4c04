"""The filters of `GET /v1/receipts`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.sources.problems import HttpProblem
from schemas.envelope import LONGEST
from schemas.receipts import STATUSES

MOST_ROWS = 1000
LAST_POSITION = 2**53  #: that every reader of JSON can hold
LONGEST_WAIT_SECONDS = 20

_TEXTS = ("source", "id", "subject", "status")
_KNOWN = frozenset({*_TEXTS, "after", "limit", "since", "wait"})


def receipt_filters(query: Mapping[str, str], *, prefixes: Sequence[str]) -> dict[str, Any]:
    """Return the values of the query `receipts`; a filter that cannot be read is a 400 with its pointer."""
    for name in query:
        if name not in _KNOWN:
            raise _wrong(name, f"no such filter; there are {', '.join(sorted(_KNOWN))}")
    for name in _TEXTS:
        if name in query and not (0 < len(query[name]) <= LONGEST and "\0" not in query[name]):
            raise _wrong(name, f"expected 1 to {LONGEST} characters, none of them NUL")
    if query.get("status") not in (None, *STATUSES):
        raise _wrong("status", f"expected one of {', '.join(STATUSES)}")
    return {
        **{name: query.get(name) for name in _TEXTS},
        "after": _count(query, "after", 0, most=LAST_POSITION),
        "limit": _count(query, "limit", 100, most=MOST_ROWS),
        "wait_seconds": _count(query, "wait", 0, most=LONGEST_WAIT_SECONDS),
        "since": _instant(query.get("since")),
        "prefixes": list(prefixes),
    }


def _count(query: Mapping[str, str], name: str, default: int, *, most: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= most):
        raise _wrong(name, f"expected a number from 0 to {most}")
    return int(text)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        since = datetime.fromisoformat(text)
    except ValueError as error:
        raise _wrong("since", "expected an instant like 2022-04-20T00:00:00+08:00") from error
    if since.tzinfo is None:
        raise _wrong("since", "expected an instant with its zone, like 2022-04-20T00:00:00+08:00")
    return since


def _wrong(name: str, detail: str) -> HttpProblem:
    return HttpProblem(400, "wrong-filter", f"{name}: {detail}")
