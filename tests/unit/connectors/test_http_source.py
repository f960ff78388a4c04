"""The HTTP source with an inbox in memory: what is accepted, what is refused, and how."""

import gzip
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import pytest

from tests.connector_doubles import CASE, KEY, MemoryInbox, client, money_paid
from tests.intake_doubles import InboxRecord, submit

STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


async def post(inbox: MemoryInbox, document: Any, headers: dict[str, str], **settings: Any) -> httpx.Response:
    async with client(inbox, **settings) as door:
        body = document if isinstance(document, bytes) else orjson.dumps(document)
        return await door.post("/v1/events", content=body, headers=headers)


async def test_a_structured_event_reaches_the_inbox_in_binary_mode() -> None:
    inbox = MemoryInbox()

    answer = await post(inbox, money_paid(), STRUCTURED)

    letter = inbox.letters[0]
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": [
            {
                "source": "//court/皖1324",
                "id": "e-1",
                "inbox": "court.inbox/0/0",
                "warnings": [],
                "receipt": f"/v1/receipts/{quote('//court/皖1324', safe='')}/e-1",
            }
        ]
    }
    assert letter.key == CASE.encode()
    assert dict(letter.headers)["ce_source"].decode() == "//court/皖1324"
    assert orjson.loads(letter.value) == {"payment_ref": "P-1", "amount": "100.00"}


async def test_all_spellings_of_a_case_number_keep_one_order() -> None:
    inbox = MemoryInbox()

    answer = await post(inbox, money_paid(subject="(2022)皖1324执123号"), STRUCTURED)

    assert answer.status_code == 202
    assert inbox.letters[0].key == CASE.encode()
    assert dict(inbox.letters[0].headers)["ce_subject"].decode() == "(2022)皖1324执123号"


async def test_a_binary_event_keeps_its_bytes() -> None:
    inbox = MemoryInbox()
    attributes = {name: value for name, value in money_paid().items() if name != "data"}
    headers = {f"ce-{name}": quote(value, safe="/:+") for name, value in attributes.items()}

    answer = await post(
        inbox,
        b'{ "payment_ref": "P-1", "amount": "100.00" }',
        {**headers, "Content-Type": "application/json"},
    )

    assert answer.status_code == 202
    assert inbox.letters[0].value == b'{ "payment_ref": "P-1", "amount": "100.00" }'
    assert dict(inbox.letters[0].headers)["ce_subject"].decode() == CASE


async def test_a_gzip_body_is_unpacked() -> None:
    inbox = MemoryInbox()

    answer = await post(
        inbox, gzip.compress(orjson.dumps(money_paid())), {**STRUCTURED, "Content-Encoding": "gzip"}
    )

    assert answer.status_code == 202


