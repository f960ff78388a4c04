"""The HTTP source in front of the real Kafka."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from connectors.runtime import Connector
from fajian.local.stack import StackInfo, read_processes
from tests.connector_doubles import CASE, money_paid
from tests.connector_stack import config_of, read_at, running

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


async def post(
    stack: StackInfo, connector: Connector, document: Any, content_type: str, **headers: str
) -> httpx.Response:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    key = {"Authorization": f"Bearer {stack.http_keys['court']}", "Content-Type": content_type}
    async with httpx.AsyncClient(base_url=str(connector.url), timeout=30) as client:
        return await client.post("/v1/events", content=body, headers={**key, **headers})


async def test_an_event_of_each_mode_stands_in_the_inbox_when_202_comes(stack: StackInfo) -> None:
    ce = {"specversion": "1.0", "id": "b", "source": "//court/x", "subject": "agreement/a"}
    binary = {**ce, "type": money_paid()["type"], "time": money_paid()["time"], "subject": "money/a/b"}

    async with running(config_of(stack, "court")) as connector:
        one = await post(stack, connector, money_paid(), STRUCTURED)
        two = await post(stack, connector, [money_paid(id="1"), money_paid(id="2")], BATCH)
        three = await post(
            stack,
            connector,
            money_paid()["data"],
            "application/json",
            **{f"ce-{name}": value for name, value in binary.items()},
        )
    accepted = [item for answer in (one, two, three) for item in answer.json()["accepted"]]
    records = await read_at(stack, [item["inbox"] for item in accepted])

    assert [answer.status_code for answer in (one, two, three)] == [202, 202, 202]
    assert [dict(record.headers)["ce_id"] for record in records] == [b"e-1", b"1", b"2", b"b"]
    assert [record.key for record in records] == [CASE.encode()] * 3 + [b"money/a/b"]
    assert all(orjson.loads(record.value) == money_paid()["data"] for record in records)


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (b"{broken", 400),
        (money_paid(id=None), 400),
        (money_paid(type="nonsense"), 422),
        (money_paid(data={}), 422),
    ],
)
async def test_what_is_refused_is_kept_in_the_inbox_with_its_mark(
    stack: StackInfo, document: Any, status: int
) -> None:
    async with running(config_of(stack, "court")) as connector:
        answer = await post(stack, connector, document, STRUCTURED)
    [record] = await read_at(stack, [answer.json()["inbox"]])

    assert answer.status_code == status
    assert ("fajian_refused_at", b"http") in record.headers


async def test_a_broker_that_hangs_is_503_and_the_same_event_is_accepted_afterwards(stack: StackInfo) -> None:
    broker = next(each["pid"] for each in read_processes(Path(stack.data_dir)) if "kafka" in each["name"])

    async with running(config_of(stack, "court", kafka_timeout_seconds=1)) as connector:
        await post(stack, connector, money_paid(), STRUCTURED)
        os.kill(broker, signal.SIGSTOP)
        try:
            away = await post(stack, connector, money_paid(id="again"), STRUCTURED)
            is_ready = connector.health()["inbox-case-management"].is_ready
        finally:
            os.kill(broker, signal.SIGCONT)
        async with asyncio.timeout(30):
            while (
                back := await post(stack, connector, money_paid(id="again"), STRUCTURED)
            ).status_code == 503:
                pass

    assert (away.status_code, away.headers["retry-after"]) == (503, "5")
    assert not is_ready
    assert back.status_code == 202


async def test_a_door_without_kafka_behind_it_answers_503(stack: StackInfo) -> None:
    config = config_of(stack, "court")
    nowhere = config.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})

    async with running(config.model_copy(update={"kafka": nowhere, "sink": ()})) as connector:
        answer = await post(stack, connector, money_paid(), STRUCTURED)
        async with httpx.AsyncClient(base_url=str(connector.url)) as client:
            ready = await client.get("/readyz")
            alive = await client.get("/healthz")

    assert answer.status_code == 503
    assert (ready.status_code, ready.json()["parts"]["inbox"]["state"]) == (503, "waiting")
    assert alive.status_code == 200
