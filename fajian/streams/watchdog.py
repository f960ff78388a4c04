"""End a process whose event loop has stopped turning: whoever keeps the process starts it again.

A thread looks, for the loop itself cannot. It counts its own looks and not the seconds: a process that was
stopped and goes on has missed nothing. A loop that computes is given more time than one that hangs.
"""

import asyncio
import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable

LOOK_EVERY_SECONDS = 1.0
HANGS_AFTER_LOOKS = 20
COMPUTES_AT_MOST_LOOKS = 600
COMPUTES = 0.2  #: share of a processor from which on a silent loop counts as computing
END_WITHIN_SECONDS = 10.0
STATUS = 70  #: EX_SOFTWARE


class Patience:
    """Counts looks at which the loop had not turned since the look before."""

    def __init__(self) -> None:
        self._turns = self._silent = self._hanging = 0
        self._cpu_seconds = 0.0

    def is_over(self, *, turns: int, cpu_seconds: float, seconds: float) -> bool:
        """Take another look, *seconds* after the last: the loop has turned, the process computed so much."""
        used, self._cpu_seconds = cpu_seconds - self._cpu_seconds, cpu_seconds
        if turns != self._turns:
            self._turns, self._silent, self._hanging = turns, 0, 0
            return False
        self._silent += 1
        self._hanging += used < COMPUTES * seconds
        return self._hanging >= HANGS_AFTER_LOOKS or self._silent >= COMPUTES_AT_MOST_LOOKS


class Watchdog:
    """Watches the running loop from `start` until `stop`."""

    def __init__(
        self, *, look_every: float = LOOK_EVERY_SECONDS, end: Callable[[], None] | None = None
    ) -> None:
        self._look_every = look_every
        self._end = end or _end
        self._turns = 0
        self._over = threading.Event()
        self._turning: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._turning = asyncio.create_task(self._turn(), name="watchdog")
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        self._over.set()
        if self._turning is not None:
            self._turning.cancel()

    async def _turn(self) -> None:
        while True:
            self._turns += 1
            await asyncio.sleep(self._look_every / 2)

    def _watch(self) -> None:
        patience = Patience()
        while not self._over.wait(self._look_every):
            if patience.is_over(turns=self._turns, cpu_seconds=time.process_time(), seconds=self._look_every):
                self._end()
                return


def end_within(seconds: float = END_WITHIN_SECONDS) -> None:
    """Let the process come to its end by itself, and end it if it has not after *seconds*.

    Faust's consumer may wait for ever for a commit whose thread has gone with the error that ends the worker.
    """

    def wait() -> None:
        threading.Event().wait(seconds)
        _end(f"the process has not ended within {seconds:g} s of what ended it; it is ended")

    threading.Thread(target=wait, name="end", daemon=True).start()


def _end(why: str = "the event loop hangs; the process ends to be started again") -> None:
    """Say where every thread stands, and end at once: nothing in this process can be relied on any more."""
    print(why, file=sys.stderr, flush=True)
    faulthandler.dump_traceback(file=sys.stderr)
    os._exit(STATUS)
