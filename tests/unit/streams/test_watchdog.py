"""A process whose loop hangs ends by itself; one that works, or was only stopped for a while, does not."""

import subprocess
import sys

from fajian.streams.watchdog import COMPUTES_AT_MOST_LOOKS, HANGS_AFTER_LOOKS, STATUS, Patience

HANGING = """
import asyncio, threading
from fajian.streams.watchdog import Watchdog

async def main():
    Watchdog(look_every=0.01).start()
    await asyncio.sleep(0.05)
    threading.Lock().acquire(), (lock := threading.Lock()).acquire(), lock.acquire()

asyncio.run(main())
"""


def test_a_loop_that_hangs_ends_its_process_and_shows_where_it_stood() -> None:
    ended = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, text=True, check=False)

    assert ended.returncode == STATUS
    assert "the event loop hangs" in ended.stderr
    assert 'File "<string>"' in ended.stderr


def test_a_loop_that_turns_is_left_alone() -> None:
    patience = Patience()

    looks = [patience.is_over(turns=n, cpu_seconds=0, seconds=1) for n in range(HANGS_AFTER_LOOKS * 3)]

    assert not any(looks)


def test_a_stopped_process_that_goes_on_has_missed_one_look_only() -> None:
    patience = Patience()

    looks = [patience.is_over(turns=turns, cpu_seconds=0, seconds=1) for turns in (1, 1, 2, 2, 3)]

    assert not any(looks)


def test_a_loop_that_computes_is_given_more_time_but_not_for_ever() -> None:
    patience = Patience()

    looks = [
        patience.is_over(turns=1, cpu_seconds=float(n), seconds=1) for n in range(COMPUTES_AT_MOST_LOOKS + 2)
    ]

    assert not any(looks[: HANGS_AFTER_LOOKS * 2])
    assert looks[-1]
