"""The PostgreSQL sink on the real bus: nothing lost or doubled, the higher offset wins, rebuilt in use."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from connectors.config import ConnectorConfig
from connectors.kafka import KafkaInbox
from connectors.projection import SCHEMA, Projection, Row, connection
from connectors.sinks.digests import digest_of
from connectors.sinks.postgres import Connection, PostgresSink
from connectors.sinks.rebuild import rebuild
from fajian.errors import PeerAwayError, ProjectionError
from fajian.local.stack import StackInfo
from schemas.names import derived_id
from tests.connector_stack import SIDES, Hub, catch_up, config_of, hub, read_all, rows_of, running, sink_of


class CrashingSink(PostgresSink):
    """Dies at the *n*th write, before the transaction is committed or right after."""

    at: int = 0
    after_commit: bool = False

    async def _put(self, opened: Connection, query: str, written: Sequence[Row]) -> None:
        await super()._put(opened, query, written)
        self.at -= bool(written)
        if self.at == 0 and not self.after_commit:
            raise PeerAwayError("crash")

    async def _apply(self, opened: Connection, batch: Any) -> None:
        await super()._apply(opened, batch)
        if self.at <= 0 and self.after_commit:
            raise PeerAwayError("crash")


def crashing(config: ConnectorConfig, schema: str, *, at: int, after_commit: bool) -> CrashingSink:
    sink = CrashingSink(config, SIDES[config.side].RECEIVES, schema=schema)
    sink.at, sink.after_commit = at, after_commit
    return sink


def small_batches(config: ConnectorConfig) -> ConnectorConfig:
    assert config.postgres is not None
    return config.model_copy(update={"sink": (config.postgres.model_copy(update={"batch_records": 7}),)})


async def tell_many(bus: Hub, prefix: str, count: int) -> None:
    await asyncio.gather(
        *(
            bus.feed("court", f"case-{prefix}-{i % 9}", f"{prefix}-{i}", amount=f"{i}.00")
            for i in range(count)
        )
    )


@pytest.mark.parametrize("after_commit", [False, True])
async def test_a_crash_between_write_and_commit_loses_and_doubles_nothing(
    stack: StackInfo, after_commit: bool
) -> None:
    schema, config = f"crash_{after_commit}".lower(), small_batches(config_of(stack, "court"))
    async with hub(stack) as bus:
        await tell_many(bus, schema, 60)

    for at in (1, 2, 3, 5):
        with pytest.raises(PeerAwayError, match="crash"):
            await catch_up(crashing(config, schema, at=at, after_commit=after_commit))
    await catch_up(sink_of(config, schema))

    found = await rows_of(config, schema, f"SELECT ce_id FROM feed WHERE ce_id LIKE '{schema}-%'")
    assert sorted(row["ce_id"] for row in found) == sorted(f"{schema}-{i}" for i in range(60))


async def test_two_sinks_at_once_and_a_lost_connection_still_give_every_row_once(stack: StackInfo) -> None:
    schema, config = "twice", small_batches(config_of(stack, "court"))
    await catch_up(sink_of(config, schema))
    async with hub(stack) as bus:
        first, second = (
            asyncio.create_task(keep_up(config, schema)),
            asyncio.create_task(keep_up(config, schema)),
        )
        await tell_many(bus, schema, 80)
        await rows_of(
            config,
            schema,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND datname = current_database() LIMIT 1",
        )
        await tell_many(bus, f"{schema}b", 80)
        await catch_up(sink_of(config, schema))
        first.cancel()
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)

    counted = await rows_of(
        config, schema, "SELECT count(*), count(DISTINCT ce_id) AS ids FROM feed WHERE ce_id LIKE 'twice%'"
    )
    assert counted == [{"count": 160, "ids": 160}]


async def keep_up(config: ConnectorConfig, schema: str) -> None:
    while True:
        try:
            await sink_of(config, schema).run()
        except PeerAwayError:
            continue


async def test_the_higher_ledger_offset_wins_whatever_comes_last(stack: StackInfo) -> None:
    schema, config = "higher", config_of(stack, "court")
    async with hub(stack) as bus:
        await bus.state("higher-1", 20, 1, stage="B")
        await bus.state("higher-1", 10, 1, stage="A")  # an older worker that had not noticed yet
        await catch_up(sink_of(config, schema))
        await bus.state("higher-1", 15, 1, stage="A2")
        await catch_up(sink_of(config, schema))

    found = await rows_of(
        config, schema, "SELECT stage, ledger_offset FROM subjects WHERE subject = 'higher-1'"
    )
    assert found == [{"stage": "B", "ledger_offset": 20}]


async def test_a_repeated_record_is_one_row(stack: StackInfo) -> None:
    schema, config = "repeats", config_of(stack, "court")
    async with hub(stack) as bus:
        for _ in range(3):
            await bus.feed("court", "case-r", "repeat-1", amount="1.00")
            await bus.receipt("court", "repeat-1", "recorded", ledger="case.events/0/1")
        await bus.feed("court", "case-r", "repeat-1", source="//procuratorate/泗检", amount="1.00")
        await catch_up(sink_of(config, schema))

    feed = await rows_of(config, schema, "SELECT ce_source FROM feed WHERE ce_id = 'repeat-1'")
    receipts = await rows_of(config, schema, "SELECT status FROM receipts WHERE id = 'repeat-1'")
    assert len(feed) == 2  # the id is the source's own
    assert receipts == [{"status": "recorded"}]


async def test_what_cannot_be_read_is_put_aside_and_the_rest_goes_on(stack: StackInfo) -> None:
    schema, config = "aside", config_of(stack, "court")
    async with hub(stack) as bus:
        await bus.raw("court.feed", b"{not json")
        await bus.raw("court.receipts", b"[]")
        await bus.feed("court", "case-a", "aside-nul", note="\0")
        await bus.feed("court", "case-a", "aside-backslash", note="\\u0000 as text")
    sink = sink_of(config, schema)

    await catch_up(sink)

    faults = await rows_of(config, schema, "SELECT topic, value FROM faults ORDER BY topic")
    kept = await rows_of(config, schema, "SELECT ce_id FROM feed WHERE ce_id LIKE 'aside-%'")
    assert sink.faults == len(faults) >= 3
    assert {"topic": "court.feed", "value": b"{not json"} in faults
    assert kept == [{"ce_id": "aside-backslash"}]


async def test_a_side_takes_the_digest_that_the_states_before_the_marker_add_up_to(stack: StackInfo) -> None:
    schema, config, partition = "digests", config_of(stack, "procuratorate"), 5
    async with hub(stack) as bus:
        await bus.state("digest-1", 1_000_001, partition, stage="A")
        await bus.state("digest-2", 1_000_002, partition, stage="B")
        await bus.digest_marker(partition, "2022-05-16", 1_000_003)
        await bus.state("digest-2", 1_000_004, partition, stage="C")
    inbox = KafkaInbox("procuratorate.inbox", config.kafka, timeout_seconds=10, client_id="test-digest")
    await inbox.open()
    try:
        await catch_up(sink_of(config, schema, inbox=inbox))
    finally:
        await inbox.close()

    expected = await states_before_marker(stack, partition, "2022-05-16")
    told = [
        (dict(record.headers), orjson.loads(record.value))
        for p in range(stack.partitions)
        for record in await read_all(stack, "procuratorate.inbox", p)
        if dict(record.headers).get("ce_type") == b"cn.fajian.mechanism.state-digest.v1"
    ]
    [(headers, body)] = [each for each in told if each[1]["day"] == "2022-05-16"]
    assert body["digest"] == f"{digest_of(expected.items()):032x}"
    assert (body["count"], body["partition"], body["offset"]) == (len(expected), partition, 1_000_003)
    assert headers["ce_id"].decode() == derived_id(
        "state-digest", config.sender, str(partition), "2022-05-16"
    )
    assert headers["ce_subject"] == b"agreement/local"


class CompactedSink(PostgresSink):
    """Reads the topic as it lies there once compaction has taken a state out."""

    taken_out: bytes = b"gap-1"

    async def _apply(self, opened: Connection, batch: Any) -> None:
        kept = {tp: [one for one in records if one.key != self.taken_out] for tp, records in batch.items()}
        await super()._apply(opened, {tp: records for tp, records in kept.items() if records})


async def test_what_compaction_left_out_is_not_taken_for_a_difference(stack: StackInfo) -> None:
    schema, config, partition = "gaps", config_of(stack, "procuratorate"), 6
    sink = CompactedSink(config, SIDES["procuratorate"].RECEIVES, schema=schema)
    async with hub(stack) as bus:
        await bus.state("gap-1", 2_000_001, partition, stage="A")
        await bus.digest_marker(partition, "2022-06-01", 2_000_002)
        await bus.state("gap-1b", 2_000_003, partition, stage="B")
        await catch_up(sink)
        await bus.digest_marker(partition, "2022-06-02", 2_000_004)
        await catch_up(sink_of(config, schema))

    found = await rows_of(config, schema, f"SELECT day::text FROM digests WHERE partition = {partition}")
    assert found == [{"day": "2022-06-02"}]


async def states_before_marker(stack: StackInfo, partition: int, day: str) -> dict[str, str]:
    latest: dict[str, tuple[int, str]] = {}
    for record in await read_all(stack, "case.state", partition):
        if record.key.startswith(b"digest/"):
            if orjson.loads(record.value)["day"] == day:
                break
            continue
        offset = int(dict(record.headers)["ledgeroffset"])
        if offset >= latest.get(record.key.decode(), (-1, ""))[0]:
            latest[record.key.decode()] = (offset, record.value.decode())
    return {subject: value for subject, (_, value) in latest.items()}


async def test_a_database_ahead_of_the_topic_stops_with_a_clear_message(stack: StackInfo) -> None:
    schema, config = "ahead", config_of(stack, "court")
    await catch_up(sink_of(config, schema))
    await rows_of(
        config, schema, "UPDATE offsets SET next_offset = 1000000000 WHERE topic = 'court.feed' RETURNING 1"
    )

    with pytest.raises(
        ProjectionError, match=r"court\.feed/\d+: the database is at offset 1000000000.*rebuild"
    ):
        await catch_up(sink_of(config, schema))


async def test_the_court_cannot_have_leads_even_if_its_connector_asks_for_them(stack: StackInfo) -> None:
    config = config_of(stack, "court")
    async with hub(stack) as bus:
        await bus.feed(
            "procuratorate",
            "case-l",
            "lead-1",
            type="cn.fajian.lead.lead-raised.v1",
            lead_id="L1",
            trigger="T01",
        )

    for topic in ("supervision.leads", "procuratorate.feed"):
        with pytest.raises(PeerAwayError, match="TopicAuthorizationFailed"):
            await catch_up(PostgresSink(config, [topic], schema="forbidden"))
    await catch_up(sink_of(config, "no_leads"))
    await catch_up(sink_of(config_of(stack, "procuratorate"), "with_leads"))

    court = await rows_of(config, "no_leads", "SELECT * FROM leads")
    other = await rows_of(config_of(stack, "procuratorate"), "with_leads", "SELECT lead_id FROM leads")
    assert court == []
    assert {"lead_id": "L1"} in other


async def test_a_rebuild_while_in_use_mends_the_projection_and_the_sink_goes_on(stack: StackInfo) -> None:
    config = config_of(stack, "court")
    assert config.postgres is not None
    projection = Projection(config.postgres.dsn.get_secret_value())
    async with hub(stack) as bus, running(config):
        await bus.feed("court", "case-b", "rebuild-1", amount="1.00")
        await until(projection, "case-b", 1)
        async with connection(config.postgres.dsn.get_secret_value(), schema=SCHEMA) as opened:
            await opened.execute("DELETE FROM feed WHERE ce_id = 'rebuild-1'")
            await opened.execute("UPDATE offsets SET first_offset = 0")
        await bus.feed("court", "case-b", "rebuild-2", amount="2.00")
        await rebuild(config, SIDES["court"].RECEIVES)
        await bus.feed("court", "case-b", "rebuild-3", amount="3.00")
        found = await until(projection, "case-b", 3)

    assert sorted(row["ce_id"] for row in found) == ["rebuild-1", "rebuild-2", "rebuild-3"]


async def until(projection: Projection, subject: str, count: int) -> list[Row]:
    async with asyncio.timeout(30):
        while len(found := await quietly(projection, subject)) < count:
            pass
    return found


async def quietly(projection: Projection, subject: str) -> list[Row]:
    try:
        return await projection.fetch("timeline", subject=subject)
    except PeerAwayError:  # the tables are being made
        return []
