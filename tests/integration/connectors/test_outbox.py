"""The outbox source on real PostgreSQL and Kafka: relays side by side, crashes at every step, receipts."""

import asyncio
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from pydantic import SecretStr

from connectors.kafka import Inbox, Letter, Placed
from connectors.metrics import Metrics, PartHealth
from connectors.projection import Row
from connectors.source_config import OutboxSource
from connectors.sources.judge import judge_for
from connectors.sources.outbox import Connection, OutboxReceipts, OutboxRelay, opened_outbox
from connectors.sources.receipts import Received
from fajian.errors import PeerAwayError, SourceError
from fajian.local.secret_files import read_secret
from fajian.local.stack import StackInfo
from tests.connector_doubles import MemoryInbox
from tests.connector_stack import config_of, hub, read_all, running
from tests.pages import blocks

PAID = '{"payment_ref": "P-1", "amount": "100.00"}'


@asynccontextmanager
async def outbox(
    stack: StackInfo, schema: str, **settings: Any
) -> AsyncIterator[tuple[OutboxSource, Connection]]:
    """Give a fresh outbox in *schema* of the court's own database, and a connection as the agency has it."""
    source = OutboxSource.model_validate(
        {"kind": "outbox", "dsn": stack.dsns["court"], "db_schema": schema, "poll_seconds": 0.2, **settings}
    )
    sql = files("connectors.sql").joinpath("outbox.sql").read_text(encoding="utf-8")
    async with opened_outbox(source) as agency:
        await agency.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        await agency.execute(f"CREATE SCHEMA {schema}")
        for _ in range(2):  # it may be run again
            await agency.execute(cast("Any", sql))
        yield source, agency


async def insert(agency: Connection, *, count: int = 1, subjects: int = 1, **changes: Any) -> None:
    row = {"id": None, "type": "MoneyPaid", "source": "//court/皖1324", "data": PAID, **changes}
    await agency.execute(
        """INSERT INTO fajian_outbox (id, source, type, subject, occurred_at, data)
        SELECT coalesce(%(id)s::text, 'e-' || lpad(n::text, 6, '0')), %(source)s, %(type)s,
            '（2022）皖1324执' || 100 + n %% %(subjects)s || '号', '2022-05-01 00:00+08', %(data)s::json
        FROM generate_series(1, %(count)s) AS n""",
        {**row, "count": count, "subjects": subjects},
    )


async def rows(agency: Connection) -> list[Row]:
    return await (
        await agency.execute("SELECT id, state, problems, inbox, ledger FROM fajian_outbox ORDER BY seq")
    ).fetchall()


def relay(source: OutboxSource, inbox: Inbox) -> OutboxRelay:
    return OutboxRelay(
        source, inbox=inbox, judge=judge_for("court"), metrics=Metrics("court"), health=PartHealth("outbox")
    )


async def drain(source: OutboxSource, inbox: Inbox) -> None:
    async with opened_outbox(source) as opened:
        while await relay(source, inbox).publish_some(opened):
            pass


def ids(letters: Sequence[Letter]) -> list[str]:
    return [dict(letter.headers)["ce_id"].decode() for letter in letters]


