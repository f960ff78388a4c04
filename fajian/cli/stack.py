"""`fajian up`, `down`, `status`: the whole embedded bus as a background service of this machine."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, NamedTuple, TextIO

import psycopg
import typer

from fajian.errors import FajianError, NotRunningError, StartError
from fajian.local.admin import kafka_admin
from fajian.local.progress import Terminal
from fajian.local.stack import EmbeddedStack, StackInfo, read_processes, read_stack, running_pid
from fajian.settings import load_settings

READY = "就绪 / ready"
STOP_SECONDS = 30.0

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="数据目录 / where everything is kept")]


class Part(NamedTuple):
    """One process of the bus: its name, whose credentials it gets, and the `fajian` command that it runs."""

    name: str
    principal: str
    arguments: Sequence[str]


def bus() -> tuple[Part, ...]:
    """Return the processes that `up` runs beside Kafka and PostgreSQL."""
    hub = (Part("worker-1", "hub", ("worker",)), Part("ticker", "hub", ("ticker",)))
    return (*hub, _connector("court"), _connector("procuratorate"))


def _connector(side: str) -> Part:
    config = str(resources.files("connectors").joinpath(f"{side}.toml"))
    return Part(f"{side}-connector", side, ("connector", side, "--config", config))


def up(
    data_dir: DataDir = None,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="不转入后台 / stay in this terminal")
    ] = False,
    bare: Annotated[
        bool, typer.Option("--bare", help="只启动 Kafka 与 PostgreSQL / without workers and connectors")
    ] = False,
) -> None:
    """启动本机总线 / Start the bus on this machine: Kafka, PostgreSQL, workers, connectors."""
    settings = load_settings(data_dir=data_dir)
    if foreground:
        _run(settings.data_dir, settings.cache_dir, settings.partitions, () if bare else bus())
        return
    if (pid := running_pid(settings.data_dir)) is not None:
        typer.echo(f"已在运行 / running already: {pid}", err=True)
        return
    _run_in_background(settings.data_dir, ["--bare"] if bare else [])


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
) -> None:
    """本机总线的进程、端口、主题 / Show processes, ports and topics of the bus on this machine."""
    folder = load_settings(data_dir=data_dir).data_dir
    try:
        report = _report(read_stack(folder))
    except NotRunningError as error:
        report = {"running": False, "data_dir": str(folder.absolute()), "problems": [str(error)]}
    typer.echo(json.dumps(report, ensure_ascii=False, indent=2) if as_json else "\n".join(_lines(report)))
    sys.exit(1 if report["problems"] else 0)


def _run(data_dir: Path, cache_dir: Path, partitions: int, parts: Sequence[Part]) -> None:
    """Run the stack and *parts* until somebody says stop."""
    progress = Terminal()
    asked_to_stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: _leave(asked_to_stop))
    stack = EmbeddedStack(data_dir, cache_dir=cache_dir, partitions=partitions, progress=progress)
    with stack as info:
        for part in parts:
            progress.say(f"启动 / starting {part.name}")
            stack.supervisor.start(stack.command(info, part.name, *part.arguments, principal=part.principal))
        progress.say(f"{READY}: Kafka {info.bootstrap}")
        threading.Event().wait()


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
    processes = read_processes(Path(info.data_dir))
    problems += [
        f"{each['name']} is down, last exit {each['last_exit']}" for each in processes if not each["pid"]
    ]
    problems += [f"{side}: {reason}" for side in info.dsns if (reason := _database_problem(info.dsns[side]))]
    return {
        "running": True,
        "pid": info.pid,
        "data_dir": info.data_dir,
        "kafka": info.bootstrap,
        "databases": {side: dsn.rpartition("@")[2] for side, dsn in info.dsns.items()},
        "http": {side: f"http://127.0.0.1:{port}" for side, port in info.http_ports.items()},
        "processes": processes,
        "topics": topics,
        "problems": problems,
    }


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


def _lines(report: dict[str, Any]) -> Iterator[str]:
    if report["running"]:
        yield f"运行中 / running  pid {report['pid']}  {report['data_dir']}"
        yield f"Kafka             {report['kafka']}  主题 / topics: {len(report['topics'])}"
        yield from (f"PostgreSQL        {side}: {where}" for side, where in report["databases"].items())
        yield from (f"HTTP              {side}: {where}" for side, where in report["http"].items())
    for each in report.get("processes", ()):
        state = f"pid {each['pid']}" if each["pid"] else f"停 / down, exit {each['last_exit']}"
        yield f"  {each['name']:<24}{state}  异常退出 / crashes {each['crashes']}"
    yield from (f"问题 / problem: {each}" for each in report["problems"])
