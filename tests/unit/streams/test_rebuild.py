"""What is held of the ledger is made anew from it, and nothing else is touched."""

from datetime import timedelta
from pathlib import Path

import pytest

from fajian.core.ports import Output
from fajian.errors import StoreError
from fajian.streams.rebuild import forget_stores, states_again
from fajian.streams.store import Applied, MemoryStore, Stores
from fajian.streams.verify import Difference, Fresh, compare, fold_ledger, held_in_topic
from schemas.topics import CASE_EVENTS, CASE_STATE
from tests.histories import told
from tests.memory_hub import FIRST, Hub

PAID = told("FinanceNotified", "2022-05-09", payment_ref="p")


async def _hub() -> tuple[Hub, Fresh]:
    hub = await Hub().found()
    hub.hear(PAID.headers, PAID.value, PAID.subject.encode())
    await hub.live(FIRST, FIRST + timedelta(days=1))
    await hub.take_over(MemoryStore())
    return hub, await fold_ledger(hub.topics, partitions=[0])


async def _differences(hub: Hub, fresh: Fresh) -> list[Difference]:
    return list(compare(CASE_STATE, fresh, await held_in_topic(hub.topics, [0])))


async def _write(hub: Hub, subject: str, value: bytes, offset: int) -> None:
    headers = [("ledgerpartition", b"0"), ("ledgeroffset", b"%d" % offset)]
    await hub.topics.deliver([Output(0, CASE_STATE, subject.encode(), value, headers, 0)])


async def test_nothing_differs_where_nothing_happened() -> None:
    assert await _differences(*await _hub()) == []


async def test_another_state_from_the_same_place_is_replaced_by_what_the_ledger_says() -> None:
    hub, fresh = await _hub()
    await _write(hub, PAID.subject, b"{}", fresh.states[PAID.subject].offset)
    differed = await _differences(hub, fresh)

    await hub.topics.deliver(list(states_again(fresh, differed)))

    assert differed == [Difference(CASE_STATE, PAID.subject, "different")]
    assert await _differences(hub, fresh) == []


async def test_a_state_that_is_gone_is_written_again() -> None:
    hub, fresh = await _hub()
    for record in hub.topics.records(CASE_STATE):
        hub.topics.forget(record)
    differed = await _differences(hub, fresh)

    await hub.topics.deliver(list(states_again(fresh, differed)))

    assert differed == [Difference(CASE_STATE, PAID.subject, "missing")]
    assert await _differences(hub, fresh) == []


async def test_what_the_ledger_knows_nothing_of_is_named_and_stays() -> None:
    hub, fresh = await _hub()
    await _write(hub, "somebody", b"{}", 0)

    differed = await _differences(hub, fresh)

    assert differed == [Difference(CASE_STATE, "somebody", "unknown")]
    assert list(states_again(fresh, differed)) == []


async def test_a_newer_state_that_casework_wrote_meanwhile_is_left_alone() -> None:
    hub, fresh = await _hub()
    await _write(hub, PAID.subject, b"{}", fresh.ends[0])

    assert await _differences(hub, fresh) == []


def _stores(folder: Path, *partitions: int) -> Path:
    for number in partitions:
        store = Stores(folder / "fold-1").open("casework", CASE_EVENTS, number)
        store.write({b"k": b"v"}, Applied("topic", 0, "fingerprint"))
        store.close()
    return folder


def test_the_stores_of_a_worker_are_deleted_for_the_partitions_named(tmp_path: Path) -> None:
    folder = _stores(tmp_path, 1, 2, 12)

    found = forget_stores(folder, partitions=[2], write=True)

    assert found == ["fold-1/casework/case.events-2"]
    assert sorted(path.name for path in folder.glob("*/*/*")) == ["case.events-1", "case.events-12"]


def test_without_write_stores_are_named_and_stay(tmp_path: Path) -> None:
    folder = _stores(tmp_path, 1)

    assert forget_stores(folder, partitions=[1], write=False) == ["fold-1/casework/case.events-1"]
    assert (folder / "fold-1" / "casework" / "case.events-1").exists()


def test_no_store_is_taken_from_under_a_running_worker(tmp_path: Path) -> None:
    folder = _stores(tmp_path, 1, 2)
    running = Stores(folder / "fold-1").open("casework", CASE_EVENTS, 2)

    with pytest.raises(StoreError, match="Stop it first"):
        forget_stores(folder, partitions=[1, 2], write=True)

    running.close()
    assert len(list(folder.glob("*/*/*"))) == 2