async def test_rows_are_published_in_order_and_marked(stack: StackInfo) -> None:
    inbox = MemoryInbox()
    async with outbox(stack, "outbox_plain", batch_rows=7) as (source, agency):
        await insert(agency, count=50, subjects=3)

        await drain(source, inbox)

        found = await rows(agency)
    assert ids(inbox.letters) == [f"e-{n:06}" for n in range(1, 51)]
    assert {row["state"] for row in found} == {"published"}
    assert dict(inbox.letters[0].headers)["ce_time"] == b"2022-05-01T00:00:00+08:00"
    assert inbox.letters[0].value == PAID.encode()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": "MoneyPayed"}, "unknown-type"),
        ({"source": "//procuratorate/泗检"}, "wrong-source"),
        ({"data": '{"payment_ref": "P", "payment_ref": "P"}'}, "duplicate-key"),
        ({"data": '{"payment_ref": "\\u0000"}'}, "field-missing"),
        ({"data": '{"note": "' + "x" * 1_100_000 + '"}'}, "too-large"),
        ({"id": " "}, "attribute-value"),
    ],
)
async def test_a_row_that_is_no_event_is_told_so_and_holds_nobody_up(
    stack: StackInfo, changes: dict[str, Any], code: str
) -> None:
    inbox = MemoryInbox()
    async with outbox(stack, "outbox_bad") as (source, agency):
        await insert(agency, **changes)
        await insert(agency, id="good")
        await agency.execute("UPDATE fajian_outbox SET recorded_at = 'infinity' WHERE id = 'worse'")

        await drain(source, inbox)

        bad, good = await rows(agency)
    assert (bad["state"], good["state"]) == ("rejected", "published")
    assert f"urn:fajian:problem:{code}" in [problem["type"] for problem in bad["problems"]]
    assert ("fajian_refused_at", b"outbox") in inbox.letters[0].headers


async def test_a_time_that_no_calendar_has_is_refused_and_not_fatal(stack: StackInfo) -> None:
    async with outbox(stack, "outbox_time") as (source, agency):
        await insert(agency, count=2)
        await agency.execute("UPDATE fajian_outbox SET occurred_at = 'infinity' WHERE id = 'e-000001'")
        await agency.execute("UPDATE fajian_outbox SET occurred_at = '20000-01-01' WHERE id = 'e-000002'")

        await drain(source, MemoryInbox())

        assert [row["state"] for row in await rows(agency)] == ["rejected", "rejected"]


