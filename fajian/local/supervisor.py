"""Keep the processes of one machine running: start them, restart what crashes, stop all in order."""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Self

from fajian import clock
from fajian.errors import StartError
from fajian.local import launch

log = logging.getLogger(__name__)  # of the standard library: it raises nothing where nothing can be written

FIRST_PAUSE = 0.5  #: seconds before the first restart; doubled with each further one
LONGEST_PAUSE = 30.0
STABLE_AFTER = 60.0  #: seconds; who ran that long starts again at the first pause
STOP_SECONDS = 10.0  #: for all together


@dataclass(frozen=True, slots=True)
class Command:
    """How to run one process."""

    name: str
    argv: Sequence[str]  #: the first is an absolute path
    log: Path  #: standard output and error are appended to it
    env: Mapping[str, str] = field(default_factory=dict)  #: beside our own environment
    user: str = ""  #: an account to run as; "" for our own
    stop_signal: signal.Signals = signal.SIGTERM  #: also sent when we die


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """What a process is doing, for a reader."""

    name: str
    pid: int | None  #: None while it is down
    since: datetime  #: of the last start
    crashes: int
    last_exit: int | None  #: negative: the signal that ended it
    log: str


class Supervisor:
    """Children in the order of their start, each watched by a thread of its own; stopped in reverse order.

    They end with this process in any case, even after a kill -9 (`launch.py`).
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        """Call *on_change* after each change of a status. What it raises is logged, and stops nothing."""
        self.longest_pause = LONGEST_PAUSE  #: seconds before a restart
        self._children: dict[str, _Child] = {}
        self._on_change = on_change

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, command: Command) -> None:
        """Start *command* and keep it running until it is stopped."""
        if command.name in self._children:
            raise StartError(f"a process named {command.name} is running already", log=command.log)
        self._children[command.name] = _Child(command, self._report, longest_pause=self.longest_pause)
        self._report()

    def statuses(self) -> list[ProcessStatus]:
        """Return the state of every process, in the order of their start."""
        return [child.status() for child in list(self._children.values())]  # a copy: other threads ask

    def status(self, name: str) -> ProcessStatus:
        return self._children[name].status()

    def command(self, name: str) -> Command:
        """Return how *name* was started, for who stops it and wants it back."""
        return self._children[name].command

    def check(self, name: str, *, pause: float, crashes: int = 0) -> None:
        """Wait *pause* seconds at most; raise if *name* has ended more than *crashes* times."""
        child = self._children[name]
        child.ended.wait(pause)
        if child.crashes > crashes:
            raise StartError(
                f"{name} ended with status {child.last_exit}: see {child.command.log}", log=child.command.log
            )

    def kill(self, name: str) -> None:
        """Kill -9 one process, and return when it is dead; it is restarted as after any crash."""
        self._children[name].kill()

    def stop(self, name: str | None = None, *, within: float = STOP_SECONDS) -> None:
        """Stop *name*, or all: the last started first, and kill who is still there in the end."""
        names = [name] if name else list(reversed(self._children))
        deadline = _Deadline(within)
        for each in names:
            self._children.pop(each).stop(deadline)
        self._report()

    def _report(self) -> None:
        try:
            self._on_change()
        except Exception:  # a full disk, say: who watches a process must not fail over telling of it
            log.exception("the change of a process could not be told")


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._ends = monotonic() + seconds

    def left(self) -> float:
        return max(0.2, self._ends - monotonic())


class _Child:
    """One process and the thread that starts it again.

    The thread that forks must live as long as the child, for the kernel's notion of a parent is a thread.
    """

    def __init__(
        self, command: Command, on_change: Callable[[], None], *, longest_pause: float = LONGEST_PAUSE
    ) -> None:
        self.command = command
        self.crashes = 0
        self.last_exit: int | None = None
        self.ended = threading.Event()  #: set while the process is down
        self.stopping = threading.Event()
        self._on_change = on_change
        self._longest_pause = longest_pause
        self._since = clock.now()
        self._process: subprocess.Popen[bytes] | None = None
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(started,), name=f"keep {command.name}", daemon=True
        )
        self._thread.start()
        try:
            started.result()
        except OSError as error:
            raise StartError(f"{command.name} cannot be started: {error}", log=command.log) from error

    def _run(self, started: Future[None]) -> None:
        pause = FIRST_PAUSE
        while not self.stopping.is_set():
            begun = monotonic()
            try:
                self._live(started)
            except OSError as error:
                if not started.done():
                    started.set_exception(error)
                    return
                # No memory, no handles: later on this is one more crash.
            self.crashes += not self.stopping.is_set()
            self.ended.set()
            self._on_change()
            pause = FIRST_PAUSE if monotonic() - begun > STABLE_AFTER else pause
            self.stopping.wait(pause)
            pause = min(pause * 2, self._longest_pause)

    def _live(self, started: Future[None]) -> None:
        """Start the process and wait for its end."""
        self._process = _spawn(self.command)
        self._since = clock.now()
        self.ended.clear()
        if not started.done():
            started.set_result(None)
        if self.stopping.is_set():  # asked for while we were starting
            self.send(self.command.stop_signal)
        if self.crashes:
            self._on_change()
        self.last_exit = self._process.wait()

    def status(self) -> ProcessStatus:
        pid = None if self.ended.is_set() or self._process is None else self._process.pid
        return ProcessStatus(
            self.command.name, pid, self._since, self.crashes, self.last_exit, str(self.command.log)
        )

    def kill(self) -> None:
        if (process := self._process) is not None:
            process.kill()
            process.wait()

    def send(self, sent: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(sent)

    def stop(self, deadline: _Deadline) -> None:
        self.stopping.set()
        self.send(self.command.stop_signal)
        self._thread.join(deadline.left())
        if self._thread.is_alive():
            self.send(signal.SIGKILL)
            self._thread.join()


def _spawn(command: Command) -> subprocess.Popen[bytes]:
    head = [
        sys.executable,
        "-I",
        "-S",
        launch.__file__,
        str(int(command.stop_signal)),
        str(os.getpid()),
        command.user,
    ]
    command.log.parent.mkdir(parents=True, exist_ok=True)
    with command.log.open("ab") as log:
        return subprocess.Popen(
            [*head, *command.argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **command.env},
            start_new_session=True,  # Ctrl-C reaches us alone, and we stop them in order
        )
