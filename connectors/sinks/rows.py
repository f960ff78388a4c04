"""From a record of the bus to a row of the projection. Pure; what cannot be read raises `UnreadableError`."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import orjson

from fajian.clock import SHANGHAI
from fajian.core.ports import Record
from fajian.errors import ConnectorError
from schemas.names import parse_ce_type
from schemas.receipts import STATUSES

Row = dict[str, Any]

DIGEST_KEY = b"digest/"

#: families of `ce_type` that are not facts of the case
_KINDS = {"flag": "flag", "lead": "lead", "alert": "alert"}


UNKNOWN = "unknown"  #: where the submitted bytes could not be read

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  #: U+0000 as JSON writes it, not a backslash before u0000


class UnreadableError(ConnectorError):
    """This record is not what its topic promises; it is put aside."""


def is_digest_marker(record: Record) -> bool:
    """Tell the marker that follows a tick in `case.state` from a subject's state."""
    return record.key is not None and record.key.startswith(DIGEST_KEY)


def subject_row(record: Record) -> Row:
    """Read a state from `case.state`."""
    body, text = _body(record)
    headers = _headers(record)
    if record.key is None:
        raise UnreadableError("a state has its subject as key")
    return {
        "subject": record.key.decode(),
        "kind": _text(body, "kind") or "",
        "stage": _text(body, "stage"),
        "last_day": _day(body.get("last_day")),
        "ledger_partition": _number(headers, "ledgerpartition"),
        "ledger_offset": _number(headers, "ledgeroffset"),
        "state": text,
    }


def marker_of(record: Record) -> Row:
    """Read a digest marker: the partition, day and ledger offset at which to take our own digest."""
    body, _ = _body(record)
    try:
        return {
            "partition": int(body["partition"]),
            "day": date.fromisoformat(body["day"]),
            "offset": int(body["offset"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableError(f"digest marker: {error!r}") from error


def feed_row(record: Record) -> Row:
    """Read a fact, flag, lead or alert from `S.feed`."""
    body, text = _body(record)
    headers = _headers(record)
    name = parse_ce_type(_header(headers, "ce_type"))
    if name is None:
        raise UnreadableError("ce_type is not one of ours")
    at = _instant(_header(headers, "ce_time"))
    subject = record.key.decode() if record.key is not None else _header(headers, "ce_subject")
    return {
        "ce_source": _header(headers, "ce_source"),
        "ce_id": _header(headers, "ce_id"),
        "subject": subject,
        "kind": _KINDS.get(name.family, "fact"),
        "type": name.short,
        "matter": _text(body, "lead_id") or _text(body, "flag_id"),
        "rule": _text(body, "rule"),
        "instance": _text(body, "instance"),
        "trigger": _text(body, "trigger"),
        "due_day": _day(body.get("due_day")),
        "day": _day(body.get("on")) or at.astimezone(SHANGHAI).date(),
        "at": at,
        "ledger_partition": _number(headers, "ledgerpartition", default=None),
        "ledger_offset": _number(headers, "ledgeroffset", default=None),
        "envelope": orjson.dumps(headers).decode(),
        "body": text,
        "topic_partition": record.partition,
        "topic_offset": record.offset,
    }


def receipt_row(record: Record) -> Row:
    """Read a receipt from `S.receipts`."""
    body, _ = _body(record)
    headers = _headers(record)
    if _text(body, "status") not in STATUSES:
        raise UnreadableError(f"unknown status {body.get('status')!r}")
    position = f"{record.topic}/{record.partition}/{record.offset}"
    return {
        "receipt_id": headers.get("ce_id", position),
        "source": _text(body, "source") or UNKNOWN,
        "id": _text(body, "id") or UNKNOWN,
        "subject": _text(body, "subject"),
        "status": body["status"],
        "problems": orjson.dumps(body.get("problems") or []).decode(),
        "warnings": orjson.dumps(body.get("warnings") or []).decode(),
        "ledger": _text(body, "ledger"),
        "origin": _text(body, "origin"),
        "at": datetime.fromtimestamp(record.timestamp / 1000, tz=UTC),
        "topic_partition": record.partition,
        "topic_offset": record.offset,
    }


def _body(record: Record) -> tuple[Mapping[str, Any], str]:
    try:
        text = (record.value or b"").decode()
        body = orjson.loads(text)
    except ValueError as error:
        raise UnreadableError(f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise UnreadableError(f"expected a JSON object, got {type(body).__name__}")
    if _NUL.search(text):
        raise UnreadableError("PostgreSQL cannot hold the character U+0000")
    return body, text


def _headers(record: Record) -> dict[str, str]:
    try:
        headers = {name: value.decode() for name, value in record.headers}
        key = (record.key or b"").decode()
    except UnicodeDecodeError as error:
        raise UnreadableError(f"a header or the key is not UTF-8: {error}") from error
    if any("\0" in value for value in (*headers.values(), key)):
        raise UnreadableError("PostgreSQL cannot hold the character U+0000")
    return headers


def _header(headers: Mapping[str, str], name: str) -> str:
    try:
        return headers[name]
    except KeyError as error:
        raise UnreadableError(f"header {name} is missing") from error


_REQUIRED = object()


def _number(headers: Mapping[str, str], name: str, default: object = _REQUIRED) -> int | None:
    if name not in headers and default is None:
        return None
    try:
        return int(_header(headers, name))
    except ValueError as error:
        raise UnreadableError(f"header {name}: {error}") from error


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value if value is None or isinstance(value, str) else str(value)


def _day(value: object) -> date | None:
    """Return the day of a day or of an instant (periods in hours end at one)."""
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise UnreadableError(f"not a day: {value!r}") from error


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnreadableError(f"ce_time: {error}") from error
    if at.tzinfo is None:
        raise UnreadableError(f"ce_time has no zone: {text}")
    try:
        at.astimezone(SHANGHAI)
    except OverflowError as error:
        raise UnreadableError(f"ce_time has no day in Shanghai: {text}") from error
    return at
