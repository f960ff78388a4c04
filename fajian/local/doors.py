"""The HTTP doors of the processes of one machine: where they are, and whether they answer."""

import threading
from collections.abc import Mapping
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


def write_doors(data_dir: Path, doors: Doors) -> None:
    write_secret(data_dir / "doors.json", {"doors": dict(doors)})


def read_doors(data_dir: Path) -> Doors:
    """Return the doors of the stack that runs in *data_dir*; none where only Kafka and PostgreSQL run."""
    doors: Doors = read_secret(data_dir / "doors.json").get("doors", {})
    return doors
