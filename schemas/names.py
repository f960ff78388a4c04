"""How event types and derived events are named. Names are functions of what they name, never of luck."""

import re
from functools import lru_cache
from hashlib import sha1
from typing import NamedTuple
from uuid import UUID

#: Of every id that the bus derives. Changing it renames every derived event there is.
NAMESPACE = UUID("4602e8b2-d676-489c-9b5b-b7101dc7b501")

PREFIX = "cn.fajian"
VERSION = "v1"
FAMILIES = ("enforcement", "supervision", "mechanism", "clock", "flag", "lead", "receipt")

_SEPARATOR = "\x1f"
_SALT = NAMESPACE.bytes
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}  #: of RFC 9562
_HUMP = re.compile(r"(?<!^)(?=[A-Z])")
_CE_TYPE = re.compile(rf"{re.escape(PREFIX)}\.([a-z]+)\.([a-z]+(?:-[a-z]+)*)\.(v[1-9][0-9]*)")


class TypeName(NamedTuple):
    """A `ce_type` taken apart: `cn.fajian.enforcement.money-paid.v1` is MoneyPaid of enforcement, v1."""

    family: str
    short: str
    version: str


def derived_id(*parts: str) -> str:
    """Return the UUIDv5 of *parts* in `NAMESPACE`: the same cause always has the same id.

    Written out, because every event is named several times and `uuid.uuid5` takes four times as long.
    """
    text = sha1(_SALT + _SEPARATOR.join(parts).encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


@lru_cache(maxsize=512)
def ce_type(short: str, family: str) -> str:
    """Return the `ce_type` of the event type *short* of *family*."""
    return f"{PREFIX}.{family}.{_HUMP.sub('-', short).lower()}.{VERSION}"


@lru_cache(maxsize=512)
def parse_ce_type(text: str) -> TypeName | None:
    """Take a `ce_type` apart. None when it does not have the form of one of ours."""
    match = _CE_TYPE.fullmatch(text)
    if match is None:
        return None
    family, kebab, version = match.groups()
    return TypeName(family, "".join(word.capitalize() for word in kebab.split("-")), version)


def short_name(text: str) -> str:
    """Return the short name in a `ce_type` of ours, whatever its version; other text as it is."""
    name = parse_ce_type(text)
    return name.short if name else text
