"""CloudEvents 1.0 on the wire: Kafka binary mode, HTTP binary, structured and batch mode, both ways.

What is read here is a `Raw`: attributes as text and the bytes of the data. Whether they make sense is for
`schemas/validation.py`; only what cannot be read at all raises `WireError`.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote, unquote_to_bytes

import orjson

from fajian.errors import WireError
from schemas.envelope import JSON, Envelope, is_json
from schemas.problems import pointer_to, shown
from schemas.strict_json import loads

Header = tuple[str, bytes]
Mode = Literal["binary", "structured", "batch"]

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"

_KAFKA: Final = "ce_"
_HTTP: Final = b"ce-"
_CONTENT_TYPE: Final = "content-type"
_DATA_TYPE: Final = "datacontenttype"
_DATA: Final = "data"
_BASE64: Final = "data_base64"
#: Printable ASCII that the HTTP binding leaves alone: all but space, the double quote and the percent sign.
_UNTOUCHED: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


class Raw(NamedTuple):
    """One event as it came, unchecked."""

    attributes: dict[str, str]
    data: bytes

    @property
    def size(self) -> int:
        """Bytes of data and characters of attributes."""
        return len(self.data) + sum(map(len, self.attributes)) + sum(map(len, self.attributes.values()))


def from_kafka(headers: Sequence[Header], value: bytes | None) -> Raw:
    """Read a Kafka record, binary or structured. Only `ce_*` and `content-type` are read of its headers."""
    attributes: dict[str, str] = {}
    declared: str | None = None
    for name, content in headers:
        if name.startswith(_KAFKA):
            name = name[3:]
            _only_once(name, attributes)
            attributes[name] = _decoded(name, content)
        elif name.lower() == _CONTENT_TYPE:
            if declared is not None:
                raise _twice(_DATA_TYPE)
            declared = _decoded(_DATA_TYPE, content)
    match mode_of(declared):
        case "structured" if _media(declared) == STRUCTURED:
            return from_structured(value or b"")
        case "structured" | "batch":
            raise WireError(
                f"expected {STRUCTURED} or the type of the data, got {shown(declared)}",
                code="content-type",
                pointer=f"/{_DATA_TYPE}",
            )
    if declared is not None:
        if attributes.get(_DATA_TYPE, declared) != declared:  # some clients write it there as well
            raise _twice(_DATA_TYPE)
        attributes[_DATA_TYPE] = declared
    return Raw(attributes, value or b"")


def to_kafka(raw: Raw) -> tuple[list[Header], bytes]:
    """Return headers and value of the Kafka record, binary mode, in the order of the attributes."""
    return kafka_headers(raw.attributes), raw.data


def kafka_headers(attributes: Mapping[str, str]) -> list[Header]:
    """Return *attributes* as Kafka headers."""
    headers = [
        (f"{_KAFKA}{name}", value.encode()) for name, value in attributes.items() if name != _DATA_TYPE
    ]
    headers.append((_CONTENT_TYPE, _content_type(attributes).encode()))
    return headers


def _content_type(attributes: Mapping[str, str]) -> str:
    """Return the type of the data; never one that would announce another mode."""
    given = attributes.get(_DATA_TYPE, JSON)
    return JSON if is_json(given) or mode_of(given) != "binary" else given


def mode_of(content_type: str | None) -> Mode:
    """Return the mode that a content type announces."""
    media = _media(content_type)
    if media.startswith("application/cloudevents-batch"):
        return "batch"
    return "structured" if media.startswith("application/cloudevents") else "binary"


def _media(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


def from_http(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Raw:
    """Read an HTTP request in binary mode. *headers* are as the server has them: bytes, in any case."""
    attributes: dict[str, str] = {}
    for header, content in headers:
        header = header.lower()
        if header.startswith(_HTTP):
            name = header[3:].decode("ascii", "replace")
            content = unquote_to_bytes(_unquoted(content))
            if name == _DATA_TYPE:
                raise WireError(
                    f"expected content-type, got ce-{name}", code="header", pointer=f"/{_DATA_TYPE}"
                )
        elif header == b"content-type":
            name = _DATA_TYPE
        else:
            continue
        _only_once(name, attributes)
        attributes[name] = _decoded(name, content)
    return Raw(attributes, body)


def to_http(raw: Raw) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return headers and body of an HTTP request in binary mode."""
    headers = [
        (_HTTP + name.encode(), quote(value, safe=_UNTOUCHED).encode())
        for name, value in raw.attributes.items()
        if name != _DATA_TYPE
    ]
    headers.append((b"content-type", _content_type(raw.attributes).encode()))
    return headers, raw.data


