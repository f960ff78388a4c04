"""The attributes of a CloudEvent, as this bus asks for them. No body is read here."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from schemas.fields import REF_PATTERN
from schemas.problems import Problem, pointer_to, shown

SPECVERSION: Final = "1.0"
JSON: Final = "application/json"
LONGEST: Final = 256  #: characters of an attribute that the bus knows
LONGEST_EXTENSION: Final = 1024  #: characters of any other: a `tracestate` alone may have 512
EARLIEST_YEAR: Final = 1900  #: an earlier time is the default value of some system
LATEST_YEAR: Final = 2199  #: likewise a later one; days that a body names end there too (`fields.Day`)

REQUIRED: Final = ("specversion", "id", "source", "type", "time", "subject")
OPTIONAL: Final = ("recordedtime", "correlationid", "causationid", "sequence", "traceparent")
#: Written by the bus alone. A side that could set them could forge when or where an event came in.
RESERVED: Final = ("submittedby", "inboxposition", "arrivedtime", "originid", "posts", "leadid")

_NAME = re.compile(r"[a-z0-9]{1,64}")
_CLEAN = re.compile(REF_PATTERN)
_SOURCE = re.compile(r"//[^\s/?#\"<>\\^`{|}]+/[^\s?#\"<>\\^`{|}]+")  # an IRI: the codes of courts are Chinese
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\"<>\\^`{|}]+")
#: What a CloudEvents String may not hold: control characters, and code points that are no characters.
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
    + "]"
)
_SEQUENCE = re.compile(r"[0-9]{1,18}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"(?P<zone>[Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?"
)


class Envelope(NamedTuple):
    """The checked attributes of one event. Times are RFC 3339 with an upper-case T and Z."""

    id: str
    source: str
    type: str
    time: str
    subject: str
    recordedtime: str | None = None
    correlationid: str | None = None
    causationid: str | None = None
    sequence: str | None = None
    traceparent: str | None = None
    extensions: tuple[tuple[str, str], ...] = ()  #: what else the submitter says, in the order of names

    @property
    def host(self) -> str:
        """The side that the source claims to be of: `court` of `//court/皖1324`."""
        return self.source[2:].partition("/")[0]

    @property
    def path(self) -> str:
        """The place within the side: `皖1324` of `//court/皖1324`."""
        return self.source[2:].partition("/")[2]

    def attributes(self) -> dict[str, str]:
        """Return the attributes in a fixed order, without those that are not there."""
        attributes = {
            "specversion": SPECVERSION,
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "time": self.time,
            "subject": self.subject,
        }
        for name in OPTIONAL:
            if (value := getattr(self, name)) is not None:
                attributes[name] = value
        attributes.update(self.extensions)
        return attributes


@lru_cache(maxsize=8192)  # facts known by their day share their instants
def instant(text: str) -> datetime:
    """Return the instant that an RFC 3339 text names. Raises `ValueError` with what is wrong."""
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(f"expected RFC 3339 such as 2022-04-15T00:00:00+08:00, got {shown(text)}")
    if match["zone"] is None:
        raise ValueError(f"expected a zone, such as +08:00 at the end, got {shown(text)}")
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise ValueError(f"expected a day that exists, got {shown(text)}: {error}") from error
    if not EARLIEST_YEAR <= found.year <= LATEST_YEAR:
        raise ValueError(f"expected a year from {EARLIEST_YEAR} to {LATEST_YEAR}, got {shown(text)}")
    return found


def read_attributes(attributes: Mapping[str, str]) -> tuple[Envelope | None, list[Problem], list[Problem]]:
    """Check *attributes*: the envelope, problems and warnings. With problems there is no envelope."""
    problems: list[Problem] = []
    extensions: list[tuple[str, str]] = []
    for name, value in attributes.items():
        check = _CHECKS.get(name, _check_extension)
        if (problem := check(name, value)) is not None:
            problems.append(problem)
        elif check is _check_extension or check is _check_schema:
            extensions.append((name, value))
    if not attributes.keys() >= _REQUIRED:
        missing = (name for name in REQUIRED if name not in attributes)
        problems += [
            Problem("attribute-missing", f"expected {name}, got none", f"/{name}") for name in missing
        ]
    if problems:
        return None, problems, []
    recorded = attributes.get("recordedtime")
    envelope = Envelope(
        attributes["id"],
        attributes["source"],
        attributes["type"],
        attributes["time"].upper(),
        attributes["subject"],
        recorded.upper() if recorded else None,
        attributes.get("correlationid"),
        attributes.get("causationid"),
        attributes.get("sequence"),
        attributes.get("traceparent"),
        tuple(sorted(extensions)),
    )
    warnings = [
        Problem("unknown-attribute", "not known to the bus, passed on as it is", f"/{name}")
        for name, _ in envelope.extensions
        if name != "dataschema"
    ]
    return envelope, [], warnings


def is_clean(text: str) -> bool:
    """Tell whether *text* can be an attribute: neither empty nor too long, and nothing unprintable in it."""
    return (
        0 < len(text) <= LONGEST
        and _CLEAN.fullmatch(text) is not None
        and (text.isascii() or _FORBIDDEN.search(text) is None)
    )


@lru_cache(maxsize=256)
def is_json(content_type: str) -> bool:
    """Tell whether *content_type* declares JSON in UTF-8: `*/json` or `*/*+json`, as CloudEvents has it."""
    media, *parameters = content_type.lower().split(";")
    kind, _, subtype = media.strip().partition("/")
    given = (parameter.partition("=") for parameter in parameters)
    charsets = [value.strip().strip('"') for name, _, value in given if name.strip() == "charset"]
    return bool(kind) and (subtype == "json" or subtype.endswith("+json")) and charsets in ([], ["utf-8"])


def _check_clean(name: str, value: str) -> Problem | None:
    if is_clean(value):
        return None
    return Problem(
        "attribute-value",
        f"expected 1 to {LONGEST} characters, none for control, no blank at either end, got {shown(value)}",
        f"/{name}",
    )


def _check_specversion(name: str, value: str) -> Problem | None:
    if value == SPECVERSION:
        return None
    return Problem("specversion", f"expected {SPECVERSION}, got {shown(value)}", f"/{name}")


def _check_source(name: str, value: str) -> Problem | None:
    if is_clean(value) and _SOURCE.fullmatch(value):
        return None
    return Problem(
        "attribute-value",
        f"expected //<side>/<place>, such as //court/皖1324, got {shown(value)}",
        f"/{name}",
    )


def _check_time(name: str, value: str) -> Problem | None:
    try:
        instant(value)
    except ValueError as error:
        why = str(error)
        return Problem("time-zone" if why.startswith("expected a zone") else "time", why, f"/{name}")
    return None


def _check_sequence(name: str, value: str) -> Problem | None:
    if _SEQUENCE.fullmatch(value):
        return None
    return Problem("attribute-value", f"expected a number of up to 18 digits, got {shown(value)}", f"/{name}")


def _check_content_type(name: str, value: str) -> Problem | None:
    if is_json(value):
        return None
    return Problem("content-type", f"expected {JSON}, got {shown(value)}", f"/{name}")


def _check_schema(name: str, value: str) -> Problem | None:
    if len(value) <= LONGEST_EXTENSION and _URI.fullmatch(value) and _FORBIDDEN.search(value) is None:
        return None
    return Problem("attribute-value", f"expected an absolute URI, got {shown(value)}", f"/{name}")


def _check_extension(name: str, value: str) -> Problem | None:
    if name in RESERVED:
        return Problem("attribute-reserved", f"expected no {name}: the bus writes it itself", f"/{name}")
    if _NAME.fullmatch(name) is None or name == "data":
        return Problem(
            "attribute-name",
            f"expected lower-case letters and digits, and not data, got {shown(name)}",
            pointer_to(name),
        )
    if len(value) <= LONGEST_EXTENSION and _FORBIDDEN.search(value) is None:
        return None
    return Problem(
        "attribute-value",
        f"expected at most {LONGEST_EXTENSION} characters, none for control, got {shown(value)}",
        f"/{name}",
    )


_REQUIRED = frozenset(REQUIRED)
_CHECKS: Final[Mapping[str, Callable[[str, str], Problem | None]]] = {
    "specversion": _check_specversion,
    "id": _check_clean,
    "source": _check_source,
    "type": _check_clean,
    "time": _check_time,
    "subject": _check_clean,
    "recordedtime": _check_time,
    "correlationid": _check_clean,
    "causationid": _check_clean,
    "sequence": _check_sequence,
    "traceparent": _check_clean,
    "datacontenttype": _check_content_type,
    "dataschema": _check_schema,
}
