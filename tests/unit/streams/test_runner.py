"""One partition: what is applied once, what may be repeated, and how gaps and faults end."""

import asyncio
from itertools import pairwise

import pytest

from fajian.core.ports import Record
from fajian.errors import PartitionStoppedError, StoreError
from fajian.streams.runner import (
    FOLD_AT_ONCE,
    GAP_AFTER_SECONDS,
    RETRY_AFTER_SECONDS,
    STARVED_AFTER_SECONDS,
)
from fajian.streams.store import MemoryStore
from schemas.topics import PROGRESS
from tests.stream_doubles import LEDGER, OUT, SLICED, Bench, Broken, FullStore, settle, until

SUMS = {0: 1, 1: 3, 2: 6}  # what follows from 1, 2, 3


async def test_a_batch_is_folded_delivered_stored_and_stated() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)

    await runner.take(bench.write(1, 2, 3))

    assert bench.unique() == SUMS
    assert store.get(b"k") == b"6"
    assert store.applied is not None
    assert (store.applied.offset, store.applied.notes) == (2, {"last": "2"})
    assert await bench.acked() == 3


async def test_the_same_batch_again_changes_nothing() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    batch = bench.write(1, 2, 3)

    await runner.take(batch)
    await runner.take(batch)
    await runner.take(batch[1:])

    assert len(bench.said()) == 3
    assert store.get(b"k") == b"6"


async def test_of_an_overlapping_batch_only_the_new_records_are_applied() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    batch = bench.write(1, 2, 3)

    await runner.take(batch[:2])
    await runner.take(batch)

    assert [said["id"] for said in bench.said()] == [0, 1, 2]


async def test_batches_of_one_partition_that_come_at_a_time_take_turns() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    batch = bench.write(1, 2, 3)

    await asyncio.gather(runner.take(batch[:1]), runner.take(batch[1:2]), runner.take(batch[2:]))

    assert [said["id"] for said in bench.said()] == [0, 1, 2]
    assert not bench.flow.paused


@pytest.mark.parametrize(
    ("breaks", "repeated"),
    [
        ({"break_before": OUT}, 0),  # folded, nothing sent
        ({"break_after": OUT}, 2),  # sent, not stored
        ({"break_before": PROGRESS}, 0),  # stored, progress not stated
        ({"break_after": PROGRESS}, 0),  # all done, Faust has not committed
    ],
)
async def test_a_crash_between_two_steps_repeats_named_outputs_and_nothing_else(
    breaks: dict[str, str], repeated: int
) -> None:
    bench, store = Bench(), MemoryStore()
    batch = bench.write(1, 2)
    first = await bench.take_over(store)
    for name, topic in breaks.items():
        setattr(bench.outbox, name, topic)
    with pytest.raises(Broken):
        await first.take(batch)
    bench.outbox.break_before = bench.outbox.break_after = None

    second = await bench.take_over(store)
    await settle(second)
    await second.take(batch)
    await second.take(bench.write(3))

    assert bench.unique() == SUMS
    assert len(bench.said()) == len(SUMS) + repeated
    assert (store.get(b"k"), await bench.acked()) == (b"6", 3)


async def test_a_store_ahead_of_the_stated_progress_states_it_when_it_is_taken_over() -> None:
    bench, store = Bench(), MemoryStore()
    first = await bench.take_over(store)
    bench.outbox.break_before = PROGRESS
    with pytest.raises(Broken):
        await first.take(bench.write(1))
    bench.outbox.break_before = None

    second = await bench.take_over(store)
    await settle(second)

    assert await bench.acked() == 1
    assert len(bench.said()) == 1


async def test_a_store_older_than_progress_is_folded_forward_quietly() -> None:
    bench, old = Bench(), MemoryStore()
    await (await bench.take_over(old)).take(bench.write(1))
    elsewhere = MemoryStore()
    other = await bench.take_over(elsewhere)
    await settle(other)
    await other.take(bench.ledger())
    await other.take(bench.write(2, 3))
    said_before = len(bench.said())

    runner = await bench.take_over(old)
    await settle(runner)
    await runner.take(bench.write(4))

    assert [said["id"] for said in bench.said()[said_before:]] == [3]
    assert (old.get(b"k"), bench.unique()[3]) == (b"10", 10)


