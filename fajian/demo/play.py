"""`fajian demo`, from an empty folder to the summary."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from datetime import date, timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from time import monotonic
from typing import Any

import psycopg

from fajian.copies import read_projection
from fajian.core.replay import replay
from fajian.demo.county import County
from fajian.demo.stage import Stage, show_summary
from fajian.demo.watch import Auditor, follow
from fajian.law.documents import load_rules
from fajian.law.intake import load_intake
from fajian.local.doors import wait_until_open
from fajian.local.kafka import ADMIN
from fajian.local.parts import bus, start_parts
from fajian.local.progress import Terminal
from fajian.local.stack import EmbeddedStack, StackInfo, remove_stack
from fajian.settings import load_settings
from fajian.sim.check import judge_said
from fajian.sim.published import published_cases
from fajian.sim.review import review
from fajian.sim.simulation import simulate
from fajian.sim.truth import Simulation
from fajian.streams.log import KafkaLog, Part
from fajian.streams.verify import verify
from schemas.topics import FLAGS, LEADS, PRINCIPALS, SIDES, feed

Summary = dict[str, Any]

RAISED = ("Overdue", "Breached")


def play(*, cases: int, days: int, seed: int, start: date, keep: Path | None) -> Summary:
    """Run the demo and return its summary. Afterwards all is deleted, unless a folder to *keep* is given."""
    begun = monotonic()
    simulation = simulate(cases, days, seed, start)
    folder = keep or Path(mkdtemp(prefix="fajian-demo-"))
    settings = load_settings()
    with ExitStack() as tidy:
        if keep is None:
            tidy.callback(_discard, folder)
        stack = EmbeddedStack(
            folder, cache_dir=settings.cache_dir, partitions=settings.partitions, progress=Terminal()
        )
        with stack as info:
            summary = asyncio.run(_play(stack, info, simulation, days))
    summary["seconds"] = round(monotonic() - begun, 1)
    published = replay_published()
    summary["published"] = {name: len(rows) for name, rows in published.items()}
    show_summary(Stage(0).console, summary, published)
    return summary


async def _play(stack: EmbeddedStack, info: StackInfo, simulation: Simulation, days: int) -> Summary:
    settings = {name: info.settings(name) for name in (*PRINCIPALS, ADMIN)}
    async with County(info, settings) as county:
        await county.found(simulation.plans[0].day)
        await asyncio.to_thread(wait_until_open, start_parts(stack, info, bus()))
        with Stage(days) as stage:
            watching = [asyncio.create_task(follow(side, settings[side], stage.hear)) for side in SIDES]
            for plan in simulation:
                await county.live(plan.day, plan.events)
                stage.day(plan.day)
                _raise_if_failed(watching)
            async with KafkaLog(settings[ADMIN], client_id="fajian-demo") as log:
                auditor = Auditor(log, info.partitions)
                await auditor.wait_until_settled(info, lambda side: projected(info.dsns[side]))
                for task in watching:
                    task.cancel()
                return await _summary(auditor, log, info, simulation)


def _discard(folder: Path) -> None:
    """Delete what was played with; a stack that never came up has left little."""
    if (folder / "kafka").exists():
        remove_stack(folder)
    else:
        rmtree(folder, ignore_errors=True)


def _raise_if_failed(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        if task.done():
            with suppress(asyncio.CancelledError):
                task.result()


def projected(dsn: str) -> Mapping[Part, int]:
    """Return how far a side's database has come, by topic and partition."""
    try:
        with psycopg.connect(dsn, connect_timeout=5) as opened:
            rows = opened.execute("SELECT topic, partition, next_offset FROM fajian.offsets").fetchall()
    except psycopg.errors.UndefinedTable:
        return {}
    return {Part(topic, partition): offset for topic, partition, offset in rows}


async def _summary(auditor: Auditor, log: KafkaLog, info: StackInfo, simulation: Simulation) -> Summary:
    flags, leads, statuses = await auditor.said(FLAGS), await auditor.said(LEADS), await auditor.statuses()
    verdict = judge_said(simulation.truth, flags, leads)
    copies = {side: await asyncio.to_thread(read_projection, dsn) for side, dsn in info.dsns.items()}
    copy = await verify(log, partitions=range(info.partitions), copies=copies)
    return {
        "events": statuses["recorded"],
        "rejected": statuses["rejected"],
        "duplicates": statuses["duplicate"],
        "flags": dict(sorted(Counter(flag["type"] for flag in flags).items())),
        "leads": dict(sorted(Counter(lead["trigger"] for lead in leads).items())),
        "feeds": {side: await auditor.count(feed(side)) for side in SIDES},
        "breaches": verdict.as_json(),
        "differences": [str(difference) for difference in verdict.differences],
        "periods": len(verdict.periods),
        "triggers": len(verdict.triggers),
        "near_misses": sum(planted.kind == "near-miss" for planted in simulation.truth),
        "verify": str(copy),
    }


def replay_published() -> dict[str, list[Mapping[str, Any]]]:
    """Return what would have been flagged in the published cases, as far as their texts bear it out."""
    rules, intake, found = load_rules(), load_intake(simulated=True), {}
    for case in published_cases():
        rows = replay(case.events, case.until + timedelta(days=1), rules, intake).rows
        told = [row for row in rows if row["kind"] == "lead" or row["type"] in RAISED]
        found[f"{case.id} {case.title}"] = list(review(case, told, rules).borne_out)
    return {name: rows for name, rows in found.items() if rows}
