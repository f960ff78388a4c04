"""Every rule of CloudEvents 1.0, its JSON format and its HTTP and Kafka bindings: what is good, what is not.

The bus asks for more than the specification does (`time`, `subject`, a source of a side, data in JSON). What
is good CloudEvents and no event of ours is read without loss, and refused with a pointer.
"""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from fajian.errors import WireError
from schemas.cloudevents import (
    Header,
    Raw,
    from_batch,
    from_http,
    from_kafka,
    from_structured,
    mode_of,
    raw_of,
    to_http,
    to_kafka,
    to_structured,
)
from schemas.envelope import is_json, read_attributes
from tests.intake_doubles import raw

GOOD: list[tuple[str, Any]] = [
    # core: id, any non-empty String
    ("id", "1"),
    ("id", "C234-1234-1234"),
    ("id", "a/b?c=d&e#f%"),
    ("id", "编号 一"),
    ("id", "\U0001f600"),
    # core: source, a non-empty URI-reference; here one with a side as its authority
    ("source", "//court/皖1324"),
    ("source", "//court/%E7%9A%961324"),
    ("source", "//procuratorate/a/b"),
    # core: type, any non-empty String, by convention reverse DNS
    ("type", "com.github.pull_request.opened"),
    ("type", "x"),
    # core: the subject, any non-empty String
    ("subject", "partnerid/5:clientid/100"),
    # core: time, RFC 3339
    ("time", "2018-04-05T17:31:00Z"),
    ("time", "2018-04-05t17:31:00z"),
    ("time", "2018-04-05T17:31:00.000000001+08:00"),
    ("time", "2018-04-05T17:31:00-00:00"),
    ("time", "2020-02-29T00:00:00+14:00"),
    # core: datacontenttype, RFC 2046; type, subtype and names of parameters in any case
    ("datacontenttype", "application/json"),
    ("datacontenttype", "Application/JSON; CharSet=UTF-8"),
    ("datacontenttype", 'application/json;charset="utf-8"'),
    ("datacontenttype", "application/json; profile=x"),
    ("datacontenttype", "text/json"),
    ("datacontenttype", "application/vnd.example+json"),
    # core: dataschema, an absolute URI
    ("dataschema", "urn:x:y"),
    ("dataschema", "https://example.org/schemas/1.json"),
    # core: extension attributes, names of a-z and 0-9, any String, empty ones too
    ("comexampleextension1", "value"),
    ("1st", "value"),
    ("a" * 20, "value"),
    ("partitionkey", "a b"),
    ("tracestate", "a=" + "x" * 510),
    ("empty", ""),
    ("blanks", " at both ends "),
    # the documented extensions that the bus reads itself
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("sequence", "0"),
]