async def test_records_at_or_above_the_acknowledged_offset_are_folded_aloud_wherever_the_fetch_begins() -> (
    None
):
    """Faust's group commit can pass a batch that it dropped: it is not what decides."""
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    bench.write(1, 2)  # dropped

    await runner.take(bench.write(3))
    await settle(runner)

    assert bench.unique() == SUMS


async def test_an_agent_without_store_begins_at_what_it_acknowledged() -> None:
    bench = Bench()
    first = await bench.take_over()
    await first.take(bench.write(1, 2))
    bench.write(3)

    second = await bench.take_over()
    await second.take(bench.ledger()[1:])

    assert [said["id"] for said in bench.said()] == [0, 1, 2]


async def test_a_gap_is_read_outside_the_handler_with_the_partition_paused() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    batch = bench.write(1, 2, 3)
    bench.outbox.hold.clear()

    await runner.take(batch[2:])  # returns although nothing can be delivered
    await asyncio.sleep(0)

    assert bench.flow.paused == {LEDGER}
    bench.outbox.hold.set()
    await settle(runner)
    assert not bench.flow.paused
    assert bench.unique() == SUMS


async def test_what_is_delivered_while_a_gap_is_read_is_not_lost() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    bench.outbox.hold.clear()
    await runner.take(bench.write(1, 2)[1:])
    await asyncio.sleep(0)

    late = bench.write(3)
    taking = asyncio.create_task(runner.take(late))
    bench.outbox.hold.set()
    await taking
    await settle(runner)

    assert bench.unique() == SUMS


async def test_the_batch_in_flight_of_a_gap_is_finished_before_the_partition_is_given_up() -> None:
    """Else an orderly stop would repeat what it has sent."""
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    bench.outbox.hold.clear()
    await runner.take(bench.write(1, 2)[1:])
    while not runner._applying.locked():  # noqa: ASYNC110
        await asyncio.sleep(0)

    closing = asyncio.create_task(runner.close())
    await asyncio.sleep(0)
    bench.outbox.hold.set()
    await closing
    successor = await bench.take_over(store)
    await settle(successor)

    assert store.get(b"k") == b"3"
    assert len(bench.said()) == 2


async def test_what_a_full_disk_did_not_keep_is_folded_again() -> None:
    bench, store = Bench(), FullStore()
    runner = await bench.take_over(store)
    store.full = True
    await runner.take(bench.write(1, 2))
    fault = runner.fault

    store.full = False
    runner.fill()
    await settle(runner)

    assert isinstance(fault, StoreError)
    assert (store.get(b"k"), bench.unique()) == (b"3", {0: 1, 1: 3})


async def test_reading_a_gap_ends_when_the_partition_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fajian.streams.runner.FINISH_WITHIN_SECONDS", 0)
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    bench.outbox.hold.clear()
    await runner.take(bench.write(1, 2)[1:])
    await asyncio.sleep(0)

    await runner.close()
    bench.outbox.hold.set()

    assert store.applied is None
    assert not runner.is_busy
    assert bench.flow.paused == {LEDGER}  # whoever has it now decides


async def test_a_closed_runner_takes_nothing() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)

    await runner.close()
    await runner.take(bench.write(1))

    assert (bench.said(), store.applied) == ([], None)


async def test_a_batch_in_flight_is_finished_before_the_partition_is_given_up() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    bench.outbox.hold.clear()
    taking = asyncio.create_task(runner.take(bench.write(1)))
    await asyncio.sleep(0)

    closing = asyncio.create_task(runner.close())
    await asyncio.sleep(0)
    bench.outbox.hold.set()
    await asyncio.gather(taking, closing)

    assert store.get(b"k") == b"1"


async def test_the_next_batch_does_not_wait_until_the_progress_of_the_last_is_acknowledged() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    bench.outbox.hold_back(PROGRESS)
    first = asyncio.create_task(runner.take(bench.write(1)))
    others = [asyncio.create_task(runner.take(bench.write(number))) for number in (2, 3)]

    await until(lambda: bench.unique() == SUMS)
    stated_meanwhile = bench.progress_records()
    bench.outbox.hold.set()
    await asyncio.gather(first, *others)

    assert stated_meanwhile == 0
    assert bench.progress_records() == 2  # the first, and one for both of the others
    assert await bench.acked() == 3


