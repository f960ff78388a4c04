"""`fajian topics`, `fajian lag`: what exists, and what waits."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, NamedTuple

import orjson
import typer

from fajian.cli.cluster import settings_of
from fajian.clock import now_ms
from fajian.errors import ClusterAwayError
from fajian.settings import Settings
from fajian.streams.log import KafkaLog, Part, record_at
from fajian.streams.progress import ProgressBook
from schemas.topics import HUB, OPERATOR, TOPICS, Topic

Json = Annotated[bool, typer.Option("--json", help="每行一个 JSON / JSON Lines")]

CLOCKS = ("ticker",)  #: they keep notes in `progress`, and read nothing


class Lag(NamedTuple):
    """What waits for one agent in one partition."""

    agent: str
    topic: str
    partition: int
    acked: int
    end: int
    records: int
    seconds: float | None  #: age of the oldest record that waits; None where we may not read it


def topics(as_json: Json = False) -> None:
    """主题：分区、保留、谁写谁读 / Topics: partitions, retention, who writes and reads them."""
    settings = settings_of(OPERATOR)
    ends = asyncio.run(_ends(settings))
    for topic in TOPICS.values():
        row = _topic_row(topic, settings.partitions, ends)
        if as_json:
            print(orjson.dumps(row).decode())
        else:
            print(f"{topic.name:<22}{row['partitions']:>4} {row['records']:>10}  {topic.zh}")


def lag(as_json: Json = False) -> None:
    """积压：各处理程序还有多少记录、多少秒未处理 / What waits for each agent, in records and seconds."""
    for row in asyncio.run(_lags(settings_of(HUB))):
        if as_json:
            print(orjson.dumps(row._asdict()).decode())
        else:
            age = "?" if row.seconds is None else f"{row.seconds:.1f}"
            print(f"{row.agent:<14}{row.topic + '/' + str(row.partition):<24}{row.records:>8}{age:>9} s")


async def _ends(settings: Settings) -> Mapping[Part, int]:
    async with KafkaLog(settings, client_id="fajian-topics") as log:
        return await log.ends(_parts(settings.partitions))


def _parts(ledger: int) -> list[Part]:
    return [
        Part(name, number)
        for name, topic in TOPICS.items()
        for number in range(topic.partition_count(ledger))
    ]


def _topic_row(topic: Topic, ledger: int, ends: Mapping[Part, int]) -> dict[str, object]:
    count = topic.partition_count(ledger)
    return {
        "topic": topic.name,
        "partitions": count,
        "records": sum(ends[Part(topic.name, number)] for number in range(count)),
        "cleanup": topic.cleanup,
        "retention_ms": topic.retention_ms,
        "writers": topic.writers,
        "readers": topic.readers,
        "zh": topic.zh,
        "en": topic.en,
    }


async def _lags(settings: Settings) -> list[Lag]:
    async with KafkaLog(settings, client_id="fajian-lag") as log:
        book = ProgressBook(log)
        await book.refresh()
        stated = {place: at.acked for place, at in book.all().items() if place[0] not in CLOCKS}
        ends = await log.ends(sorted({part for _, part in stated}))
        now = now_ms()
        return [
            Lag(
                agent,
                *part,
                acked,
                ends[part],
                ends[part] - acked,
                await _age(log, part, acked, ends[part], now),
            )
            for (agent, part), acked in stated.items()
        ]


async def _age(log: KafkaLog, part: Part, acked: int, end: int, now: int) -> float | None:
    if acked >= end:
        return 0.0
    try:
        record = await record_at(log, part, acked)
    except ClusterAwayError:
        return None
    return max(0, now - record.timestamp) / 1000 if record else None