BAD: list[tuple[str, str, str]] = [
    ("specversion", "", "specversion"),
    ("specversion", "0.3", "specversion"),
    ("specversion", "1.0.2", "specversion"),
    ("specversion", "1", "specversion"),
    ("specversion", "2.0", "specversion"),
    *((name, "", "attribute-value") for name in ("id", "source", "type", "subject", "dataschema")),
    # String: no control characters, no noncharacters
    *(("id", f"a{char}b", "attribute-value") for char in "\x00\x1f\x7f\x85\x9f\ufdd0\ufdef\ufffe\uffff"),
    ("id", "a\U0001fffe", "attribute-value"),
    ("subject", "a\U0010ffff", "attribute-value"),
    ("anyextension", "a\nb", "attribute-value"),
    ("anyextension", "a\ufffeb", "attribute-value"),
    # URI-reference: characters that no URI has
    *(("source", f"//court/a{char}", "attribute-value") for char in ' "<>\\^`{|}\t'),
    ("source", "/mycontext", "attribute-value"),  # good CloudEvents, but of no side
    ("source", "https://github.com/cloudevents", "attribute-value"),
    # URI: absolute, without blanks
    ("dataschema", "schemas/1.json", "attribute-value"),
    ("dataschema", "//host/1.json", "attribute-value"),
    ("dataschema", "1x:y", "attribute-value"),
    ("dataschema", "urn:a b", "attribute-value"),
    ("dataschema", "urn:\ufffe", "attribute-value"),
    # RFC 3339
    ("time", "", "time"),
    ("time", "2018-04-05", "time"),
    ("time", "2018-04-05 17:31:00Z", "time"),
    ("time", "2018-04-05T17:31Z", "time"),
    ("time", "2018-4-5T17:31:00Z", "time"),
    ("time", "2018-04-05T17:31:00+8:00", "time"),
    ("time", "2018-04-05T17:31:00.Z", "time"),
    ("time", "2018-02-30T17:31:00Z", "time"),
    ("time", "2018-04-05T24:00:00Z", "time"),
    ("time", "Thu, 05 Apr 2018 17:31:00 GMT", "time"),
    ("time", "1522949460", "time"),
    ("time", "2018-04-05T17:31:00", "time-zone"),
    # RFC 2046, and JSON only
    ("datacontenttype", "", "content-type"),
    ("datacontenttype", "json", "content-type"),
    ("datacontenttype", "/json", "content-type"),
    ("datacontenttype", "application/xml", "content-type"),
    ("datacontenttype", "application/jsonx", "content-type"),
    ("datacontenttype", "application/json; charset=gb18030", "content-type"),
    # names: a-z and 0-9, at least one, never `data`
    *(
        (name, "x", "attribute-name")
        for name in ("", "Ext", "my_ext", "my-ext", "m.e", "扩展", "a" * 65, "data")
    ),
]


def told(attributes: dict[str, str]) -> list[tuple[str, str]]:
    _, problems, _ = read_attributes(attributes)
    return [(problem.code, problem.pointer) for problem in problems]


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_what_the_specification_allows_is_taken(name: str, value: str) -> None:
    assert told(raw().attributes | {name: value}) == []


@pytest.mark.parametrize(("name", "value", "code"), BAD)
def test_what_the_specification_forbids_is_refused_with_its_place(name: str, value: str, code: str) -> None:
    assert told(raw().attributes | {name: value}) == [(code, f"/{name}")]


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "time", "subject"])
def test_an_attribute_that_is_missing_or_null_is_missed(name: str) -> None:
    document = to_structured(raw())

    assert told(raw_of({**document, name: None}).attributes) == [("attribute-missing", f"/{name}")]
    assert told(raw_of({key: document[key] for key in document if key != name}).attributes) == [
        ("attribute-missing", f"/{name}")
    ]


# --- the JSON format --------------------------------------------------------------------------------------

SAMPLE = {
    "specversion": "1.0",
    "type": "com.example.someevent",
    "source": "/mycontext",
    "id": "C234-1234-1234",
    "time": "2018-04-05T17:31:00Z",
}


@pytest.mark.parametrize(
    ("members", "attributes", "data"),
    [
        ({}, {}, b""),  # no data at all
        ({"subject": None, "unset": None, "data": {}}, {}, b"{}"),
        ({"data": None}, {}, b"null"),  # an explicit null is a payload
        ({"data": "I'm just a string"}, {}, b'"I\'m just a string"'),
        ({"data": '{"a": 1}'}, {}, b'"{\\"a\\": 1}"'),  # a string is never read as a document
        ({"data": 1.5}, {}, b"1.5"),
        ({"data": [True]}, {}, b"[true]"),
        (
            {"whole": 5, "least": -(2**31), "most": 2**31 - 1},
            {"whole": "5", "least": "-2147483648", "most": "2147483647"},
            b"",
        ),
        ({"yes": True, "no": False}, {"yes": "true", "no": "false"}, b""),
        (
            {"datacontenttype": "application/xml", "data": '<much wow="xml"/>'},
            {"datacontenttype": "application/xml"},
            b'<much wow="xml"/>',
        ),
        (
            {"datacontenttype": "image/png", "data_base64": "iVBORw=="},
            {"datacontenttype": "image/png"},
            b"\x89PNG",
        ),
        (
            {"datacontenttype": "application/json", "data_base64": "eyAieHl6IjogMTIzIH0="},
            {"datacontenttype": "application/json"},
            b'{ "xyz": 123 }',
        ),
        ({"data": 1, "data_base64": None}, {}, b"1"),
    ],
)
def test_structured_json_is_read_as_the_format_says(
    members: dict[str, Any], attributes: dict[str, str], data: bytes
) -> None:
    assert from_structured(orjson.dumps(SAMPLE | members)) == Raw({**SAMPLE, **attributes}, data)


