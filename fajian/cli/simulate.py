"""`fajian simulate`: a made-up county as a file of events, or a check that all its faults are found."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, BinaryIO

import orjson
import typer

from fajian.core.calendar import SHANGHAI
from fajian.errors import FajianError
from fajian.local.progress import Terminal
from fajian.sim import DayPlan, Planted, Run

TRUTH = ".truth.jsonl"
FIRST_DAY = datetime(2025, 1, 2, tzinfo=SHANGHAI)


def simulate(
    out: Annotated[
        str | None,
        typer.Argument(help="事件文件，JSON Lines，- 为标准输出 / file of events, - for stdout"),
    ] = None,
    cases: Annotated[int, typer.Option(min=1, help="申请件数 / applications for enforcement")] = 60,
    days: Annotated[int, typer.Option(min=1, help="天数 / days")] = 420,
    seed: Annotated[int, typer.Option(help="随机种子 / the same seed, the same county")] = 1,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="第一日 / first day")] = FIRST_DAY,
    check: Annotated[
        bool,
        typer.Option("--check", help="不写文件，核对漏报误报 / write nothing: look for missed and false"),
    ] = False,
    seeds: Annotated[
        str | None,
        typer.Option(help="与 --check 同用，如 1-20 或 1,5,9 / with --check, such as 1-20 or 1,5,9"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出一个 JSON 文档 / one JSON document")] = False,
) -> None:
    """生成模拟县的事件和已知违反，或核对总线能否找出 / Write a made-up county, or check that all is found."""
    if (out is None) != check:
        raise typer.BadParameter("应给出文件名或 --check 之一 / expected either a file of events or --check")
    if seeds is not None and not check:
        raise typer.BadParameter("只与 --check 同用 / only with --check", param_hint="--seeds")
    if out is None:
        _check(cases, days, _seeds(seeds) if seeds else [seed], start.date(), as_json=as_json)
        return
    _simulate(out, Run(cases, days, seed, start.date()), as_json=as_json)


def _simulate(out: str, run: Run, *, as_json: bool) -> None:
    begun, written = monotonic(), _Counted(run.plans(), Terminal())
    _write(out, written.events())
    speed = written.number / max(monotonic() - begun, 0.001)
    _say(f"模拟 / simulated: {written.number:,} 事件 / events, {speed:,.0f}/s")
    if out != "-":
        _write(out + TRUTH, (planted.as_json() for planted in run.truth))
    summary = _summary(written.number, run.truth, out)
    if out == "-":
        _say(orjson.dumps(summary).decode())
    else:
        print(orjson.dumps(summary).decode() if as_json else _line(summary))


class _Counted:
    """The events of a run, day by day, with a word on how far it is."""

    def __init__(self, plans: Iterator[DayPlan], progress: Terminal) -> None:
        self._plans = plans
        self._progress = progress
        self.number = 0

    def events(self) -> Iterator[Mapping[str, Any]]:
        for plan in self._plans:
            self._progress.update(f"{plan.day}  {self.number:,} 事件 / events")
            self.number += len(plan.events)
            yield from plan.events


def _seeds(text: str) -> list[int]:
    """Read `1-20`, `3` or `1,5,9-12`."""
    seeds: list[int] = []
    for part in text.split(","):
        ends = re.fullmatch(r"\s*(\d+)(?:\s*-\s*(\d+))?\s*", part)
        if ends is None or int(ends[2] or ends[1]) < int(ends[1]):
            raise typer.BadParameter(
                f"应如 1-20 或 1,5,9 / expected such as 1-20 or 1,5,9, 得到 / got {text}",
                param_hint="--seeds",
            )
        seeds += range(int(ends[1]), int(ends[2] or ends[1]) + 1)
    return seeds


def _check(cases: int, days: int, seeds: list[int], start: date, *, as_json: bool) -> None:
    from fajian.cli.simulate_check import check_seeds

    raise typer.Exit(0 if check_seeds(cases, days, seeds, start, as_json=as_json) else 1)


def _say(text: str) -> None:
    Terminal().say(text)


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


def _summary(events: int, truth: tuple[Planted, ...], out: str) -> dict[str, Any]:
    kinds = Counter(planted.kind for planted in truth)
    rules = Counter(planted.rule for planted in truth if planted.kind == "breach")
    return {
        "events": events,
        "breaches": kinds["breach"],
        "patterns": kinds["pattern"],  # leads alone, where both sides have approved them
        "near_misses": kinds["near-miss"],
        "rules": dict(sorted(rules.items())),
        "files": [] if out == "-" else [out, out + TRUTH],
    }


def _line(summary: Mapping[str, Any]) -> str:
    counts = f"事件 / events {summary['events']}, 违反 / breaches {summary['breaches']}"
    return f"{counts}, 擦边 / near misses {summary['near_misses']}"
