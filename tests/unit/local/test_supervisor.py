"""Children that are real processes: short Python programs."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Condition

import psutil
import pytest

from fajian.errors import StartError
from fajian.local.supervisor import Command, ProcessStatus, Supervisor

PATIENCE = 30  #: seconds, where a broken program would never come


class Watched(Supervisor):
    """A supervisor whose changes can be waited for."""

    def __init__(self) -> None:
        self._changed = Condition()
        super().__init__(on_change=self._tell)

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, name: str, true: Callable[[ProcessStatus], bool]) -> ProcessStatus:
        with self._changed:
            assert self._changed.wait_for(lambda: true(self.status(name)), PATIENCE)
        return self.status(name)


@pytest.fixture
def supervisor() -> Iterator[Watched]:
    with Watched() as watched:
        yield watched


def _python(tmp_path: Path, program: str, name: str = "child") -> Command:
    return Command(name, [sys.executable, "-c", program], tmp_path / f"{name}.log")


FOREVER = "import signal; signal.pause()"


def test_a_child_that_is_killed_is_started_again(supervisor: Watched, tmp_path: Path) -> None:
    supervisor.start(_python(tmp_path, FOREVER))
    first = supervisor.status("child").pid

    supervisor.kill("child")
    again = supervisor.wait_for("child", lambda status: status.crashes == 1 and status.pid is not None)

    assert again.last_exit == -signal.SIGKILL
    assert again.pid != first


class Unheard(Watched):
    """Has no room to write a change down, but the first."""

    def __init__(self) -> None:
        self._told = 0
        super().__init__()

    def _tell(self) -> None:
        super()._tell()
        self._told += 1
        if self._told > 1:
            raise OSError(errno.ENOSPC, "No space left on device")


def test_a_child_is_started_again_and_runs_once_where_no_change_can_be_told(tmp_path: Path) -> None:
    with Unheard() as supervisor:
        supervisor.start(_python(tmp_path, FOREVER))
        supervisor.kill("child")
        again = supervisor.wait_for("child", lambda status: status.crashes == 1 and status.pid is not None)
        supervisor.check("child", pause=0.2, crashes=1)  # it is not taken for dead while it lives
        running = [each.pid for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]

    assert running == [again.pid]


def test_a_child_that_crashes_is_started_again(supervisor: Watched, tmp_path: Path) -> None:
    supervisor.start(_python(tmp_path, "raise SystemExit(3)"))

    status = supervisor.wait_for("child", lambda status: status.crashes >= 2 and status.last_exit is not None)

    assert status.last_exit == 3


def test_a_child_writes_to_its_log_and_has_the_variables_that_it_was_given(
    supervisor: Watched, tmp_path: Path
) -> None:
    program = "import os; print(os.environ['GREETING'], flush=True)"
    log = tmp_path / "logs" / "child.log"

    supervisor.start(Command("child", [sys.executable, "-c", program], log, env={"GREETING": "你好"}))
    supervisor.wait_for("child", lambda status: status.last_exit == 0)

    assert log.read_text(encoding="utf-8").startswith("你好\n")


def test_stopping_ends_the_last_started_first(supervisor: Watched, tmp_path: Path) -> None:
    order = tmp_path / "order"
    program = (
        "import signal, sys\n"
        "def end(*_):\n"
        f"    open({str(order)!r}, 'a').write(sys.argv[1]); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()\n"
    )
    for name in "ab":
        command = Command(name, [sys.executable, "-c", program, name], tmp_path / f"{name}.log")
        supervisor.start(command)
        _wait_for_text(command.log)

    supervisor.stop()

    assert order.read_text() == "ba"
    assert supervisor.statuses() == []


def test_a_child_that_ignores_the_signal_is_killed(supervisor: Watched, tmp_path: Path) -> None:
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True)\n"
    command = _python(tmp_path, program + "while True: signal.pause()")
    supervisor.start(command)
    _wait_for_text(command.log)
    pid = supervisor.status("child").pid

    supervisor.stop(within=0.5)

    assert pid is not None
    assert not psutil.pid_exists(pid)


def test_a_program_that_does_not_exist_is_an_error_of_the_start(supervisor: Watched, tmp_path: Path) -> None:
    supervisor.start(Command("child", ["/does/not/exist"], tmp_path / "child.log"))

    with pytest.raises(StartError, match=r"child ended with status 1: see .*child\.log"):
        supervisor.check("child", pause=PATIENCE)


def test_a_start_that_the_system_refuses_is_an_error_at_once(supervisor: Watched, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    command = Command("child", [sys.executable], tmp_path / "taken" / "child.log")

    with pytest.raises(StartError, match="child cannot be started"):
        supervisor.start(command)
    assert supervisor.statuses() == []


def test_two_children_cannot_have_one_name(supervisor: Watched, tmp_path: Path) -> None:
    supervisor.start(_python(tmp_path, FOREVER))

    with pytest.raises(StartError, match="running already"):
        supervisor.start(_python(tmp_path, FOREVER))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_children_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "child.log")], stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))

        os.kill(parent.pid, signal.SIGKILL)

        _gone, alive = psutil.wait_procs([child], timeout=PATIENCE)
    assert not alive


PARENT = """
import signal, sys
from pathlib import Path
from fajian.local.supervisor import Command, Supervisor

supervisor = Supervisor()
supervisor.start(Command("child", [sys.executable, "-c", "import signal; signal.pause()"], Path(sys.argv[1])))
print(supervisor.status("child").pid, flush=True)
signal.pause()
"""


def _wait_for_text(log: Path) -> None:
    with subprocess.Popen(["tail", "-n", "+1", "-f", str(log)], stdout=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        assert tail.stdout.readline()
        tail.kill()