async def test_what_was_done_is_stated_before_the_partition_is_given_up() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    bench.outbox.hold_back(PROGRESS)
    taking = [asyncio.create_task(runner.take(bench.write(number))) for number in (1, 2)]
    await until(lambda: bench.unique() == {0: 1, 1: 3})

    closing = asyncio.create_task(runner.close())
    await asyncio.sleep(0)
    bench.outbox.hold.set()
    await asyncio.gather(*taking, closing)

    assert await bench.acked() == 2


async def test_progress_that_kafka_refused_is_stated_again_though_nothing_new_comes() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    bench.outbox.hold_back(PROGRESS)
    taking = asyncio.create_task(runner.take(bench.write(1)))
    await until(lambda: store.applied is not None)
    bench.outbox.refuse_next = 2
    bench.outbox.hold.set()
    await taking
    refused = (runner.fault is not None, await bench.acked())

    bench.seconds += RETRY_AFTER_SECONDS
    runner.watch(1, agent_is_idle=True)
    await settle(runner)

    assert refused == (True, 0)
    assert (runner.fault, await bench.acked()) == (None, 1)


async def test_what_came_before_a_fault_is_stated() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)

    await runner.take(bench.write(1, "one"))
    taken = await bench.acked()
    bench.write(2, "two")
    other = await bench.take_over(MemoryStore())
    bench.skip(1, "Zhang", "Li")
    other.fill()
    await settle(other)

    assert (taken, await bench.acked()) == (1, 3)


async def test_the_last_batch_dropped_is_found_by_looking_at_the_end_of_the_log() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    bench.write(1, 2, 3)

    runner.watch(3, agent_is_idle=True)
    bench.seconds += GAP_AFTER_SECONDS
    runner.watch(3, agent_is_idle=True)
    await settle(runner)

    assert bench.unique() == SUMS


async def test_a_busy_agent_is_given_more_time_before_its_gap_is_read() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    bench.write(1)
    bench.seconds += GAP_AFTER_SECONDS

    runner.watch(1, agent_is_idle=False)
    busy = runner.is_busy
    bench.seconds += STARVED_AFTER_SECONDS
    runner.watch(1, agent_is_idle=False)
    await settle(runner)

    assert not busy
    assert bench.unique() == {0: 1}


async def test_who_waits_for_a_turn_to_read_is_not_stuck() -> None:
    """Of many partitions to be read anew a few are, at a time; the others move only after them."""
    bench, store = Bench(), MemoryStore()
    bench.write(1, 2, 3)
    await bench.turns.acquire()
    runner = await bench.take_over(store)
    runner.fill()
    await asyncio.sleep(0)

    for _ in range(60):
        bench.seconds += 1
        runner.watch(3, agent_is_idle=False)
    waited = (runner.looks_without_move, runner.moved_at, bench.said())
    bench.turns.release()
    await settle(runner)

    assert waited == (0, bench.seconds, [])
    assert bench.unique() == SUMS


async def test_reading_anew_leaves_others_their_turn() -> None:
    bench, store = Bench(), MemoryStore()
    bench.write(*(1 for _ in range(FOLD_AT_ONCE * 3 + 1)))
    runner = await bench.take_over(store)
    seen = [0]
    runner.fill()

    while runner.is_busy:
        await asyncio.sleep(0)
        seen.append(runner.next)

    steps = [later - sooner for sooner, later in pairwise(seen)]
    assert (max(steps), sum(steps)) == (FOLD_AT_ONCE, FOLD_AT_ONCE * 3 + 1)


async def test_a_partition_that_waits_for_its_turn_can_be_given_up() -> None:
    bench, store = Bench(), MemoryStore()
    bench.write(1)
    await bench.turns.acquire()
    runner = await bench.take_over(store)
    runner.fill()
    await asyncio.sleep(0)

    await runner.close()
    bench.turns.release()

    assert (runner.is_busy, bench.said()) == (False, [])