async def test_a_gzip_bomb_is_refused_before_it_is_unpacked() -> None:
    inbox = MemoryInbox()
    bomb = gzip.compress(b" " * 50_000_000)

    answer = await post(inbox, bomb, {**STRUCTURED, "Content-Encoding": "gzip"})

    assert answer.status_code == 413
    assert [len(letter.value or b"") for letter in inbox.letters] == [1024 * 1024 + 1]


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        (b"{broken", 400, "json", ""),
        (b'{"a": "\xff"}', 400, "encoding", ""),
        (b"\xef\xbb\xbf{}", 400, "encoding", ""),
        (b"[" * 3000 + b"]" * 3000, 400, "too-deep", ""),
        (b'{"id": "1", "id": "2"}', 400, "duplicate-key", "/id"),
        (b"", 400, "empty", ""),
        (b"[]", 400, "json", ""),  # a batch of nothing, in structured mode
        (orjson.dumps(money_paid(id=None)), 400, "attribute-missing", "/id"),
        (orjson.dumps(money_paid(specversion="0.3")), 400, "specversion", "/specversion"),
        (orjson.dumps(money_paid(type="cn.fajian.enforcement.money-payed.v1")), 422, "unknown-type", "/type"),
        (
            orjson.dumps(money_paid(type="cn.fajian.enforcement.money-paid.v9")),
            422,
            "unknown-version",
            "/type",
        ),
        (orjson.dumps(money_paid(time="2022-05-01T00:00:00")), 422, "time-zone", "/time"),
        (orjson.dumps(money_paid(time="2022-02-30T00:00:00+08:00")), 422, "time", "/time"),
        (orjson.dumps(money_paid(data={"payment_ref": "P"})), 422, "field-missing", "/data/amount"),
        (
            orjson.dumps(money_paid(data={"payment_ref": "P", "amount": "1.00", "payee": "x"})),
            422,
            "unknown-field",
            "/data/payee",
        ),
        (
            orjson.dumps(money_paid(data={"payment_ref": "P", "amount": 1.5})),
            422,
            "field-type",
            "/data/amount",
        ),
        (orjson.dumps(money_paid(submittedby="procuratorate")), 422, "attribute-reserved", "/submittedby"),
        (orjson.dumps(money_paid(source="//procuratorate/泗检")), 403, "wrong-source", "/source"),
        (orjson.dumps(money_paid(subject="（2022）皖1324执号")), 422, "case-number", "/subject"),
        (
            orjson.dumps(money_paid(subject="supervision/x", data={})),
            422,
            "field-missing",
            "/data/payment_ref",
        ),
        (
            orjson.dumps(
                money_paid(type="cn.fajian.supervision.suggestion-sent.v1", data={"suggestion_no": "1"})
            ),
            403,
            "not-authorised",
            "/type",
        ),
    ],
)
async def test_bad_input_is_answered_with_its_pointer_and_kept_marked(
    body: bytes, status: int, code: str, pointer: str
) -> None:
    inbox = MemoryInbox()

    answer = await post(inbox, body, STRUCTURED)

    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert problem["type"] == f"urn:fajian:problem:{code}"
    assert problem["problems"][0]["pointer"] == pointer
    assert ("fajian_refused_at", b"http") in inbox.letters[0].headers


async def test_a_system_may_not_speak_for_another_of_its_side_and_nothing_is_kept() -> None:
    inbox = MemoryInbox()
    keys = [{"system": "s", "key": KEY, "sources": ["//court/皖1302"]}]

    answer = await post(inbox, money_paid(), STRUCTURED, keys=keys)

    assert answer.status_code == 403
    assert answer.json()["problems"][0]["pointer"] == "/source"
    assert inbox.letters == []


async def test_a_broken_body_is_kept_as_it_came() -> None:
    inbox = MemoryInbox()

    await post(inbox, b"{broken", STRUCTURED)

    assert inbox.letters[0].value == b"{broken"


async def test_a_batch_of_good_and_bad_has_a_verdict_for_each() -> None:
    inbox = MemoryInbox()
    bad = money_paid(id="e-2", data={"payment_ref": "P"})

    answer = await post(inbox, [money_paid(), bad, 17, money_paid(id="e-3")], BATCH)

    verdict = answer.json()
    assert answer.status_code == 207
    assert [item["index"] for item in verdict["accepted"]] == [0, 3]
    assert [(item["index"], item["status"]) for item in verdict["refused"]] == [(1, 422), (2, 400)]
    assert verdict["refused"][0]["problems"][0]["pointer"] == "/1/data/amount"
    assert len(inbox.letters) == 4


async def test_a_good_batch_is_accepted_in_order() -> None:
    inbox = MemoryInbox()

    answer = await post(inbox, [money_paid(id=str(i)) for i in range(20)], BATCH)

    assert answer.status_code == 202
    assert [dict(letter.headers)["ce_id"] for letter in inbox.letters] == [str(i).encode() for i in range(20)]


async def test_an_empty_batch_is_taken_for_what_it_is() -> None:
    inbox = MemoryInbox()

    answer = await post(inbox, [], BATCH)

    assert (answer.status_code, answer.json(), inbox.letters) == (202, {"accepted": []}, [])


async def test_a_binary_event_need_not_name_the_type_of_its_data() -> None:
    inbox = MemoryInbox()
    event = money_paid()
    body = orjson.dumps(event.pop("data"))
    attributes = {f"ce-{name}": quote(value) for name, value in event.items()}

    async with client(inbox) as door:
        plain = await door.post("/v1/events", content=body, headers=attributes)
        nothing = await door.post("/v1/events", content=body)

    assert (plain.status_code, nothing.status_code) == (202, 415)
    assert len(inbox.letters) == 1


