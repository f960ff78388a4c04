"""What aiokafka makes of batches that somebody has written on purpose or by mistake. Its classes are real."""

import inspect
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher

from fajian.streams import connection, unpacking
from fajian.streams.unpacking import MOST_BYTES
from schemas.topics import UNREADABLE
from tests.raw_batches import GBK, GZIP, LZ4, NONE, SNAPPY, ZSTD, Row, packed


def fetched(*batches: bytes, begin: int = 0) -> fetcher.PartitionRecords:
    records = fetcher.MemoryRecords(b"".join(batches))
    part = TopicPartition("court.inbox", 0)
    return fetcher.PartitionRecords(part, records, [], begin, None, None, True, fetcher.READ_UNCOMMITTED)


def told(records: fetcher.PartitionRecords) -> list[tuple[Any, ...]]:
    return [(record.offset, record.value, record.headers) for record in records]


@pytest.fixture(autouse=True)
def _installed() -> None:
    unpacking.install()


@pytest.mark.parametrize("codec", [NONE, GZIP, SNAPPY, LZ4, ZSTD])
def test_batches_are_unpacked_as_ever(codec: int) -> None:
    rows: list[Row] = [(b"v%d" % number * 999, [("ce_id", b"1"), ("空", b"")]) for number in range(20)]

    records = fetched(packed(rows, codec=codec), packed(rows, codec=codec, base=20), begin=3)

    expected = [(number, *row) for number, row in enumerate([*rows, *rows])]
    assert told(records) == [(offset, value, tuple(headers)) for offset, value, headers in expected[3:]]


@pytest.mark.parametrize("begin", [0, 2, 3])
def test_a_header_name_that_is_not_utf_8_is_read_with_escapes_and_nothing_else_changes(begin: int) -> None:
    rows: list[Row] = [
        (b"%d" % number, [("ce_id", b"1"), ("abcd", b"x")][: number % 3]) for number in range(5)
    ]
    after = packed([(b"next", [])], base=5)

    records = fetched(packed(rows, spoil=(b"abcd", GBK)), after, begin=begin)

    name = GBK.decode("utf-8", "backslashreplace")
    assert name == "\\xb0\\xb8\\xd3\\xc9"
    clean = [
        (0, b"0", ()),
        (1, b"1", (("ce_id", b"1"),)),
        (2, b"2", (("ce_id", b"1"), (name, b"x"))),
        (3, b"3", ()),
        (4, b"4", (("ce_id", b"1"),)),
        (5, b"next", ()),
    ]
    assert told(records) == clean[begin:]
    assert records.next_fetch_offset == 6


@pytest.mark.parametrize("codec", [GZIP, LZ4, ZSTD])
def test_a_batch_that_unpacks_to_too_much_gives_records_that_say_so(codec: int) -> None:
    half = bytes(MOST_BYTES // 2)
    bomb = packed([(half, []), (half, []), (b"small", [])], codec=codec, base=7)

    records = fetched(bomb, packed([(b"next", [])], base=10), begin=8)

    said = (UNREADABLE, b"expected at most 67108864 bytes in a batch that is unpacked, got more")
    assert len(bomb) < 1_000_000
    assert told(records) == [(8, None, (said,)), (9, None, (said,)), (10, b"next", ())]


def test_a_batch_that_was_damaged_on_its_way_is_an_error_as_ever() -> None:
    damaged = packed([(b"value", [])]).replace(b"value", b"vague")

    with pytest.raises(fetcher.Errors.CorruptRecordException):
        told(fetched(damaged))


def test_every_consumer_of_the_bus_unpacks_so() -> None:

    assert "unpacking.install()" in inspect.getsource(connection)
    assert fetcher.PartitionRecords.__module__ == unpacking.__name__