@pytest.mark.parametrize(
    ("members", "code", "pointer"),
    [
        ({"ext": 1.5}, "attribute-value", "/ext"),
        ({"ext": 5.0}, "attribute-value", "/ext"),
        ({"ext": 2**31}, "attribute-value", "/ext"),
        ({"ext": -(2**31) - 1}, "attribute-value", "/ext"),
        ({"ext": {}}, "attribute-value", "/ext"),
        ({"ext": []}, "attribute-value", "/ext"),
        ({"data": 1, "data_base64": "e30=", "datacontenttype": "application/json"}, "json", "/data_base64"),
        ({"data_base64": "e30="}, "attribute-missing", "/datacontenttype"),  # nobody may guess
        ({"data_base64": "e30", "datacontenttype": "application/json"}, "encoding", "/data_base64"),
        ({"data_base64": "e3 0=", "datacontenttype": "application/json"}, "encoding", "/data_base64"),
        ({"data_base64": "_-8=", "datacontenttype": "application/json"}, "encoding", "/data_base64"),
        ({"data_base64": 7, "datacontenttype": "application/json"}, "encoding", "/data_base64"),
        ({"data": {"a": 1}, "datacontenttype": "application/xml"}, "content-type", "/data"),
    ],
)
def test_structured_json_that_breaks_the_format_is_refused(
    members: dict[str, Any], code: str, pointer: str
) -> None:
    with pytest.raises(WireError) as refused:
        from_structured(orjson.dumps(SAMPLE | members))

    assert (refused.value.code, refused.value.pointer) == (code, pointer)


def test_a_batch_may_be_empty_and_may_mix_kinds_of_data() -> None:
    first = {**SAMPLE, "datacontenttype": "application/vnd.apache.thrift.binary", "data_base64": "AAE="}
    second = {**SAMPLE, "datacontenttype": "application/json", "data": {"appinfoA": "abc"}}

    assert from_batch(b"[]") == []
    assert [each.data for each in from_batch(orjson.dumps([first, second])) if isinstance(each, Raw)] == [
        b"\x00\x01",
        b'{"appinfoA":"abc"}',
    ]


@pytest.mark.parametrize("content_type", ["application/xml", "application/octet-stream"])
def test_data_that_is_not_json_keeps_its_bytes_and_type_on_every_wire(content_type: str) -> None:
    sent = Raw({**SAMPLE, "datacontenttype": content_type}, b"<\xff>")

    assert from_kafka(*to_kafka(sent)) == sent
    assert from_http(*to_http(sent)) == sent
    assert raw_of(to_structured(sent)) == sent


