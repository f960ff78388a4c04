"""All partitions of a worker: taking, giving up, watching, and what it says of its health."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fajian.errors import ClusterAwayError, FajianError, LedgerMismatchError, StoreError, StuckError
from fajian.streams import host
from fajian.streams.host import RED_AFTER_SECONDS, STUCK_AFTER_LOOKS, Host
from fajian.streams.log import Part
from fajian.streams.store import MemoryStore
from tests.stream_doubles import AGENT, LEDGER, Bench, FullStore, Sums, until


class Hosting:
    """A host over a `Bench`; its watch is driven by hand."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.fatal: list[FajianError] = []
        self.stores: dict[Part, MemoryStore] = {}
        self.host = Host(
            log=self.bench.topics,
            outbox=self.bench.outbox,
            flow=self.bench.flow,
            open_store=lambda agent, topic, partition: self.stores.setdefault(
                Part(topic, partition), MemoryStore()
            ),
            on_fatal=self.fatal.append,
            prepare=self._prepare,
            clock=lambda: self.bench.seconds,
        )
        self.take = self.host.add(AGENT, [LEDGER.topic], Sums, durable=True)

    async def _prepare(self) -> None: ...

    async def own(self) -> None:
        await self.host.assigned([LEDGER])
        await self.opened()

    async def opened(self) -> None:
        while not self.host.is_ready and not self.fatal:  # noqa: ASYNC110
            await asyncio.sleep(0)


@pytest.fixture
async def hosting() -> AsyncIterator[Hosting]:
    made = Hosting()
    yield made
    await made.host.close()


async def test_batches_reach_the_runner_of_their_partition(hosting: Hosting) -> None:
    await hosting.own()

    await hosting.take(hosting.bench.write(1, 2))

    assert hosting.bench.unique() == {0: 1, 1: 3}
    assert hosting.host.topics == (LEDGER.topic,)


async def test_a_batch_that_comes_before_its_partition_is_taken_is_read_again(hosting: Hosting) -> None:
    batch = hosting.bench.write(1, 2)

    await hosting.host.assigned([LEDGER])
    await hosting.take(batch)
    await hosting.opened()
    while len(hosting.bench.said()) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)

    assert hosting.bench.unique() == {0: 1, 1: 3}


async def test_progress_is_read_anew_whenever_a_partition_is_taken(hosting: Hosting) -> None:
    await hosting.own()
    await hosting.take(hosting.bench.write(1))
    await hosting.host.revoked([LEDGER])
    other = await hosting.bench.take_over(MemoryStore())
    await other.take(hosting.bench.write(2))  # finds a gap, reads from the beginning
    while await hosting.bench.acked() < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)
    said = len(hosting.bench.said())

    await hosting.own()
    while hosting.stores[LEDGER].get(b"k") != b"3":  # noqa: ASYNC110
        await asyncio.sleep(0)

    assert len(hosting.bench.said()) == said  # quietly


async def test_a_partition_given_up_is_not_written_any_more(hosting: Hosting) -> None:
    await hosting.own()
    await hosting.host.revoked([LEDGER])

    await hosting.take(hosting.bench.write(1))

    assert hosting.bench.said() == []


async def test_a_recreated_ledger_ends_the_worker_when_its_partition_is_taken(hosting: Hosting) -> None:
    await hosting.own()
    await hosting.take(hosting.bench.write(1))
    await hosting.host.revoked([LEDGER])
    hosting.bench.topics.recreate(LEDGER.topic)

    await hosting.own()

    assert isinstance(hosting.fatal[0], LedgerMismatchError)


async def test_a_ledger_recreated_under_a_running_worker_ends_it_too(hosting: Hosting) -> None:
    await hosting.own()
    await hosting.take(hosting.bench.write(1))
    hosting.bench.topics.recreate(LEDGER.topic)
    hosting.bench.write(8, 9)

    with pytest.raises(LedgerMismatchError, match="deleted and created again"):
        await hosting.host._look(identify=True)


async def test_a_ledger_cut_off_under_a_running_worker_ends_it_too(hosting: Hosting) -> None:
    await hosting.own()
    await hosting.take(hosting.bench.write(1, 2))
    hosting.bench.topics.end_at(LEDGER, 1)

    with pytest.raises(LedgerMismatchError, match="truncated"):
        await hosting.host._look(identify=False)


