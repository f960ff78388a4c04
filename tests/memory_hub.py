"""A hub in memory: a ledger of one partition under the real fold, whose days are ended by the real ticker."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import orjson

from fajian.core.casework import Casework
from fajian.core.ports import FolderFactory, Header
from fajian.core.replay import MemoryRecord
from fajian.core.rules import Rules
from fajian.law.documents import load_rules
from fajian.streams.continuity import Standing
from fajian.streams.log import Part
from fajian.streams.memory import MemoryTopics
from fajian.streams.metrics import Metrics
from fajian.streams.progress import ProgressBook
from fajian.streams.rules_topic import RulesTopic, publish_rules
from fajian.streams.runner import RETRY_AFTER_SECONDS, PartitionRunner, Surroundings
from fajian.streams.skips import SkipBook
from fajian.streams.store import MemoryStore
from fajian.streams.ticker import DayEnder
from schemas.topics import CASE_EVENTS, CASE_STATE, FLAGS, LEADS, feed
from tests.stream_doubles import StillFlow, settle

Sayings = list[tuple[str, bytes | None, bytes | None, tuple[Header, ...]]]

LEDGER = Part(CASE_EVENTS, 0)
FIRST = date(2022, 5, 9)
SAID = (FLAGS, LEADS, CASE_STATE, feed("court"), feed("procuratorate"))


class Hub:
    """A ledger of one partition in memory, whose days are ended by the real ticker."""

    def __init__(self) -> None:
        self.topics = MemoryTopics()
        self.seconds = 0.0
        self.now = datetime(2022, 5, 9, tzinfo=UTC)
        self.rules = RulesTopic(self.topics)
        self.skips = SkipBook(self.topics)
        self.ender = DayEnder(self.topics, self.topics, partitions=1, now=lambda: self.now)

    async def found(self, rules: Rules | None = None, *, simulated: bool = True) -> "Hub":
        await publish_rules(self.topics, rules or load_rules(), effective_day=FIRST)
        await self.ender.declare(simulated=simulated, from_day=FIRST)
        return self

    def hear(self, headers: tuple[Header, ...], value: bytes, key: bytes) -> MemoryRecord:
        return self.topics.append(CASE_EVENTS, key=key, value=value, headers=headers, partition=0)

    async def live(self, *days: date) -> None:
        for day in days:
            await self.ender.tick(day, grace=timedelta(0))

    async def take_over(
        self, store: MemoryStore | None, *, folder: FolderFactory | None = None, part: Part = LEDGER
    ) -> PartitionRunner:
        """Return the runner of a new process, when it has caught up as far as it can."""
        runner = await self.open(store, folder=folder, part=part)
        runner.fill()
        await settle(runner)
        return runner

    async def open(
        self, store: MemoryStore | None, *, folder: FolderFactory | None = None, part: Part = LEDGER
    ) -> PartitionRunner:
        """Return the runner of a new process that has read nothing yet."""
        book = ProgressBook(self.topics)
        await book.refresh()
        ids = await self.topics.topic_ids([part.topic])
        end = (await self.topics.ends([part]))[part]
        around = Surroundings(
            agent="casework",
            folder=folder or (lambda: Casework(self.rules.get)),
            log=self.topics,
            outbox=self.topics,
            flow=StillFlow(),
            skips=self.skips,
            refresh=self._refresh,
            turns=asyncio.Semaphore(1),
            metrics=Metrics(),
            clock=lambda: self.seconds,
        )
        standing = Standing(ids[part.topic], 0, end, book.of("casework", part))
        return PartitionRunner(part, around, standing, store)

    async def _refresh(self) -> None:
        await self.skips.refresh()
        await self.rules.refresh()

    async def look_again(self, runner: PartitionRunner) -> None:
        self.seconds += RETRY_AFTER_SECONDS
        runner.watch((await self.topics.ends([LEDGER]))[LEDGER], agent_is_idle=True)
        await settle(runner)

    def said(self) -> Sayings:
        records = (record for topic in SAID for record in self.topics.records(topic))
        return [(record.topic, record.key, record.value, tuple(record.headers)) for record in records]

    def overdue(self) -> list[str]:
        flags = self.topics.records(FLAGS)
        found = (flag for flag in flags if dict(flag.headers)["ce_type"].endswith(b".overdue.v1"))
        return [orjson.loads(flag.value or b"")["on"] for flag in found]
