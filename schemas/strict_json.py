"""JSON of which every reader understands the same: no key twice, no number cut, nested within reason."""

import json
from typing import Any, Final, NoReturn

import orjson

from fajian.errors import WireError
from schemas.problems import pointer_to, shown

MAX_DEPTH: Final = 32
_LEAST, _MOST, _DIGITS = -(2**63), 2**64 - 1, 20  #: whole numbers that are read without loss
_BOM: Final = b"\xef\xbb\xbf"


class _Pairs(list[tuple[str, Any]]):
    """An object as it was written, each key as often as it stood there."""


def loads(raw: bytes, base: str = "") -> Any:
    """Read *raw*. Raises `WireError` with a pointer below *base*."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        _explain(raw, error, base)
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise WireError(f"expected at most {MAX_DEPTH} levels, got more", code="too-deep", pointer=base)
    if orjson.dumps(value) != raw:
        # What comes back as it went in has lost nothing; only other spellings need the slow look.
        _look_closely(raw, base)
    return value


def _look_closely(raw: bytes, base: str) -> None:
    huge: list[str] = []

    def whole(digits: str) -> str:
        # Numbers stay text: they may have more digits than Python is willing to read.
        if len(digits) > _DIGITS or not _LEAST <= int(digits) <= _MOST:
            huge.append(digits)
        return digits

    written = json.loads(raw, object_pairs_hook=_Pairs, parse_int=whole, parse_float=str)
    if (twice := _twice(written, ())) is not None:
        raise WireError(
            f"expected every key once, {shown(twice[-1])} stands twice",
            code="duplicate-key",
            pointer=base + pointer_to(*twice),
        )
    if huge:
        raise WireError(
            f"expected whole numbers of 64 bits at most, got {shown(huge[0])}", code="json", pointer=base
        )


def _explain(raw: bytes, error: orjson.JSONDecodeError, base: str) -> NoReturn:
    code, why = "json", f"expected one JSON document, got a fault: {error}"
    if not raw.strip():
        code, why = "empty", "expected one JSON document, got nothing"
    elif raw.startswith(_BOM):
        code, why = "encoding", "expected UTF-8 without a byte order mark, got one"
    else:
        try:
            raw.decode()
        except UnicodeDecodeError as fault:
            code, why = "encoding", f"expected UTF-8, got byte {raw[fault.start]:#04x} at {fault.start}"
    if "depth" in str(error):
        code, why = "too-deep", f"expected at most {MAX_DEPTH} levels, got more"
    raise WireError(why, code=code, pointer=base) from error


def _depth(value: Any) -> int:
    depth, layer = 0, [value]
    while layer and depth <= MAX_DEPTH:
        containers = [item for item in layer if isinstance(item, dict | list)]
        depth += bool(containers)
        layer = [
            inner for item in containers for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return depth


def _twice(value: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
    """Return the path of the first key that stands twice."""
    if not isinstance(value, list):
        return None
    seen = set()
    named = value if isinstance(value, _Pairs) else enumerate(value)
    for name, inner in named:
        here = (*path, name)
        if name in seen:
            return here
        seen.add(name)
        if (found := _twice(inner, here)) is not None:
            return found
    return None
