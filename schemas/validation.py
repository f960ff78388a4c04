"""From raw event to event, or to the list of what is wrong with it. The same code at intake and offline."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fajian.errors import WireError
from schemas.cloudevents import Raw
from schemas.envelope import Envelope, read_attributes
from schemas.fields import AMOUNT_PATTERN, REF_PATTERN, TEXT_PATTERN
from schemas.names import VERSION, parse_ce_type
from schemas.problems import Problem, pointer_to, problem_of, shown
from schemas.registry import TYPES, EventType, find, suggest
from schemas.strict_json import loads

MAX_BYTES: Final = 1024 * 1024  #: of a whole event, attributes and data
DATA: Final = "data"


class Event(NamedTuple):
    """A checked event: the body is known to fit its model."""

    envelope: Envelope
    type: EventType
    body: Mapping[str, Any]
    data: bytes  #: the body in one spelling: keys in order, no blanks; equal facts have equal bytes


class Checked(NamedTuple):
    """What was read as far as it could be read; *event* is there when there is no problem."""

    event: Event | None
    problems: list[Problem]
    warnings: list[Problem]


def check(raw: Raw) -> Checked:
    """Check size, attributes, type and body, in this order. All problems of attributes and body are told."""
    if raw.size > MAX_BYTES:
        detail = f"expected at most {MAX_BYTES} bytes, got {raw.size}"
        return Checked(None, [Problem("too-large", detail)], [])
    envelope, problems, warnings = read_attributes(raw.attributes)
    known = TYPES.get(raw.attributes.get("type", ""))
    if known is None:
        if "type" in raw.attributes:
            problems.append(_unknown(raw.attributes["type"]))
        return Checked(None, problems, warnings)
    body, faults = read_body(known, raw.data)
    problems += faults
    if envelope is None or problems:
        return Checked(None, problems, warnings)
    data = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return Checked(Event(envelope, known, body, data), problems, warnings)


def read_body(known: EventType, data: bytes) -> tuple[dict[str, Any], list[Problem]]:
    """Read the body of an event of the type *known*."""
    try:
        body = loads(data, f"/{DATA}")
    except WireError as error:
        return {}, [problem_of(error)]
    try:
        known.model.model_validate_json(data)
    except ValidationError as error:
        return {}, [
            _problem(fault, known.model) for fault in error.errors(include_url=False, include_context=True)
        ]
    return body, []


def _unknown(text: str) -> Problem:
    name = parse_ce_type(text)
    same = TYPES.get(text.rpartition(".")[0] + f".{VERSION}") if name else None
    if name and same:
        return Problem("unknown-version", f"expected {same.ce_type}, got version {name.version}", "/type")
    by_name = find(text)
    hint = by_name.ce_type if by_name else suggest(text)
    expected = hint or "a type that `fajian schema` lists"
    return Problem("unknown-type", f"expected {expected}, got {shown(text)}", "/type")


_FORMS: Final[Mapping[str, str]] = {
    REF_PATTERN: "text without control characters, no blank at either end",
    TEXT_PATTERN: "text without control characters",
    AMOUNT_PATTERN: "a decimal number in quotes, at most two decimals",
}
_EXPECTED: Final[Mapping[str, str]] = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "string_type": "text",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "tuple_type": "a list",
    "date_form": "a day written YYYY-MM-DD",
    "date_parsing": "a day that exists, written YYYY-MM-DD",
    "date_from_datetime_parsing": "a day that exists, written YYYY-MM-DD",
}


def _problem(fault: ErrorDetails, model: type[BaseModel]) -> Problem:
    path, kind = fault["loc"], fault["type"]
    pointer = pointer_to(DATA, *path)
    if kind == "missing":
        return Problem("field-missing", f"expected {path[-1]}, got none; {_meaning(model, path)}", pointer)
    if kind == "extra_forbidden":
        known = ", ".join(sorted(model.model_fields))
        return Problem("unknown-field", f"expected one of {known}, got {shown(path[-1])}", pointer)
    code = "field-type" if kind.endswith("_type") else "field-value"
    detail = f"expected {_expected(fault)}, got {shown(fault['input'])}; {_meaning(model, path)}"
    return Problem(code, detail, pointer)


def _expected(fault: ErrorDetails) -> str:
    context = fault.get("ctx") or {}
    match fault["type"]:
        case "literal_error":
            return f"one of {context['expected']}"
        case "string_pattern_mismatch":
            return _FORMS.get(context["pattern"], f"text of the form {context['pattern']}")
        case "string_too_long" | "too_long":
            return f"a length of at most {context['max_length']}"
        case "string_too_short" | "too_short":
            return f"a length of at least {context['min_length']}"
        case "greater_than_equal":
            return f"at least {context['ge']}"
        case "less_than_equal":
            return f"at most {context['le']}"
        case kind:
            return _EXPECTED.get(kind, fault["msg"])


def _meaning(model: type[BaseModel], path: tuple[int | str, ...]) -> str:
    """Return what the schema says of the field at *path*, in Chinese and English."""
    field = model.model_fields.get(str(path[0])) if path else None
    if field is None:
        return f"{model.model_config.get('title')}"
    described = [
        field.description,
        *(getattr(part, "description", None) for part in _parts(field.annotation)),
    ]
    return next((text for text in described if text), str(path[0]))


def _parts(annotation: Any) -> list[Any]:
    """Return the metadata in *annotation* and in the members of a union."""
    found = list(getattr(annotation, "__metadata__", ()))
    for member in getattr(annotation, "__args__", ()):
        found += _parts(member)
    return found
