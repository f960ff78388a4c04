"""One behaviour, two stores: the durable one and its twin."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fajian.errors import StoreError
from fajian.streams.memory import MemoryTopics
from fajian.streams.store import Applied, MemoryStore, PartitionStore, RocksStore, Stores, fingerprint

AT = Applied(topic_id="t", offset=4, fingerprint="e 00", notes={"tick": "2022-05-16"})

Fresh = Callable[[], PartitionStore]


@pytest.fixture(params=["memory", "rocks"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PartitionStore]:
    opened = (
        MemoryStore() if request.param == "memory" else Stores(tmp_path).open("casework", "case.events", 3)
    )
    yield opened
    opened.close()


def test_a_new_store_has_applied_nothing(store: PartitionStore) -> None:
    assert store.applied is None
    assert store.get(b"a") is None


def test_writes_and_the_place_that_they_come_from_go_in_together(store: PartitionStore) -> None:
    store.write({b"a": b"1", b"b": b""}, AT)

    assert (store.get(b"a"), store.get(b"b"), store.applied) == (b"1", b"", AT)


def test_none_deletes_a_key_and_a_key_that_was_never_there(store: PartitionStore) -> None:
    store.write({b"a": b"1", b"b": b"2"}, AT)

    store.write({b"a": None, b"never": None}, AT)

    assert list(store.scan(b"a", b"z")) == [(b"b", b"2")]


def test_a_scan_is_in_byte_order_and_leaves_its_end_out(store: PartitionStore) -> None:
    store.write({b"d\xff": b"4", b"d1": b"1", b"d10": b"2", b"d2": b"3", b"c": b"0", b"e": b"5"}, AT)

    assert [key for key, _ in store.scan(b"d", b"d\xff")] == [b"d1", b"d10", b"d2"]


def test_a_scan_from_the_very_beginning_shows_folder_keys_only(store: PartitionStore) -> None:
    store.write({b"a": b"1"}, AT)

    assert list(store.scan(b"", b"\xff")) == [(b"a", b"1")]


def test_keys_of_the_store_itself_are_refused_and_nothing_is_written(store: PartitionStore) -> None:
    with pytest.raises(StoreError, match="the store's own"):
        store.write({b"a": b"1", b"\0applied": b"x"}, AT)

    assert (store.get(b"a"), store.applied) == (None, None)


def test_a_durable_store_is_found_again(tmp_path: Path) -> None:
    stores = Stores(tmp_path)
    first = stores.open("casework", "case.events", 0)
    first.write({b"a": b"1"}, AT)
    first.close()

    second = stores.open("casework", "case.events", 0)

    assert (second.get(b"a"), second.applied) == (b"1", AT)
    second.close()


def test_stores_of_a_process_share_one_block_cache_and_nothing_else(tmp_path: Path) -> None:
    stores = Stores(tmp_path)
    first, second = stores.open("a", "t", 0), stores.open("a", "t", 1)

    first.write({b"a": b"1"}, AT)

    assert second.get(b"a") is None
    first.close()
    second.close()


def test_a_store_that_another_worker_holds_is_refused_with_a_hint(tmp_path: Path) -> None:
    stores = Stores(tmp_path)
    holder = stores.open("casework", "case.events", 0)

    with pytest.raises(StoreError, match="another worker with the same name"):
        RocksStore(tmp_path / "casework" / "case.events-0", cache=stores.cache)

    holder.close()


def test_a_fingerprint_tells_records_apart_by_name_key_value_and_headers() -> None:
    topics = MemoryTopics()
    variants = [
        topics.append("t", key=b"k", value=b"v", headers=[("ce_id", b"1")], partition=0),
        topics.append("t", key=b"k", value=b"v", headers=[("ce_id", b"2")], partition=0),
        topics.append("t", key=b"k", value=None, headers=[("ce_id", b"1")], partition=0),
        topics.append("t", key=b"k", value=b"", headers=[("ce_id", b"1")], partition=0),
        topics.append("t", key=b"kv", value=b"", headers=[("ce_id", b"1")], partition=0),
        topics.append("t", key=b"k", value=b"v", headers=[], partition=0),
    ]

    prints = [fingerprint(record) for record in variants]

    assert len(set(prints)) == len(variants)
    assert prints[0].startswith("1 ")
