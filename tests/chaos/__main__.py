"""`make chaos`: a county on the whole bus, under faults; then everything is read back and counted.

Exit 0: nothing lost, wrong or doubled. 1: something is. 2: the bus did not come to rest.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from time import monotonic
from typing import Any

import orjson

from fajian.local.doors import wait_until_open
from fajian.local.parts import bus, start_parts
from fajian.local.stack import EmbeddedStack, StackInfo, remove_stack
from fajian.settings import load_settings
from fajian.sim.check import judge_said
from fajian.sim.truth import DayPlan, Planted
from schemas.topics import CASE_STATE, PROGRESS
from tests.chaos.checker import MARKER, Bus, check
from tests.chaos.costs import Costs
from tests.chaos.county import START, County, Plan, StuckError, plan_of
from tests.chaos.faults import Faults
from tests.chaos.findings import Findings
from tests.chaos.projections import check_projection
from tests.chaos.reading import Reader, compact_often
from tests.chaos.rest import wait_until_at_rest

WORKERS = 3
SAY_EVERY_SECONDS = 10.0
REST_SECONDS = 300.0  #: without any movement
OPEN_SECONDS = 300.0  #: until all is up, on however busy a machine
SMALL_MB, EVENTS_A_MB = 96, 200  #: room for the stores of one worker, until its disk is filled on purpose
COMPACTED = (CASE_STATE, PROGRESS)  #: in earnest, while zombies write to them
EDGE = timedelta(days=14)  #: at the end of the county
RESTART_SECONDS = 1.0  #: pause before a process starts again, however often it was killed


@dataclass(frozen=True)
class Arguments:
    events: int
    seconds: float
    seed: int
    days: int
    brokers: int
    every: float
    keep: Path | None
    as_json: bool


def main() -> int:
    given = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # and all is stopped and unmounted
    folder = given.keep or Path(mkdtemp(prefix="fajian-chaos-"))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers are away on purpose
    begun = monotonic()

    def say(text: str) -> None:
        print(f"{monotonic() - begun:6.0f} s  {text}", file=sys.stderr, flush=True)

    try:
        report = _run(given, folder, say)
    finally:
        if given.keep is None and (folder / "kafka").exists():
            remove_stack(folder)
            rmtree(folder, ignore_errors=True)
    report["seconds"] = round(monotonic() - begun, 1)
    if given.as_json:
        print(orjson.dumps(report).decode())
    _show(report)
    if report["waiting"]:
        return 2
    return 1 if report["lost"] or report["wrong"] or report["doubled"] else 0


def _arguments() -> Arguments:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--events", type=int, default=300_000, help="about so many events")
    parser.add_argument(
        "--seconds", type=float, default=0, help="spread them over so long; 0: as fast as it goes"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=0, help="of the county; 0: as fits the events")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=3)
    parser.add_argument(
        "--every", type=float, default=30.0, help="seconds between two faults, on average; 0: none"
    )
    parser.add_argument("--keep", type=Path, help="a folder in which the data stays")
    parser.add_argument("--json", action="store_true", dest="as_json")
    return Arguments(**vars(parser.parse_args()))


def _run(given: Arguments, folder: Path, say: Any) -> dict[str, Any]:
    say(f"模拟县 / county of about {given.events} events, seed {given.seed}")
    plan = plan_of(given.events, given.seed, given.days)
    settings = load_settings()
    stack = EmbeddedStack(folder, cache_dir=settings.cache_dir, brokers=given.brokers)
    stack.supervisor.longest_pause = RESTART_SECONDS
    workers = [f"worker-{number}" for number in range(1, WORKERS + 1)]
    with stack as info:
        faults = Faults(stack, info, workers=workers, every=given.every, seed=given.seed, say=say)
        faults.mount_small_disk(workers[-1], megabytes=SMALL_MB + given.events // EVENTS_A_MB)
        try:
            with Costs(lambda: _pids(stack)) as costs:
                report = asyncio.run(_live(given, stack, info, plan, faults, say))
            report["costs"] = {
                kind: {
                    **cost._asdict(),
                    "cpu_ms_an_event": round(cost.cpu_seconds * 1000 / report["events"], 2),
                }
                for kind, cost in costs.by_kind().items()
            }
            for name in (*workers, *(f"{side}-connector" for side in info.dsns)):
                stack.supervisor.stop(name)
            if not report["waiting"]:
                report |= _check(info, plan, report.pop("county"), report.pop("truth"), say)
        finally:
            faults.unmount()
    return report


async def _live(
    given: Arguments, stack: EmbeddedStack, info: StackInfo, plan: Plan, faults: Faults, say: Any
) -> dict[str, Any]:
    run = plan.run()
    reader = Reader(info.access())
    compact_often(info.access(), COMPACTED)
    async with County(info) as county:
        await county.found(START)
        await asyncio.to_thread(
            wait_until_open, start_parts(stack, info, bus(workers=WORKERS)), within=OPEN_SECONDS
        )
        say("总线就绪，开始 / the bus is ready; here it begins")
        begun = monotonic()
        with faults if given.every else nullcontext():
            await _play(given, plan, run.plans(), county, begun, say)
            await county.end(plan.last_day, grace=None)
            handed_over = monotonic() - begun
        if faults.error is not None:
            raise faults.error
        say("故障已停，等待静止 / no more faults; waiting until all is at rest")
        waiting = await wait_until_at_rest(reader, info, patience=REST_SECONDS, say=say)
    return {
        "brokers": given.brokers,
        "seed": given.seed,
        "events": county.sent,
        "seconds_of_handing_over": round(handed_over, 1),
        "seconds_until_rest": round(monotonic() - begun, 1),
        "faults": dict(sorted(faults.injected.items())),
        "crashes": {each.name: each.crashes for each in stack.supervisor.statuses() if each.crashes},
        "requests_made_again": county.again,
        "incomplete_ticks": county.incomplete,
        "waiting": waiting,
        "county": county,
        "truth": run.truth,
    }


def _pids(stack: EmbeddedStack) -> list[tuple[str, int]]:
    return [
        *((each.name, each.pid) for each in stack.supervisor.statuses() if each.pid is not None),
        ("this program", os.getpid()),
    ]


async def _play(
    given: Arguments, plan: Plan, days: Iterator[DayPlan], county: County, begun: float, say: Any
) -> None:
    told, number = monotonic(), 0
    today = await asyncio.to_thread(next, days, None)
    while today is not None:
        number += 1
        living = asyncio.create_task(county.live(today.day, today.events))
        tomorrow = await asyncio.to_thread(next, days, None)  # it is made up meanwhile
        while not living.done():
            await asyncio.wait({living}, timeout=SAY_EVERY_SECONDS)
            if monotonic() - told > SAY_EVERY_SECONDS:
                told = monotonic()
                rate = county.sent / (told - begun)
                say(f"{today.day}  事件 / events {county.sent} ({rate:.0f}/s)  重试 / again {county.again}")
        await living
        early = given.seconds * number / plan.days - (monotonic() - begun)
        if early > 0:
            await asyncio.sleep(early)
        today = tomorrow


def _check(info: StackInfo, plan: Plan, county: County, truth: Sequence[Planted], say: Any) -> dict[str, Any]:
    begun = monotonic()
    findings, found = check(info.access(), Path(info.data_dir) / "workers", county.submitted, say)
    for side, dsn in info.dsns.items():
        say(f"{side}: 数据库比对 / its database compared")
        check_projection(side, dsn, found, findings)
    return {
        "ledger": found.ledger,
        "flags": found.flags,
        "leads": found.leads,
        "subjects": sum(not key.startswith(MARKER) for key in found.states),
        "states_compacted": found.compacted,
        "stores": found.stores,
        "breaches": {} if county.incomplete else _breaches(truth, found, findings, plan.last_day),
        "checked": findings.checked,
        "repeats": findings.repeats,
        **findings.counts,
        "words": findings.words,
        "seconds_of_checking": round(monotonic() - begun, 1),
    }


def _breaches(truth: Sequence[Planted], found: Bus, findings: Findings, last_day: date) -> dict[str, int]:
    """Also hold the flags against what the county knows of itself: this was planted, not computed.

    What was said in the last days is not held against it: of a mistake that is put right after them the
    county knows nothing but that it is none.
    """
    verdict = judge_said(truth, found.said, found.said_leads)
    until = (last_day - EDGE).isoformat()
    early = judge_said(
        truth, *([row for row in rows if row["on"] <= until] for rows in (found.said, found.said_leads))
    )
    early_on = {(one.what, one.key) for one in early.differences}
    at_the_edge = 0
    for difference in verdict.differences:
        if difference.kind != "false":
            findings.add("lost" if difference.kind == "missed" else "wrong", str(difference))
        elif (difference.what, difference.key) in early_on:
            findings.add("wrong", str(difference))
        else:
            at_the_edge += 1
    return verdict.as_json() | {"false": verdict.false - at_the_edge, "at_the_edge": at_the_edge}


def _show(report: dict[str, Any]) -> None:
    for name, value in report.items():
        if isinstance(value, dict):
            print(name, file=sys.stderr)
            for each, said in value.items():
                shown = "  ".join(f"{k} {v}" for k, v in said.items()) if isinstance(said, dict) else said
                print(f"  {each:<26} {shown}", file=sys.stderr)
        elif name not in ("words", "waiting"):
            print(f"{name:<28} {value}", file=sys.stderr)
    for line in (*report.get("words", ()), *(f"waiting: {each}" for each in report["waiting"])):
        print(f"  {line}", file=sys.stderr)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StuckError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
