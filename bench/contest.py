"""Casework and intake on the embedded Kafka, against the same core on other runtimes, in the same run.

Every contender reads the same preloaded topic from its beginning in a process of its own; they take turns,
round by round, so that what else the machine does befalls all of them.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any, NamedTuple

import orjson
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from bench.fold import history, rate
from bench.harness import Bench, Figure, Measure, median_of, ratio_of
from bench.history import History, as_outputs
from bench.waiting import worked_off
from fajian.core.casework import Casework
from fajian.core.ports import Output, Record
from fajian.law.intake import load_intake
from fajian.local.kafka import ADMIN
from fajian.local.stack import StackInfo
from fajian.settings import Settings
from fajian.streams.app import GROUP
from fajian.streams.connection import confluent_options
from fajian.streams.log import Part
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.rules_topic import publish_rules
from schemas.topics import CASE_EVENTS, HUB, PROGRESS, SIDES, inbox

OTHERS = ("faust", "faststream", "aiokafka")
CHILD_SECONDS = 900.0


class Run(NamedTuple):
    """One contender's way through the topic."""

    records: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.records / self.seconds


Results = Mapping[str, Sequence[Run]]


class Arena:
    """A running stack with a preloaded topic."""

    def __init__(
        self, bench: Bench, info: StackInfo, name: str, agent: str, topics: Sequence[str], total: int
    ) -> None:
        self._bench = bench
        self._info = info
        self._name = name
        self.agent = agent
        self._parts = [Part(topic, n) for topic in topics for n in range(info.partitions)]
        self._total = total
        self._started = 0

    def other(self, kind: str) -> Run:
        """Let one of the others read the topic to its end."""
        child = self._child(kind)
        told, _ = child.communicate(timeout=CHILD_SECONDS)
        if not told:
            said = (self._folder() / "stderr").read_text(errors="replace").splitlines()
            raise RuntimeError(f"{kind} ended with {child.returncode}: {' | '.join(said[-5:])}")
        return _run_of([orjson.loads(told)], self._total)

    def ours(self, workers: int = 1) -> Run:
        """Let our *workers* read the topic to its end; they start as if nobody had ever worked here."""
        asyncio.run(self._forget(progress=True))
        children = [self._child("ours") for _ in range(workers)]
        try:
            asyncio.run(worked_off(self._settings(HUB), self.agent, self._parts, CHILD_SECONDS))
        finally:
            for child in children:
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGTERM)
        return _run_of([orjson.loads(child.communicate(timeout=60)[0]) for child in children], self._total)

    def ours_again(self) -> Run:
        """Let one worker that has lost its store read everything again: it says nothing, for all is said."""
        asyncio.run(self._forget(progress=False))
        return self.other("ours")

    def _child(self, kind: str) -> "subprocess.Popen[bytes]":
        self._started += 1
        folder = self._folder()
        folder.mkdir()
        # Faust creates its changelog itself, which none of our own principals may.
        env = os.environ | self._info.environment(ADMIN if kind == "faust" else HUB)
        env |= {"FAJIAN_DATA_DIR": str(folder), "FAJIAN_WORKER": f"{self.agent}-{kind}-{self._started}"}
        argv = [sys.executable, "-m", "bench.contender", kind, self.agent, str(self._total)]
        with (folder / "stderr").open("wb") as log:
            return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=log)

    def _folder(self) -> Path:
        """Return the folder of the contender that was started last."""
        return self._bench.folder / f"contender-{self._name}-{self._started}"

    async def _forget(self, *, progress: bool) -> None:
        """Forget what our group has committed and, where *progress*, what our agents have stated."""
        admin = AdminClient(confluent_options(self._settings(ADMIN)))
        for future in admin.delete_consumer_groups([GROUP]).values():
            with suppress(KafkaException):  # the first time there is none
                await asyncio.to_thread(future.result, 30)
        if not progress:
            return
        async with KafkaOutbox(self._settings(HUB)) as outbox:
            keys = (f"{self.agent}/{part.topic}/{part.partition}".encode() for part in self._parts)
            await outbox.deliver([Output(0, PROGRESS, key, None, partition=0) for key in keys])

    def _settings(self, principal: str) -> Settings:
        return self._info.settings(principal)


def _run_of(told: Sequence[Mapping[str, Any]], total: int) -> Run:
    worked = [each for each in told if each["records"]]
    done = sum(each["records"] for each in worked)
    if done < total:
        raise RuntimeError(f"expected {total} records to be worked on, it was {done}")
    begun, ended = min(each["begun"] for each in worked), max(each["ended"] for each in worked)
    return Run(total, ended - begun, sum(each["cpu"] for each in worked))


