"""The runtime on a real Kafka: processes die, batches are lost, stores are old, ledgers are replaced.

Every output must be there, and say the same whenever it is repeated.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import orjson
import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka.admin import AdminClient, NewTopic

from fajian.core.ports import Output
from fajian.local.kafka import ADMIN
from fajian.local.ports import free_port
from fajian.local.stack import StackInfo
from fajian.settings import Settings, load_settings
from fajian.streams.connection import aiokafka_options, confluent_options
from fajian.streams.log import KafkaLog, Part
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.unpacking import MOST_BYTES
from tests.raw_batches import GBK, ZSTD, packed

ROOT = Path(__file__).parents[3]
PARTITIONS = 6
KEYS = 40
WITHIN_SECONDS = 35


class Toy:
    """A ledger of its own, a topic of outputs, and worker processes that may be treated badly."""

    def __init__(self, stack: StackInfo, folder: Path) -> None:
        self.ledger = f"toy-{uuid4().hex[:8]}"
        self.settings: Settings = load_settings(
            bootstrap_servers=stack.bootstrap, sasl_username=ADMIN, sasl_password=stack.passwords[ADMIN]
        )
        self.folder = folder
        self.written = 0
        self._environment = stack.environment(ADMIN)
        self._admin = AdminClient(confluent_options(self.settings))
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.ports: dict[str, int] = {}
        self.create(self.ledger, f"{self.ledger}.out")

    def create(self, *topics: str) -> None:
        made = self._admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics])
        for future in made.values():
            future.result(10)

    def delete(self, topic: str) -> None:
        self._admin.delete_topics([topic])[topic].result(10)

    def start(self, name: str, *, drop_batch: int = 0) -> None:
        port = self.ports[name] = free_port()
        environment = os.environ | self._environment
        environment |= {"TOY_LEDGER": self.ledger, "TOY_NAME": name, "TOY_FOLDER": str(self.folder)}
        environment |= {"TOY_PORT": str(port), "DROP_BATCH": str(drop_batch)}
        log = (self.folder / f"{name}.log").open("ab")
        argv = [sys.executable, "-m", "tests.toy_worker"]
        self._running[name] = subprocess.Popen(argv, cwd=ROOT, env=environment, stderr=log, stdout=log)
        log.close()

    def kill(self, name: str) -> None:
        process = self._running.pop(name)
        process.kill()
        process.wait()

    async def stop(self, name: str) -> int:
        process = self._running.pop(name)
        process.terminate()
        return await asyncio.to_thread(process.wait, 10)

    async def ended(self, name: str) -> int:
        return await asyncio.to_thread(self._running.pop(name).wait, WITHIN_SECONDS)

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")

    def close(self) -> None:
        for name in list(self._running):
            self.kill(name)

    async def ready(self, *names: str) -> None:
        async with httpx.AsyncClient() as client, asyncio.timeout(WITHIN_SECONDS):
            for name in names:
                while not await self._is_ready(client, name):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)

    async def _is_ready(self, client: httpx.AsyncClient, name: str) -> bool:
        try:
            return (await client.get(f"http://127.0.0.1:{self.ports[name]}/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    async def write(self, count: int) -> None:
        numbers = range(self.written, self.written + count)
        async with KafkaOutbox(self.settings) as outbox:
            await outbox.deliver(
                [
                    Output(0, self.ledger, f"k{n % KEYS}".encode(), b"%d" % n, (), n % PARTITIONS)
                    for n in numbers
                ]
            )
        self.written += count

    async def write_raw(self, batch: bytes) -> None:
        """Write *batch* of one record to the first partition, as a client in C might."""
        async with AIOKafkaProducer(**aiokafka_options(self.settings, client_id="raw")) as producer:
            builder = producer.create_batch()
            builder.append(timestamp=None, key=b"k", value=b"")
            builder.close()
            builder._buffer = bytearray(batch)
            await (await producer.send_batch(builder, self.ledger, partition=0))
        self.written += 1

    async def outputs(self) -> tuple[dict[str, int], int]:
        """Return what each output says, and how many were sent; wait until nothing is missing."""
        async with KafkaLog(self.settings) as log, asyncio.timeout(WITHIN_SECONDS):
            while True:
                unique, count = await self._read(log)
                if len(unique) >= self.written:
                    return unique, count
                await asyncio.sleep(0.2)

    async def _read(self, log: KafkaLog) -> tuple[dict[str, int], int]:
        unique: dict[str, int] = {}
        count = 0
        parts = [Part(f"{self.ledger}.out", partition) for partition in range(PARTITIONS)]
        for part, end in (await log.ends(parts)).items():
            async for records in log.read(part, 0, end):
                for record in records:
                    said = orjson.loads(record.value or b"")
                    assert unique.setdefault(said["id"], said["sum"]) == said["sum"]
                    count += 1
        return unique, count

    async def expected(self) -> dict[str, int]:
        """Add up the ledger as it stands, in the simplest way."""
        sums: dict[tuple[int, bytes | None], int] = {}
        found: dict[str, int] = {}
        parts = [Part(self.ledger, partition) for partition in range(PARTITIONS)]
        async with KafkaLog(self.settings) as log:
            for part, end in (await log.ends(parts)).items():
                async for records in log.read(part, 0, end):
                    for record in records:
                        place = (part.partition, record.key)
                        sums[place] = sums.get(place, 0) + int(record.value or b"0")
                        found[f"{part.partition}/{record.offset}"] = sums[place]
        return found


@pytest.fixture
def toy(stack: StackInfo, tmp_path: Path) -> Iterator[Toy]:
    with ExitStack() as cleaning:
        made = Toy(stack, tmp_path)
        cleaning.callback(made.close)
        yield made


async def _load(toy: Toy, chunks: int) -> AsyncIterator[int]:
    for chunk in range(chunks):
        await toy.write(600)
        yield chunk


async def test_three_workers_lose_nothing_when_one_is_killed_and_comes_back_under_load(toy: Toy) -> None:
    for name in "abc":
        toy.start(name)
    await toy.ready(*"abc")

    async for chunk in _load(toy, 30):
        if chunk == 8:
            toy.kill("b")
        if chunk == 16:
            toy.start("b")
        if chunk == 22:
            await toy.stop("c")
    unique, _ = await toy.outputs()

    assert unique == await toy.expected()


async def test_what_aiokafka_cannot_unpack_stops_nobody(toy: Toy) -> None:
    """Brokers look neither whether a header's name is text nor how much a batch unpacks to."""
    toy.start("a")
    await toy.write(600)
    await toy.write_raw(packed([(b"7", [("abcd", b"x")])], spoil=(b"abcd", GBK)))
    await toy.write_raw(packed([(bytes(MOST_BYTES + 1), [])], codec=ZSTD))
    await toy.write(600)

    unique, count = await toy.outputs()

    assert unique == await toy.expected()
    assert count == len(unique) == 1202