@pytest.mark.parametrize("content_type", ["application/xml", "application/cloudevents+json; charset=x"])
async def test_what_the_door_refuses_for_its_type_intake_refuses_too(content_type: str) -> None:
    inbox = MemoryInbox()
    good = orjson.dumps(money_paid()["data"]).decode()

    answer = await post(inbox, money_paid(datacontenttype=content_type, data=good), STRUCTURED)
    [letter] = inbox.letters

    assert answer.status_code == 422
    outputs = submit(InboxRecord(letter.value, list(letter.headers)))
    assert [output.topic for output in outputs] == ["court.dead", "court.receipts"]


async def test_a_batch_without_a_good_event_is_a_problem() -> None:
    answer = await post(MemoryInbox(), [money_paid(id=None)], BATCH)

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["refused"][0]["problems"][0]["pointer"] == "/0/id"


@pytest.mark.parametrize("headers", [STRUCTURED, BATCH])
async def test_a_kafka_that_is_away_is_told_with_a_time_to_come_again(headers: dict[str, str]) -> None:
    inbox = MemoryInbox()
    inbox.away = True

    answer = await post(inbox, money_paid() if headers is STRUCTURED else [money_paid()], headers)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("size", [1_000_000, 2_000_000])
async def test_an_event_above_the_limit_is_refused_and_its_beginning_kept(size: int) -> None:
    inbox = MemoryInbox()
    event = money_paid(data={"payment_ref": "P", "amount": "1.00", "note": "x" * size})

    answer = await post(inbox, event, STRUCTURED, max_event_bytes=900_000)

    assert answer.status_code == 413
    (letter,) = inbox.letters
    assert len(letter.value or b"") == 900_001
    assert ("fajian_refused_at", b"http") in letter.headers


async def test_an_oversized_event_in_binary_mode_keeps_its_name() -> None:
    inbox = MemoryInbox()
    attributes = {"ce-specversion": "1.0", "ce-id": "e-1", "ce-source": "//court/x", "ce-type": "t"}
    headers = {**attributes, "Content-Type": "application/json"}

    answer = await post(inbox, b"[" + b" " * 1_100_000 + b"]", headers)

    assert answer.status_code == 413
    (letter,) = inbox.letters
    assert ("ce_id", b"e-1") in letter.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/xml"},
        {"Content-Type": "application/cloudevents+xml"},
        {"Content-Type": "application/cloudevents+json; charset=gbk"},
        {**STRUCTURED, "Content-Encoding": "zstd"},
    ],
)
async def test_what_we_do_not_read_is_415(headers: dict[str, str]) -> None:
    answer = await post(MemoryInbox(), money_paid(), headers)

    assert answer.status_code == 415


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic YTpi"])
async def test_a_stranger_is_turned_away_and_nothing_is_kept(authorization: str) -> None:
    inbox = MemoryInbox()

    answer = await post(inbox, money_paid(), {**STRUCTURED, "Authorization": authorization})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert inbox.letters == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/events", 405),
        ("DELETE", "/healthz", 405),
        ("GET", "/nowhere", 404),
        ("GET", "/v1/receipts/x", 404),
    ],
)
async def test_other_methods_and_paths_are_problems_too(method: str, path: str, status: int) -> None:
    async with client(MemoryInbox()) as door:
        answer = await door.request(method, path)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize(
    "query",
    ["status=lost", "limit=100000", "since=2022-05-01", "colour=red", "after=-1", "id=", "id=%00",
     "subject=" + 257 * "x"],
)  # fmt: skip
async def test_a_filter_that_cannot_be_read_is_a_problem(query: str) -> None:
    async with client(MemoryInbox()) as door:
        answer = await door.get(f"/v1/receipts?{query}")

    assert answer.status_code == 400


async def test_a_fault_of_ours_says_so_and_accepts_nothing() -> None:
    class Broken(MemoryInbox):
        async def put(self, letters: Any) -> Any:
            raise RuntimeError("a bug")

    answer = await post(Broken(), money_paid(), STRUCTURED)

    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")


async def test_health_and_metrics_need_no_key() -> None:
    async with client(MemoryInbox()) as door:
        door.headers.pop("Authorization")
        answers = [await door.get(path) for path in ("/healthz", "/readyz", "/metrics")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
