"""`fajian up`, `down`, `status`: the whole embedded bus as a background service of this machine."""

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, TextIO

import psycopg
import typer

from fajian import clock
from fajian.errors import FajianError, LedgerUndeclaredError, NotRunningError, StartError
from fajian.law.documents import load_rules
from fajian.local.admin import kafka_admin
from fajian.local.doors import (
    LOOK_EVERY_SECONDS,
    Keeper,
    ask,
    problems_in,
    read_doors,
    wait_until_open,
)
from fajian.local.parts import TICKER, Part, bus, start_parts
from fajian.local.progress import Terminal
from fajian.local.stack import (
    SIDES_WITH_CONNECTOR,
    EmbeddedStack,
    StackInfo,
    read_processes,
    read_stack,
    running_pid,
)
from fajian.settings import load_settings
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.rules_topic import publish_rules
from fajian.streams.ticker import Ticker
from schemas.topics import HUB, OPERATOR

READY = "就绪 / ready"
STOP_SECONDS = 30.0
ANSWER_SECONDS = 3.0
BROKERS = (1, 3)  #: two would stop when one is away, as one does

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="数据目录 / where everything is kept")]


def up(
    data_dir: DataDir = None,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="不转入后台 / stay in this terminal")
    ] = False,
    bare: Annotated[
        bool, typer.Option("--bare", help="只启动 Kafka 与 PostgreSQL / without workers and connectors")
    ] = False,
    brokers: Annotated[
        int | None,
        typer.Option(
            help="Kafka 节点数，1 或 3，建目录时定 / Kafka brokers, 1 or 3; fixed when the folder is made"
        ),
    ] = None,
) -> None:
    """启动本机总线 / Start the bus on this machine: Kafka, PostgreSQL, workers, connectors."""
    if brokers not in (None, *BROKERS):
        raise typer.BadParameter(f"应为 / expected 1 | 3, 得到 / got {brokers}", param_hint="--brokers")
    settings = load_settings(data_dir=data_dir)
    if foreground:
        stack = EmbeddedStack(
            settings.data_dir,
            cache_dir=settings.cache_dir,
            partitions=settings.partitions,
            brokers=brokers,
            progress=Terminal(),
        )
        _run(stack, () if bare else (*bus(), TICKER))
        return
    if (pid := running_pid(settings.data_dir)) is not None:
        typer.echo(f"已在运行 / running already: {pid}", err=True)
        return
    options = ["--bare"] if bare else []
    _run_in_background(settings.data_dir, [*options, *(["--brokers", str(brokers)] if brokers else [])])


def down(data_dir: DataDir = None) -> None:
    """停止本机总线 / Stop the bus on this machine."""
    folder = load_settings(data_dir=data_dir).data_dir
    pid = running_pid(folder)
    if pid is None:
        typer.echo(f"未在运行 / nothing is running in {folder.absolute()}", err=True)
        return
    os.kill(pid, signal.SIGTERM)
    if not _wait_until_gone(folder):
        os.kill(pid, signal.SIGKILL)  # what it started ends with it
    typer.echo("已停止 / stopped", err=True)


def status(
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON 输出 / print JSON")] = False,
    env: Annotated[
        str | None,
        typer.Option(
            help="只打印该方系统接入的变量，含口令 / only the shell variables of a side's systems: "
            + " | ".join(SIDES_WITH_CONNECTOR)
        ),
    ] = None,
) -> None:
    """本机总线的进程、端口、主题 / Show processes, ports and topics of the bus on this machine."""
    folder = load_settings(data_dir=data_dir).data_dir
    if env is not None:
        typer.echo("\n".join(_exports(read_stack(folder), env)))
        return
    try:
        report = _report(read_stack(folder))
    except NotRunningError as error:
        report = {"running": False, "data_dir": str(folder.absolute()), "problems": [str(error)]}
    typer.echo(json.dumps(report, ensure_ascii=False, indent=2) if as_json else "\n".join(_lines(report)))
    sys.exit(1 if report["problems"] else 0)


def _run(stack: EmbeddedStack, parts: Sequence[Part]) -> None:
    """Run *stack* and *parts* until somebody says stop. A new ledger lives in real time, from today on."""
    progress = stack.progress
    asked_to_stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: _leave(asked_to_stop))
    with stack as info:
        asyncio.run(found(info))
        progress.say(f"启动 / starting {' '.join(part.name for part in parts)}".rstrip())
        doors = start_parts(stack, info, parts)
        for fault in wait_until_open(doors):
            progress.say(f"问题 / problem: {fault}")
        progress.say(f"{READY}: Kafka {info.bootstrap}")
        keeper, pause = Keeper(doors, end=stack.supervisor.kill), threading.Event()
        while not pause.wait(LOOK_EVERY_SECONDS):
            for name in keeper.look():
                progress.say(f"无应答，已重启 / did not answer, started again: {name}")


async def found(info: StackInfo) -> None:
    """Adopt the bundled rules and declare the ledger, if it is new."""
    today = clock.now().date()
    async with Ticker(info.settings(HUB)) as ticker, KafkaOutbox(info.settings(OPERATOR)) as operator:
        try:
            await ticker.next_day()
        except LedgerUndeclaredError:
            await publish_rules(operator, load_rules(), effective_day=today)
            await ticker.declare(simulated=False, from_day=today)