def from_structured(body: bytes) -> Raw:
    """Read one CloudEvents JSON object."""
    return raw_of(loads(body))


def from_batch(body: bytes) -> list[Raw | WireError]:
    """Read a CloudEvents JSON array. An item that cannot be read stands as its error in its place."""
    items = loads(body)
    if not isinstance(items, list):
        raise WireError("expected a JSON array of events, got something else", code="json", pointer="")
    return [_item(item) for item in items]


def _item(item: Any) -> Raw | WireError:
    try:
        return raw_of(item)
    except WireError as error:
        return error


def raw_of(document: Any) -> Raw:
    """Take a CloudEvents JSON object apart."""
    if not isinstance(document, dict):
        raise WireError(f"expected a JSON object, got {shown(document)}", code="json", pointer="")
    attributes = {
        name: _text(name, value)
        for name, value in document.items()
        if name not in (_DATA, _BASE64) and value is not None
    }
    return Raw(attributes, _data(document, attributes.get(_DATA_TYPE)))


def _data(document: Mapping[str, Any], content_type: str | None) -> bytes:
    """Return the bytes of the data: what is not JSON is a string, or in Base64."""
    if document.get(_BASE64) is not None:
        if _DATA in document:
            raise WireError(
                f"expected {_DATA} or {_BASE64}, got both", code="json", pointer=pointer_to(_BASE64)
            )
        return _from_base64(document[_BASE64], content_type)
    if _DATA not in document:
        return b""
    data = document[_DATA]
    if content_type is None or is_json(content_type):
        return orjson.dumps(data)
    if not isinstance(data, str):
        raise WireError(
            f"expected text, for {_DATA_TYPE} is {shown(content_type)}, got {shown(data)}",
            code="content-type",
            pointer=pointer_to(_DATA),
        )
    return data.encode()


def _from_base64(text: Any, content_type: str | None) -> bytes:
    if content_type is None:  # nobody may guess that such data is JSON
        raise WireError(
            f"expected {_DATA_TYPE} beside {_BASE64}, got none",
            code="attribute-missing",
            pointer=pointer_to(_DATA_TYPE),
        )
    try:
        return b64decode(text, validate=True)
    except (TypeError, ValueError) as error:
        raise WireError(
            f"expected Base64, got {shown(text)}", code="encoding", pointer=pointer_to(_BASE64)
        ) from error


def to_structured(raw: Raw) -> dict[str, Any]:
    """Return the CloudEvents JSON object."""
    content_type = _content_type(raw.attributes)
    document = {**raw.attributes, _DATA_TYPE: content_type}
    if is_json(content_type):
        return {**document, _DATA: orjson.loads(raw.data)}
    return {**document, _BASE64: b64encode(raw.data).decode()}


def raw_event(envelope: Envelope, data: bytes) -> Raw:
    """Return an event of ours, ready for any wire."""
    return Raw(envelope.attributes(), data)


def _text(name: str, value: Any) -> str:
    """Return an attribute in the canonical text of its CloudEvents type."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() if -(2**31) <= value < 2**31:
            return str(value)
        case _:
            raise WireError(
                f"expected text, a whole number of 32 bits or true or false, got {shown(value)}",
                code="attribute-value",
                pointer=pointer_to(name),
            )


def _only_once(name: str, attributes: Mapping[str, str]) -> None:
    if name in attributes:
        raise _twice(name)


def _twice(name: str) -> WireError:
    return WireError(f"expected {name} once, it stands twice", code="header", pointer=pointer_to(name))


def _decoded(name: str, content: bytes | None) -> str:
    try:
        return (content or b"").decode()
    except UnicodeDecodeError as error:
        raise WireError(
            f"expected UTF-8, got {shown(content)}", code="encoding", pointer=pointer_to(name)
        ) from error


def _unquoted(content: bytes) -> bytes:
    """Take off the quotes of an RFC 9110 quoted string, which the binding allows around a value."""
    content = content.strip(b" \t")
    if len(content) < 2 or not (content.startswith(b'"') and content.endswith(b'"')):
        return content
    plain, escaped = bytearray(), False
    for byte in content[1:-1]:
        escaped = byte == ord("\\") and not escaped
        if not escaped:
            plain.append(byte)
    return bytes(plain)
