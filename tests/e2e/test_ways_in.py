"""A court with three ways in, on the whole bus in simulated time: what comes in ends, and answers arrive."""

import asyncio
import csv
import io
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
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
from tests.pages import blocks

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

BEGIN = date(2022, 5, 9)
PATIENCE_SECONDS = 90
Event = dict[str, Any]

#: People who have tables and nothing else.
CLERKS = """
[[source]]
kind = "files"
name = "clerks"
folder = "FOLDER"
sources = ["//court/皖1324"]
complete = "rename"
poll_seconds = 0.2
receipts_seconds = 0.2
receipts = "csv"
mappings = ["FOLDER/notified.toml", "FOLDER/answers.toml", "FOLDER/acknowledged.toml"]

[[sink]]
kind = "files"
folder = "FOLDER/feed"
format = "csv"
encoding = "gb18030"
every_seconds = 0.2
"""
NOTIFIED = """
files = ["到账通知*.csv"]
encoding = "gb18030"
id = { column = "流水号" }

[event]
source = "//court/皖1324"
type = "FinanceNotified"
subject = { column = "案号" }
time = { column = "通知日期", kind = "day" }

[data]
payment_ref = { column = "款项编号" }
supersedes = { column = "更正流水号", optional = true }
"""


class Clerks(NamedTuple):
    """An exchange folder, used as with a spreadsheet."""

    folder: Path

    def save(self, name: str, rows: Iterable[Mapping[str, str]]) -> None:
        """Save a table for the bus, in the encoding of an older spreadsheet."""
        rows, text = list(rows), io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        part = self.folder / "inbox" / f"{name}.part"
        part.write_bytes(text.getvalue().encode("gb18030"))
        part.rename(part.with_suffix(""))

    def told(self) -> list[dict[str, str]]:
        """Return the rows of all drops: what the court is told."""
        return _tables(self.folder / "feed", "drops-*.csv", "gb18030")

    def fates(self) -> dict[str, str]:
        """Return by id what became of the rows."""
        rows = _tables(self.folder / "receipts", "receipts-*.csv", "utf-8-sig")
        return {row["编号 id"]: row["结果 status"] for row in rows}


def _tables(folder: Path, names: str, encoding: str) -> list[dict[str, str]]:
    texts = (path.read_bytes().decode(encoding) for path in sorted(folder.glob(names)))
    return [row for text in texts for row in csv.DictReader(io.StringIO(text))]


class County(NamedTuple):
    """A running bus, and the court's ways in."""

    info: StackInfo
    exchange: Path
    clerks: Clerks
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
    folder, exchange, clerks = tmp_path / "stack", tmp_path / "exchange", tmp_path / "clerks"
    (exchange / "inbox").mkdir(parents=True)
    (clerks / "inbox").mkdir(parents=True)
    answers, acknowledged = blocks("how-to/publish-csv.md", "toml")[1:3]
    mappings = {"notified": NOTIFIED, "answers": answers, "acknowledged": acknowledged}
    for name, mapping in mappings.items():
        (clerks / f"{name}.toml").write_text(mapping, encoding="utf-8")
    config = tmp_path / "court.toml"
    shipped = (Path(__file__).parents[2] / "connectors" / "court.toml").read_text(encoding="utf-8")
    sources = SOURCES.replace("FOLDER", str(exchange)) + CLERKS.replace("FOLDER", str(clerks))
    config.write_text(shipped + sources, encoding="utf-8")
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
            yield County(info, exchange, Clerks(clerks), ticker, door)
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


async def _now(found: Any) -> Any:
    return found


async def _enough(counting: Awaitable[Counter[str] | None], count: int) -> Counter[str] | None:
    counted = await counting
    return counted if counted and counted.total() >= count else None


