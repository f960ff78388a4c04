"""From what a system hands over to a record for the inbox. Pure.

What cannot be a CloudEvent becomes a submission all the same, with its problems and the bytes as they
came. The mark `fajian_refused_at` says which door has told the sender so already: such a record becomes
a dead letter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import orjson

from connectors.kafka import Letter
from fajian.core.intake import REFUSED_AT
from fajian.errors import WireError
from schemas.cloudevents import STRUCTURED, Raw, raw_of, to_kafka
from schemas.problems import Problem, capped, problem_of
from schemas.strict_json import loads

Door = Literal["http", "outbox", "files"]

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


def from_line(line: bytes, judge: Judge, *, door: Door) -> Submission:
    """Read one CloudEvents JSON object as it stands in a file."""
    try:
        document = loads(line)
    except WireError as error:
        return unreadable(line, STRUCTURED, error, door=door)
    return from_document(document, judge, door=door)


def from_document(document: Any, judge: Judge, *, door: Door) -> Submission:
    """Take in one event of structured JSON."""
    try:
        return judged(raw_of(document), judge, door=door)
    except WireError as error:
        source, id_ = _named(document, "source"), _named(document, "id")
        return unreadable(orjson.dumps(document), STRUCTURED, error, door=door, source=source, id_=id_)


def judged(raw: Raw, judge: Judge, *, door: Door) -> Submission:
    """Ask *judge*, and address the event to the inbox, marked if there are problems."""
    problems, warnings, canonical = judge(raw)
    headers, value = to_kafka(raw)
    subject = canonical or raw.attributes.get("subject")
    return Submission(
        letter=Letter(
            key=subject.encode() if subject else None,
            value=value,
            headers=(*headers, (REFUSED_AT, door.encode())) if problems else tuple(headers),
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


def unreadable(
    body: bytes,
    content_type: str,
    error: WireError,
    *,
    door: Door,
    source: str | None = None,
    id_: str | None = None,
) -> Submission:
    """Keep what is no event, for intake to bury it with its reasons."""
    headers = (("content-type", content_type.encode("latin-1", "replace")), (REFUSED_AT, door.encode()))
    return Submission(Letter(None, body, headers), source, id_, problems=[problem_of(error)], status=400)


def _named(document: Any, name: str) -> str | None:
    value = document.get(name) if isinstance(document, Mapping) else None
    return value if isinstance(value, str) else None
