"""JSON of which every reader understands the same."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fajian.errors import WireError
from schemas.strict_json import MAX_DEPTH, loads

documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(documents, st.booleans())
def test_what_json_can_say_is_read(document: Any, spaced: bool) -> None:
    raw = json.dumps(document, indent=1 if spaced else None).encode("utf-8", "surrogatepass")
    try:
        expected = orjson.loads(raw)
    except orjson.JSONDecodeError:  # lone surrogates, which text of Python may have
        with pytest.raises(WireError):
            loads(raw)
    else:
        assert loads(raw) == expected


@pytest.mark.parametrize(
    ("raw", "code", "pointer"),
    [
        (b"", "empty", "/data"),
        (b" \n", "empty", "/data"),
        (b'{"a":', "json", "/data"),
        (b"{'a':1}", "json", "/data"),
        (b'{"a":1,}', "json", "/data"),
        (b"{} {}", "json", "/data"),
        (b"NaN", "json", "/data"),
        (b'{"a":-Infinity}', "json", "/data"),
        (b'{"a":1e999}', "json", "/data"),
        (b'{"a":"\\ud800"}', "json", "/data"),
        (b'{"a":"\xed\xa0\x80"}', "encoding", "/data"),
        ('{"a":"泗"}'.encode("gb18030"), "encoding", "/data"),
        (b"\xef\xbb\xbf{}", "encoding", "/data"),
        (b'{"a":1,"a":1}', "duplicate-key", "/data/a"),
        (b'{"a":[0,{"b/~":{"c":1,"c":2}}]}', "duplicate-key", "/data/a/1/b~1~0/c"),
        (b'{"a":1, "\\u0061":2}', "duplicate-key", "/data/a"),
        (b'{"n":' + b"9" * 300 + b',"n":1}', "duplicate-key", "/data/n"),
        (b'{"n":18446744073709551616}', "json", "/data"),  # a reader of doubles would make another of it
        (b'{"n":-9223372036854775809}', "json", "/data"),
        (b'{"n":' + b"9" * 5000 + b"}", "json", "/data"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "too-deep", "/data"),
        (b"[" * 100_000, "too-deep", "/data"),
    ],
)
def test_what_readers_could_understand_differently_is_refused(raw: bytes, code: str, pointer: str) -> None:
    with pytest.raises(WireError) as refused:
        loads(raw, "/data")

    assert (refused.value.code, refused.value.pointer) == (code, pointer)


def test_many_levels_side_by_side_are_not_deep() -> None:
    assert loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert len(loads(b"[" + b"[],{}," * 100 + b"[]]")) == 201