# --- the HTTP binding -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "mode"),
    [
        ("application/cloudevents+json", "structured"),
        ("application/cloudevents+json; charset=utf-8", "structured"),
        ("APPLICATION/CLOUDEVENTS+JSON", "structured"),
        ("application/cloudevents+avro", "structured"),
        ("application/cloudevents", "structured"),
        ("application/cloudevents-batch+json", "batch"),
        ("application/cloudevents-batch+avro", "batch"),
        ("application/json", "binary"),
        ("text/plain", "binary"),
        ("", "binary"),
        (None, "binary"),
    ],
)
def test_the_prefix_of_the_content_type_announces_the_mode(content_type: str | None, mode: str) -> None:
    assert mode_of(content_type) == mode


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("Euro € 😀", b"Euro%20%E2%82%AC%20%F0%9F%98%80"),
        ("plain-._~!$&'()*+,;=:@/?#[]", b"plain-._~!$&'()*+,;=:@/?#[]"),
        ('"', b"%22"),
        ("%", b"%25"),
        ("%41", b"%2541"),  # encoded once, and decoded once
        ("~", b"~"),
        ("\x7f", b"%7F"),
        ("\x00", b"%00"),
        ("\u00a0", b"%C2%A0"),
    ],
)
def test_header_values_are_percent_encoded_and_read_back(text: str, header: bytes) -> None:
    headers, _ = to_http(Raw({"ext": text}, b"{}"))

    assert dict(headers)[b"ce-ext"] == header
    assert from_http(headers, b"{}").attributes["ext"] == text


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (b"%61%62c", "abc"),  # needlessly encoded
        (b"%e2%82%ac", "€"),  # lower case
        (b"%2541", "%41"),  # a single round
        (b'"a b"', "a b"),
        (b'"a \\"quoted\\" \\\\ b"', 'a "quoted" \\ b'),
        (b'"%20"', " "),  # unquoted first, then decoded
        (b'""', ""),
        (b"  x \t", "x"),
        (b"(no comment)", "(no comment)"),
        (b"a,b", "a,b"),
    ],
)
def test_header_values_of_other_writers_are_understood(header: bytes, text: str) -> None:
    assert from_http([(b"CE-EXT", header)], b"").attributes == {"ext": text}


@pytest.mark.parametrize(
    "header",
    [
        b"%C0%A0",  # an overlong blank
        b"%FF",
        b"%ED%A0%BD%ED%B8%80",  # two surrogates instead of one character
        b"%E2%82",  # a part of a character
        b"\xff",
    ],
)
def test_header_values_that_are_not_utf_8_are_refused(header: bytes) -> None:
    with pytest.raises(WireError) as refused:
        from_http([(b"ce-ext", header)], b"")

    assert (refused.value.code, refused.value.pointer) == ("encoding", "/ext")


@pytest.mark.parametrize(
    ("headers", "pointer"),
    [
        ([(b"ce-id", b"1"), (b"CE-ID", b"2")], "/id"),
        ([(b"content-type", b"application/json"), (b"Content-Type", b"text/plain")], "/datacontenttype"),
        ([(b"ce-datacontenttype", b"application/json")], "/datacontenttype"),  # must not be there
    ],
)
def test_http_headers_say_everything_once(headers: list[tuple[bytes, bytes]], pointer: str) -> None:
    with pytest.raises(WireError) as refused:
        from_http(headers, b"{}")

    assert (refused.value.code, refused.value.pointer) == ("header", pointer)


@pytest.mark.parametrize("name", [b"ce-", b"ce-my_ext", b"ce-data", b"ce-data_base64", b"ce-\xff"])
def test_http_headers_that_name_no_attribute_are_told(name: bytes) -> None:
    sent, body = to_http(raw())

    assert [code for code, _ in told(from_http([*sent, (name, b"x")], body).attributes)] == ["attribute-name"]


def test_an_injected_line_ends_as_a_refused_attribute_and_not_as_a_header() -> None:
    sent, body = to_http(raw())
    read = from_http([*sent, (b"ce-ext", b"a%0D%0Ace-id:%20forged")], body)

    assert read.attributes["id"] == raw().attributes["id"]
    assert told(read.attributes) == [("attribute-value", "/ext")]


# --- the Kafka binding ------------------------------------------------------------------------------------

BINARY: list[Header] = [(f"ce_{name}", value.encode()) for name, value in SAMPLE.items()]


