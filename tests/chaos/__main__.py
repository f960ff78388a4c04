"""`make chaos`: a county on the whole bus, under faults; then everything is read back and counted.

Exit 0: nothing lost, wrong or doubled. 1: something is. 2: the bus did not come to rest.
"""

import argparse
import asyncio
import logging
import signal
import sys
from dataclasses import dataclass
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
from fajian.sim.truth import Simulation
from tests.chaos.checker import Bus, check
from tests.chaos.copies import check_projection, check_stores
from tests.chaos.county import County, StuckError, county_of
from tests.chaos.faults import Faults
from tests.chaos.findings import Findings
from tests.chaos.reading import Reader
from tests.chaos.rest import wait_until_at_rest

WORKERS = 3
REST_SECONDS = 600.0
RESTART_SECONDS = 1.0  #: pause before a process starts again, however often it was killed


@dataclass(frozen=True)
class Arguments:
    events: int
    seconds: float
    seed: int
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
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=3)
    parser.add_argument(
        "--every", type=float, default=6.0, help="seconds between two faults, on average; 0: none"
    )
    parser.add_argument("--keep", type=Path, help="a folder in which the data stays")
    parser.add_argument("--json", action="store_true", dest="as_json")
    return Arguments(**vars(parser.parse_args()))


def _run(given: Arguments, folder: Path, say: Any) -> dict[str, Any]:
    say(f"模拟县 / county of about {given.events} events, seed {given.seed}")
    county = county_of(given.events, given.seed)
    settings = load_settings()
    stack = EmbeddedStack(folder, cache_dir=settings.cache_dir, brokers=given.brokers)
    stack.supervisor.longest_pause = RESTART_SECONDS
    workers = [f"worker-{number}" for number in range(1, WORKERS + 1)]
    with stack as info:
        faults = Faults(stack, info, workers=workers, every=given.every, seed=given.seed, say=say)
        faults.mount_small_disk(workers[-1])
        try:
            report = asyncio.run(_live(given, stack, info, county, faults, say))
            for name in (*workers, *(f"{side}-connector" for side in info.dsns)):
                stack.supervisor.stop(name)
            if not report["waiting"]:
                report |= _check(info, report.pop("county"), county, say)
        finally:
            faults.unmount()
    return report


async def _live(
    given: Arguments, stack: EmbeddedStack, info: StackInfo, simulation: Simulation, faults: Faults, say: Any
) -> dict[str, Any]:
    reader = Reader(info.access())
    async with County(info) as county:
        await county.found(simulation.plans[0].day)
        await asyncio.to_thread(wait_until_open, start_parts(stack, info, bus(workers=WORKERS)))
        say("总线就绪，开始 / the bus is ready; here it begins")
        begun = monotonic()
        if given.every:
            with faults:
                await _play(given, simulation, county, begun, say)
        else:
            await _play(given, simulation, county, begun, say)
        if faults.error is not None:
            raise faults.error
        await county.end(simulation.plans[-1].day, grace=None)
        say("故障已停，等待静止 / no more faults; waiting until all is at rest")
        waiting = await wait_until_at_rest(reader, info, within=REST_SECONDS)
    return {
        "brokers": given.brokers,
        "seed": given.seed,
        "events": county.sent,
        "seconds_of_faults": round(monotonic() - begun, 1),
        "faults": dict(sorted(faults.injected.items())),
        "crashes": {each.name: each.crashes for each in stack.supervisor.statuses() if each.crashes},
        "requests_made_again": county.again,
        "incomplete_ticks": county.incomplete,
        "waiting": waiting,
        "county": county,
    }


async def _play(given: Arguments, simulation: Simulation, county: County, begun: float, say: Any) -> None:
    told = monotonic()
    total = len(simulation.plans)
    for number, plan in enumerate(simulation, start=1):
        await county.live(plan.day, plan.events)
        if monotonic() - told > 10:
            told = monotonic()
            say(f"{plan.day}  事件 / events {county.sent}  重试 / again {county.again}")
        early = given.seconds * number / total - (monotonic() - begun)
        if early > 0:
            await asyncio.sleep(early)


def _check(info: StackInfo, county: County, simulation: Simulation, say: Any) -> dict[str, Any]:
    begun = monotonic()
    findings, found = check(Reader(info.access()), county.submitted, say)
    for side, dsn in info.dsns.items():
        say(f"{side}: 数据库比对 / its database compared")
        check_projection(side, dsn, found, findings)
    say("各处理程序的状态库比对 / stores compared")
    stores = check_stores(Path(info.data_dir) / "workers", found, findings)
    return {
        "ledger": found.ledger,
        "flags": len(found.flags),
        "leads": len(found.leads),
        "subjects": len(found.states),
        "stores": stores,
        "breaches": _breaches(simulation, found, findings, strictly=not county.incomplete),
        "checked": findings.checked,
        "repeats": findings.repeats,
        **findings.counts,
        "words": findings.words,
        "seconds_of_checking": round(monotonic() - begun, 1),
    }


def _breaches(simulation: Simulation, found: Bus, findings: Findings, *, strictly: bool) -> dict[str, int]:
    """Also hold the flags against what the county knows of itself: this was planted, not computed.

    A tick that went out incomplete is judged with the next one, so what follows from it may come after the
    last day of the county; then a difference proves nothing.
    """
    verdict = judge_said(simulation.truth, found.flags, found.leads)
    for difference in verdict.differences if strictly else ():
        findings.add("lost" if difference.kind == "missed" else "wrong", str(difference))
    return verdict.as_json()


def _show(report: dict[str, Any]) -> None:
    for name, value in report.items():
        if name not in ("words", "waiting"):
            print(f"{name:<22}{value}", file=sys.stderr)
    for line in (*report.get("words", ()), *(f"waiting: {each}" for each in report["waiting"])):
        print(f"  {line}", file=sys.stderr)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StuckError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
