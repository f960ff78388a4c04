"""Ending days: when a tick may go out, what it waits for, and what it says."""

from datetime import date, datetime, timedelta

import orjson
import pytest

from fajian.clock import SHANGHAI
from fajian.errors import LedgerUndeclaredError, RulesMissingError, TickRefusedError
from fajian.law.documents import load_rules
from fajian.streams.log import Part
from fajian.streams.memory import MemoryTopics
from fajian.streams.progress import Progress, progress_output
from fajian.streams.rules_topic import publish_rules
from fajian.streams.ticker import TICKED, DayEnder, end_of
from schemas.names import derived_id
from schemas.topics import CASE_EVENTS, inbox

FIRST = date(2022, 5, 16)
PARTITIONS = 2


class Clockwork:
    """A ledger of two partitions and somebody who ends its days."""

    def __init__(self) -> None:
        self.now = datetime(2022, 5, 17, 0, 0, 1, tzinfo=SHANGHAI)
        self.topics = MemoryTopics(partitions=PARTITIONS)
        self.ender = DayEnder(self.topics, self.topics, partitions=PARTITIONS, now=lambda: self.now)

    async def declare(self, *, simulated: bool = True) -> None:
        await publish_rules(self.topics, load_rules(), effective_day=FIRST)
        await self.ender.declare(simulated=simulated, from_day=FIRST)

    def submit(self, at: datetime | None = None) -> None:
        stamp = int(at.timestamp() * 1000) if at else 0
        self.topics.append(inbox("court"), key=b"k", value=b"{}", partition=0, timestamp=stamp)

    async def intake_has_passed(self, offset: int) -> None:
        stated = Progress("id", offset)
        await self.topics.deliver([progress_output("intake", Part(inbox("court"), 0), stated)])

    def ticks(self) -> list[dict[str, object]]:
        return [
            orjson.loads(record.value or b"")
            for record in self.topics.records(CASE_EVENTS)
            if dict(record.headers)["ce_type"] == TICKED.encode()
        ]


async def test_a_declaration_is_the_first_record_of_every_partition_and_is_written_once() -> None:
    clockwork = Clockwork()

    await clockwork.declare()
    await clockwork.declare()

    records = clockwork.topics.records(CASE_EVENTS)
    assert [(record.partition, record.offset) for record in records] == [(0, 0), (1, 0)]
    assert orjson.loads(records[0].value or b"") == {
        "simulated": True,
        "rules": load_rules().version,
        "from_day": "2022-05-16",
    }


async def test_nothing_is_declared_without_rules() -> None:
    clockwork = Clockwork()

    with pytest.raises(RulesMissingError):
        await clockwork.ender.declare(simulated=True, from_day=FIRST)


async def test_a_tick_goes_to_every_partition_under_a_name_of_its_own() -> None:
    clockwork = Clockwork()
    await clockwork.declare()

    complete = await clockwork.ender.tick(FIRST)

    tick = {"day": "2022-05-16", "rules": load_rules().version, "incomplete": False}
    ids = [dict(record.headers)["ce_id"].decode() for record in clockwork.topics.records(CASE_EVENTS)]
    assert complete
    assert clockwork.ticks() == [tick, tick]
    assert ids[1::2] == [derived_id("0", "2022-05-16"), derived_id("1", "2022-05-16")]


async def test_days_follow_one_by_one_from_the_first() -> None:
    clockwork = Clockwork()
    await clockwork.declare()
    before = await clockwork.ender.next_day()

    await clockwork.ender.tick(FIRST)

    assert (before, await clockwork.ender.next_day()) == (FIRST, FIRST + timedelta(days=1))


async def test_no_tick_goes_out_before_the_ledger_is_declared() -> None:
    with pytest.raises(LedgerUndeclaredError):
        await Clockwork().ender.tick(FIRST)


async def test_a_day_that_has_not_ended_is_refused_unless_the_ledger_is_simulated() -> None:
    clockwork, simulated = Clockwork(), Clockwork()
    await clockwork.declare(simulated=False)
    await simulated.declare(simulated=True)
    clockwork.now = simulated.now = end_of(FIRST) - timedelta(seconds=1)

    with pytest.raises(TickRefusedError, match="2022-05-16 ends at 2022-05-17T00:00:00"):
        await clockwork.ender.tick(FIRST)
    await simulated.ender.tick(FIRST)

    assert (len(clockwork.ticks()), len(simulated.ticks())) == (0, PARTITIONS)


async def test_a_tick_waits_for_intake_and_goes_out_marked_after_its_grace() -> None:
    clockwork = Clockwork()
    await clockwork.declare()
    clockwork.submit()

    complete = await clockwork.ender.tick(FIRST, grace=timedelta(milliseconds=20))

    assert not complete
    assert {tick["incomplete"] for tick in clockwork.ticks()} == {True}


async def test_a_tick_is_complete_once_intake_has_passed_what_was_submitted() -> None:
    clockwork = Clockwork()
    await clockwork.declare()
    clockwork.submit()
    await clockwork.intake_has_passed(1)

    assert await clockwork.ender.tick(FIRST, grace=timedelta(0))


async def test_what_arrives_after_midnight_does_not_hold_up_the_day_before() -> None:
    clockwork = Clockwork()
    await clockwork.declare(simulated=False)
    clockwork.submit(at=end_of(FIRST) - timedelta(seconds=1))
    clockwork.submit(at=end_of(FIRST) + timedelta(seconds=1))
    await clockwork.intake_has_passed(1)

    assert await clockwork.ender.tick(FIRST, grace=timedelta(milliseconds=20))


async def test_nobody_runs_the_wall_clock_over_a_simulated_ledger() -> None:
    clockwork = Clockwork()
    await clockwork.declare(simulated=True)

    with pytest.raises(TickRefusedError, match="simulated time"):
        await clockwork.ender.run()


async def test_a_day_waits_for_its_last_facts_as_long_as_the_policy_says() -> None:
    clockwork = Clockwork()
    await clockwork.declare()

    assert await clockwork.ender.grace_of(FIRST) == timedelta(minutes=60)
