"""The HTTP doors of the processes of one machine: where they are, and whether they answer."""

import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from fajian.errors import StartError
from fajian.local.secret_files import read_secret, write_secret

ASK_SECONDS = 2.0
OPEN_SECONDS = 90.0
AGAIN_SECONDS = 0.1
LOOK_EVERY_SECONDS = 5.0
SILENT_LOOKS = 4  #: without an answer, in a row: with the time to ask, less than half a minute

Doors = Mapping[str, str]  #: URL by process


def wait_until_open(doors: Doors, *, within: float = OPEN_SECONDS) -> list[str]:
    """Return when each of *doors* is open, or says what keeps it shut: waiting would not help there.

    Returned is what they said. Raises `StartError` when one has neither opened nor said why after *within*.
    """
    deadline, pause = monotonic() + within, threading.Event()
    shut, faults = dict(doors), []
    while shut:
        for name, url in list(shut.items()):
            said = ask(url, "readyz")
            found = problems_in(said) if said else []
            if found or (said and said["status"] == HTTPStatus.OK):
                del shut[name]
                faults += [f"{name}: {each}" for each in found]
        if shut and monotonic() > deadline:
            names = ", ".join(f"{name} at {url}" for name, url in shut.items())
            raise StartError(f"expected every door to be open after {within:.0f} s, not yet open: {names}")
        if shut:
            pause.wait(AGAIN_SECONDS)
    return faults


def problems_in(said: Mapping[str, Any]) -> list[str]:
    """Return the faults that a door names: of a worker's partitions, of a connector's stopped parts."""
    parts = said.get("parts", {}).items()
    stopped = [f"{part}: {each.get('error')}" for part, each in parts if each["state"] == "stopped"]
    return [*said.get("problems", ()), *stopped]


def ask(url: str, page: str) -> dict[str, Any] | None:
    """Return what *page* says, with its HTTP status; None where nobody answers."""
    try:
        answer = httpx.get(f"{url}/{page}", timeout=ASK_SECONDS)
        return {**answer.json(), "status": answer.status_code}
    except (httpx.TransportError, ValueError):
        return None


class Keeper:
    """Notices who is there and does not answer: it hangs where its own watchdog cannot look, or was stopped.

    Only who has answered once is judged; a red answer is one too. *end* ends a process, to be started again.
    """

    def __init__(
        self,
        doors: Doors,
        *,
        end: Callable[[str], None],
        ask: Callable[[str, str], Mapping[str, Any] | None] = ask,
    ) -> None:
        self._doors = doors
        self._end = end
        self._ask = ask
        self._silent: dict[str, int] = {}  #: looks without an answer, by process

    def look(self) -> list[str]:
        """Ask everybody once; return whom we have ended."""
        ended = []
        for name, url in self._doors.items():
            if self._ask(url, "healthz") is not None:
                self._silent[name] = 0
            elif name in self._silent:
                self._silent[name] += 1
                if self._silent[name] == SILENT_LOOKS:
                    del self._silent[name]
                    self._end(name)
                    ended.append(name)
        return ended


def write_doors(data_dir: Path, doors: Doors) -> None:
    write_secret(data_dir / "doors.json", {"doors": dict(doors)})


def read_doors(data_dir: Path) -> Doors:
    """Return the doors of the stack that runs in *data_dir*; none where only Kafka and PostgreSQL run."""
    doors: Doors = read_secret(data_dir / "doors.json").get("doors", {})
    return doors