def _final(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter(row["status"] for row in rows if row["status"] != "accepted")


async def test_a_side_with_nothing_but_tables_submits_corrects_is_told_acknowledges_and_answers(
    county: County,
) -> None:
    """Tables in Chinese, as a spreadsheet saves them; what is copied out of a drop goes back as an answer."""
    clerks, case = county.clerks, "（2022）皖1324执9号"
    row = {"案号": case, "通知日期": "2022年5月9日", "款项编号": "t-1", "流水号": "row-1", "更正流水号": ""}
    wrong_day = {**row, "款项编号": "t-2", "流水号": "row-2"}
    unreadable = {**row, "款项编号": "t-3", "流水号": "row-3", "通知日期": "5月32日"}
    clerks.save("到账通知0509.csv", [row, wrong_day, unreadable])

    refused = clerks.folder / "rejected" / "到账通知0509.refused.csv"
    reported = refused.with_name("到账通知0509.csv.report.txt")
    await until(lambda: _now(refused.exists() and reported.exists()))
    report = reported.read_bytes().decode("utf-8-sig")
    mended = refused.read_bytes().decode("gb18030").replace("5月32日", "2022.5.9")
    clerks.save("到账通知0510.csv", csv.DictReader(io.StringIO(mended)))
    right_day = {**wrong_day, "流水号": "row-4", "更正流水号": "row-2", "通知日期": "2022/5/30"}
    clerks.save("到账通知0511.csv", [right_day])
    await until(lambda: _now(len(_ended(clerks)) >= 4))
    await county.tick(until=date(2022, 6, 9))

    async def overdue() -> dict[str, dict[str, str]] | None:
        rows = (row for row in clerks.told() if row["案号 subject"] == case)
        found = {row["事项 instance"]: row for row in rows if row["类型 type"] == "Overdue"}
        return found if len(found) >= 2 else None

    flags = await until(overdue)
    seen = {"签收时间": "2022-06-10 09:00"}
    said = {"答复时间": "2022-06-10 09:30", "答复": "已履行", "证据": "P-1；P-2", "说明": "当日已发放"}
    clerks.save("签收0610.csv", [flags["t-1"] | seen])
    clerks.save("答复0610.csv", [flags["t-1"] | said, flags["t-3"] | said | {"答复": "有异议"}])
    await until(lambda: _now(len(_ended(clerks)) >= 7))
    await county.tick(until=date(2022, 6, 30))

    async def raised() -> dict[str, Any] | None:
        rows = await county.rows("procuratorate", "SELECT body FROM feed WHERE type = 'LeadRaised'")
        found = {row["body"].get("instance"): row["body"] for row in rows if row["body"]["subject"] == case}
        return found if {"t-1", "t-3"} <= set(found) else None

    answers = {name: lead["answer"] for name, lead in (await until(raised)).items()}
    assert "第 4 行" in report
    assert "第 2 列「通知日期」" in report
    assert set(_ended(clerks).values()) == {"已入账 recorded"}
    assert set(flags) == {"t-1", "t-3"}  # t-2 was corrected, and is due later
    assert (answers["t-1"]["answer"], answers["t-1"]["evidence"]) == ("met", ["P-1", "P-2"])
    assert answers["t-3"]["answer"] == "contested"


def _ended(clerks: Clerks) -> dict[str, str]:
    return {id_: fate for id_, fate in clerks.fates().items() if not fate.endswith("accepted")}


async def test_an_overdue_flag_is_acknowledged_and_answered_and_the_answer_travels_with_the_lead(
    county: County,
) -> None:
    """By HTTP for one payment, through the exchange folder for the other."""
    answering, case = "//court/files-of-answers", "（2022）皖1324执8号"
    notified = "cn.fajian.enforcement.finance-notified.v1"
    begun = await county.ticker.next_day()  # wherever the tests before have left the county
    first = {"type": notified, "subject": case, "time": f"{begun}T00:00:00+08:00"}
    told = [
        event(answering, f"n-{way}", data={"payment_ref": f"p-{way}"}, **first) for way in ("http", "folder")
    ]
    county.drop("notified", told)
    await until(lambda: _enough(_now(_final(county.receipts(answering))), 2))
    await county.tick(until=begun + timedelta(days=33))  # thirty days, and a weekend

    async def overdue() -> dict[str, dict[str, Any]] | None:
        rows = await county.rows("court", "SELECT * FROM flags WHERE rule = 'pay-out' ORDER BY seq")
        found = {row["instance"]: row for row in rows if (row["stage"], row["subject"]) == ("Overdue", case)}
        return found if len(found) == 2 else None

    flags = await until(overdue)
    by_http, by_folder = flags["p-http"], flags["p-folder"]
    time = {"time": f"{begun + timedelta(days=34)}T09:00:00+08:00"}
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
    await county.tick(until=begun + timedelta(days=54))

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
