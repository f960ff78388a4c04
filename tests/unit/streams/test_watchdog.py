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


STAYING = """
import asyncio
from fajian.streams.watchdog import end_within

async def main():
    end_within(0.05)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_process_that_does_not_come_to_its_end_is_ended() -> None:
    ended = subprocess.run([sys.executable, "-c", STAYING], capture_output=True, text=True, check=False)

    assert ended.returncode == STATUS
    assert "has not ended within 0.05 s" in ended.stderr


def test_a_process_that_comes_to_its_end_is_left_alone() -> None:
    program = "from fajian.streams.watchdog import end_within; end_within(60)"

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")


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
