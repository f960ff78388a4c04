"""A court's connector with all ways in and a webhook, a worker, and peers that go away one by one."""

import asyncio
import math
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from importlib.resources import files
from pathlib import Path
from time import monotonic
from typing import Any

from fajian.cli.stack import found
from fajian.local.doors import wait_until_open
from fajian.local.parts import Part, start_parts
from fajian.local.stack import EmbeddedStack
from fajian.settings import load_settings
from schemas.topics import HUB
from tests.outage.books import Books, Verdict
from tests.outage.desk import Desk
from tests.outage.producers import Producer, make_outbox, producers

PEERS = ("kafka", "postgres", "receiver")
SETTLE_SECONDS = 300.0

Say = Callable[[str], None]

SOURCES = """
[[source]]
kind = "outbox"
dsn = "${FAJIAN_COURT_POSTGRES_DSN}"

[[source]]
kind = "files"
folder = "FOLDER"
sources = ["//court/files"]
complete = "rename"
poll_seconds = 0.5
"""


async def drill(
    folder: Path, *, seconds: float, rate: float, peers: Sequence[str] = PEERS, say: Say = lambda _: None
) -> dict[str, Any]:
    """Take each of *peers* away for *seconds* while all sources together send *rate* events a second.

    Returns how long the bus needed each time until it had caught up, and what became of the events.
    """
    stack = EmbeddedStack(folder / "stack", cache_dir=load_settings().cache_dir, partitions=4)
    with stack as info, closing(Desk(folder)) as desk:
        await found(info)
        await make_outbox(info.dsns["court"])
        exchange = folder / "exchange"
        (exchange / "inbox").mkdir(parents=True)
        config = folder / "court.toml"
        shipped = files("connectors").joinpath("court.toml").read_text(encoding="utf-8")
        tables = SOURCES.replace("FOLDER", str(exchange)) + desk.table
        config.write_text(shipped + tables, encoding="utf-8")
        os.environ |= desk.secrets
        desk.open()
        parts = (
            Part("worker-1", HUB, ("worker", "--name", "worker-1")),
            Part("court-connector", "court", ("connector", "court", "--config", str(config))),
        )
        await asyncio.to_thread(wait_until_open, start_parts(stack, info, parts))
        systems = producers(info, exchange, rate=rate / 3)
        told: dict[str, Any] = {"seconds": seconds, "rate": rate, "outages": {}}
        async with _sending(systems) as senders:
            watch = _Watch(Books(info, exchange, desk), senders, say)
            await watch.wait(min(5, seconds))
            for peer in peers:
                say(f"{peer} is away for {seconds:g} s")
                async with _away(stack, desk, peer):
                    await watch.wait(seconds)
                say(f"{peer} is back")
                told["outages"][peer] = {"caught_up_seconds": await watch.caught_up()}
        verdicts = await watch.verdicts()
    told["sources"] = {name: verdict._asdict() for name, verdict in verdicts.items()}
    told["good"] = all(verdict.is_good for verdict in verdicts.values())
    return told


@asynccontextmanager
async def _sending(systems: Any) -> AsyncIterator[list[Producer]]:
    """Let all systems send; at the end wait until each has handed over what it made."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(run(stop)) for _, run in systems]
    try:
        yield [producer for producer, _ in systems]
        stop.set()
        async with asyncio.timeout(SETTLE_SECONDS):
            await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


@asynccontextmanager
async def _away(stack: EmbeddedStack, desk: Desk, peer: str) -> AsyncIterator[None]:
    """Stop the processes of *peer*, or close the receiver; start again afterwards."""
    names = [each.name for each in stack.supervisor.statuses() if each.name.startswith(peer)]
    commands = [stack.supervisor.command(name) for name in names]
    if peer == "receiver":
        desk.close()
    for name in names:
        await asyncio.to_thread(stack.supervisor.stop, name)
    yield
    if peer == "receiver":
        desk.open()
    for command in commands:
        stack.supervisor.start(command)


class _Watch:
    """Tells how far everything is."""

    def __init__(self, books: Books, senders: Sequence[Producer], say: Say) -> None:
        self._books, self._senders, self._say = books, senders, say

    async def wait(self, seconds: float) -> None:
        ends = monotonic() + seconds
        while (left := ends - monotonic()) > 0:
            await asyncio.sleep(min(10, left))
            self._say(self._progress())

    async def caught_up(self) -> float | None:
        """Return after how many seconds as many events are recorded as there are by now; None: not soon.

        That is no fault yet: on a busy machine more comes than is recorded. The verdict is taken when
        nothing comes any more.
        """
        begun, made = monotonic(), self._total("made")
        while (recorded := await self._books.recorded()) < made:
            if monotonic() - begun > SETTLE_SECONDS:
                return None
            self._say(f"{self._progress()}, recorded {recorded}")
            await asyncio.sleep(2)
        return round(monotonic() - begun, 1)

    async def verdicts(self) -> Mapping[str, Verdict]:
        """Return what became of every event, as soon as nothing is wrong, or nothing gets better any more."""
        best, better_at = math.inf, monotonic()
        while True:
            verdicts = await self._books.verdicts(self._senders)
            faults = sum(sum(each.faults.values()) for each in verdicts.values())
            if faults < best:
                best, better_at = faults, monotonic()
            if not faults or monotonic() - better_at > SETTLE_SECONDS:
                return verdicts
            wrong = [f"{name} {each.faults}" for name, each in verdicts.items() if not each.is_good]
            self._say(f"not yet good: {', '.join(wrong)}")
            await asyncio.sleep(5)

    def _progress(self) -> str:
        counts = {what: self._total(what) for what in ("made", "handed_over")}
        counts["delivered"] = self._books.delivered()
        return ", ".join(f"{what.replace('_', ' ')} {count}" for what, count in counts.items())

    def _total(self, what: str) -> int:
        return sum(getattr(each, what) for each in self._senders)
