"""`fajian simulate --check`: simulate, replay in memory, and say what was missed or raised without ground."""

from collections.abc import Mapping, Sequence
from datetime import date
from time import monotonic
from typing import Any

import orjson

from fajian.law.documents import load_rules
from fajian.local.progress import Terminal
from fajian.sim.check import Checked, check
from fajian.sim.coverage import coverage


def check_seeds(cases: int, days: int, seeds: Sequence[int], start: date, *, as_json: bool) -> bool:
    """Check one county after the other, and tell whether nothing was missed, false or refused."""
    progress, done = Terminal(), []
    for seed in seeds:
        progress.update(f"种子 / seed {seed} …")
        begun = monotonic()
        checked = check(cases, days, seed, start)
        progress.say(f"{_line(_row(checked))}  {monotonic() - begun:.1f} s")
        done.append(checked)
    summary = _summary(cases, days, start, done)
    if as_json:
        print(orjson.dumps(summary).decode())
    else:
        _print(summary)
    return not (summary["missed"] or summary["false"] or summary["rejected"])


def _row(checked: Checked) -> dict[str, Any]:
    events = sum(len(plan.events) for plan in checked.county.plans)
    return {
        "seed": checked.seed,
        "events": events,
        "rejected": len(checked.rejected),
        **checked.verdict.as_json(),
    }


def _line(row: Mapping[str, Any]) -> str:
    return f"种子 / seed {row['seed']}: {row['events']} 事件 / events, {_found(row)}"


def _found(row: Mapping[str, Any]) -> str:
    found = f"找到 / found {row['found']}/{row['planted']}"
    return (
        f"{found}, 漏 / missed {row['missed']}, 误 / false {row['false']}, 拒收 / refused {row['rejected']}"
    )


def _summary(cases: int, days: int, start: date, done: Sequence[Checked]) -> dict[str, Any]:
    rows = [_row(checked) for checked in done]
    truth = [planted for checked in done for planted in checked.county.truth]
    covered = coverage(truth, load_rules())
    verdicts = [checked.verdict for checked in done]
    differences = [
        {"seed": checked.seed, **difference.as_json(), "text": str(difference)}
        for checked in done
        for difference in checked.verdict.differences
    ]
    totals = {name: sum(row[name] for row in rows) for name in rows[0] if name != "seed"}
    return {
        "cases": cases,
        "days": days,
        "start": start.isoformat(),
        **totals,
        "near_misses": sum(planted.kind == "near-miss" for planted in truth),
        "periods": len(frozenset[str]().union(*(verdict.periods for verdict in verdicts))),
        "triggers": len(frozenset[str]().union(*(verdict.triggers for verdict in verdicts))),
        "rows": len(covered),
        "incomplete": [row.as_json() for row in covered if not row.is_complete],
        "differences": differences,
        "refusals": [dict(receipt) for checked in done for receipt in checked.rejected],
        "seeds": rows,
    }


def _print(summary: Mapping[str, Any]) -> None:
    for difference in summary["differences"]:
        print(f"种子 / seed {difference['seed']}: {difference['text']}")
    for receipt in summary["refusals"]:
        print(f"拒收 / refused: {receipt['id']}: {receipt['problems']}")
    whole = summary["rows"] - len(summary["incomplete"])
    print(f"合计 / in all: {summary['events']} 事件 / events, {_found(summary)}")
    print(
        f"违反的期限 / periods broken {summary['periods']}，触发 / triggers {summary['triggers']}；"
        f"既违反又擦边 / broken and kept by a hair {whole}/{summary['rows']}"
    )
    for row in summary["incomplete"]:
        told = f"违反 / broken {row['breaches']}，擦边 / near misses {row['near_misses']}"
        print(f"  {row['row']}: {told}（{row['reason'] or '种子太少 / too few seeds'}）")
