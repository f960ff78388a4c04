"""From an HTTP request to submissions: CloudEvents 1.0, binary, structured or batched. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from starlette.datastructures import Headers

from connectors.kafka import Letter
from connectors.source_config import HttpSource
from connectors.sources.problems import HttpProblem
from connectors.sources.submissions import (
    Judge,
    Submission,
    from_document,
    judged,
    unreadable,
)
from fajian.core.intake import REFUSED_AT
from fajian.errors import WireError
from schemas.cloudevents import BATCH, STRUCTURED, Mode, from_http, mode_of, to_kafka
from schemas.envelope import JSON, is_json
from schemas.strict_json import loads

ACCEPTED_MEDIA = (JSON, STRUCTURED, BATCH)
_MARK = "ce-specversion"  #: a request with it is an event in binary mode, even if it does not name its type


def http_mode(headers: Headers) -> Mode:
    """Read the content mode from `Content-Type`, or raise `HttpProblem` 415."""
    given = headers.get("content-type", JSON if _MARK in headers else "")
    mode = mode_of(given)
    if is_json(given) and (mode == "binary" or given.partition(";")[0].strip().lower() in ACCEPTED_MEDIA):
        return mode
    raise HttpProblem(
        415,
        "content-type",
        f"expected {', '.join(ACCEPTED_MEDIA)} in UTF-8, got {given[:80]!r}",
        headers={"Accept-Post": ", ".join(ACCEPTED_MEDIA)},
    )


def oversized(mode: Mode, headers: Headers, begun: bytes, *, detail: str) -> Submission:
    """Keep the beginning of an event beyond the limit: intake refuses it for its size, and buries it."""
    error = WireError(detail, code="too-large", pointer="")
    kept = unreadable(begun, headers.get("content-type", ""), error, door="http")
    if mode != "binary":
        return kept
    try:
        raw = from_http(headers.raw, begun)
    except WireError:
        return kept
    named, _ = to_kafka(raw)
    letter = Letter(None, begun, (*named, (REFUSED_AT, b"http")))
    return replace(kept, letter=letter, source=raw.attributes.get("source"), id=raw.attributes.get("id"))


def take_apart(
    mode: Mode, headers: Headers, body: bytes, *, config: HttpSource, judge: Judge
) -> Iterable[Submission]:
    """Return the events of one request in order, each judged as it is asked for. A batch may hold none."""
    try:
        if mode == "binary":
            return [judged(from_http(headers.raw, body), judge, door="http")]
        document = loads(body)
    except WireError as error:
        return [unreadable(body, headers.get("content-type", ""), error, door="http")]
    if mode == "structured":
        return [from_document(document, judge, door="http")]
    if not isinstance(document, list):
        wrong = WireError("expected a JSON array of events", code="json", pointer="")
        return [unreadable(body, BATCH, wrong, door="http")]
    if len(document) > config.max_batch_events:
        raise HttpProblem(413, "too-large", f"expected at most {config.max_batch_events} events in a batch")
    return (from_document(item, judge, door="http") for item in document)
