"""`fajian publish`: bring a file of events to a side's inbox, and tell what became of each."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import orjson
import typer

from connectors.config import load_side
from fajian.cli import reach
from fajian.cli.submit import GOOD, WAITING, Fate, Line, Way
from fajian.cli.submit import publish as bring
from fajian.cli.ways import HttpWay, KafkaWay

STDIN = "-"
STATUS = {
    "recorded": "已入账 recorded",
    "duplicate": "重复 duplicate",
    "conflict": "冲突 conflict",
    "rejected": "已拒收 rejected",
    "accepted": "已受理，尚未入账 accepted, not recorded yet",
    WAITING: "已送达，尚无回执 delivered, no receipt yet",
}


def publish(
    side: Annotated[str, typer.Argument(help="court | procuratorate")],
    paths: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="JSON Lines 文件，- 为标准输入 / or - for stdin")
    ],
    kafka: Annotated[
        bool, typer.Option("--kafka", help="不经 HTTP，直接写入 Kafka / straight to Kafka")
    ] = False,
    wait: Annotated[float, typer.Option(help="等待回执的秒数 / seconds to wait for receipts")] = 60,
    as_json: Annotated[
        bool, typer.Option("--json", help="每个事件一行 JSON / one JSON line per event")
    ] = False,
) -> None:
    """提交事件并等待回执 / Publish events and wait for receipts. Exit status 1 if any was not recorded."""
    missing = [path for path in paths if path != STDIN and not Path(path).is_file()]
    if missing:
        raise typer.BadParameter(f"没有文件 / no such file: {', '.join(missing)}")
    lines = list(read_lines(paths))
    way: Way = _kafka_way(side) if kafka else HttpWay(reach.door(side))
    counts = asyncio.run(_publish(way, lines, wait, as_json))
    told = "，".join(f"{STATUS[status]} {count}" for status, count in sorted(counts.items()))
    typer.echo(f"事件 / events {len(lines)}：{told}", err=True)
    accepted_suffices = wait <= 0
    good = {*GOOD, "accepted", WAITING} if accepted_suffices else set(GOOD)
    if counts.keys() - good:
        raise typer.Exit(1)


def read_lines(paths: Sequence[str]) -> Iterator[Line]:
    """Yield the lines that are not empty, numbered through all files."""
    number = 0
    for path in paths:
        text = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
        for raw in text.split(b"\n"):
            number += 1
            if raw.strip():
                yield Line(number, raw.strip())


async def _publish(way: Way, lines: Sequence[Line], wait: float, as_json: bool) -> Counter[str]:
    counts: Counter[str] = Counter()
    async with way:
        async for fate in bring(way, lines, wait_seconds=wait):
            counts[fate.status] += 1
            typer.echo(orjson.dumps(fate.shape()).decode() if as_json else "\n".join(text_of(fate)))
    return counts


def text_of(fate: Fate) -> Iterator[str]:
    """Yield what a person reads of one event."""
    what = f"{fate.source or '?'} {fate.id or '?'}"
    where = f"  {fate.subject or ''} {fate.ledger or fate.inbox or ''}".rstrip()
    yield f"{fate.line:>6}  {STATUS[fate.status]}  {what}{where}"
    for problem in fate.problems:
        yield f"        ✗ {problem['pointer'] or '/'}  {problem['title']}：{problem['detail']}"
    for warning in fate.warnings:
        yield f"        · {warning['pointer'] or '/'}  {warning['title']}：{warning['detail']}"


def _kafka_way(side: str) -> KafkaWay:
    found = reach.variables(side)
    with as_file(files("connectors").joinpath(f"{side}.toml")) as path:
        config = load_side(side, path, found)
    return KafkaWay(config, reach.dsn(side))
