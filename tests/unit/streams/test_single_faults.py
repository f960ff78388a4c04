"""One fault at a time, on the real fold: what it may cost is time, never a flag, and never one too many."""

from datetime import date, timedelta

import orjson
import pytest

from fajian.core.newest_state import NewestState
from fajian.core.ports import Output
from fajian.core.rules import Rules
from fajian.errors import LedgerRecordError, RulesMissingError
from fajian.law.documents import load_rules, rules_from_document
from fajian.streams.log import Part
from fajian.streams.rules_topic import publish_rules
from fajian.streams.skips import Skip
from fajian.streams.store import MemoryStore
from fajian.streams.ticker import end_of
from schemas.topics import CASE_EVENTS, CASE_STATE, FLAGS, PROGRESS, SKIPS, inbox
from tests.histories import told
from tests.memory_hub import FIRST, Hub, Sayings
from tests.stream_doubles import settle

PAID = told("FinanceNotified", "2022-05-09", payment_ref="p")


def _days(count: int) -> list[date]:
    return [FIRST + timedelta(days=n) for n in range(count)]


async def _undisturbed(days: int) -> Hub:
    hub = await Hub().found()
    hub.hear(PAID.headers, PAID.value, PAID.subject.encode())
    await hub.live(*_days(days))
    await hub.take_over(MemoryStore())
    return hub


async def test_a_lost_progress_record_costs_nothing_where_there_is_a_store() -> None:
    hub, store = await Hub().found(), MemoryStore()
    hub.hear(PAID.headers, PAID.value, PAID.subject.encode())
    await hub.live(*_days(40))
    await hub.take_over(store)
    before = hub.said()

    hub.topics.recreate(PROGRESS)
    await hub.take_over(store)

    assert hub.said() == before


@pytest.mark.parametrize("arrives", [slice(0, 9), slice(20, 30), slice(39, 40)])
async def test_a_seek_that_fails_after_a_drained_fetch_costs_nothing_wherever_the_next_one_begins(
    arrives: slice,
) -> None:
    wanted = (await _undisturbed(40)).said()
    hub = await Hub().found()
    hub.hear(PAID.headers, PAID.value, PAID.subject.encode())
    await hub.live(*_days(40))
    records = hub.topics.records(CASE_EVENTS)
    runner = await hub.open(MemoryStore())

    await runner.take(records[10:20])  # drained before the partition was taken; the seek back fails
    await runner.take(records[arrives])
    await settle(runner)
    await runner.take(records[40:])
    await settle(runner)

    assert hub.said() == wanted


async def test_without_store_and_progress_everything_is_said_again_byte_for_byte() -> None:
    hub = await _undisturbed(40)
    before = hub.said()

    hub.topics.recreate(PROGRESS)
    await hub.take_over(MemoryStore())

    assert len(hub.said()) == 2 * len(before)
    assert set(hub.said()) == set(before)


async def test_a_record_that_does_not_decode_stops_its_partition_until_two_people_answer_for_it() -> None:
    hub, store = await Hub().found(), MemoryStore()
    broken = hub.hear((("ce_type", b"cn.fajian.enforcement.money-paid.v1"),), b"{", b"a")
    hub.hear(PAID.headers, PAID.value, PAID.subject.encode())
    await hub.live(*_days(40))
    runner = await hub.take_over(store)
    fault, said = runner.fault, hub.said()

    skip = Skip(topic=CASE_EVENTS, partition=0, offset=broken.offset, reason="unreadable", signers=("a", "b"))
    hub.topics.append(SKIPS, key=skip.key, value=skip.model_dump_json().encode(), partition=0)
    await hub.look_again(runner)

    assert isinstance(fault, LedgerRecordError)
    assert "fajian skip case.events/0/" in str(fault)
    assert said == []
    assert runner.fault is None
    assert hub.overdue()
    assert hub.overdue() == (await _undisturbed(40)).overdue()


