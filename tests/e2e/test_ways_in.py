"""A court with three ways in, on the whole bus in simulated time: what comes in ends, and answers arrive."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
import pytest
import pytest_asyncio

from fajian.law.documents import load_rules
from fajian.local.doors import wait_until_open
from fajian.local.parts import Part, start_parts
from fajian.local.stack import EmbeddedStack, StackInfo, remove_stack
from fajian.settings import load_settings
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.rules_topic import publish_rules
from fajian.streams.ticker import Ticker
from schemas.topics import HUB, OPERATOR
from tests.connector_stack import config_of, rows_of
from tests.outage.drill import SOURCES
from tests.outage.producers import make_outbox

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

BEGIN = date(2022, 5, 9)
PATIENCE_SECONDS = 90
Event = dict[str, Any]


class County(NamedTuple):
    """A running bus, and the court's ways in."""

    info: StackInfo
    exchange: Path
    ticker: Ticker
    door: httpx.AsyncClient

    async def tick(self, *, until: date) -> None:
        day = await self.ticker.next_day()
        while day <= until:
            await self.ticker.tick(day)
            day += timedelta(days=1)

    async def rows(self, side: str, query: str) -> list[dict[str, Any]]:
        return await rows_of(config_of(self.info, side), "fajian", query)

    def drop(self, name: str, events: Iterable[Event]) -> None:
        """Put a file into the exchange folder, whole at once."""
        part = self.exchange / "inbox" / f"{name}.part"
        part.write_bytes(b"\n".join(map(orjson.dumps, events)))
        part.rename(part.with_suffix(".jsonl"))

    def receipts(self, source: str) -> list[dict[str, Any]]:
        """Return what the folder was told of *source*."""
        files = sorted((self.exchange / "receipts").glob("receipts-*.jsonl"))
        rows = [orjson.loads(line) for path in files for line in path.read_bytes().splitlines()]
        return [row for row in rows if row["source"] == source]

    async def insert(self, events: Iterable[Event]) -> None:
        """Write rows of the outbox table."""
        for event in events:
            await self.rows(
                "court",
                "INSERT INTO public.fajian_outbox (id, source, type, subject, occurred_at, data) VALUES ("
                f"'{event['id']}', '{event['source']}', '{event['type']}', '{event['subject']}', "
                f"'{event['time']}', '{orjson.dumps(event['data']).decode()}') RETURNING id",
            )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def county(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[County]:
    tmp_path = tmp_path_factory.mktemp("county")
    folder, exchange = tmp_path / "stack", tmp_path / "exchange"
    (exchange / "inbox").mkdir(parents=True)
    config = tmp_path / "court.toml"
    shipped = (Path(__file__).parents[2] / "connectors" / "court.toml").read_text(encoding="utf-8")
    config.write_text(shipped + SOURCES.replace("FOLDER", str(exchange)), encoding="utf-8")
    stack = EmbeddedStack(folder, cache_dir=load_settings().cache_dir, partitions=2)
    with stack as info:
        await make_outbox(info.dsns["court"])
        parts = (
            Part("worker-1", HUB, ("worker", "--name", "worker-1")),
            Part("court-connector", "court", ("connector", "court", "--config", str(config))),
            Part("procuratorate-connector", "procuratorate", ("connector", "procuratorate")),
        )
        async with (
            Ticker(info.settings(HUB)) as ticker,
            KafkaOutbox(info.settings(OPERATOR)) as operator,
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{info.http_ports['court']}",
                headers={"Authorization": f"Bearer {info.http_keys['court']}"},
                timeout=30,
            ) as door,
        ):
            await publish_rules(operator, load_rules(), effective_day=BEGIN)
            await ticker.declare(simulated=True, from_day=BEGIN)
            await asyncio.to_thread(wait_until_open, start_parts(stack, info, parts))
            yield County(info, exchange, ticker, door)
    remove_stack(folder)


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """Look again until something is found: state, feed and receipts follow by a moment."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (found := await look()):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)
    return found


def event(source: str, id_: str, **changes: Any) -> Event:
    paid = {
        "specversion": "1.0",
        "id": id_,
        "source": source,
        "type": "cn.fajian.enforcement.money-paid.v1",
        "time": "2022-05-09T00:00:00+08:00",
        "subject": "（2022）皖1324执7号",
        "data": {"payment_ref": id_, "amount": "100.00"},
    }
    return paid | changes


def other(source: str, id_: str) -> Event:
    """Return another event under the name of one that was there before."""
    return event(source, id_, data={"payment_ref": id_, "amount": "7.00"})


def wrong(source: str, id_: str) -> Event:
    return event(source, id_, data={"payment_ref": id_})


GOOD = 6
MIXED = {"recorded": GOOD, "duplicate": 2, "conflict": 1, "rejected": 1}


def mixed(source: str) -> list[Event]:
    """Return events as `MIXED` counts them, in an order in which they must end so."""
    good = [event(source, f"e-{i}") for i in range(GOOD)]
    return [*good, good[0], good[1], other(source, "e-2"), wrong(source, "e-w")]


async def test_every_event_of_every_way_ends_in_one_of_four_ways_and_its_source_is_told(
    county: County,
) -> None:
    http, folder, outbox = (f"//court/{name}" for name in ("http", "files", "outbox"))

    async def post(each: Event) -> int:
        headers = {"Content-Type": "application/cloudevents+json"}
        return (await county.door.post("/v1/events", content=orjson.dumps(each), headers=headers)).status_code

    async def told_by_door(source: str) -> Counter[str] | None:
        answer = await county.door.get("/v1/receipts", params={"source": source, "limit": 1000})
        return _final(answer.json().get("receipts", []))

    # What the outbox says again, another system of the same name has said before it.
    before = [event(outbox, f"e-{i}") for i in range(3)]
    taken = [await post(each) for each in (*mixed(http), *before)]
    county.drop("mixed", mixed(folder))
    await until(lambda: _enough(told_by_door(outbox), 3))
    repeated = [before[0], before[1], other(outbox, "e-2"), wrong(outbox, "e-w")]
    await county.insert([*repeated, *(event(outbox, f"new-{i}") for i in range(GOOD))])

    by_http = await until(lambda: _enough(told_by_door(http), 10))
    by_folder = await until(lambda: _enough(_now(_final(county.receipts(folder))), 10))

    async def told_in_rows() -> Counter[str]:
        rows = await county.rows("court", "SELECT state FROM public.fajian_outbox")
        return Counter(row["state"] for row in rows if row["state"] in MIXED)

    by_row = await until(lambda: _enough(told_in_rows(), 10))
    assert by_http == by_folder == by_row == MIXED
    assert Counter(taken) == {202: 12, 422: 1}


async def _now(counted: Counter[str]) -> Counter[str]:
    return counted


async def _enough(counting: Awaitable[Counter[str] | None], count: int) -> Counter[str] | None:
    counted = await counting
    return counted if counted and counted.total() >= count else None


def _final(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter(row["status"] for row in rows if row["status"] != "accepted")


async def test_an_overdue_flag_is_acknowledged_and_answered_and_the_answer_travels_with_the_lead(
    county: County,
) -> None:
    """By HTTP for one payment, through the exchange folder for the other."""
    answering, case = "//court/files-of-answers", "（2022）皖1324执8号"
    notified = "cn.fajian.enforcement.finance-notified.v1"
    told = [
        event(answering, f"n-{way}", type=notified, subject=case, data={"payment_ref": f"p-{way}"})
        for way in ("http", "folder")
    ]
    county.drop("notified", told)
    await until(lambda: _enough(_now(_final(county.receipts(answering))), 2))
    await county.tick(until=date(2022, 6, 9))

    async def overdue() -> dict[str, dict[str, Any]] | None:
        rows = await county.rows("court", "SELECT * FROM flags WHERE rule = 'pay-out' ORDER BY seq")
        found = {row["instance"]: row for row in rows if row["stage"] == "Overdue"}
        return found if len(found) == 2 else None

    flags = await until(overdue)
    by_http, by_folder = flags["p-http"], flags["p-folder"]
    time = {"time": "2022-06-10T09:00:00+08:00"}
    late = {**time, "subject": case}
    for what, said in (("ack", {}), ("answer", {"answer": "contested", "evidence": ["x-1"]})):
        answer = await county.door.post(f"/v1/flags/{by_http['flag_id']}/{what}", json={**said, **time})
        assert answer.status_code == 202, answer.text
    named = {"flag_id": by_folder["flag_id"]}
    county.drop(
        "answers",
        [
            event(answering, "k-1", type="cn.fajian.mechanism.flag-acknowledged.v1", data=named, **late),
            event(
                answering,
                "k-2",
                type="cn.fajian.mechanism.flag-answered.v1",
                data={
                    **named,
                    "rule": "pay-out",
                    "instance": "p-folder",
                    "answer": "met",
                    "evidence": ["x-2"],
                },
                **late,
            ),
        ],
    )
    await until(lambda: _enough(_now(_final(county.receipts(answering))), 4))
    await county.tick(until=date(2022, 6, 30))

    async def raised() -> dict[str, dict[str, Any]] | None:
        rows = await county.rows("procuratorate", "SELECT body FROM feed WHERE type = 'LeadRaised'")
        found = {row["body"].get("instance"): row["body"] for row in rows}
        return found if {"p-http", "p-folder"} <= set(found) else None

    leads = await until(raised)
    assert (leads["p-http"]["answer"]["answer"], leads["p-http"]["answer"]["evidence"]) == (
        "contested",
        ["x-1"],
    )
    assert leads["p-folder"]["answer"] == {"answer": "met", "evidence": ["x-2"], "event": "k-2"}
    assert {row["status"] for row in county.receipts(answering)} <= {"accepted", "recorded"}
