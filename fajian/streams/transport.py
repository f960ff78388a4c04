"""A Faust transport that delivers each partition's fetched records as one Faust message.

Agents stay `async for batch in stream`, and groups, rebalancing and supervision stay Faust's. The driver
replaces one loop of Faust's consumer, and leans on the private names in `RELIES_ON`, which a test checks.
What it does not deliver (a rebalance clears queues, a stopped flow drops fetched records) is found and
read again by `fajian.streams.runner`; nothing here needs to be lossless.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

SCHEME = "fajian"  #: broker URLs of the bus: fajian://host:port
BATCH_BYTES = 1024 * 1024  #: a batch ends here, or after the first record beyond it
FETCH_WAIT_SECONDS = 1.0

#: Private names of Faust's consumer that the loop below uses.
RELIES_ON = (
    "_acked",
    "_add_gap",
    "_buffered_partitions",
    "_committed_offset",
    "_drain_messages",
    "_read_offset",
    "_stopped",
    "_to_message",
    "_wait_next_records",
    "callback",
    "flow_active",
    "perform_seek",
    "suspend_flow",
    "wait_first",
)


class BatchConsumer(driver.Consumer):
    """Faust's aiokafka consumer with another delivery loop.

    In `_read_offset` this loop keeps the next offset to read, which is what Faust itself puts there
    after a seek.
    """

    async def _drain_messages(self, fetcher: Any) -> None:
        def stopping() -> bool:
            return bool(self._stopped.is_set() or fetcher._stopped.is_set())  # noqa: SLF001

        try:
            while not stopping():
                records, active = await self._wait_next_records(FETCH_WAIT_SECONDS)
                if records is None or self.should_stop:
                    continue
                if self.flow_active:
                    await self._deliver(records, active)
                else:
                    await self._seek_back()
                await asyncio.sleep(0)  # a full log must not keep the loop to itself
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.transport.app.should_stop:
                raise

    async def _deliver(self, records: Any, active: Any) -> None:
        generation = self.app.consumer_generation_id
        for tp, fetched in records.items():
            if active is not None and tp not in active and tp not in self._buffered_partitions:
                continue
            for batch in batches(fetched):
                if not self.flow_active or generation != self.app.consumer_generation_id:
                    return
                await self._deliver_batch(tp, batch)

    async def _deliver_batch(self, tp: TP, batch: Sequence[Any]) -> None:
        first, last = batch[0].offset, batch[-1].offset
        expected = self._read_offset[tp]
        begin = first if expected is None or expected > last else expected
        # The message stands at the offset of its last record; Faust counts the others as a gap that is
        # acknowledged along with it.
        if begin < last and self.app.topics.acks_enabled_for(tp.topic):
            await self._add_gap(tp, begin, last - 1)
        message = self._to_message(tp, batch[-1])
        message.key, message.value = None, batch  # type: ignore[assignment]
        await self.wait_first(self.callback(message), self.suspend_flow.wait())
        self._read_offset[tp] = last + 1

    async def _seek_back(self) -> None:
        try:
            await self.perform_seek()
        except Exception as error:  # Faust's own loop goes on as well: the runner finds what is missing
            self.log.warning("seek_failed %r", error)


def batches(records: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Cut *records* where `BATCH_BYTES` is passed."""
    begin = size = 0
    for i, record in enumerate(records):
        size += len(record.value or b"")
        if size >= BATCH_BYTES:
            yield records[begin : i + 1]
            begin, size = i + 1, 0
    if begin < len(records):
        yield records[begin:]


class Transport(driver.Transport):
    """Registered under `SCHEME`; everything but the consumer is Faust's."""

    Consumer = BatchConsumer


TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"