class ShakyInbox(MemoryInbox):
    """Takes some letters and loses its way, now and then; sees to it that relays overlap."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    async def put(self, letters: Sequence[Letter]) -> list[Placed]:
        self.calls += 1
        await asyncio.sleep(0.002 * (self.calls % 3))
        placed = await super().put(letters)
        return [PeerAwayError("away")] * len(letters) if self.calls % 5 == 0 else placed


async def test_several_relays_keep_the_order_of_each_subject(stack: StackInfo) -> None:
    inbox = ShakyInbox()
    async with outbox(stack, "outbox_many", batch_rows=20) as (source, agency):
        await insert(agency, count=600, subjects=17)

        async def work() -> None:
            async with opened_outbox(source) as opened:
                while any(row["state"] == "waiting" for row in await rows(opened)):
                    try:
                        await relay(source, inbox).publish_some(opened)
                    except PeerAwayError:
                        continue

        await asyncio.gather(*(work() for _ in range(4)))

    by_subject = defaultdict(list)
    for letter in inbox.letters:
        by_subject[letter.key].append(ids([letter])[0])
    firsts = {key: list(dict.fromkeys(found)) for key, found in by_subject.items()}
    assert sum(map(len, firsts.values())) == 600
    assert all(found == sorted(found) for found in firsts.values())


async def test_a_crash_before_or_after_publishing_loses_nothing(stack: StackInfo) -> None:
    class Crash(BaseException):
        pass

    class Fatal(MemoryInbox):
        async def put(self, letters: Sequence[Letter]) -> list[Placed]:
            if len(crashes) % 2:
                await super().put(letters)  # Kafka has them, nobody heard
            crashes.append(1)
            raise Crash

    crashes: list[int] = []
    inbox = Fatal()
    async with outbox(stack, "outbox_crash", batch_rows=5) as (source, agency):
        await insert(agency, count=12)
        for _ in range(4):
            with pytest.raises(Crash):
                await drain(source, inbox)
        sound = MemoryInbox()
        sound.letters = inbox.letters
        await drain(source, sound)

        assert {row["state"] for row in await rows(agency)} == {"published"}
    assert list(dict.fromkeys(ids(inbox.letters))) == [f"e-{n:06}" for n in range(1, 13)]


async def test_a_killed_connection_between_publishing_and_marking_repeats_under_the_same_name(
    stack: StackInfo,
) -> None:
    class Cutting(MemoryInbox):
        async def put(self, letters: Sequence[Letter]) -> list[Placed]:
            if not self.letters:
                await agency.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE usename = current_user AND pid <> pg_backend_pid() AND query LIKE '%mine%'"
                )
            return await super().put(letters)

    inbox = Cutting()
    async with outbox(stack, "outbox_cut") as (source, agency):
        await insert(agency, count=3)
        with pytest.raises(PeerAwayError):
            await drain(source, inbox)
        await drain(source, inbox)

        assert {row["state"] for row in await rows(agency)} == {"published"}
    assert ids(inbox.letters) == ["e-000001", "e-000002", "e-000003"] * 2


async def test_an_account_with_the_rights_of_the_page_and_no_others_is_enough(stack: StackInfo) -> None:
    owner = read_secret(Path(stack.data_dir, "postgres", "postgres.json"))["passwords"]["postgres"]
    address = stack.dsns["court"].rpartition("@")[2]
    schema, inbox = "outbox_grants", MemoryInbox()
    async with outbox(stack, schema) as (source, agency):
        await insert(agency)
        async with await psycopg.AsyncConnection.connect(
            f"postgresql://postgres:{owner}@{address}", autocommit=True
        ) as admin:
            await admin.execute("CREATE ROLE fajian_connector LOGIN PASSWORD 'p'")
            await admin.execute("GRANT CONNECT ON DATABASE court TO fajian_connector")
        await agency.execute(f"GRANT USAGE ON SCHEMA {schema} TO fajian_connector")
        await agency.execute(cast("Any", blocks("how-to/outbox.md", "sql")[0]))
        theirs = source.model_copy(update={"dsn": SecretStr(f"postgresql://fajian_connector:p@{address}")})

        await drain(theirs, inbox)
        replies = OutboxReceipts(config_of(stack, "court"), theirs, health=PartHealth("outbox-receipts"))
        async with opened_outbox(theirs) as opened:
            await opened.execute("LISTEN fajian_outbox")
            await replies.apply(opened, Received([receipt("recorded")], {0: 1}))
            [row] = await rows(agency)
            await replies._clean(opened)  # it ended well, years ago

        assert (row["state"], await rows(agency)) == ("recorded", [])


async def test_a_rolled_back_business_transaction_says_nothing(stack: StackInfo) -> None:
    inbox = MemoryInbox()
    async with outbox(stack, "outbox_rollback") as (source, agency):
        async with agency.transaction(force_rollback=True):
            await insert(agency)
        await drain(source, inbox)

    assert inbox.letters == []


async def test_a_missing_table_needs_a_person(stack: StackInfo) -> None:
    source = OutboxSource.model_validate(
        {"kind": "outbox", "dsn": stack.dsns["court"], "db_schema": "nowhere"}
    )

    with pytest.raises(SourceError, match=r"outbox\.sql"):
        await drain(source, MemoryInbox())


async def until(is_so: Callable[[], bool]) -> None:
    """Give the others their turn until *is_so*; the caller sets the limit."""
    while not is_so():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.02)


def receipt(status: str, **changes: Any) -> dict[str, Any]:
    return {
        "source": "//court/皖1324", "id": "e-000001", "status": status, "at": "2022-05-02 00:00+08",
        "problems": "[]", "warnings": "[]", "ledger": None, **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("heard", "state"),
    [
        (("accepted", "recorded"), "recorded"),
        (("accepted", "recorded", "accepted", "duplicate"), "recorded"),  # published again after a crash
        (("duplicate",), "duplicate"),
        (("rejected", "accepted", "recorded"), "recorded"),  # a repaired dead letter
        (("accepted", "conflict"), "conflict"),
    ],
)
async def test_a_row_ends_where_its_receipts_lead(stack: StackInfo, heard: Sequence[str], state: str) -> None:
    async with outbox(stack, "outbox_receipts") as (source, agency):
        await insert(agency)
        replies = OutboxReceipts(config_of(stack, "court"), source, health=PartHealth("outbox-receipts"))
        for i, status in enumerate(heard):
            await replies.apply(agency, Received([receipt(status)], {0: i + 1}))
        await drain(source, MemoryInbox())

        [row] = await rows(agency)
    assert row["state"] == state


async def test_the_connector_wakes_publishes_and_writes_back_what_became_of_it(stack: StackInfo) -> None:
    async with outbox(stack, "outbox_whole", poll_seconds=60) as (source, agency), hub(stack) as bus:
        config = config_of(stack, "court").model_copy(update={"source": (source,), "sink": ()})
        async with running(config) as connector, asyncio.timeout(60):
            await until(lambda: all(part.is_ready for part in connector.health().values()))
            await insert(agency)  # only a notification can tell the relay within the minute
            while (await rows(agency))[0]["state"] == "waiting":
                pass
            told = {"source": "//court/皖1324", "ledger": "case.events/1/2"}
            await bus.receipt("court", "e-000001", "accepted", **told)
            await bus.receipt("court", "e-000001", "recorded", **told)
            while (await rows(agency))[0]["state"] != "recorded":
                pass
            [row] = await rows(agency)

    assert row["inbox"].startswith("court.inbox/")
    assert row["ledger"] == "case.events/1/2"


async def test_old_rows_that_ended_well_are_cleaned_up_and_no_others(stack: StackInfo) -> None:
    async with outbox(stack, "outbox_clean", keep_days=30) as (source, agency):
        await insert(agency, count=4)
        ages = [("recorded", 31), ("recorded", 29), ("rejected", 99), ("waiting", 99)]
        for n, (state, age) in enumerate(ages, start=1):
            await agency.execute(
                "UPDATE fajian_outbox SET state = %s, receipt_at = now() - make_interval(days => %s) "
                "WHERE seq = %s",
                (state, age, n),
            )
        replies = OutboxReceipts(config_of(stack, "court"), source, health=PartHealth("outbox-receipts"))

        await replies._clean(agency)

        assert [row["id"] for row in await rows(agency)] == ["e-000002", "e-000003", "e-000004"]


_WORKER = """
import asyncio, sys
from pathlib import Path
from connectors.source_config import OutboxSource
from fajian.local.stack import read_stack
from tests.connector_stack import config_of, running

