"""What each process of the bus costs: processor seconds and most memory, by kind, over all its lives."""

import os
import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple, Self

import psutil

LOOK_EVERY_SECONDS = 2.0


class Cost(NamedTuple):
    """Of one process, and of those of its children that have ended."""

    cpu_seconds: float = 0.0
    memory_mb: float = 0.0


class Costs:
    """Looks at processes every two seconds while entered. What a process used since the last look is lost
    when it is killed."""

    def __init__(self, pids: Callable[[], Iterable[tuple[str, int]]]) -> None:
        self._pids = pids
        self._of: dict[tuple[str, int], Cost] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="costs", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def by_kind(self) -> dict[str, Cost]:
        """Return what `worker-1`, `worker-2` … cost together, and so on; of memory the most of one."""
        found: dict[str, Cost] = {}
        for (name, _), (cpu, memory) in sorted(self._of.items()):
            kind = name.rstrip("0123456789").rstrip("-")
            known = found.get(kind, Cost())
            found[kind] = Cost(round(known.cpu_seconds + cpu, 1), max(known.memory_mb, memory))
        return found

    def _run(self) -> None:
        while not self._over.wait(LOOK_EVERY_SECONDS):
            self._look()

    def _look(self) -> None:
        for name, pid in self._pids():
            try:
                process = psutil.Process(pid)
                times = process.cpu_times()
                # A database is a family of processes; one program runs all that is measured here.
                family = process.children(recursive=True) if pid != os.getpid() else []
                live = [one.cpu_times() for one in family]
                memory = process.memory_info().rss >> 20
            except psutil.Error:
                continue
            cpu = times.user + times.system + sum(one.user + one.system for one in live)
            if family:
                cpu += times.children_user + times.children_system
            known = self._of.get((name, pid), Cost())
            self._of[name, pid] = Cost(max(known.cpu_seconds, cpu), max(known.memory_mb, memory))