def arena(bench: Bench, agent: str) -> Arena:
    """Start a stack and write the county's ledger, or its inboxes, into it."""
    return arena_of(bench, agent, history(bench), agent)


def arena_of(bench: Bench, agent: str, county: History, name: str) -> Arena:
    """The same for *county*, on the stack of that *name*."""
    info = bench.stack(len(county.ledger), name=name)
    if agent == "casework":
        outputs = [output for records in county.ledger for output in as_outputs(records)]
        topics: tuple[str, ...] = (CASE_EVENTS,)
    else:
        declared = [output for records in county.ledger for output in as_outputs(records[:1])]
        by_key = [output._replace(partition=-1) for output in as_outputs(county.submitted)]
        outputs, topics = [*declared, *by_key], tuple(inbox(side) for side in SIDES)
    asyncio.run(_preload(info, outputs, county))
    total = len([output for output in outputs if output.topic in topics])
    return Arena(bench, info, name, agent, topics, total)


async def _preload(info: StackInfo, outputs: Sequence[Output], county: History) -> None:
    async with KafkaOutbox(info.settings(ADMIN)) as outbox:
        await publish_rules(outbox, county.rules, effective_day=county.first_day)
        for n in range(0, len(outputs), 5000):
            await outbox.deliver(outputs[n : n + 5000])


def results(bench: Bench, agent: str) -> Results:
    """Hold the contest: all contenders in turn, as many rounds as the run wants."""

    def hold() -> Results:
        place = bench.once(f"arena {agent}", lambda: arena(bench, agent))
        runs: dict[str, list[Run]] = {}
        for n in range(bench.rounds):
            for kind in ("ours", *OTHERS, "memory"):
                run = _run(bench, place, kind)
                runs.setdefault(kind, []).append(run)
                spent = f"CPU {run.cpu:.1f} s of {run.seconds:.1f} s"
                bench.say(f"round {n + 1}: {agent}, {kind}: {run.rate:,.0f} records/s, {spent}")
        return runs

    return bench.once(f"contest {agent}", hold)


def _run(bench: Bench, place: Arena, kind: str) -> Run:
    match kind:
        case "ours":
            return place.ours()
        case "memory":
            return _in_memory(bench, place.agent)
        case _:
            return place.other(kind)


def _in_memory(bench: Bench, agent: str) -> Run:
    county, rules = history(bench), {history(bench).rules.version: history(bench).rules}
    parts: Sequence[Sequence[Record]]
    begun = monotonic()
    if agent == "casework":
        parts = county.ledger
        rate(lambda: Casework(rules.__getitem__), parts)
    else:
        parts = [county.submitted]
        rate(lambda: load_intake(simulated=True), parts)
    seconds = monotonic() - begun
    return Run(sum(map(len, parts)), seconds, seconds)


def against(agent: str, kind: str) -> Callable[[Bench], Figure]:
    """Return the measure of *agent* against *kind*."""

    def measure(bench: Bench) -> Figure:
        runs = results(bench, agent)
        cpu = [_cpu(their) / _cpu(our) for our, their in zip(runs["ours"], runs[kind], strict=True)]
        ours, theirs = ([run.rate for run in runs[name]] for name in ("ours", kind))
        return ratio_of(ours, theirs, cpu_ratio=round(median(cpu), 3))

    return measure


def _cpu(run: Run) -> float:
    return run.cpu / run.records


def absolute(agent: str) -> Callable[[Bench], Figure]:
    def measure(bench: Bench) -> Figure:
        runs = results(bench, agent)["ours"]
        cpu = median(1e6 * _cpu(run) for run in runs)
        return median_of((run.rate for run in runs), records=runs[0].records, cpu_us_per_record=round(cpu, 1))

    return measure


MARKED = "casework"  #: the agent that floors and goals are for
UNITS = {"casework": "ledger records/s", "intake": "inbox records/s"}


def measures(agent: str) -> Iterator[Measure]:
    yield Measure(agent, f"{agent}, one worker on the embedded Kafka", UNITS[agent], absolute(agent))
    for kind, what, *marks in (
        ("faust", "stock Faust", 5.0, 10.0),
        ("faststream", "FastStream's batch subscriber"),
        ("aiokafka", "raw aiokafka", 0.7, 0.95),
        ("memory", "the fold in memory: what the transport costs"),
    ):
        against_ = f"{agent} against {what}, the same core"
        floor, goal = marks if marks and agent == MARKED else (None, None)
        yield Measure(f"{agent}-{kind}", against_, "x", against(agent, str(kind)), floor, goal)


MEASURES = tuple(measure for agent in UNITS for measure in measures(agent))
