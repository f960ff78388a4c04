"""The live stream on the real bus: who may read, what is filtered, and going on after every kind of cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import orjson
import pytest

from connectors.config import ConnectorConfig
from connectors.runtime import Connector
from connectors.sink_config import SseSink
from fajian.local.stack import StackInfo
from tests.connector_stack import config_of, hub, rows_of, running
from tests.integration.connectors.test_webhooks import tell

KEY, DESK_KEY = "a reader's key of some length", "another reader's key of length"
SECONDS = 120


def streaming(stack: StackInfo, **settings: Any) -> ConnectorConfig:
    config = config_of(stack, "court")
    clients = [
        {"system": "screen", "key": KEY},
        {"system": "desk", "key": DESK_KEY, "posts": ["bureau-head"]},
    ]
    table = {"kind": "sse", "clients": clients, **settings}
    assert config.postgres is not None
    return config.model_copy(update={"sink": (config.postgres, SseSink.model_validate(table))})


class Said(NamedTuple):
    """One message of the stream; *event* is None where only the place moved."""

    id: str
    event: dict[str, Any] | None


class Reader:
    """Reads the stream as a browser does: it remembers the last id."""

    def __init__(self, door: Connector | str, key: str = KEY, **query: str) -> None:
        self.url = f"{door if isinstance(door, str) else door.url}/v1/stream"
        self.key = {"Authorization": f"Bearer {key}"}
        self.query = query
        self.transport = httpx.AsyncHTTPTransport(verify=False)
        self.last_id: str | None = None

    @asynccontextmanager
    async def answer(self) -> AsyncIterator[httpx.Response]:
        headers = {**self.key, **({"Last-Event-ID": self.last_id} if self.last_id else {})}
        async with (
            httpx.AsyncClient(timeout=30, transport=self.transport) as client,
            client.stream("GET", self.url, params=self.query, headers=headers) as answer,
        ):
            yield answer

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Said]]:
        async with self.answer() as answer:
            assert answer.status_code == 200, await answer.aread()
            yield self._messages(answer)

    async def _messages(self, answer: httpx.Response) -> AsyncIterator[Said]:
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
                continue
            if "id" in fields:
                self.last_id = fields["id"]
                yield Said(fields["id"], orjson.loads(fields["data"]) if "data" in fields else None)
            fields = {}

    async def ids(self, count: int, prefix: str) -> list[str]:
        """Return the ids of the next *count* events of the test *prefix*, and leave."""
        found: list[str] = []
        async with self.open() as messages:
            async for said in messages:
                if said.event is not None and said.event["id"].startswith(prefix):
                    found.append(said.event["id"])
                if len(found) >= count:
                    break
        return found


async def begun(reader: Reader) -> None:
    """Hear where the stream stands."""
    async with asyncio.timeout(30):
        while reader.last_id is None:
            try:
                async with reader.open() as messages:
                    async for _ in messages:
                        break
            except AssertionError:  # the projection is not there yet
                await asyncio.sleep(0.05)


async def test_many_cuts_and_a_restart_lose_and_repeat_nothing(stack: StackInfo, is_full: bool) -> None:
    cuts = 1000 if is_full else 100
    config, found = streaming(stack), list[str]()
    async with hub(stack) as bus:
        async with running(config) as connector, asyncio.timeout(SECONDS):
            reader = Reader(connector)
            await begun(reader)
            ids = await tell(bus, "cut", cuts, subjects=7)
            for _ in range(cuts // 2):
                found += await reader.ids(1, "cut-")
        async with running(config) as connector, asyncio.timeout(SECONDS):
            reader.url = Reader(connector).url
            await begun(reader)
            while len(found) < cuts:
                found += await reader.ids(1, "cut-")

    assert len(found) == cuts
    assert sorted(found) == ids
    for subject in range(7):
        ours = [id_ for id_ in found if int(id_[-4:]) % 7 == subject]
        assert ours == sorted(ours)


async def test_what_comes_while_a_reader_listens_is_said_at_once_and_to_all(stack: StackInfo) -> None:
    async with hub(stack) as bus, running(streaming(stack)) as connector, asyncio.timeout(SECONDS):
        readers = [Reader(connector) for _ in range(10)]
        for reader in readers:
            await begun(reader)
        hearing = [asyncio.create_task(reader.ids(20, "live-")) for reader in readers]
        ids = await tell(bus, "live", 20)
        found = await asyncio.gather(*hearing)

    assert [sorted(each) for each in found] == [ids] * 10


async def test_a_reader_hears_what_its_key_and_its_own_filters_let_pass(stack: StackInfo) -> None:
    flag = {"type": "cn.fajian.flag.overdue.v1", "flag_id": "f"}
    async with hub(stack) as bus, running(streaming(stack)) as connector, asyncio.timeout(SECONDS):
        desk, hard = Reader(connector, DESK_KEY), Reader(connector, types="Overdue,Met", severities="hard")
        await begun(desk)
        await begun(hard)
        await bus.feed("court", "case-h", "heard-fact", amount="1.00")
        await bus.feed("court", "case-h", "heard-1", posts="bureau-head", severity="soft", **flag)
        await bus.feed("court", "case-h", "heard-2", posts="undertaker,bureau-head", severity="hard", **flag)
        await bus.feed("court", "case-h", "heard-3", posts="undertaker", severity="hard", **flag)

        by_post, by_severity = await desk.ids(2, "heard-"), await hard.ids(2, "heard-")

    assert by_post == ["heard-1", "heard-2"]
    assert by_severity == ["heard-2", "heard-3"]


async def test_a_database_that_breaks_off_ends_the_stream_and_the_reader_goes_on(stack: StackInfo) -> None:
    config = streaming(stack)
    async with hub(stack) as bus, running(config) as connector, asyncio.timeout(SECONDS):
        reader = Reader(connector)
        await begun(reader)
        ids = await tell(bus, "broken", 30)
        first = await reader.ids(10, "broken-")
        await rows_of(
            config,
            "fajian",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND datname = current_database()",
        )
        rest: list[str] = []
        while len(rest) < 20:
            try:
                rest += await reader.ids(1, "broken-")
            except AssertionError:
                await asyncio.sleep(0.02)

    assert sorted(first + rest) == ids


@pytest.mark.parametrize(
    ("headers", "query", "status", "told"),
    [
        ({"Authorization": "Bearer wrong"}, {}, 401, "registered reader"),
        ({"Authorization": ""}, {}, 401, "registered reader"),
        ({"Last-Event-ID": "17"}, {}, 400, "expected an id that this stream gave"),
        ({}, {"colour": "red"}, 400, "colour: no such filter"),
        ({}, {"kinds": "fact,rumour"}, 400, "kinds"),
        ({}, {"begin": "yesterday"}, 400, "expected earliest or latest"),
    ],
)
async def test_what_cannot_be_is_refused_with_what_was_expected(
    stack: StackInfo, headers: dict[str, str], query: dict[str, str], status: int, told: str
) -> None:
    async with running(streaming(stack)) as connector, httpx.AsyncClient() as client:
        key = {"Authorization": f"Bearer {KEY}"}
        answer = await client.get(f"{connector.url}/v1/stream", headers={**key, **headers}, params=query)

    assert answer.status_code == status
    assert told in answer.json()["detail"]


async def test_no_more_readers_than_allowed_until_one_leaves(
    stack: StackInfo,
) -> None:
    config = streaming(stack, most_connections=1, heartbeat_seconds=0.05)
    async with running(config) as connector, asyncio.timeout(SECONDS):
        reader = Reader(connector)
        await begun(reader)
        async with reader.open() as messages:
            await anext(messages)
            async with Reader(connector).answer() as refused:
                pass
        while (await _status(Reader(connector))) != 200:
            pass

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")


async def _status(reader: Reader) -> int:
    async with reader.answer() as answer:
        return answer.status_code


async def test_a_quiet_stream_shows_that_it_is_alive(stack: StackInfo) -> None:
    async with running(streaming(stack, heartbeat_seconds=0.05)) as connector, asyncio.timeout(SECONDS):
        reader = Reader(connector)
        await begun(reader)
        async with reader.answer() as answer:
            async for line in answer.aiter_lines():
                if line.startswith(": alive"):
                    break

    assert answer.headers["content-type"].startswith("text/event-stream")
