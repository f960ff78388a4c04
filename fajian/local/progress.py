"""What a start shows to whoever waits for it: one line per step, on standard error."""

import sys
from typing import Protocol, TextIO


class Progress(Protocol):
    """Somebody who is told how far we are."""

    def say(self, text: str) -> None:
        """Show a step that is done or begins."""
        ...

    def update(self, text: str) -> None:
        """Show a passing state, where it can be overwritten; it may be dropped."""
        ...


class Quiet:
    """Shows nothing."""

    def say(self, text: str) -> None: ...

    def update(self, text: str) -> None: ...


class Terminal:
    """Lines on *stream*; on a real terminal a passing state is overwritten by the next."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._overwrites = self._stream.isatty()
        self._clear = "\r\x1b[K" if self._overwrites else ""

    def say(self, text: str) -> None:
        self._stream.write(f"{self._clear}{text}\n")
        self._stream.flush()

    def update(self, text: str) -> None:
        if self._overwrites:
            self._stream.write(f"{self._clear}{text}")
            self._stream.flush()


quiet = Quiet()
