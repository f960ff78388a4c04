"""The `fajian` command. A command's module is imported when it is called, so each starts fast."""

import sys
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_command

from fajian import __version__
from fajian.errors import FajianError


class Entry(NamedTuple):
    """Where a command lives, and what the list of commands says of it."""

    module: str
    attribute: str
    help: str


COMMANDS = {
    "demo": Entry("demo", "demo", "演示：在真实总线上模拟一个县 / a simulated county on the real bus"),
    "up": Entry("stack", "up", "启动本机总线 / start the bus on this machine"),
    "down": Entry("stack", "down", "停止本机总线 / stop it"),
    "status": Entry("stack", "status", "本机总线的状态 / what runs"),
    "setup": Entry("setup", "app", "准备自己的集群 / prepare a cluster of your own"),
    "worker": Entry("worker", "worker", "运行处理程序 / run agents in this process"),
    "connector": Entry("connector", "connector", "运行一方的连接器 / run one side's connector"),
    "ticker": Entry("ticker", "ticker", "推进日期 / append the ticks of the days"),
    "publish": Entry("publish", "publish", "提交事件并等待回执 / publish events and wait for receipts"),
    "validate": Entry("validate", "validate", "离线校验事件 / check events offline"),
    "schema": Entry("schema", "schema", "事件契约 / the contract of an event type"),
    "case": Entry("records", "case", "一个案件的时间线和期限 / one case: time line, clocks, flags"),
    "flags": Entry("records", "flags", "期限提示和预警 / reminders and alarms"),
    "leads": Entry("records", "leads", "监督线索（未经核实） / unverified leads"),
    "receipts": Entry("records", "receipts", "回执 / what became of what was published"),
    "ack": Entry("records", "ack", "签收预警 / acknowledge a flag"),
    "answer": Entry("records", "answer", "答复预警 / answer a flag"),
    "webhook": Entry("webhook", "app", "推送记录与重投 / receivers, their delivery log, sending again"),
    "due": Entry("due", "due", "解释一个到期日 / explain one due date"),
    "case-number": Entry("case_number", "case_number", "解析案号 / parse and check case numbers"),
    "replay": Entry("replay", "replay", "在内存中重放事件文件 / fold a file of events in memory"),
    "simulate": Entry("simulate", "simulate", "生成模拟县的事件 / write a simulated county's events"),
    "law": Entry("law", "app", "期限与线索规则目录 / the catalogue of duties and triggers"),
    "policy": Entry("policy", "app", "协作配合意见 / the local agreement: draft, check, sign"),
    "rules": Entry("rules", "app", "规则版本 / rules versions: list, adopt"),
    "hold": Entry("hold", "app", "异常多的提示：放行或作废 / floods of flags: release or discard"),
    "visible": Entry("visible", "visible", "谁能看到 / who may see an event, and why"),
    "topics": Entry("topics", "topics", "主题 / topics"),
    "lag": Entry("topics", "lag", "积压 / what waits, in records and seconds"),
    "dead": Entry("dead", "app", "死信 / dead letters"),
    "skip": Entry(
        "skip", "skip", "跳过一条无法处理的记录，须两人具名 / pass over a record that stops a partition"
    ),
    "verify": Entry("verify", "verify", "从总账重算并比对 / fold the ledger again and compare"),
    "rebuild": Entry(
        "rebuild", "rebuild", "从总账重建 / make states, databases or stores anew from the ledger"
    ),
}


class Commands(TyperGroup):
    """A group that knows its commands by name and imports one at a time."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        target: Any = getattr(import_module(f"fajian.cli.{entry.module}"), entry.attribute)
        if isinstance(target, typer.Typer):
            return get_command(target)
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(cmd_name)(target)
        return get_command(alone)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("命令 / Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


@app.callback()
def fajian(
    version: Annotated[bool, typer.Option("--version", help="版本 / version", is_eager=True)] = False,
) -> None:
    """法检：法院与检察院民事执行监督协作总线 / The bus between court and procuratorate."""
    if version:
        print(f"fajian {__version__}")
        raise typer.Exit


def run() -> None:
    """Run the command line. Exit status: 0 done, 1 the work found something wrong, 2 wrong usage."""
    try:
        app(prog_name="fajian")
    except FajianError as error:
        print(f"fajian: {error}", file=sys.stderr)
        sys.exit(1)
