"""Receipts: from the bus through the side's own database to its systems."""

import asyncio
import os
import signal
import sys
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import psycopg
import pytest

from connectors.config import ConnectorConfig
from connectors.runtime import Connector
from fajian.errors import PeerAwayError
from fajian.local.stack import StackInfo
from tests.connector_doubles import money_paid
from tests.connector_stack import config_of, hub, rows_of, running

SOURCE = "//court/x"


def systems(stack: StackInfo, connector: Connector, side: str = "court") -> httpx.AsyncClient:
    key = {"Authorization": f"Bearer {stack.http_keys[side]}"}
    return httpx.AsyncClient(base_url=str(connector.url), headers=key, timeout=30)


async def test_a_receipt_is_found_by_source_and_id_with_its_history(stack: StackInfo) -> None:
    async with hub(stack) as bus, running(config_of(stack, "court")) as connector:
        await bus.receipt("court", "a/b 中", "accepted", origin="court.inbox/0/0")
        await bus.receipt("court", "a/b 中", "recorded", ledger="case.events/0/1")
        async with systems(stack, connector) as client, asyncio.timeout(30):
            path = f"/v1/receipts/{quote(SOURCE, safe='')}/{quote('a/b 中', safe='')}"
            while (found := await client.get(path)).status_code != 200 or len(found.json()["history"]) < 2:
                pass
            unknown = await client.get(f"/v1/receipts/{quote(SOURCE, safe='')}/never")
            unspeakable = await client.get(f"/v1/receipts/{quote(SOURCE, safe='')}/a%00b")
            foreign = await client.get(f"/v1/receipts/{quote('//procuratorate/泗检', safe='')}/x")

    assert (found.json()["status"], found.json()["ledger"]) == ("recorded", "case.events/0/1")
    assert [row["status"] for row in found.json()["history"]] == ["accepted", "recorded"]
    assert (unknown.status_code, unspeakable.status_code, foreign.status_code) == (404, 404, 403)


async def test_whoever_waits_for_receipts_gets_them_as_they_come(stack: StackInfo) -> None:
    async with (
        hub(stack) as bus,
        running(config_of(stack, "court")) as connector,
        systems(stack, connector) as client,
    ):
        async with asyncio.timeout(30):
            while (before := await client.get("/v1/receipts", params={"limit": 1})).status_code != 200:
                pass
            after = max((row["seq"] for row in before.json()["receipts"]), default=0)
            query = {"after": after, "wait": 20, "id": "waited-for"}
            asking = asyncio.create_task(client.get("/v1/receipts", params=query))
            await bus.receipt("court", "of-another", "recorded")  # which is no answer, and ends no wait
            while not (await client.get("/v1/receipts", params={"id": "of-another"})).json()["receipts"]:
                pass
            await bus.receipt("court", "waited-for", "rejected", problems=[{"pointer": "/id"}])
            found = (await asking).json()["receipts"]

    assert [(row["id"], row["status"]) for row in found] == [("waited-for", "rejected")]


async def test_a_database_that_is_away_is_503_and_events_are_still_taken(stack: StackInfo) -> None:
    config = config_of(stack, "court")
    sink = config.postgres
    assert sink is not None
    gone = sink.model_copy(update={"dsn": type(sink.dsn)("postgresql://court:x@127.0.0.1:1/court")})

    running_without = running(config.model_copy(update={"sink": (gone,)}))
    async with running_without as connector, systems(stack, connector) as client:
        receipts = await client.get("/v1/receipts")
        headers = {"Content-Type": "application/cloudevents+json"}
        taken = await client.post("/v1/events", content=orjson.dumps(money_paid()), headers=headers)

    assert (receipts.status_code, receipts.headers["content-type"]) == (503, "application/problem+json")
    assert taken.status_code == 202


@pytest.mark.parametrize(("side", "sees"), [("court", 0), ("procuratorate", 1)])
async def test_the_court_has_no_lead_in_database_or_http(stack: StackInfo, side: str, sees: int) -> None:
    lead = {"lead_id": "seen-by-one", "trigger": "T20", "on": "2022-05-16"}
    config = config_of(stack, side)
    async with hub(stack) as bus, running(config) as connector:
        await bus.feed("procuratorate", "case-s", "seen-lead", type="cn.fajian.lead.lead-raised.v1", **lead)
        await bus.receipt(side, f"barrier-{side}", "recorded")
        async with systems(stack, connector, side) as client, asyncio.timeout(30):
            query = {"id": f"barrier-{side}"}
            while not (await client.get("/v1/receipts", params=query)).json().get("receipts"):
                pass
            told = (await client.get("/v1/receipts", params={"limit": 1000})).text
            while sees and not await rows_of(
                config, "fajian", "SELECT FROM leads WHERE lead_id = 'seen-by-one'"
            ):
                pass

    rows = await rows_of(config, "fajian", "SELECT FROM feed WHERE body::text LIKE '%seen-by-one%'")
    assert len(rows) == sees
    assert "seen-by-one" not in told


async def followed(stack: StackInfo, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fajian", "receipts", "--follow", "--json", *arguments,
        env={**os.environ, "FAJIAN_COURT_POSTGRES_DSN": stack.dsns["court"]},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # tests in the background ignore it
    )  # fmt: skip


async def next_of(follower: asyncio.subprocess.Process) -> dict[str, Any]:
    assert follower.stdout is not None
    found: dict[str, Any] = orjson.loads(await follower.stdout.readline())
    return found


async def ended(follower: asyncio.subprocess.Process) -> tuple[int | None, bytes]:
    follower.send_signal(signal.SIGINT)
    _, said = await follower.communicate()
    return follower.returncode, said


async def test_who_follows_receipts_hears_them_over_a_lost_connection_and_goes_on_after_a_pause(
    stack: StackInfo,
) -> None:
    config = config_of(stack, "court")
    async with hub(stack) as bus, running(config), asyncio.timeout(90):
        for status in ("accepted", "rejected"):
            await bus.receipt("court", "follow-1", status, source="//court/follow")
        while not await quietly(config):  # noqa: ASYNC110 - what other tests have sent comes first
            await asyncio.sleep(0.2)
        follower = await followed(stack, "--source", "//court/follow")
        before = [await next_of(follower) for _ in range(2)]
        await rows_of(
            config,
            "fajian",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND datname = current_database()",
        )
        for status in ("recorded", "duplicate", "conflict"):
            await bus.receipt("court", f"follow-{status}", status, source="//court/follow")
        after = [await next_of(follower) for _ in range(3)]
        stopped = await ended(follower)
        later = await followed(stack, "--source", "//court/follow", "--after", str(before[1]["seq"]))
        again = [await next_of(later) for _ in range(3)]
        await ended(later)

    told = [row["status"] for row in (*before, *after)]
    assert sorted(told) == ["accepted", "conflict", "duplicate", "recorded", "rejected"]
    assert again == after
    assert stopped[0] == 0
    assert b"Traceback" not in stopped[1]


async def quietly(config: ConnectorConfig) -> bool:
    try:
        found = await rows_of(config, "fajian", "SELECT FROM receipts WHERE id = 'follow-1'")
    except (PeerAwayError, psycopg.Error):  # the tables are being made
        return False
    return len(found) == 2
