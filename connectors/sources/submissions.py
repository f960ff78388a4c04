"""From an HTTP request to records for the inbox: CloudEvents 1.0, binary, structured or batched. Pure.

What cannot be a CloudEvent becomes a submission all the same, with its problems and the bytes as they
came. The mark `fajian_refused_at` tells intake that the client has been told so: such a record is a dead
letter, whatever else it might be taken for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from starlette.datastructures import Headers

from connectors.config import HttpSource
from connectors.kafka import Letter
from connectors.sources.problems import HttpProblem
from fajian.core.ports import Header
from fajian.errors import WireError
from schemas.cloudevents import BATCH, STRUCTURED, Mode, Raw, from_http, mode_of, raw_of, to_kafka
from schemas.envelope import JSON
from schemas.problems import Problem, capped, problem_of
from schemas.strict_json import loads

REFUSED_AT_HTTP: Header = ("fajian_refused_at", b"http")

_ACCEPTED_MEDIA = {JSON: "binary", STRUCTURED: "structured", BATCH: "batch"}

_STATUSES = (
    (413, {"too-large"}),
    (403, {"wrong-source", "not-authorised"}),
    (400, {"attribute-missing", "specversion", "json", "encoding", "empty", "too-deep", "duplicate-key"}),
)


class Verdict(NamedTuple):
    """What is wrong with an event, what is odd about it, and what it is about, if that can be told."""

    problems: Sequence[Problem]
    warnings: Sequence[Problem]
    subject: str | None = None  #: canonical: all spellings of one case keep one order


Judge = Callable[[Raw], Verdict]


@dataclass(frozen=True, eq=False)
class Submission:
    """One event as submitted: what goes to the inbox, and what is wrong with it."""

    letter: Letter
    source: str | None
    id: str | None
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    status: int = 202  #: what to answer once the inbox has it


def http_mode(headers: Headers) -> Mode:
    """Read the content mode from `Content-Type`, or raise `HttpProblem` 415."""
    media, _, parameters = headers.get("content-type", "").lower().partition(";")
    charset = parameters.replace(" ", "").removeprefix("charset=").strip('"')
    if media.strip() in _ACCEPTED_MEDIA and charset in ("", "utf-8"):
        return mode_of(media)
    raise HttpProblem(
        415,
        "content-type",
        f"expected {', '.join(_ACCEPTED_MEDIA)} in UTF-8, got {headers.get('content-type', 'none')[:80]!r}",
        headers={"Accept-Post": ", ".join(_ACCEPTED_MEDIA)},
    )


def take_apart(
    mode: Mode, headers: Headers, body: bytes, *, config: HttpSource, judge: Judge
) -> list[Submission]:
    """Return the events of one request in their order, each judged; at least one."""
    try:
        if mode == "binary":
            return [judged(from_http(headers.raw, body), judge)]
        document = loads(body)
    except WireError as error:
        return [_unreadable(body, headers.get("content-type", ""), error)]
    if mode == "structured":
        return [_item(document, judge)]
    if not isinstance(document, list) or not document:
        wrong = WireError("expected a JSON array of at least one event", code="json", pointer="")
        return [_unreadable(body, BATCH, wrong)]
    if len(document) > config.max_batch_events:
        raise HttpProblem(413, "too-large", f"expected at most {config.max_batch_events} events in a batch")
    return [_item(item, judge) for item in document]


def _item(document: Any, judge: Judge) -> Submission:
    try:
        return judged(raw_of(document), judge)
    except WireError as error:
        source, id_ = _named(document, "source"), _named(document, "id")
        return _unreadable(orjson.dumps(document), STRUCTURED, error, source=source, id_=id_)


def judged(raw: Raw, judge: Judge) -> Submission:
    """Ask *judge*, and address the event to the inbox, marked if there are problems."""
    problems, warnings, canonical = judge(raw)
    headers, value = to_kafka(raw)
    subject = canonical or raw.attributes.get("subject")
    return Submission(
        letter=Letter(
            key=subject.encode() if subject else None,
            value=value,
            headers=(*headers, REFUSED_AT_HTTP) if problems else tuple(headers),
        ),
        source=raw.attributes.get("source"),
        id=raw.attributes.get("id"),
        problems=capped(list(problems)),
        warnings=warnings,
        status=_status(problems),
    )


def _status(problems: Sequence[Problem]) -> int:
    """Tell what is no CloudEvent (400) from one whose content does not hold (422)."""
    codes = {problem.code for problem in problems}
    return next((status for status, given in _STATUSES if codes & given), 422) if codes else 202


def _unreadable(
    body: bytes, content_type: str, error: WireError, *, source: str | None = None, id_: str | None = None
) -> Submission:
    headers = (("content-type", content_type.encode("latin-1", "replace")), REFUSED_AT_HTTP)
    return Submission(Letter(None, body, headers), source, id_, problems=[problem_of(error)], status=400)


def _named(document: Any, name: str) -> str | None:
    value = document.get(name) if isinstance(document, Mapping) else None
    return value if isinstance(value, str) else None