@pytest.mark.parametrize(
    ("headers", "value", "read"),
    [
        (BINARY, None, Raw(SAMPLE, b"")),  # no data
        (BINARY, b"{}", Raw(SAMPLE, b"{}")),
        (
            [*BINARY, ("content-type", b"application/avro")],
            b"\x00",
            Raw({**SAMPLE, "datacontenttype": "application/avro"}, b"\x00"),
        ),
        (
            [*BINARY, ("Content-Type", b"application/json")],
            b"{}",
            Raw({**SAMPLE, "datacontenttype": "application/json"}, b"{}"),
        ),
        (
            [*BINARY, ("ce_datacontenttype", b"text/json"), ("content-type", b"text/json")],
            b"1",
            Raw({**SAMPLE, "datacontenttype": "text/json"}, b"1"),
        ),
        (
            [*BINARY, ("ce_datacontenttype", b"application/cloudevents+json")],
            orjson.dumps(SAMPLE),
            Raw({**SAMPLE, "datacontenttype": "application/cloudevents+json"}, orjson.dumps(SAMPLE)),
        ),
        (
            [*BINARY, ("ce_ext", "泗县 %20".encode())],
            b"",
            Raw({**SAMPLE, "ext": "泗县 %20"}, b""),
        ),  # not percent-encoded
        (
            [*BINARY, ("other", b"x"), ("CE_ID", b"x"), ("ce-id", b"x")],
            b"",
            Raw(SAMPLE, b""),
        ),  # no prefix of ours
        (
            [("content-type", b"application/cloudevents+json; charset=UTF-8")],
            orjson.dumps(SAMPLE),
            Raw(SAMPLE, b""),
        ),
        (
            [("content-type", b"Application/CloudEvents+JSON"), ("ce_id", b"forged")],
            orjson.dumps(SAMPLE),
            Raw(SAMPLE, b""),
        ),
    ],
)
def test_kafka_records_are_read_as_the_binding_says(
    headers: Sequence[Header], value: bytes | None, read: Raw
) -> None:
    assert from_kafka(headers, value) == read


@pytest.mark.parametrize(
    ("headers", "code", "pointer"),
    [
        ([*BINARY, ("ce_id", b"C234-1234-1234")], "header", "/id"),
        ([("content-type", b"text/json"), ("Content-Type", b"text/json")], "header", "/datacontenttype"),
        (
            [("ce_datacontenttype", b"text/json"), ("content-type", b"text/plain")],
            "header",
            "/datacontenttype",
        ),
        ([*BINARY, ("ce_ext", b"\xff")], "encoding", "/ext"),
        ([("content-type", b"\xff")], "encoding", "/datacontenttype"),
        ([("content-type", b"application/cloudevents+avro")], "content-type", "/datacontenttype"),
        ([("content-type", b"application/cloudevents")], "content-type", "/datacontenttype"),
        ([("content-type", b"application/cloudevents-batch+json")], "content-type", "/datacontenttype"),
        ([("content-type", b"application/cloudevents+json")], "empty", ""),
    ],
)
def test_kafka_records_that_break_the_binding_are_refused(
    headers: Sequence[Header], code: str, pointer: str
) -> None:
    with pytest.raises(WireError) as refused:
        from_kafka(headers, None)

    assert (refused.value.code, refused.value.pointer) == (code, pointer)


@pytest.mark.parametrize(
    "content_type", ["application/cloudevents+json", "application/cloudevents+avro", "application/json"]
)
def test_the_type_of_the_data_never_turns_a_record_into_another_mode(content_type: str) -> None:
    inner = orjson.dumps({**SAMPLE, "id": "forged"})
    headers, value = to_kafka(Raw({**SAMPLE, "datacontenttype": content_type}, inner))

    assert from_kafka(headers, value).attributes["id"] == SAMPLE["id"]


@pytest.mark.parametrize("content_type", ["application/json ; charset=utf-8 ;x=y", "a/b+json"])
def test_json_is_told_by_its_media_type(content_type: str) -> None:
    assert is_json(content_type)
