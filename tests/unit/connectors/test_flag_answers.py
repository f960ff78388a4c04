"""Answering a flag at the HTTP door: by its id alone, checked like every event, and the same twice."""

from typing import Any

import httpx
import orjson
import pytest

from connectors.projection import Projection, Row
from schemas.cloudevents import from_kafka, to_structured
from tests.connector_doubles import CASE, MemoryInbox, client

FLAG = "0f0f0f0f-0000-5000-8000-000000000000"


class OneFlag(Projection):
    """Knows one flag, and finds it by the beginning of its id, as the query does."""

    async def fetch(self, query: str, **values: object) -> list[Row]:
        row = {"flag_id": FLAG, "subject": CASE, "rule": "pay-out", "instance": "P-1"}
        return [row] if FLAG.startswith(str(values["flag"])) else []


async def post(what: str, said: Any, *, flag: str = FLAG, inbox: MemoryInbox | None = None) -> httpx.Response:
    body = said if isinstance(said, bytes) else orjson.dumps(said)
    async with client(inbox or MemoryInbox(), projection=OneFlag("")) as door:
        return await door.post(f"/v1/flags/{flag}/{what}", content=body)


def said_in(inbox: MemoryInbox) -> dict[str, Any]:
    [letter] = inbox.letters
    return to_structured(from_kafka(letter.headers, letter.value))


async def test_an_answer_becomes_the_event_that_says_so_with_rule_and_instance_of_the_flag() -> None:
    inbox = MemoryInbox()

    answer = await post("answer", {"answer": "met", "note": "已付", "evidence": ["e-1"]}, inbox=inbox)

    event = said_in(inbox)
    assert answer.status_code == 202
    assert answer.json()["accepted"][0]["id"] == event["id"]
    assert (event["type"], event["subject"]) == ("cn.fajian.mechanism.flag-answered.v1", CASE)
    assert event["data"] == {
        "flag_id": FLAG, "rule": "pay-out", "instance": "P-1", "answer": "met", "note": "已付",
        "evidence": ["e-1"],
    }  # fmt: skip


async def test_an_acknowledgement_needs_no_words() -> None:
    inbox = MemoryInbox()

    answer = await post("ack", b"", inbox=inbox)

    assert answer.status_code == 202
    assert said_in(inbox)["data"] == {"flag_id": FLAG}


async def test_a_request_with_id_and_time_is_the_same_event_each_time() -> None:
    first, again = MemoryInbox(), MemoryInbox()
    said = {"answer": "met", "id": "a-1", "time": "2022-05-20T10:00:00+08:00"}

    await post("answer", said, inbox=first)
    await post("answer", said, inbox=again)

    assert first.letters == again.letters


@pytest.mark.parametrize(
    ("what", "said", "status", "told"),
    [
        ("answer", {}, 422, "answer"),
        ("answer", {"answer": "perhaps"}, 422, "answer"),
        ("ack", {"answer": "met"}, 422, "answer"),
        ("answer", {"answer": "met", "flag_id": "x"}, 422, "got flag_id"),
        ("answer", {"answer": "met", "evidence": "e-1"}, 422, "evidence"),
        ("answer", [], 400, "expected a JSON object"),
        ("answer", b"{", 400, "JSON"),
        ("answer", {"answer": "met", "source": "//procuratorate/x"}, 403, "//court/"),
        ("answer", {"answer": "met", "id": 7}, 202, ""),
    ],
)
async def test_what_cannot_be_an_answer_is_refused_with_what_was_expected(
    what: str, said: Any, status: int, told: str
) -> None:
    answer = await post(what, said)

    assert answer.status_code == status, answer.text
    assert told in answer.text


@pytest.mark.parametrize("flag", ["0f0f", "unknown", "%00"])
async def test_only_a_whole_id_that_this_side_was_told_names_a_flag(flag: str) -> None:
    answer = await post("ack", {}, flag=flag)

    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (404, "no-flag")
