"""`fajian replay`: fold a file of events in memory, without a broker."""

import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from fajian.core.replay import Replayed
from fajian.core.replay import replay as fold
from fajian.errors import FajianError
from fajian.law.documents import load_rules_under

STAGE = {
    "DeadlineOpened": "期限开始",
    "DueSoon": "临期提示",
    "DueToday": "今日到期",
    "Overdue": "逾期",
    "Breached": "违反规定",
    "Escalated": "答复期满",
    "Met": "已履行",
    "Withdrawn": "撤回",
    "Extended": "延长",
    "Paused": "停止计算",
    "Resumed": "恢复计算",
}


def replay(
    file: Annotated[str, typer.Argument(help="事件文件，JSON Lines，- 为标准输入 / events, one per line")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="最后一日 / the last day to judge")],
    policy: Annotated[
        Path | None, typer.Option(help="政策文件，默认示范政策 / a policy instead of the model")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="每行一个 JSON / JSON Lines")] = False,
) -> None:
    """重放：哪天、因何会提示、预警、产生线索 / Replay: what would have been flagged, on which day and why."""
    rules = load_rules_under(policy)
    unread: list[str] = []
    result = fold(_events(file, unread), until.date(), rules, intake=_intake())
    for row in result.rows:
        print(orjson.dumps(row).decode() if as_json else _line(row))
    _tell(result, unread, until.date())
    if unread or result.rejected:
        raise typer.Exit(1)


def _intake() -> Any:
    from fajian.law.intake import load_intake

    return load_intake(simulated=True)


def _events(file: str, unread: list[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        try:
            event = orjson.loads(line)
            if not isinstance(event, dict):
                raise ValueError("expected a JSON object")
            yield event
        except ValueError as error:
            unread.append(f"第 {number} 行 / line {number}: {error}")


def _lines(file: str) -> Iterator[bytes]:
    if file == "-":
        yield from sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as opened:
            yield from opened
    except OSError as error:
        raise FajianError(f"expected a file of events at {file}: {error.strerror}") from error


def _line(row: dict[str, Any]) -> str:
    what = STAGE.get(row["type"], row["type"]) if row["kind"] == "flag" else f"线索 {row['type']} 未经核实"
    why = row["explanation"]
    due = why.get("due_day") or why.get("suspended_since") or ""
    instance = f"（{row['instance']}）" if row["instance"] else ""
    return f"{row['on']}  {what}  {row['rule']}{instance}  {row['subject']}  {due}  {why.get('basis', '')}"


def _tell(result: Replayed, unread: list[str], until: date) -> None:
    for text in unread:
        print(f"无法读取 / cannot be read: {text}", file=sys.stderr)
    for receipt in result.rejected:
        for problem in receipt["problems"]:
            where = f"{receipt['source']} {receipt['id']} {problem['pointer']}"
            print(f"拒收 / rejected: {where}: {problem['detail']}", file=sys.stderr)
    if result.later:
        print(f"{until} 之后到达，未计入 / arrived later, left out: {result.later}", file=sys.stderr)
