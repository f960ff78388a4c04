"""Patterns on a real Kafka: a worker that has nothing but the topics goes on where a killed one was."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import orjson
import pytest

from fajian.core.patterns import of_day
from fajian.core.ports import Output, Record
from fajian.law.documents import load_rules_under
from fajian.local.ports import free_port
from fajian.local.stack import StackInfo
from fajian.settings import Settings
from fajian.streams.log import KafkaLog, Part
from fajian.streams.outbox import KafkaOutbox, partition_of
from fajian.streams.progress import ProgressBook
from fajian.streams.rules_topic import publish_rules
from fajian.streams.ticker import Ticker
from schemas.topics import HUB, LEADS, OPERATOR, PATTERNS
from tests.policies import sign_for, write_policy

DAY = date(2092, 3, 3)  #: no other test of this stack closes a day so late
MATERIAL = Part(PATTERNS, 0)
WITHIN_SECONDS = 120

StartWorker = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def start_worker(stack: StackInfo, tmp_path: Path) -> Iterator[StartWorker]:
    """Start a worker process of a name, with a store of its own, that looks for patterns."""
    environment = os.environ | stack.environment(HUB) | {"FAJIAN_DATA_DIR": str(tmp_path)}
    with ExitStack() as running:

        def start(name: str) -> subprocess.Popen[bytes]:
            argv = [sys.executable, "-m", "fajian", "worker", "patterns", "--name", name]
            log = running.enter_context((tmp_path / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                [*argv, "--web-port", str(free_port())], env=environment, stdout=log, stderr=log
            )
            running.callback(process.wait)
            running.callback(process.kill)
            return process

        yield start


def _lead(subject: str) -> Output:
    body = {"what": "lead", "trigger": "T20", "subject": subject, "on": DAY.isoformat(), "side": "court"}
    body |= {"instance": "", "lead_id": f"lead of {subject}"}
    return Output(0, PATTERNS, subject.encode(), orjson.dumps(body), (), 0)


async def _until(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while not await what():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def _has_acknowledged_all(settings: Settings) -> bool:
    async with KafkaLog(settings) as log:
        book, ends = ProgressBook(log), await log.ends([MATERIAL])
        await book.refresh()
    stated = book.of("patterns", MATERIAL)
    return stated is not None and stated.acked >= ends[MATERIAL]


async def _raised(settings: Settings, subject: str, partitions: int) -> list[Record]:
    part = Part(LEADS, partition_of(subject.encode(), partitions))
    async with KafkaLog(settings) as log:
        end = (await log.ends([part]))[part]
        return [
            record
            async for records in log.read(part, 0, end)
            for record in records
            if orjson.loads(record.value or b"{}").get("on") == DAY.isoformat()
        ]


async def test_a_pattern_half_told_to_a_worker_that_is_killed_is_raised_by_another_one_without_its_store(
    stack: StackInfo, start_worker: StartWorker, tmp_path: Path
) -> None:
    hub = stack.settings(HUB)
    policy = write_policy(tmp_path, head='approved = ["T37"]\n')
    sign_for(policy, "court", "procuratorate")
    rules = load_rules_under(policy)
    subject = f"agreement/{rules.policy.id}"
    cases = [f"（2092）皖1324执{number}号" for number in range(1, 6)]
    *closed, last = [of_day(partition, DAY, rules.version, 0) for partition in range(stack.partitions)]
    async with KafkaOutbox(stack.settings(OPERATOR)) as operator:
        await publish_rules(operator, rules, effective_day=DAY)
    async with Ticker(hub) as ticker:  # workers take nothing of a ledger that does not say what it is
        await ticker.declare(simulated=True, from_day=DAY)

    async with KafkaOutbox(hub) as outbox:
        await outbox.deliver([*map(_lead, cases), *closed])
        first = start_worker("patterns-one")
        await _until(lambda: _has_acknowledged_all(hub))
        first.kill()
        assert await _raised(hub, subject, stack.partitions) == []
        await outbox.deliver([last])
    start_worker("patterns-two")
    await _until(lambda: _has_acknowledged_all(hub))

    (lead,) = await _raised(hub, subject, stack.partitions)
    body = orjson.loads(lead.value or b"")
    assert (body["trigger"], body["subject"]) == ("T37", subject)
    assert body["evidence"] == [f"lead of {case}" for case in cases]
