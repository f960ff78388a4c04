"""One system at the door does not keep the others waiting: its rate, its turns, its own way to the inbox."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from connectors.source_config import ClientKey, HttpSource
from connectors.sources.http import build_app
from connectors.sources.problems import HttpProblem
from connectors.sources.rates import Rates, Sleep
from tests.connector_doubles import KEY, MemoryInbox, client, door_of, money_paid


async def test_a_system_that_brings_too_much_is_told_when_to_come_again_and_the_others_are_not() -> None:
    now = [0.0]
    other = {"system": "other", "key": "another key of sixteen characters", "sources": ["//court/"]}
    keys = [{"system": "s", "key": "a key of at least sixteen characters", "sources": ["//court/"]}, other]
    limits: dict[str, Any] = {"events_per_second": 2, "burst_events": 4, "keys": keys, "patience_seconds": 0}
    batch = orjson.dumps([money_paid(id=str(i)) for i in range(10)])  # on credit
    headers = {"Content-Type": "application/cloudevents-batch+json"}

    async with client(MemoryInbox(), clock=lambda: now[0], **limits) as door:
        first = await door.post("/v1/events", content=batch, headers=headers)
        second = await door.post("/v1/events", content=batch, headers=headers)
        key = {"Authorization": f"Bearer {other['key']}"}
        others = await door.post("/v1/events", content=batch, headers={**headers, **key})
        now[0] += int(second.headers["retry-after"])
        again = await door.post("/v1/events", content=batch, headers=headers)

    assert [answer.status_code for answer in (first, second, others, again)] == [202, 429, 202, 202]
    assert second.headers["retry-after"] == "4"
    assert second.headers["content-type"] == "application/problem+json"


async def test_beyond_its_rate_a_system_is_refused_before_its_body_is_read() -> None:
    async def body() -> AsyncIterator[bytes]:
        asked.append(True)
        yield orjson.dumps(money_paid(id="late"))

    asked: list[bool] = []
    headers = {"Content-Type": "application/cloudevents+json"}
    limits: dict[str, Any] = {"events_per_second": 1, "burst_events": 1, "patience_seconds": 0}
    async with client(MemoryInbox(), clock=lambda: 0.0, **limits) as door:
        first = await door.post("/v1/events", content=orjson.dumps(money_paid()), headers=headers)
        second = await door.post("/v1/events", content=body(), headers=headers)

    assert (first.status_code, second.status_code, asked) == (202, 429, [])


async def test_without_settings_no_system_may_flood_the_door() -> None:
    config = HttpSource(kind="http", port=0, keys=(ClientKey(system="s", sha256="0" * 64, sources=("//",)),))
    rates = Rates(config.model_copy(update={"patience_seconds": 0}), clock=lambda: 0.0)

    for _ in range(100):
        async with rates.let_in("s"):
            pass
    with pytest.raises(HttpProblem) as refused:
        async with rates.let_in("s"):
            pass

    assert (refused.value.status, config.events_per_second, config.patience_seconds) == (429, 100, 1)


def rates_of_one(*, sleep: Sleep, **limits: Any) -> Rates:
    key = ClientKey(system="s", sha256="0" * 64, sources=("//",))
    return Rates(HttpSource(kind="http", port=0, keys=(key,), **limits), clock=lambda: 0.0, sleep=sleep)


async def come(rates: Rates) -> str:
    try:
        async with rates.let_in("s"):
            return "in"
    except HttpProblem as refused:
        return f"{refused.status}"


async def test_beyond_its_rate_requests_of_a_system_come_in_one_after_the_other() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    rates = rates_of_one(sleep=sleep, events_per_second=4, burst_events=2, patience_seconds=1)
    came = [await come(rates) for _ in range(8)]

    assert slept == [0.25, 0.5, 0.75, 1.0, 1, 1]  # two are paid for, and of two it never is the turn
    assert came == ["in"] * 6 + ["429"] * 2


async def test_of_those_who_will_be_refused_no_more_are_held_than_may_be_under_way() -> None:
    let_go = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        await let_go.wait()

    rates = rates_of_one(sleep=sleep, events_per_second=0.1, burst_events=1, requests_at_once=2)
    assert await come(rates) == "in"
    first, second, third = (asyncio.create_task(come(rates)) for _ in range(3))
    assert await third == "429"
    assert [first.done(), second.done()] == [False, False]
    let_go.set()
    assert [await first, await second] == ["429", "429"]


async def test_a_large_batch_of_one_system_lets_a_request_of_another_pass() -> None:
    other = "another key of sixteen characters"
    keys = [{"system": key, "key": key, "sources": ["//court/"]} for key in (KEY, other)]
    batch = orjson.dumps([money_paid(id=str(i)) for i in range(1000)])
    ended: list[str] = []

    async with client(MemoryInbox(), keys=keys) as door:

        async def post(name: str, body: bytes, media: str, key: str) -> int:
            headers = {"Content-Type": f"application/{media}+json", "Authorization": f"Bearer {key}"}
            answer = await door.post("/v1/events", content=body, headers=headers)
            ended.append(name)
            return answer.status_code

        one = orjson.dumps(money_paid(id="one"))
        statuses = await asyncio.gather(
            post("batch", batch, "cloudevents-batch", KEY), post("one", one, "cloudevents", other)
        )

    assert (ended, list(statuses)) == (["one", "batch"], [202, 202])


async def test_each_system_has_its_own_way_to_the_inbox() -> None:
    shared, own = MemoryInbox(), MemoryInbox()
    config = HttpSource.model_validate(
        {"kind": "http", "port": 0, "keys": [{"system": "s", "key": KEY, "sources": ["//court/"]}]}
    )
    app = build_app(replace(door_of(config, shared), lanes={"s": own}))
    headers = {"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {KEY}"}

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://court.test") as door:
        answer = await door.post("/v1/events", content=orjson.dumps(money_paid()), headers=headers)

    assert (answer.status_code, len(own.letters), len(shared.letters)) == (202, 1, 0)


async def test_of_batches_on_credit_that_come_at_once_one_is_taken() -> None:
    batch = orjson.dumps([money_paid(id=str(i)) for i in range(100)])
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    limits: dict[str, Any] = {"events_per_second": 10, "burst_events": 20, "patience_seconds": 0}

    async with client(MemoryInbox(), clock=lambda: 0.0, **limits) as door:
        answers = await asyncio.gather(
            *(door.post("/v1/events", content=batch, headers=headers) for _ in range(5))
        )

    assert sorted(answer.status_code for answer in answers) == [202, 429, 429, 429, 429]
