"""The batch driver, and what it leans on in Faust. A failure here means: Faust has changed, read it again."""

import inspect
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional, Set, Tuple  # noqa: UP035

import pytest
from aiokafka.errors import IllegalStateError
from faust.transport import consumer as faust_consumer
from faust.transport.consumer import RecordMap
from faust.transport.drivers import aiokafka as driver
from faust.transport.drivers import by_url
from faust.types import TP
from mode import services
from yarl import URL

from fajian.streams import transport
from fajian.streams.store import MemoryStore
from fajian.streams.transport import BATCH_BYTES, RELIES_ON, BatchConsumer, Transport, batches
from tests.stream_doubles import Bench, settle

TOPIC = TP("ledger", 0)


def _record(offset: int, size: int = 1) -> Any:
    return SimpleNamespace(offset=offset, value=b"x" * size)


def test_faust_is_of_the_line_that_the_driver_was_written_for() -> None:
    assert version("faust-streaming").startswith("0.15.")


def test_the_driver_stays_short() -> None:
    assert len(Path(transport.__file__).read_text(encoding="utf-8").splitlines()) < 150


@pytest.mark.parametrize("name", RELIES_ON)
def test_faust_still_has_what_the_loop_uses(name: str) -> None:
    source = inspect.getsource(faust_consumer) + inspect.getsource(driver) + inspect.getsource(services)

    assert hasattr(driver.Consumer, name) or f"self.{name}" in source or f"{name}:" in source


def test_faust_still_calls_the_loop_that_we_replace() -> None:
    assert "_drain_messages(self)" in inspect.getsource(faust_consumer.Fetcher)
    assert list(inspect.signature(driver.Consumer._drain_messages).parameters) == ["self", "fetcher"]


def test_faust_still_returns_records_with_the_partitions_that_were_active() -> None:
    returns = inspect.signature(faust_consumer.Consumer._wait_next_records).return_annotation

    assert returns == Tuple[Optional[RecordMap], Optional[Set[TP]]]  # noqa: UP006, UP045 - Faust's own spelling


def test_faust_still_compares_the_next_offset_to_read_after_a_seek() -> None:
    """`_read_offset` holds the position itself, which is what the loop keeps there."""
    assert "self._read_offset[ensure_TP(partition)] = offset" in inspect.getsource(
        faust_consumer.Consumer.seek
    )


def test_our_scheme_leads_to_our_driver() -> None:
    assert by_url(URL("fajian://127.0.0.1:9092")) is Transport
    assert Transport.Consumer is BatchConsumer


def test_records_are_cut_where_the_byte_limit_is_passed() -> None:
    records = [
        _record(0, BATCH_BYTES // 2),
        _record(1, BATCH_BYTES),
        _record(2),
        _record(3, 3 * BATCH_BYTES),
        _record(4),
    ]

    cut = [[record.offset for record in batch] for batch in batches(records)]

    assert cut == [[0, 1], [2, 3], [4]]


def test_nothing_fetched_gives_no_batch() -> None:
    assert list(batches([])) == []


class _Consumer(BatchConsumer):
    """The driver without a broker: what it would deliver and acknowledge is written down."""

    def __init__(self) -> None:
        stubs: Any = self
        stubs.app = SimpleNamespace(
            consumer_generation_id=1, topics=SimpleNamespace(acks_enabled_for=lambda topic: True)
        )
        self.flow_active = True
        stubs.suspend_flow = SimpleNamespace(wait=self._never)
        self._buffered_partitions: set[TP] = set()
        self._read_offset: dict[TP, int | None] = {TOPIC: None}
        self.delivered: list[tuple[int, list[int]]] = []
        self.gaps: list[tuple[int, int]] = []

    async def callback(self, message: Any) -> None:
        self.delivered.append((message.offset, [record.offset for record in message.value]))

    async def _never(self) -> None: ...

    async def wait_first(self, *coros: Any, timeout: Any = None) -> Any:
        await coros[0]
        coros[1].close()

    async def _add_gap(self, tp: TP, begin: int, end: int) -> None:
        self.gaps.append((begin, end))

    def _to_message(self, tp: TP, record: Any) -> Any:
        return SimpleNamespace(offset=record.offset, key=b"k", value=record.value)


async def test_a_partition_arrives_as_one_message_at_its_last_offset() -> None:
    consumer = _Consumer()

    await consumer._deliver({TOPIC: [_record(5), _record(6), _record(7)]}, {TOPIC})

    assert consumer.delivered == [(7, [5, 6, 7])]
    assert consumer.gaps == [(5, 6)]
    assert consumer._read_offset[TOPIC] == 8


async def test_an_offset_that_is_missing_is_acknowledged_with_the_batch_after_it() -> None:
    consumer = _Consumer()
    consumer._read_offset[TOPIC] = 5

    await consumer._deliver({TOPIC: [_record(7)]}, {TOPIC})

    assert consumer.gaps == [(5, 6)]


async def test_the_first_record_after_a_seek_is_delivered() -> None:
    consumer = _Consumer()
    consumer._read_offset[TOPIC] = 5

    await consumer._deliver({TOPIC: [_record(5)]}, {TOPIC})

    assert (consumer.delivered, consumer.gaps) == ([(5, [5])], [])


async def test_records_that_were_delivered_before_are_delivered_again() -> None:
    """Whoever takes them knows what it has applied; to drop them here could only hide a gap."""
    consumer = _Consumer()
    consumer._read_offset[TOPIC] = 9

    await consumer._deliver({TOPIC: [_record(5), _record(6)]}, {TOPIC})

    assert consumer.delivered == [(6, [5, 6])]


async def test_nothing_of_an_inactive_partition_or_a_stopped_flow_is_delivered() -> None:
    consumer = _Consumer()

    await consumer._deliver({TOPIC: [_record(5)]}, set())
    consumer.flow_active = False
    await consumer._deliver({TOPIC: [_record(5)]}, {TOPIC})

    assert consumer.delivered == []


async def test_what_a_failed_seek_lost_after_a_drained_fetch_is_found_by_the_runner() -> None:
    bench, store = Bench(), MemoryStore()
    runner = await bench.take_over(store)
    consumer, failed = _Consumer(), []

    async def take(message: Any) -> None:
        await runner.take(message.value)

    async def fail() -> None:
        raise IllegalStateError("No current assignment for partition")

    stubs: Any = consumer
    stubs.callback, stubs.perform_seek = take, fail
    stubs.log = SimpleNamespace(warning=lambda *said: failed.append(said))

    consumer.flow_active = False  # a rebalance: what was fetched is dropped, and fetching goes back
    await consumer._deliver({TOPIC: bench.write(1, 2)}, {TOPIC})
    await consumer._seek_back()
    consumer.flow_active = True
    await consumer._deliver({TOPIC: bench.write(3)}, {TOPIC})
    await settle(runner)

    assert failed
    assert bench.unique() == {0: 1, 1: 3, 2: 6}