def _leave(asked_to_stop: threading.Event) -> None:
    if not asked_to_stop.is_set():  # a second signal does not interrupt the orderly stop
        asked_to_stop.set()
        raise SystemExit(0)


def _run_in_background(data_dir: Path, options: Sequence[str]) -> None:
    log = data_dir / "logs" / "up.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch(mode=0o600)
    with log.open("r+", encoding="utf-8") as written:
        written.truncate()
        process = subprocess.Popen(
            [sys.executable, "-m", "fajian", "up", "--foreground", "--data-dir", str(data_dir), *options],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with log.open(encoding="utf-8") as read:
            for line in _follow(read, process):
                typer.echo(line, err=True)
                if line.startswith(READY):
                    process.returncode = 0  # it goes on without us, and on purpose
                    return
    raise StartError(f"the bus did not come up: see {log}", log=log)


def _follow(log: TextIO, process: "subprocess.Popen[bytes]") -> Iterator[str]:
    """Yield the lines of *log* as they are written, until *process* ends."""
    rest = ""
    ended = False
    while not ended:
        try:
            process.wait(timeout=0.1)
            ended = True
        except subprocess.TimeoutExpired:
            pass
        *lines, rest = (rest + log.read()).split("\n")
        yield from lines


def _wait_until_gone(folder: Path) -> bool:
    deadline = monotonic() + STOP_SECONDS
    pause = threading.Event()
    while running_pid(folder) is not None:
        if monotonic() > deadline:
            return False
        pause.wait(0.1)
    return True


def _report(info: StackInfo) -> dict[str, Any]:
    topics, problems = _topics(info)
    brokers = _brokers(info)
    if brokers["answering"] < brokers["expected"]:
        problems.append(f"{brokers['answering']} of {brokers['expected']} Kafka brokers answer")
    processes = read_processes(Path(info.data_dir))
    problems += [
        f"{each['name']} is down, last exit {each['last_exit']}" for each in processes if not each["pid"]
    ]
    problems += [f"{side}: {reason}" for side in info.dsns if (reason := _database_problem(info.dsns[side]))]
    doors = read_doors(Path(info.data_dir))
    problems += [f"{name}: {reason}" for name, url in doors.items() for reason in _door_problems(url)]
    return {
        "running": True,
        "pid": info.pid,
        "data_dir": info.data_dir,
        "kafka": info.bootstrap,
        "brokers": brokers,
        "databases": {side: dsn.rpartition("@")[2] for side, dsn in info.dsns.items()},
        "http": {side: f"http://127.0.0.1:{port}" for side, port in info.http_ports.items()},
        "doors": dict(doors),
        "processes": processes,
        "topics": topics,
        "problems": problems,
    }


def _brokers(info: StackInfo) -> dict[str, int]:
    with kafka_admin(info.access()) as admin:
        answering = admin.count_brokers(timeout=ANSWER_SECONDS)
    return {"expected": len(info.bootstrap.split(",")), "answering": answering}


def _door_problems(url: str) -> list[str]:
    """Return what a worker or connector says that it cannot do just now."""
    said = ask(url, "readyz")
    if said is None:
        return [f"{url} does not answer"]
    if said["status"] == HTTPStatus.OK:
        return []
    return problems_in(said) or [f"{url} is not ready yet"]


def _topics(info: StackInfo) -> tuple[list[dict[str, Any]], list[str]]:
    try:
        with kafka_admin(info.access()) as admin:
            healths = admin.topics().values()
    except FajianError as error:
        return [], [str(error)]
    sick = [each for each in healths if each.without_leader or each.under_replicated]
    return [asdict(each) for each in healths], [
        f"{each.name} has partitions without leader or copy" for each in sick
    ]


def _database_problem(dsn: str) -> str | None:
    try:
        with psycopg.connect(dsn, connect_timeout=3):
            return None
    except psycopg.OperationalError as error:
        return str(error).strip()


def _exports(info: StackInfo, side: str) -> Iterator[str]:
    """Yield what a shell evaluates, under names that no command of ours reads."""
    if side not in SIDES_WITH_CONNECTOR:
        expected = " | ".join(SIDES_WITH_CONNECTOR)
        raise typer.BadParameter(f"应为 / expected {expected}, 得到 / got {side}", param_hint="--env")
    known = {
        "URL": f"http://127.0.0.1:{info.http_ports[side]}",
        "KEY": info.http_keys[side],
        "KAFKA": info.bootstrap,
        "KAFKA_PASSWORD": info.passwords[side],
        "DSN": info.dsns[side],
    }
    yield from (f"export {name}={shlex.quote(value)}" for name, value in known.items())


def _lines(report: dict[str, Any]) -> Iterator[str]:
    if report["running"]:
        yield f"运行中 / running  pid {report['pid']}  {report['data_dir']}"
        brokers = f"{report['brokers']['answering']}/{report['brokers']['expected']}"
        topics = f"主题 / topics: {len(report['topics'])}"
        yield f"Kafka             {report['kafka']}  节点 / brokers: {brokers}  {topics}"
        yield from (f"PostgreSQL        {side}: {where}" for side, where in report["databases"].items())
        yield from (f"HTTP              {side}: {where}" for side, where in report["http"].items())
    for each in report.get("processes", ()):
        state = f"pid {each['pid']}" if each["pid"] else f"停 / down, exit {each['last_exit']}"
        yield f"  {each['name']:<24}{state}  异常退出 / crashes {each['crashes']}"
    yield from (f"问题 / problem: {each}" for each in report["problems"])