async def main(data, schema):
    stack = read_stack(Path(data))
    table = {"kind": "outbox", "dsn": stack.dsns["court"], "db_schema": schema, "batch_rows": 100}
    source = OutboxSource.model_validate(table)
    config = config_of(stack, "court").model_copy(update={"source": (source,), "sink": ()})
    async with running(config):
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_ten_thousand_rows_survive_relays_that_are_killed_again_and_again(stack: StackInfo) -> None:
    async def start() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", _WORKER, stack.data_dir, "outbox_killed",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    async def waiting() -> int:
        [row] = await (
            await agency.execute("SELECT count(*) AS count FROM fajian_outbox WHERE state = 'waiting'")
        ).fetchall()
        return int(row["count"])

    async with outbox(stack, "outbox_killed") as (_, agency), asyncio.timeout(120):
        await insert(agency, count=10_000, subjects=40, source="//court/relays")
        relays = [await start(), await start()]
        for kill in range(4):  # always one of the two, in the middle of its work
            before = await waiting()
            while await waiting() > max(0, before - 300 * (kill + 1)):
                pass
            relays[kill % 2].kill()
            await relays[kill % 2].wait()
            relays[kill % 2] = await start()
        while await waiting():
            pass
        for process in relays:
            process.terminate()
            await process.wait()

    published = defaultdict(list)
    for partition in range(stack.partitions):
        for record in await read_all(stack, "court.inbox", partition):
            headers = dict(record.headers)
            if headers.get("ce_source", b"").decode() == "//court/relays":
                published[record.key].append(headers["ce_id"].decode())
    firsts = {subject: list(dict.fromkeys(found)) for subject, found in published.items()}
    assert sum(map(len, firsts.values())) == 10_000
    assert all(found == sorted(found) for found in firsts.values())
