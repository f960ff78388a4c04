"""`fajian demo`: the main job, on a real Kafka and a real PostgreSQL."""

from datetime import date
from pathlib import Path
from typing import Annotated

import orjson
import typer

FIRST_DAY = "2024-01-02"


def demo(
    cases: Annotated[int, typer.Option(min=1, help="申请执行的案件数 / applications for enforcement")] = 60,
    days: Annotated[int, typer.Option(min=1, help="天数 / days")] = 420,
    seed: Annotated[int, typer.Option(help="随机种子 / seed")] = 1,
    start: Annotated[str, typer.Option(help="第一日 / the first day")] = FIRST_DAY,
    keep: Annotated[
        Path | None, typer.Option(help="保留数据的目录 / a folder in which the data stays")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="摘要为 JSON / the summary as JSON")] = False,
) -> None:
    """演示：模拟一个县，在真实总线上快速走完 / A simulated county in fast time on the real bus."""
    from fajian.demo.play import play

    try:
        first_day = date.fromisoformat(start)
    except ValueError:
        raise typer.BadParameter(
            f"应为 / expected YYYY-MM-DD, 得到 / got {start}", param_hint="--start"
        ) from None
    summary = play(cases=cases, days=days, seed=seed, start=first_day, keep=keep)
    if as_json:
        print(orjson.dumps(summary).decode())
    breaches = summary["breaches"]
    wrong = breaches["missed"] or breaches["false"] or summary["rejected"] or summary["verify"] != "equal"
    raise typer.Exit(1 if wrong else 0)
