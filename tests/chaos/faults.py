"""What is done to the bus while it works. One thread, one fault after the other, chosen by the seed."""

import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import monotonic

from fajian.local.admin import Access, kafka_admin
from fajian.local.parts import Part
from fajian.local.stack import SIDES_WITH_CONNECTOR, EmbeddedStack, StackInfo
from schemas.topics import HUB

SHORT_STOP = 3.0
LONG_STOP = 16.0  #: beyond the session timeout: others take over, and then a zombie wakes
FULL_SECONDS = 8.0
EXTRA_SECONDS = 6.0
BROKER_BACK_SECONDS = 60.0
EXTRA = Part("worker-extra", HUB, ("worker", "--name", "worker-extra"))


class Faults:
    """Use as a context manager: faults begin on entering; on leaving all is undone."""

    def __init__(
        self,
        stack: EmbeddedStack,
        info: StackInfo,
        *,
        workers: list[str],
        every: float,
        seed: int,
        say: Callable[[str], None],
    ) -> None:
        self.injected: Counter[str] = Counter()
        self.error: BaseException | None = None
        self._stack = stack
        self._supervisor = stack.supervisor
        self._info = info
        self._workers = workers
        self._connectors = [f"{side}-connector" for side in SIDES_WITH_CONNECTOR]
        self._brokers = [f"kafka-{n}" for n in range(1, len(info.bootstrap.split(",")) + 1)]
        self._every = every
        self._rng = Random(seed)
        self._say = say
        self._over = threading.Event()
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._stopped: set[str] = set()
        self._disk: Path | None = None
        self._thread = threading.Thread(target=self._run, name="chaos")

    def __enter__(self) -> "Faults":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def mount_small_disk(self, worker: str, *, megabytes: int) -> bool:
        """Put the stores of *worker* on a small disk of their own, before it starts; only root can."""
        folder = Path(self._info.data_dir) / "workers" / worker
        if os.geteuid() != 0:
            self._say("磁盘写满不演练：需要 root / no full disk: only root can mount a small one")
            return False
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            self._say(f"磁盘写满不演练 / no full disk: {done.stderr.strip()}")
            return False
        self._disk = folder
        return True

    def unmount(self) -> None:
        if self._disk is not None:
            subprocess.run(["umount", "--lazy", str(self._disk)], check=False)

    # --- one after the other

    def _run(self) -> None:
        try:
            faults = self._weighted()
            while not self._over.wait(self._rng.uniform(0.5, 1.5) * self._every):
                self._undo(now=monotonic())
                name, inject = self._rng.choice(faults)
                if inject():
                    self.injected[name] += 1
                    self._say(f"故障 / fault: {name}")
            self._undo(now=float("inf"))
        except BaseException as error:
            self.error = error
            raise

    def _weighted(self) -> list[tuple[str, Callable[[], bool]]]:
        each = [
            *[("worker kill -9", lambda: self._signal(self._a_worker(), signal.SIGKILL))] * 4,
            *[("worker SIGTERM", lambda: self._signal(self._a_worker(), signal.SIGTERM))] * 3,
            *[("worker SIGSTOP short", lambda: self._pause(self._a_worker(), SHORT_STOP))] * 2,
            *[("worker SIGSTOP long", lambda: self._pause(self._a_worker(), LONG_STOP))] * 2,
            *[("rebalance by another worker", self._join)] * 3,
            ("connector kill -9", lambda: self._signal(self._a_connector(), signal.SIGKILL)),
            ("connector SIGTERM", lambda: self._signal(self._a_connector(), signal.SIGTERM)),
            ("PostgreSQL restart", lambda: self._signal("postgres", signal.SIGINT)),
        ]
        if len(self._brokers) == 1:
            each += [
                ("broker restart", lambda: self._signal(self._brokers[0], signal.SIGTERM)),
                ("broker kill -9", lambda: self._signal(self._brokers[0], signal.SIGKILL)),
            ]
        else:
            each += [("leader kill -9", self._kill_leader)] * 2
            each += [("rolling restart", self._roll)]
        if self._disk is not None:
            each += [("full disk", self._fill_disk)] * 2
        return each

    def _a_worker(self) -> str:
        return self._rng.choice(self._workers)

    def _a_connector(self) -> str:
        return self._rng.choice(self._connectors)

    def _signal(self, name: str, sent: signal.Signals) -> bool:
        pid = self._supervisor.status(name).pid
        if pid is None or name in self._stopped:
            return False
        try:
            os.kill(pid, sent)
        except ProcessLookupError:
            return False
        return True

    def _pause(self, name: str, seconds: float) -> bool:
        if not self._signal(name, signal.SIGSTOP):
            return False
        self._stopped.add(name)

        def go_on() -> None:
            self._stopped.discard(name)
            self._signal(name, signal.SIGCONT)

        self._undo_in(seconds, go_on)
        return True

    def _join(self) -> bool:
        """Let one more worker come, and leave again in order: two rebalances."""
        if any(each.name == EXTRA.name for each in self._supervisor.statuses()):
            return False
        command = self._stack.command(self._info, EXTRA.name, *EXTRA.arguments, principal=EXTRA.principal)
        self._supervisor.start(command)
        self._undo_in(EXTRA_SECONDS + self._every, lambda: self._supervisor.stop(EXTRA.name))
        return True

    def _kill_leader(self) -> bool:
        with kafka_admin(self._access) as admin:
            leader = admin.leader_of("case.events", self._rng.randrange(self._info.partitions))
        return (
            leader is not None
            and self._all_brokers_serve()
            and self._signal(f"kafka-{leader}", signal.SIGKILL)
        )

    def _roll(self) -> bool:
        """Restart the brokers one by one, each when the one before it is back in step."""
        for name in self._brokers:
            if not self._all_brokers_serve():
                return False
            self._signal(name, signal.SIGTERM)
            self._over.wait(1.0)
        return True

    def _all_brokers_serve(self) -> bool:
        """Wait until no copy lags: with two brokers away nothing is acknowledged, which is right but slow."""
        deadline = monotonic() + BROKER_BACK_SECONDS
        while monotonic() < deadline and not self._over.is_set():
            with kafka_admin(self._access) as admin:
                serve = admin.count_brokers(timeout=2) == len(self._brokers)
                if serve and not any(topic.under_replicated for topic in admin.topics().values()):
                    return True
            self._over.wait(0.5)
        return False

    @property
    def _access(self) -> Access:
        return self._info.access()

    def _fill_disk(self) -> bool:
        if self._disk is None:
            return False
        ballast = self._disk / "ballast"
        try:
            with ballast.open("wb", buffering=0) as written:
                while True:
                    written.write(bytes(1 << 16))
        except OSError:
            pass
        self._undo_in(FULL_SECONDS, lambda: ballast.unlink(missing_ok=True))
        return True

    # --- what ends later

    def _undo_in(self, seconds: float, undo: Callable[[], None]) -> None:
        self._later.append((monotonic() + seconds, undo))

    def _undo(self, *, now: float) -> None:
        due = [undo for at, undo in self._later if at <= now]
        self._later = [(at, undo) for at, undo in self._later if at > now]
        for undo in due:
            undo()
