"""The embedded stack through crashes and restarts: stacks of these tests' own, apart from the shared one."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka.admin import NewTopic

from fajian.errors import JarError, LocalError, NotRunningError
from fajian.local.admin import Access, kafka_admin
from fajian.local.jars import ensure_jars
from fajian.local.kafka import EmbeddedKafka
from fajian.local.postgres import EmbeddedPostgres
from fajian.local.stack import EmbeddedStack, StackInfo, read_processes, read_stack, remove_stack, running_pid
from fajian.local.supervisor import Supervisor

RECORDS = 5_000
PATIENCE = 60  #: seconds, where a broken program would never come


def _options(access: Access) -> dict[str, Any]:
    return {
        "bootstrap_servers": access.bootstrap,
        "security_protocol": access.security_protocol,
        "sasl_mechanism": access.mechanism,
        "sasl_plain_username": access.username,
        "sasl_plain_password": access.password,
    }


@contextmanager
def _kafka(
    folder: Path, cache_dir: Path, *, brokers: int | None = None
) -> Iterator[tuple[EmbeddedKafka, Supervisor]]:
    jars = ensure_jars(cache_dir)
    with Supervisor() as supervisor:
        kafka = EmbeddedKafka(folder, jars=jars, supervisor=supervisor, brokers=brokers)
        kafka.start()
        yield kafka, supervisor


async def _write(access: Access, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(**_options(access), acks="all", enable_idempotence=True)
    try:
        await producer.start()
        sent = [await producer.send("numbers", value, partition=0) for value in values]
        for each in sent:
            await each
    finally:
        await producer.stop()


async def _read(access: Access, count: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer("numbers", **_options(access), auto_offset_reset="earliest")
    try:
        await consumer.start()
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_nothing_that_was_acknowledged_is_lost_when_the_broker_is_killed(
    tmp_path: Path, cache_dir: Path
) -> None:
    values = [str(number).encode() for number in range(RECORDS)]
    with _kafka(tmp_path, cache_dir) as (kafka, supervisor):
        with kafka_admin(kafka.access) as admin:
            admin.create_topics([NewTopic("numbers", num_partitions=1, replication_factor=1)])
        await _write(kafka.access, values)

        supervisor.kill("kafka-1")
        kafka.wait_ready(crashes=1)

        assert await _read(kafka.access, RECORDS) == values


async def test_three_brokers_go_on_when_one_is_away_and_stay_three(tmp_path: Path, cache_dir: Path) -> None:
    with _kafka(tmp_path, cache_dir, brokers=3) as (kafka, supervisor):
        with kafka_admin(kafka.access) as admin:
            admin.create_topics([NewTopic("numbers", num_partitions=1, replication_factor=3)])

        supervisor.stop("kafka-3")
        await _write(kafka.access, [b"one", b"two"])

        assert await _read(kafka.access, 2) == [b"one", b"two"]

    with _kafka(tmp_path, cache_dir) as (kafka, _):  # as many again, without being told
        assert (kafka.brokers, await _read(kafka.access, 2)) == (3, [b"one", b"two"])
    with pytest.raises(LocalError, match="a cluster of 3 brokers, asked for 1"):
        EmbeddedKafka(tmp_path, jars=(), supervisor=Supervisor(), brokers=1).launch()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("life") / "data"
    yield folder
    remove_stack(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_no_process_is_left_when_the_parent_is_killed(folder: Path, cache_dir: Path) -> None:
    program = [sys.executable, "-c", PARENT, str(folder), str(cache_dir)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        children = [psutil.Process(each["pid"]) for each in read_processes(folder)]

        os.kill(parent.pid, signal.SIGKILL)

        _gone, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert len(children) == 2
    assert not alive
    assert running_pid(folder) is None


PARENT = """
import signal, sys
from pathlib import Path
import psycopg
from fajian.local.stack import EmbeddedStack

with EmbeddedStack(Path(sys.argv[1]), cache_dir=Path(sys.argv[2])) as info:
    with psycopg.connect(info.dsns["court"]) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    print("ready", flush=True)
    signal.pause()
"""


def test_a_second_start_finds_everything_again_without_network(
    folder: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the kill of the test before; jgo and its HTTP client cannot even be imported."""
    for module in ("jgo", "requests"):
        monkeypatch.setitem(sys.modules, module, None)

    with EmbeddedStack(folder, cache_dir=cache_dir, offline=True) as info:
        with psycopg.connect(info.dsns["court"]) as connection:
            kept = connection.execute("SELECT n FROM kept").fetchall()
        with kafka_admin(info.access()) as admin:
            topics = admin.topics()

    assert kept == [(7,)]
    assert topics["case.events"].partitions == info.partitions


def test_a_folder_belongs_to_one_stack_at_a_time(stack: StackInfo, cache_dir: Path) -> None:
    with (
        pytest.raises(LocalError, match="is in use by process"),
        EmbeddedStack(Path(stack.data_dir), cache_dir=cache_dir),
    ):
        pass
    assert read_stack(Path(stack.data_dir)) == stack


def test_a_stack_that_cannot_start_leaves_the_folder_free(tmp_path: Path) -> None:
    with pytest.raises(JarError), EmbeddedStack(tmp_path / "data", cache_dir=tmp_path, offline=True):
        pass

    assert running_pid(tmp_path / "data") is None
    with pytest.raises(NotRunningError):
        read_stack(tmp_path / "data")


def test_a_database_that_was_killed_comes_back_with_what_was_committed(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    with Supervisor() as supervisor:
        postgres = EmbeddedPostgres(tmp_path / "postgres", supervisor=supervisor, sides=("court",))
        postgres.start()
        with psycopg.connect(postgres.dsns["court"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")

        supervisor.kill("postgres")
        postgres.wait_ready(crashes=3)  # the killed server's own children may hold it up for a moment

        with psycopg.connect(postgres.dsns["court"]) as connection:
            assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]
    postgres.remove()
