"""From an HTTP request to submissions: CloudEvents 1.0, binary, structured or batched. Pure."""

from dataclasses import replace

from starlette.datastructures import Headers

from connectors.kafka import Letter
from connectors.source_config import HttpSource
from connectors.sources.problems import HttpProblem
from connectors.sources.submissions import (
    REFUSED_AT,
    Judge,
    Submission,
    from_document,
    judged,
    unreadable,
)
from fajian.errors import WireError
from schemas.cloudevents import BATCH, STRUCTURED, Mode, from_http, mode_of, to_kafka
from schemas.envelope import JSON
from schemas.strict_json import loads

ACCEPTED_MEDIA = {JSON: "binary", STRUCTURED: "structured", BATCH: "batch"}


def http_mode(headers: Headers) -> Mode:
    """Read the content mode from `Content-Type`, or raise `HttpProblem` 415."""
    media, _, parameters = headers.get("content-type", "").lower().partition(";")
    charset = parameters.replace(" ", "").removeprefix("charset=").strip('"')
    if media.strip() in ACCEPTED_MEDIA and charset in ("", "utf-8"):
        return mode_of(media)
    raise HttpProblem(
        415,
        "content-type",
        f"expected {', '.join(ACCEPTED_MEDIA)} in UTF-8, got {headers.get('content-type', 'none')[:80]!r}",
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
) -> list[Submission]:
    """Return the events of one request in their order, each judged; at least one."""
    try:
        if mode == "binary":
            return [judged(from_http(headers.raw, body), judge, door="http")]
        document = loads(body)
    except WireError as error:
        return [unreadable(body, headers.get("content-type", ""), error, door="http")]
    if mode == "structured":
        return [from_document(document, judge, door="http")]
    if not isinstance(document, list) or not document:
        wrong = WireError("expected a JSON array of at least one event", code="json", pointer="")
        return [unreadable(body, BATCH, wrong, door="http")]
    if len(document) > config.max_batch_events:
        raise HttpProblem(413, "too-large", f"expected at most {config.max_batch_events} events in a batch")
    return [from_document(item, judge, door="http") for item in document]