async def test_health_is_red_when_records_wait_and_nothing_moves(hosting: Hosting) -> None:
    await hosting.own()
    healthy = hosting.host.problems()
    hosting.bench.outbox.hold.clear()
    taking = asyncio.ensure_future(hosting.take(hosting.bench.write(1)))
    await asyncio.sleep(0)

    hosting.bench.seconds += RED_AFTER_SECONDS + 1
    await hosting.host._look(identify=False)
    stuck = hosting.host.problems()
    hosting.bench.outbox.hold.set()
    await taking

    assert healthy == []
    assert stuck[0] == "toy ledger/0: records wait and nothing has moved for 21 s"


async def test_a_worker_in_which_nothing_moves_ends_to_be_started_again(hosting: Hosting) -> None:
    await hosting.own()
    hosting.bench.outbox.hold.clear()
    taking = asyncio.ensure_future(hosting.take(hosting.bench.write(1)))
    await asyncio.sleep(0)

    for _ in range(STUCK_AFTER_LOOKS - 1):
        await hosting.host._look(identify=False)
    with pytest.raises(StuckError, match=r"toy ledger/0: records wait from offset 0"):
        await hosting.host._look(identify=False)
    hosting.bench.outbox.hold.set()
    await taking


async def test_a_partition_that_has_stopped_for_a_record_does_not_end_its_worker(hosting: Hosting) -> None:
    """A new start would come to the same record; the other partitions go on."""
    await hosting.own()
    await hosting.take(hosting.bench.write("one"))

    for _ in range(STUCK_AFTER_LOOKS * 2):
        await hosting.host._look(identify=False)

    assert hosting.fatal == []


async def test_a_worker_whose_store_takes_no_writes_ends(hosting: Hosting) -> None:
    store = hosting.stores[LEDGER] = FullStore()
    await hosting.own()
    store.full = True
    await hosting.take(hosting.bench.write(1))

    with pytest.raises(StoreError, match="no space left"):
        await hosting.host._look(identify=False)


async def test_health_names_the_partition_that_has_stopped(hosting: Hosting) -> None:
    await hosting.own()

    await hosting.take(hosting.bench.write("one"))

    assert hosting.host.problems()[0].startswith("toy ledger/0: toy cannot fold ledger/0 at offset 0")


async def test_a_mistake_of_ours_while_partitions_are_taken_ends_the_worker(
    hosting: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting.bench.topics, "begins", lambda _: 1 // 0)

    await hosting.own()

    assert [str(error).partition(" at ")[0] for error in hosting.fatal] == [
        "taking partitions failed: ZeroDivisionError"
    ]


async def test_a_mistake_of_ours_while_partitions_are_watched_ends_the_worker(
    hosting: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "WATCH_EVERY_SECONDS", 0)
    await hosting.own()
    monkeypatch.setattr(hosting.bench.topics, "ends", lambda _: 1 // 0)

    await until(lambda: bool(hosting.fatal))

    assert str(hosting.fatal[0]).startswith("watching partitions failed: ZeroDivisionError")


async def test_health_is_red_when_partitions_cannot_be_taken(
    hosting: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: object) -> None:
        raise ClusterAwayError("Kafka does not answer")

    monkeypatch.setattr(hosting.bench.topics, "begins", away)
    await hosting.host.assigned([LEDGER])
    await until(lambda: hosting.host._not_held.startswith("Kafka"))

    at_once = hosting.host.problems()
    hosting.bench.seconds += RED_AFTER_SECONDS + 1

    assert at_once == []
    assert hosting.host.problems()[0] == "partitions are not held since 21 s: Kafka does not answer"


async def test_a_worker_is_ready_when_it_holds_what_it_was_given(hosting: Hosting) -> None:
    before = hosting.host.is_ready

    await hosting.own()

    assert (before, hosting.host.is_ready) == (False, True)


async def test_what_waits_is_measured(hosting: Hosting) -> None:
    await hosting.own()
    hosting.bench.write(1, 2, 3)

    await hosting.host._look(identify=False)

    assert hosting.host.metrics.registry.get_sample_value("fajian_lag", {"agent": AGENT}) == 3
