"""A process that is killed (-9) at a step of its choice: before it publishes, meanwhile, or right after."""

import asyncio
import os
import signal
from collections.abc import Sequence
from typing import Any

from connectors.kafka import KafkaInbox, Letter, Placed

STEPS = ("read", "sent", "acknowledged")  #: where an event has come to when its process dies


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class MortalInbox(KafkaInbox):
    """Dies with the whole process when it has put so many times; the command line says when and where."""

    step, dies_at = "", 0
    puts = 0

    async def put(self, letters: Sequence[Letter]) -> list[Placed]:
        MortalInbox.puts += bool(letters)
        self._dies("read")
        placed = await super().put(letters)
        self._dies("acknowledged")
        return placed

    async def _send(self, producer: Any, letters: Sequence[Letter]) -> Any:
        if self.step == "sent" and self.puts >= self.dies_at:
            for letter in letters:
                await producer.send(self._topic, letter.value, key=letter.key, headers=list(letter.headers))
            await asyncio.sleep(0.002 * (self.dies_at % 3))  # nothing, a part or all of it has arrived
            die()
        return await super()._send(producer, letters)

    def _dies(self, step: str) -> None:
        if self.step == step and self.puts >= self.dies_at:
            die()


def born(arguments: list[str]) -> None:
    """Take in when and where to die."""
    MortalInbox.step, MortalInbox.dies_at = arguments[0], int(arguments[1])
