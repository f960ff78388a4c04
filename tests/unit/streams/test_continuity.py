"""A ledger that is not the one that was worked on is never taken for it."""

import pytest

from fajian.errors import LedgerMismatchError
from fajian.streams.continuity import check_continuity
from fajian.streams.store import MemoryStore
from tests.stream_doubles import AGENT, LEDGER, Bench


async def _worked() -> tuple[Bench, MemoryStore]:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    await runner.take(bench.write(1, 2, 3))
    return bench, store


async def _check(bench: Bench, store: MemoryStore | None) -> None:
    await check_continuity(
        AGENT,
        LEDGER,
        await bench.standing(),
        store.applied if store else None,
        durable=store is not None,
        log=bench.topics,
    )


async def test_the_ledger_that_was_worked_on_is_accepted() -> None:
    bench, store = await _worked()

    await _check(bench, store)
    await _check(bench, None)
    await _check(bench, MemoryStore())  # a lost store is folded anew


async def test_a_recreated_ledger_is_told_by_its_id() -> None:
    bench, store = await _worked()
    bench.topics.recreate(LEDGER.topic)
    bench.write(7, 8, 9, 10)

    with pytest.raises(LedgerMismatchError, match="deleted and created again"):
        await _check(bench, store)
    with pytest.raises(LedgerMismatchError, match="deleted and created again"):
        await _check(bench, None)


async def test_a_truncated_ledger_is_told_by_its_end() -> None:
    bench, store = await _worked()
    bench.topics.forget(bench.topics.records(LEDGER.topic)[2])
    bench.topics.end_at(LEDGER, 2)

    with pytest.raises(LedgerMismatchError, match="ends at offset 2, but toy had come to 3"):
        await _check(bench, store)


async def test_another_record_at_the_last_place_is_told_by_its_fingerprint() -> None:
    bench, store = await _worked()
    last = bench.topics.records(LEDGER.topic)[2]
    bench.topics.forget(last)
    bench.topics.end_at(LEDGER, 2)
    bench.write(33)

    with pytest.raises(LedgerMismatchError, match="holds another record at offset 2"):
        await _check(bench, store)


async def test_records_deleted_before_they_were_read_are_told_by_the_beginning() -> None:
    bench, store = await _worked()
    bench.write(4, 5)
    bench.topics.begin_at(LEDGER, 4)

    with pytest.raises(LedgerMismatchError, match="begins at offset 4, but toy needs it from 3"):
        await _check(bench, store)
    with pytest.raises(LedgerMismatchError, match="needs it from 0"):
        await _check(bench, MemoryStore())


async def test_records_deleted_after_they_were_read_are_no_loss_to_an_agent_without_store() -> None:
    bench, _ = await _worked()
    bench.topics.begin_at(LEDGER, 3)

    await _check(bench, None)
