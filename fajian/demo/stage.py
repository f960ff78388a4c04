"""What a person sees of the demo: the days go by, and what is said to whom scrolls past."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from fajian.core.calendar import ONE_DAY

SIDES = {"court": "法院", "procuratorate": "检察院", "office": "办公室", "discipline": "纪检组"}
LINES = {
    "Overdue": ("yellow", "逾期 overdue"),
    "Breached": ("yellow", "违规 breached"),
    "Escalated": ("magenta", "升级 escalated"),
    "Withdrawn": ("green", "撤回 withdrawn"),
    "LeadRaised": ("bold red", "线索 lead（未经核实 unverified）"),
}
SHOWN = 400  #: lines; a long run would bury the summary


class Stage:
    """Everything goes to standard error, so that `--json` has standard output for itself."""

    def __init__(self, days: int) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self._days: TaskID = self._bar.add_task("开始", total=days, said="")
        self._counts: Counter[str] = Counter()
        self._shown = 0

    def __enter__(self) -> "Stage":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def day(self, day: date) -> None:
        """Count a day; at the end of a month say how many reminders and alarms there have been."""
        reminders = self._counts["DueSoon"] + self._counts["DueToday"]
        overdue = self._counts["Overdue"] + self._counts["Breached"]
        said = f"提示 reminders {reminders}  预警 alarms {overdue}  线索 leads {self._counts['LeadRaised']}"
        self._bar.update(self._days, description=day.isoformat(), advance=1, said=said)
        if (day + ONE_DAY).month != day.month:
            self.console.print(f"[dim]{day:%Y-%m}  至此 so far: {said}[/]")

    def hear(self, side: str, name: str, body: Mapping[str, Any]) -> None:
        """Show one record of a feed, if a person would want to see it go by."""
        self._counts[name] += 1
        if name not in LINES or (name == "Withdrawn" and not _was_late(body)):
            return
        self._shown += 1
        if self._shown > SHOWN:
            return
        colour, words = LINES[name]
        what = f"{body.get('trigger', '')} {body['rule']}".strip()
        instance = f" {body['instance']}" if body["instance"] else ""
        due = f"  应于 due {body['due_day']}" if body.get("due_day") else ""
        line = (
            f"{body['on']} → {SIDES[side]:<4} [{colour}]{words}[/]  {what}{instance}  {body['subject']}{due}"
        )
        self.console.print(line, soft_wrap=True)
        if self._shown == SHOWN:
            self.console.print("[dim]…其余不再逐条显示 / further lines are counted only[/]")


def _was_late(body: Mapping[str, Any]) -> bool:
    """Tell whether a withdrawn flag had been an alarm; most only end a reminder."""
    return bool(body["due_day"]) and body["on"] > body["due_day"]


Published = Mapping[str, list[Mapping[str, Any]]]  #: by case: flags and leads


def show_summary(console: Console, summary: Mapping[str, Any], published: Published) -> None:
    """Print the summary for a person."""
    breaches, rejected, again = summary["breaches"], summary["rejected"], summary["duplicates"]
    console.print()
    table = Table(title="模拟县 / the simulated county", title_justify="left", show_header=False, box=None)
    table.add_row("事件 events", f"{summary['events']}（拒收 rejected {rejected}，重复 duplicates {again}）")
    table.add_row("提示与预警 flags", _counts(summary["flags"]))
    table.add_row("线索 leads", _counts(summary["leads"]))
    table.add_row("各方收到 feeds", _counts({SIDES[side]: n for side, n in summary["feeds"].items()}))
    wrong = f"漏 missed {breaches['missed']}，误 false {breaches['false']}"
    found = f"找到 found {breaches['found']}/{breaches['planted']}，{wrong}"
    table.add_row("埋设的违规 planted breaches", found)
    table.add_row("总账重算 verify", str(summary["verify"]))
    table.add_row("用时 seconds", f"{summary['seconds']:.0f}")
    console.print(table)
    for line in summary["differences"]:
        console.print(f"[red]{line}[/]")
    _show_published(console, published)


def _counts(numbers: Mapping[str, int]) -> str:
    return "  ".join(f"{name} {number}" for name, number in numbers.items())


def _show_published(console: Console, published: Published) -> None:
    """Print the real cases line by line: who looks for one reads down, not across."""
    console.print(
        "\n真实案例，本会如何预警 / published cases: what would have been flagged, as far as their texts tell"
    )
    for name, rows in published.items():
        console.print(f"[bold]{name}[/]")
        for row in rows:
            colour, words = LINES["LeadRaised"] if row["kind"] == "lead" else LINES[row["type"]]
            what = row["type"] if row["kind"] == "lead" else row["rule"]
            counted = (
                "nominal_end" in row["explanation"]
            )  # else the fault is in the act itself, and no day was due
            due = f"，应于 due {row['due_day']}" if counted else ""
            console.print(
                f"  {row['on']}  [{colour}]{words}[/]  {what}{due}  （{row['explanation']['basis']}）"
            )
