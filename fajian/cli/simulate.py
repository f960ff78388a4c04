"""`fajian simulate`: write the events of a made-up county, and beside them what is wrong with it."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import orjson
import typer

from fajian.core.calendar import SHANGHAI
from fajian.errors import FajianError
from fajian.sim import Simulation
from fajian.sim import simulate as simulation

TRUTH = ".truth.jsonl"
FIRST_DAY = datetime(2025, 1, 2, tzinfo=SHANGHAI)


def simulate(
    out: Annotated[
        str, typer.Argument(help="事件文件，JSON Lines，- 为标准输出 / file of events, - for stdout")
    ],
    cases: Annotated[int, typer.Option(min=1, help="申请件数 / applications for enforcement")] = 60,
    days: Annotated[int, typer.Option(min=1, help="天数 / days")] = 420,
    seed: Annotated[int, typer.Option(help="随机种子 / the same seed, the same county")] = 1,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="第一日 / first day")] = FIRST_DAY,
    as_json: Annotated[bool, typer.Option("--json", help="输出一个 JSON 文档 / one JSON document")] = False,
) -> None:
    """生成模拟县的事件和已知违反 / Write a simulated county's events, and its known breaches beside them."""
    county = simulation(cases, days, seed, start.date())
    _say(f"模拟 / simulated {cases} 件, {days} 天 / days, seed {seed}")
    _write(out, county.events)
    if out != "-":
        _write(out + TRUTH, (planted.as_json() for planted in county.truth))
    summary = _summary(county, out)
    if out == "-":
        _say(orjson.dumps(summary).decode())
    else:
        print(orjson.dumps(summary).decode() if as_json else _line(summary))


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _write(path: str, rows: Iterable[Mapping[str, Any]]) -> None:
    try:
        with nullcontext(sys.stdout.buffer) if path == "-" else Path(path).open("wb") as opened:
            _write_lines(opened, rows)
    except OSError as error:
        raise FajianError(f"expected to write events to {path}: {error.strerror}") from error
    if path != "-":
        _say(f"写入 / written: {path}")


def _write_lines(opened: BinaryIO, rows: Iterable[Mapping[str, Any]]) -> None:
    opened.writelines(orjson.dumps(row) + b"\n" for row in rows)
    opened.flush()


def _summary(county: Simulation, out: str) -> dict[str, Any]:
    kinds = Counter(planted.kind for planted in county.truth)
    rules = Counter(planted.rule for planted in county.truth if planted.kind == "breach")
    return {
        "events": sum(len(plan.events) for plan in county.plans),
        "breaches": kinds["breach"],
        "near_misses": kinds["near-miss"],
        "rules": dict(sorted(rules.items())),
        "files": [] if out == "-" else [out, out + TRUTH],
    }


def _line(summary: Mapping[str, Any]) -> str:
    counts = f"事件 / events {summary['events']}, 违反 / breaches {summary['breaches']}"
    return f"{counts}, 擦边 / near misses {summary['near_misses']}"
