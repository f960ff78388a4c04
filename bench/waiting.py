"""Waiting for an agent to come to the end of its topics, as its own stated progress tells."""

import asyncio
from collections.abc import Sequence
from time import monotonic

from fajian.settings import Settings
from fajian.streams.log import KafkaLog, Part
from fajian.streams.progress import ProgressBook

LOOK_SECONDS = 0.05


async def worked_off(settings: Settings, agent: str, parts: Sequence[Part], within: float) -> None:
    """Return when *agent* has acknowledged everything that is in *parts* now; raise `TimeoutError` else."""
    deadline = monotonic() + within
    async with KafkaLog(settings, client_id="fajian-bench") as log:
        book, ends = ProgressBook(log), await log.ends(parts)
        while True:
            await book.refresh()
            stated = {part: book.of(agent, part) for part in parts}
            if all(end <= (p.acked if (p := stated[part]) else 0) for part, end in ends.items()):
                return
            if monotonic() > deadline:
                raise TimeoutError(f"{agent} has not come to the end of its topics")
            await asyncio.sleep(LOOK_SECONDS)
