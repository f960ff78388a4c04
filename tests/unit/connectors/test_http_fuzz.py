"""Whatever comes to the door: each answer is one that the OpenAPI document knows, none our fault."""

import gzip
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.envelope import LONGEST
from tests.connector_doubles import CASE, MemoryInbox, client, money_paid

MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_MEDIA = st.sampled_from(
    [
        "application/json",
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "application/cloudevents+json; charset=utf-8",
        "text/plain",
        "",
    ]
)


def _bytes(document: Any) -> bytes:
    try:
        return orjson.dumps(document)
    except (TypeError, orjson.JSONEncodeError):  # numbers and characters that no JSON has
        return repr(document).encode("utf-8", "surrogatepass")


@st.composite
def _events(draw: st.DrawFn) -> Any:
    """An event that is nearly good: some attribute or field is something else."""
    event = money_paid()
    for name in draw(st.lists(st.sampled_from([*event, "recordedtime", "X-y", "data_base64"]), max_size=3)):
        event[name] = draw(
            _JSON | st.sampled_from(["", " ", CASE, "9999-12-31T23:59:60Z", "//court/", "1e400"])
        )
    if draw(st.booleans()) and isinstance(event["data"], dict):
        event["data"][draw(st.sampled_from(["amount", "payment_ref", "note", "cases"]))] = draw(_JSON)
    return event


_BODIES = st.binary(max_size=200) | st.one_of(_JSON, _events(), st.lists(_events(), max_size=4)).map(_bytes)
_HEADERS = st.dictionaries(
    st.sampled_from(
        ["ce-id", "ce-source", "ce-type", "ce-time", "ce-subject", "ce-specversion", "ce-x", "ce-"]
    ),
    st.text(max_size=20).map(lambda text: quote(text))
    | st.sampled_from(["%ff", "%", '"', "\t", "1.0", "a, b"]),
    max_size=8,
)


async def _document(door: httpx.AsyncClient) -> Any:
    return (await door.get("/openapi.json")).json()


def _check(answer: httpx.Response, operation: Any) -> None:
    assert str(answer.status_code) in operation["responses"], answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    if answer.status_code in (429, 503):
        assert int(answer.headers["retry-after"]) > 0


@MANY
@given(body=_BODIES, media=_MEDIA, headers=_HEADERS, squeeze=st.sampled_from(["", "gzip", "gzip", "br"]))
async def test_no_submission_is_a_fault_of_ours(
    body: bytes, media: str, headers: dict[str, str], squeeze: str
) -> None:
    if squeeze == "gzip":
        body = gzip.compress(body)
    inbox = MemoryInbox()
    async with client(inbox, max_event_bytes=2000) as door:
        operation = (await _document(door))["paths"]["/v1/events"]["post"]

        answer = await door.post(
            "/v1/events",
            content=body,
            headers={**headers, "Content-Type": media, **({"Content-Encoding": squeeze} if squeeze else {})},
        )

    _check(answer, operation)
    good = [letter for letter in inbox.letters if not dict(letter.headers).get("fajian_refused_at")]
    assert len(good) == len(answer.json().get("accepted", []))


@MANY
@given(
    query=st.dictionaries(
        st.sampled_from(["source", "id", "status", "since", "after", "limit", "wait", "subject", "x"]),
        st.text(max_size=12)
        | st.sampled_from(["0", "recorded", "2022-05-01T00:00:00+08:00", "-1", "9" * 30, "²"]),
        max_size=3,
    ),
    path=st.lists(st.text(max_size=8).map(lambda text: quote(text, safe="")), max_size=3),
)
async def test_no_question_is_a_fault_of_ours(query: dict[str, str], path: list[str]) -> None:
    async with client(MemoryInbox()) as door:
        paths = (await _document(door))["paths"]

        listed = await door.get("/v1/receipts", params=query)
        single = await door.get("/v1/receipts/" + "/".join(path))

    _check(listed, paths["/v1/receipts"]["get"])
    _check(single, paths["/v1/receipts/{source}/{id}"]["get"])


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json"])
async def test_the_document_knows_every_page(path: str) -> None:
    async with client(MemoryInbox()) as door:
        document = await _document(door)
        answer = await door.get(path, headers={"Authorization": ""})

    assert str(answer.status_code) in document["paths"][path]["get"]["responses"]


async def test_the_document_states_the_length_of_headers_and_binary_mode_alone_holds_to_it() -> None:
    async with client(MemoryInbox()) as door:
        stated = (await _document(door))["paths"]["/v1/events"]["post"]["parameters"]
        event = money_paid()
        body = orjson.dumps(event.pop("data"))
        fits, too_long = ({**event, "correlationid": "c" * length} for length in (LONGEST, LONGEST + 1))
        in_binary_mode = [
            await door.post("/v1/events", content=body, headers=_as_headers(each))
            for each in (fits, too_long)
        ]
        structured = {"Content-Type": "application/cloudevents+json", "ce-correlationid": "c" * (LONGEST + 1)}
        elsewhere = await door.post("/v1/events", content=orjson.dumps(money_paid()), headers=structured)

    assert all(f"1 to {LONGEST} characters" in parameter["description"] for parameter in stated)
    assert [answer.status_code for answer in (*in_binary_mode, elsewhere)] == [202, 422, 202]


def _as_headers(attributes: dict[str, str]) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        **{f"ce-{name}": quote(text, safe=":/") for name, text in attributes.items()},
    }