async def test_a_worker_without_the_new_rules_waits_at_their_tick_and_then_says_the_same() -> None:
    old, new = load_rules(), _other_version()
    hub, both = await Hub().found(old), await Hub().found(old)
    await publish_rules(both.topics, new, effective_day=FIRST + timedelta(days=10))
    for each in (hub, both):
        each.hear(PAID.headers, PAID.value, PAID.subject.encode())
    await both.live(*_days(40))
    await both.take_over(MemoryStore())
    for record in both.topics.records(CASE_EVENTS)[2:]:  # the same ticks, which name the new version
        hub.hear(tuple(record.headers), record.value or b"", b"")

    runner = await hub.take_over(MemoryStore())
    fault = runner.fault
    await publish_rules(hub.topics, new, effective_day=FIRST + timedelta(days=10))
    await hub.look_again(runner)

    assert isinstance(fault, RulesMissingError)
    assert runner.fault is None
    assert hub.said() == both.said()


def _other_version() -> Rules:
    """The same law under another name, as a new release brings it."""
    table = orjson.loads(load_rules().document)
    table["periods"][0]["zh"] = table["periods"][0]["zh"] + "。"
    return rules_from_document(orjson.dumps(table))


async def test_a_tick_that_comes_early_twice_or_a_month_late_only_puts_off_what_waits_for_an_answer() -> None:
    """Whoever hears of a breach a month late has the whole window to answer from then on."""
    wanted = (await _undisturbed(40)).said()
    on_time = await Hub().found(simulated=False)
    for day in _days(40):
        on_time.now = end_of(day)
        await on_time.live(day)
    ticks = on_time.topics.records(CASE_EVENTS)[1:]
    late = Hub()
    await late.found(simulated=False)
    late.hear(PAID.headers, PAID.value, PAID.subject.encode())
    for tick in ticks:
        day = date.fromisoformat(orjson.loads(tick.value or b"")["day"])
        end = int(end_of(day).timestamp() * 1000)
        for stamp in (end - 1, end + timedelta(days=30) // timedelta(milliseconds=1), end + 5):
            late.topics.append(
                CASE_EVENTS, key=None, value=tick.value, headers=tick.headers, partition=0, timestamp=stamp
            )

    await late.take_over(MemoryStore())

    *at_once, escalated = _flags(wanted)
    assert b"overdue" in at_once[-1][0]
    assert b"escalated" in escalated[0]
    assert _flags(late.said()) == at_once


def _flags(said: Sayings) -> list[tuple[bytes, bytes | None]]:
    return [(dict(headers)["ce_type"], value) for topic, _, value, headers in said if topic == FLAGS]


async def test_after_a_day_without_ticker_and_intake_the_missed_days_follow_one_by_one() -> None:
    hub = await Hub().found(simulated=False)
    hub.topics.append(inbox("court"), key=b"k", value=b"{}", partition=0, timestamp=_stamp(FIRST))
    hub.now = end_of(FIRST + timedelta(days=2)) + timedelta(hours=1)

    for _ in range(3):
        await hub.ender._run_once(timedelta(0))

    told_of = [orjson.loads(record.value or b"") for record in hub.topics.records(CASE_EVENTS)[1:]]
    assert [(tick["day"], tick["incomplete"]) for tick in told_of] == [
        ("2022-05-09", True),  # intake has not passed what came on that day, nor later on
        ("2022-05-10", True),
        ("2022-05-11", True),
    ]


def _stamp(day: date) -> int:
    return int((end_of(day) - timedelta(hours=1)).timestamp() * 1000)


@pytest.mark.parametrize("batches", [1, 3])
async def test_compaction_keeps_the_newest_state_although_a_zombie_wrote_an_older_one_last(
    batches: int,
) -> None:
    hub, store, part = Hub(), MemoryStore(), Part(CASE_STATE, 0)
    states = [(5, b"five"), (9, b"nine"), (7, b"seven")]  # the last one by a worker that woke too late
    runner = await hub.take_over(store, folder=NewestState, part=part)
    for n, (place, value) in enumerate(states):
        headers = (("ledgerpartition", b"0"), ("ledgeroffset", b"%d" % place))
        await hub.topics.deliver([Output(0, CASE_STATE, b"subject", value, headers, 0)])
        if batches > n:
            runner.fill()
            await settle(runner)
    runner.fill()
    await settle(runner)

    kept = {record.key: record.value for record in hub.topics.records(CASE_STATE)}  # as compaction does

    assert kept == {b"subject": b"nine"}