async def test_a_store_older_than_progress_repeats_nothing_and_misses_nothing(toy: Toy) -> None:
    toy.start("a")
    await toy.write(600)
    await toy.outputs()
    status = await toy.stop("a")
    shutil.copytree(toy.folder / "a", toy.folder / "old")
    toy.start("a")
    await toy.write(600)
    await toy.outputs()
    await toy.stop("a")
    shutil.rmtree(toy.folder / "a")
    (toy.folder / "old").rename(toy.folder / "a")

    toy.start("a")
    await toy.write(600)
    unique, count = await toy.outputs()

    assert status == 0
    assert unique == await toy.expected()
    assert count == len(unique)


async def test_a_batch_that_faust_lost_and_counted_as_done_is_found_and_folded(toy: Toy) -> None:
    toy.start("a", drop_batch=2)
    await toy.ready("a")

    await toy.write(600)
    unique, _ = await toy.outputs()

    assert unique == await toy.expected()


async def test_an_orderly_stop_under_load_is_done_in_ten_seconds_and_repeats_nothing(toy: Toy) -> None:
    toy.start("a")
    await toy.ready("a")

    async for chunk in _load(toy, 12):
        if chunk == 5:
            status = await toy.stop("a")
            toy.start("a")
    unique, count = await toy.outputs()

    assert status == 0
    assert unique == await toy.expected()
    assert count == len(unique)


async def test_a_recreated_ledger_stops_the_worker_and_it_says_why(toy: Toy) -> None:
    toy.start("a")
    await toy.write(60)
    await toy.outputs()
    await toy.stop("a")
    toy.delete(toy.ledger)
    toy.create(toy.ledger)

    toy.start("a")
    status = await toy.ended("a")

    assert status == 1
    assert f"fatal: {toy.ledger}/" in toy.said("a")
    assert "It was deleted and created again" in toy.said("a")