async def test_what_cannot_be_read_at_all_is_a_fault_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, store = Bench(), MemoryStore()
    bench.write(1)
    runner = await bench.take_over(store)
    with monkeypatch.context() as broken:
        broken.setattr(bench.topics, "read", lambda *_: 1 // 0)
        runner.fill()
        await settle(runner)
        said = str(runner.fault)

    bench.seconds += RETRY_AFTER_SECONDS
    runner.watch(1, agent_is_idle=True)
    await settle(runner)

    assert said.startswith("toy cannot read ledger/0 from offset 0, and tries again every 5 s (ZeroDivision")
    assert (runner.fault, bench.unique()) == (None, {0: 1})


async def test_nothing_is_read_while_nothing_waits() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    await runner.take(bench.write(1))

    bench.seconds += 60
    runner.watch(1, agent_is_idle=True)

    assert not runner.is_busy
    assert runner.moved_at == bench.seconds


async def test_offsets_without_a_record_are_passed() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    batch: list[Record] = bench.write(1, 2, 3)
    hole = bench.topics.records(LEDGER.topic)[1]
    bench.topics.forget(hole)

    await runner.take(batch[:1])
    await runner.take(batch[2:])
    await settle(runner)

    assert bench.unique() == {0: 1, 2: 4}
    assert await bench.acked() == 3


async def test_what_kafka_refuses_is_sent_again() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    bench.outbox.refuse_next = 1

    await runner.take(bench.write(1, 2))
    waiting = (runner.fault is not None, store.applied)
    bench.seconds += RETRY_AFTER_SECONDS
    runner.watch(2, agent_is_idle=True)
    await settle(runner)

    assert waiting == (True, None)
    assert runner.fault is None
    assert bench.unique() == {0: 1, 1: 3}  # the fold forgot what it had added up in vain


async def test_a_record_that_cannot_be_folded_stops_its_partition_and_names_itself() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)

    await runner.take(bench.write(1, 2, "three", 4))
    await runner.take(bench.write(5))

    assert isinstance(runner.fault, PartitionStoppedError)
    assert (runner.fault.partition, runner.fault.offset) == (0, 2)
    assert "three" not in str(runner.fault)
    assert f"fajian skip {LEDGER}/2" in str(runner.fault)
    assert bench.unique() == {0: 1, 1: 3}  # what comes before it is done
    assert bench.flow.paused == {LEDGER}


async def test_two_names_pass_a_record_over() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    await runner.take(bench.write(1, "two", 3))

    bench.skip(1, "one person")
    bench.seconds += RETRY_AFTER_SECONDS
    runner.watch(3, agent_is_idle=True)
    await settle(runner)
    with_one = runner.fault
    bench.skip(1, "one person", "another person")
    bench.seconds += RETRY_AFTER_SECONDS
    runner.watch(3, agent_is_idle=True)
    await settle(runner)

    assert with_one is not None
    assert runner.fault is None
    assert bench.unique() == {0: 1, 2: 4}
    assert await bench.acked() == 3


async def test_a_skip_counts_for_the_last_record_of_a_batch_too() -> None:
    bench, store = Bench(), MemoryStore()
    bench.skip(1, "a", "b")
    await bench.skips.refresh()
    runner = await bench.take_over(store)

    await runner.take(bench.write(1, "two"))

    assert await bench.acked() == 2
    assert store.applied is not None
    assert store.applied.offset == 1


async def test_a_record_that_takes_several_calls_is_applied_once_all_of_it_is_done() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)

    await runner.take([*bench.write(1), *bench.write(2, key=SLICED), *bench.write(3)])

    assert [said["id"] for said in bench.said()] == [0, 1001, 1, 2]
    assert store.applied is not None
    assert (store.applied.offset, await bench.acked()) == (2, 3)


async def test_a_record_under_way_at_a_crash_goes_on_where_it_was() -> None:
    bench, store = Bench(), MemoryStore()
    first = await bench.take_over(store)
    await first.take(bench.write(1))
    bench.outbox.break_in = 1
    with pytest.raises(Broken):
        await first.take(bench.write(2, key=SLICED))
    bench.outbox.break_in = None

    second = await bench.take_over(store)
    await second.take(bench.ledger()[1:])

    assert [said["id"] for said in bench.said()] == [0, 1001, 1]
    assert (store.get(SLICED), await bench.acked()) == (b"2", 2)
