"""CloudEvents on every wire, both ways."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fajian.errors import WireError
from schemas.cloudevents import (
    Raw,
    from_batch,
    from_http,
    from_kafka,
    from_structured,
    mode_of,
    raw_event,
    raw_of,
    to_http,
    to_kafka,
    to_structured,
)
from schemas.envelope import JSON, Envelope, read_attributes
from schemas.examples import examples
from schemas.registry import TYPES
from schemas.validation import check
from tests.intake_doubles import event, raw

EXAMPLES = [pytest.param(example, id=name) for name, example in examples().items()]

names = st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True).filter(
    lambda name: name not in ("data", "datacontenttype")
)
values = st.text(st.characters(codec="utf-8"), max_size=40)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(values, inner, max_size=3),
    max_leaves=8,
)
events = st.builds(
    lambda attributes, data: Raw({**attributes, "datacontenttype": JSON}, orjson.dumps(data)),
    st.dictionaries(names, values, max_size=6),
    documents,
)


@given(events)
def test_kafka_gives_back_what_it_took(sent: Raw) -> None:
    assert from_kafka(*to_kafka(sent)) == sent


@given(events)
def test_http_binary_gives_back_what_it_took(sent: Raw) -> None:
    headers, body = to_http(sent)

    assert from_http(headers, body) == sent
    assert all(0x21 <= byte < 0x7F and byte != 0x22 for _, value in headers for byte in value)


@given(events)
def test_structured_and_batch_give_back_what_they_took(sent: Raw) -> None:
    document = to_structured(sent)

    assert from_structured(orjson.dumps(document)) == sent
    assert from_batch(orjson.dumps([document, document])) == [sent, sent]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_example_of_every_type_is_the_same_event_on_every_wire(example: dict[str, Any]) -> None:
    first = check(raw_of(example))
    sent = raw_of(example)
    wires = [
        from_kafka(*to_kafka(sent)),
        from_http(*to_http(sent)),
        from_structured(orjson.dumps(to_structured(sent))),
        *from_batch(orjson.dumps([to_structured(sent)])),
    ]

    assert first.problems == []
    assert [check(wire) for wire in wires if isinstance(wire, Raw)] == [first] * 4
    assert first.event is not None
    assert first.event.type is TYPES[example["type"]]


def test_http_headers_are_percent_encoded_as_the_binding_says() -> None:
    headers, _ = to_http(raw(id='a "quoted" 100%'))

    assert dict(headers)[b"ce-id"] == b"a%20%22quoted%22%20100%25"
    assert dict(headers)[b"ce-source"] == b"//court/%E7%9A%961324"
    assert dict(headers)[b"content-type"] == b"application/json"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"plain", "plain"),
        (b"%E6%B3%97%e5%8e%bf", "泗县"),
        (b'"a \\"b\\" \\\\ %20c"', 'a "b" \\  c'),
        (b'"', '"'),
        (b" padded\t", "padded"),
        ("泗县".encode(), "泗县"),  # not as the binding says, but there is no doubt what is meant
        (b"100%", "100%"),
    ],
)
def test_http_header_values_are_unquoted_and_then_decoded_once(sent: bytes, read: str) -> None:
    assert from_http([(b"CE-Id", sent), (b"Accept", b"*/*")], b"{}").attributes == {"id": read}


@pytest.mark.parametrize(
    ("headers", "code", "pointer"),
    [
        ([(b"ce-id", b"%FF")], "encoding", "/id"),
        ([(b"ce-id", b"1"), (b"Ce-Id", b"1")], "header", "/id"),
    ],
)
def test_http_headers_that_cannot_be_read_are_refused(
    headers: list[tuple[bytes, bytes]], code: str, pointer: str
) -> None:
    with pytest.raises(WireError) as refused:
        from_http(headers, b"{}")

    assert (refused.value.code, refused.value.pointer) == (code, pointer)


@pytest.mark.parametrize(
    ("content_type", "mode"),
    [
        (None, "binary"),
        ("application/json", "binary"),
        ("application/cloudevents+json; charset=utf-8", "structured"),
        ("Application/CloudEvents-Batch+JSON", "batch"),
    ],
)
def test_the_content_type_announces_the_mode(content_type: str | None, mode: str) -> None:
    assert mode_of(content_type) == mode


def test_attributes_of_other_types_have_their_canonical_text() -> None:
    read = raw_of(event(sequence=17, urgent=True, nothing=None)).attributes

    assert (read["sequence"], read["urgent"]) == ("17", "true")
    assert "nothing" not in read


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        (b"[]", "json", ""),
        (b"7", "json", ""),
        (b"", "empty", ""),
        (b'{"id":1.5}', "attribute-value", "/id"),
        (b'{"id":2147483648}', "attribute-value", "/id"),
        (b'{"a/b":[]}', "attribute-value", "/a~1b"),
        (b'{"id":"1","data":{"amount":"1","amount":"2"}}', "duplicate-key", "/data/amount"),
    ],
)
def test_structured_events_that_cannot_be_read_are_refused(body: bytes, code: str, pointer: str) -> None:
    with pytest.raises(WireError) as refused:
        from_structured(body)

    assert (refused.value.code, refused.value.pointer) == (code, pointer)


def test_in_a_batch_only_the_bad_item_is_bad() -> None:
    good, bad, other = from_batch(orjson.dumps([event(), 7, event(id="e-2")]))

    assert isinstance(good, Raw)
    assert isinstance(bad, WireError)
    assert isinstance(other, Raw)
    with pytest.raises(WireError):
        from_batch(b"{}")


def test_an_envelope_gives_back_its_attributes() -> None:
    envelope, _, _ = read_attributes(raw(sequence="1", causationid="c", myown="x").attributes)

    assert envelope is not None
    again = raw_event(envelope, b"{}")
    assert read_attributes(again.attributes)[0] == envelope
    assert Envelope("1", "//court/皖1324", "t", "2022-04-15T00:00:00Z", "s").attributes() == {
        "specversion": "1.0",
        "id": "1",
        "source": "//court/皖1324",
        "type": "t",
        "time": "2022-04-15T00:00:00Z",
        "subject": "s",
    }
    assert (envelope.host, envelope.path) == ("court", "皖1324")
