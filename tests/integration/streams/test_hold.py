"""The brake on a real Kafka: what is held survives kill -9, and goes out once when two people release it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import httpx
import orjson
import pytest
from typer.testing import CliRunner, Result

from fajian.cli.main import app
from fajian.core.brake import HELD
from fajian.core.ports import Output
from fajian.errors import HoldError
from fajian.law.documents import load_rules_under
from fajian.law.signatures import new_key, public_text
from fajian.local.ports import free_port
from fajian.local.stack import StackInfo
from fajian.settings import Settings
from fajian.streams.log import KafkaLog, Part
from fajian.streams.outbox import KafkaOutbox, partition_of
from fajian.streams.rules_topic import publish_rules
from fajian.streams.ticker import Ticker
from schemas.names import ce_type
from schemas.topics import AUDIT, FLAGS, HOLDS, HUB, OPERATOR, feed
from tests.policies import write_policy

DAY = "2091-03-01"  #: no other test of this stack holds a tick
WITHIN_SECONDS = 60
HELD_FLAGS = 30


class Router:
    """A worker process that routes, and may be killed."""

    def __init__(self, stack: StackInfo, folder: Path) -> None:
        self._environment = os.environ | stack.environment(HUB)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._url = ""

    def start(self, name: str) -> None:
        port = free_port()
        self._url = f"http://127.0.0.1:{port}"
        argv = [sys.executable, "-m", "fajian", "worker", "routing", "--name", name, "--web-port", str(port)]
        environment = self._environment | {"FAJIAN_DATA_DIR": str(self._folder)}
        with (self._folder / f"{name}.log").open("wb") as log:
            self._process = subprocess.Popen(argv, env=environment, stdout=log, stderr=log)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def problems(self) -> list[str]:
        try:
            async with httpx.AsyncClient() as client:
                problems: list[str] = (await client.get(f"{self._url}/healthz")).json()["problems"]
                return problems
        except httpx.TransportError:
            return []


@pytest.fixture
def router(stack: StackInfo, tmp_path: Path) -> Iterator[Router]:
    router = Router(stack, tmp_path)
    yield router
    router.kill()


async def _until(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while not await what():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def _flag(subject: str, version: str, *, held: bool) -> Output:
    body = {
        "rule": "pay-out",
        "side": "court",
        "historic": False,
        "reported": False,
        "explanation": {"rules": version},
    }
    headers = [("ce_id", uuid4().hex.encode()), ("ce_type", ce_type("Overdue", "flag").encode())]
    return Output(
        0, FLAGS, subject.encode(), orjson.dumps(body), [*headers, *([(HELD, DAY.encode())] if held else [])]
    )


def _ids(outputs: list[Output]) -> list[bytes]:
    return [dict(output.headers)["ce_id"] for output in outputs]


async def _fed(settings: Settings, subject: str, partitions: int) -> list[bytes]:
    """Return the ids that stand in the court's feed for *subject*, in their order."""
    part = Part(feed("court"), partition_of(subject.encode(), partitions))
    async with KafkaLog(settings) as log:
        end = (await log.ends([part]))[part]
        return [
            dict(record.headers)["ce_id"]
            async for records in log.read(part, 0, end)
            for record in records
            if record.key == subject.encode()
        ]


async def _audited(settings: Settings) -> list[tuple[str, str]]:
    part = Part(AUDIT, 0)
    async with KafkaLog(settings) as log:
        end = (await log.ends([part]))[part]
        acts = [
            orjson.loads(record.value or b"")
            async for records in log.read(part, 0, end)
            for record in records
        ]
    return [(act["act"], act["by"]) for act in acts if act.get("day") == DAY]


async def test_what_is_held_goes_out_once_and_in_order_when_two_people_release_it(
    stack: StackInfo, router: Router, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAJIAN_DATA_DIR", stack.data_dir)
    keys = {name: tmp_path / f"{name}.key" for name in ("court-it", "office", "stranger")}
    public = {name: public_text(new_key(path).public_key()) for name, path in keys.items()}
    named = "".join(f'{name} = "{public[name]}"\n' for name in ("court-it", "office"))
    rules = load_rules_under(write_policy(tmp_path, tables=f"[brake.keys]\n{named}"))
    subject = f"（2022）皖1324执{uuid4().int % 10**9}号"
    first, last = _flag(subject, rules.version, held=False), _flag(subject, rules.version, held=False)
    held = [_flag(subject, rules.version, held=True) for _ in range(HELD_FLAGS)]
    mark = {"kind": "held", "day": DAY, "partition": 0, "flags": 30, "held": 30, "limit": 5, "usual": 0}
    told_of = Output(
        0, HOLDS, f"held/{DAY}/0".encode(), orjson.dumps(mark | {"rules": {"pay-out": 30}}), (), 0
    )
    hub, court = stack.settings(HUB), stack.settings("court")
    async with KafkaOutbox(hub) as outbox, KafkaOutbox(stack.settings(OPERATOR)) as operator:
        await publish_rules(operator, rules, effective_day=date.fromisoformat(DAY))
        await outbox.deliver([told_of, first, *held, last])
    async with Ticker(hub) as ticker:  # workers take nothing of a ledger that does not say what it is
        await ticker.declare(simulated=True, from_day=date.fromisoformat(DAY))

    async def fed(count: int) -> bool:
        return len(await _fed(court, subject, stack.partitions)) >= count

    async def is_held() -> bool:
        return any(f"hold show {DAY}" in problem for problem in await router.problems())

    async def hold(*words: str, key: str = "") -> Result:
        more = ["--key", str(keys[key]), "--reason", "日历已核对"] if key else []
        return await asyncio.to_thread(CliRunner().invoke, app, ["hold", *words, *more])

    router.start("one")
    await _until(is_held)
    router.kill()
    router.start("two")
    await _until(is_held)
    assert await _fed(court, subject, stack.partitions) == _ids([first])

    stranger = await hold("release", DAY, key="stranger")
    one = await hold("release", DAY, key="court-it")
    again = await hold("release", DAY, key="court-it")
    assert isinstance(stranger.exception, HoldError)
    assert "release 1 / 2" in (await hold("list")).stdout
    assert "扣下" in one.stdout
    assert isinstance(again.exception, HoldError)
    two = await hold("release", DAY, key="office")
    assert "已放行" in two.stdout

    await _until(lambda: fed(HELD_FLAGS + 2))
    assert await _fed(court, subject, stack.partitions) == _ids([first, *held, last])
    assert await _audited(stack.settings(OPERATOR)) == [
        ("hold-release", "court-it"),
        ("hold-release", "office"),
    ]
    shown = orjson.loads((await hold("show", DAY, "--json")).stdout)
    assert (shown["status"], shown["rules"]) == ("release", {"pay-out": 30})
