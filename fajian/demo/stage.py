"""What a person sees of the demo: the days go by, and what is said to whom scrolls past."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from fajian.core.calendar import ONE_DAY
from fajian.law.documents import load_rules

SIDES = {"court": "法院", "procuratorate": "检察院", "office": "办公室", "discipline": "纪检组"}
LINES = {
    "Overdue": ("yellow", "逾期 overdue"),
    "Breached": ("yellow", "违规 breached"),
    "Escalated": ("magenta", "升级 escalated"),
    "Withdrawn": ("green", "撤回 withdrawn"),
    "LeadRaised": ("bold red", "线索 lead（未经核实 unverified）"),
}
SHOWN = 15  #: lines of a kind; a long run would bury the summary


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
        self._shown: Counter[str] = Counter()

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
        self._shown[name] += 1
        if self._shown[name] > SHOWN:
            return
        colour, words = LINES[name]
        what = f"{body.get('trigger', '')} {_named(body['rule'])}".strip()
        instance = f" {body['instance']}" if body["instance"] else ""
        due = f"  应于 due {body['due_day']}" if body.get("due_day") else ""
        line = (
            f"{body['on']} → {SIDES[side]:<4} [{colour}]{words}[/]  {what}{instance}  {body['subject']}{due}"
        )
        self.console.print(line, soft_wrap=True)
        if self._shown[name] == SHOWN:
            self.console.print(f"[dim]…其余的{words}不再逐条显示 / further ones are counted only[/]")


@cache
def _titles() -> Mapping[str, str]:
    rules = load_rules()
    titles = {period.id: period.zh for period in rules.periods.values()}
    return titles | {trigger.id: trigger.zh for trigger in rules.triggers.values()}


def _named(rule: str) -> str:
    """Return the Chinese name of *rule* with its id."""
    return f"{_titles().get(rule, '')}({rule})"


def _was_late(body: Mapping[str, Any]) -> bool:
    """Tell whether a withdrawn flag had been an alarm; most only end a reminder."""
    return bool(body["due_day"]) and body["on"] > body["due_day"]


Published = Mapping[str, list[Mapping[str, Any]]]  #: by case: flags and leads


def show_summary(console: Console, summary: Mapping[str, Any], published: Published) -> None:
    """Print the summary for a person."""
    breaches, rejected, again = summary["breaches"], summary["rejected"], summary["duplicates"]
    console.print()
    table = Table(title="模拟县 / the simulated county", title_justify="left", show_header=False, box=None)
    table.add_row("结论 verdict", _verdict(summary))
    table.add_row("事件 events", f"{summary['events']}（拒收 rejected {rejected}，重复 duplicates {again}）")
    flags = summary["flags"]
    said = {words: sum(flags.get(kind, 0) for kind in kinds) for words, kinds in FLAGS.items()}
    table.add_row("提示与预警 flags", _counts(said))
    table.add_row("线索 leads", f"{sum(summary['leads'].values())}：{_counts(summary['leads'])}")
    table.add_row("各方收到 feeds", _counts({SIDES[side]: n for side, n in summary["feeds"].items()}))
    wrong = f"漏 missed {breaches['missed']}，误 false {breaches['false']}"
    found = f"找到 found {breaches['found']}/{breaches['planted']}，{wrong}"
    table.add_row("埋设的违规 planted breaches", found)
    kinds = f"期限 periods {summary['periods']} 种，触发 triggers {summary['triggers']} 种"
    table.add_row("其中违反的 of these broken", f"{kinds}；擦边而未违反 near misses {summary['near_misses']}")
    table.add_row("总账重算 verify", str(summary["verify"]))
    table.add_row("用时 seconds", f"{summary['seconds']:.0f}")
    console.print(table)
    for line in summary["differences"]:
        console.print(f"[red]{line}[/]")
    _show_published(console, published)
    _show_next_steps(console)


def _verdict(summary: Mapping[str, Any]) -> str:
    breaches = summary["breaches"]
    if breaches["missed"] or breaches["false"]:
        return "[bold red]有漏报或误报，见下 / something was missed or false, see below[/]"
    return "[bold green]一项不漏，一项不误 / nothing missed, nothing false[/]"


def _counts(numbers: Mapping[str, int]) -> str:
    return "  ".join(f"{name} {number}" for name, number in numbers.items())


#: What a person calls the flags of these kinds. `fajian demo --json` has each kind by itself.
FLAGS: Final[Mapping[str, tuple[str, ...]]] = {
    "提示 reminders": ("DueSoon", "DueToday"),
    "预警 alarms": ("Overdue", "Breached"),
    "升级 escalated": ("Escalated",),
    "已履行 met": ("Met",),
    "撤回 withdrawn": ("Withdrawn",),
}

#: What to try after the demo, with what it shows.
NEXT: Final = (
    (
        "fajian simulate --check --seeds 1-20",
        "二十个模拟县，逐一核对漏报误报 / twenty counties, checked in memory",
    ),
    ("fajian due crt-reply 2022-11-30", "一个期限为何在那天届满 / why it is due on that day"),
    ("fajian law show pay-out", "每条规则的出处 / every rule with its source"),
    ("fajian demo --keep DIR --seed 2", "另一个县，保留数据 / another county, and keep its data"),
    ("fajian up", "在本机长期运行总线 / the bus as a service of this machine"),
)


def _show_next_steps(console: Console) -> None:
    console.print("\n[bold]接下来 / next[/]")
    for command, shows in NEXT:
        console.print(f"  [bold]{command:<40}[/]{shows}", soft_wrap=True)


def _show_published(console: Console, published: Published) -> None:
    """Print the real cases line by line: who looks for one reads down, not across."""
    console.print(
        "\n真实案例，本会如何预警 / published cases: what would have been flagged, as far as their texts tell"
    )
    for name, rows in published.items():
        console.print(f"[bold]{name}[/]")
        for row in rows:
            colour, words = LINES["LeadRaised"] if row["kind"] == "lead" else LINES[row["type"]]
            what = f"{row['type']} " if row["kind"] == "lead" else ""
            what += _named(row["rule"])
            counted = (
                "nominal_end" in row["explanation"]
            )  # else the fault is in the act itself, and no day was due
            due = f"，应于 due {row['due_day']}" if counted else ""
            console.print(
                f"  {row['on']}  [{colour}]{words}[/]  {what}{due}  （{row['explanation']['basis']}）"
            )
