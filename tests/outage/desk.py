"""A receiver of webhooks that can be away, and knows which events it was told.

It runs in a process of its own: what the drill itself has to do must not slow it down.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

from starlette.responses import Response

from fajian.local.ports import free_port
from tests.webhook_receiver import INSIDE, SECRET, Got, receiver

SINK = f"""
[[sink]]
kind = "webhook"
name = "desk"
url = "URL"
secret = "${{FAJIAN_DRILL_SECRET}}"
inside = {INSIDE}
kinds = ["fact"]
retry_seconds = [1, 5, 10, {", ".join(["30"] * 40)}]
rest_seconds = 2
"""


class Desk:
    """Listens between `open` and `close`; writes what it takes into a file in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._taken = folder / "desk.tsv"
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0
        self._heard: set[tuple[str, str]] = set()

    @property
    def table(self) -> str:
        """Its `[[sink]]` in the connector's file."""
        return SINK.replace("URL", f"http://127.0.0.1:{self._port}/hook")

    @property
    def secrets(self) -> dict[str, str]:
        return {"FAJIAN_DRILL_SECRET": SECRET}

    def open(self) -> None:
        command = [sys.executable, "-m", "tests.outage.desk", str(self._port), str(self._taken)]
        self._process = subprocess.Popen(command)

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def heard(self) -> set[tuple[str, str]]:
        """Return source and id of every event that was taken."""
        if self._taken.exists():
            with self._taken.open("rb") as taken:
                taken.seek(self._read)
                whole, end, _ = taken.read().rpartition(b"\n")
            self._read += len(whole + end)
            for line in whole.decode().splitlines():
                source, _, id_ = line.partition("\t")
                self._heard.add((source, id_))
        return self._heard


async def _serve(port: int, path: Path) -> None:
    """Take what comes until terminated."""
    with path.open("a", encoding="utf-8", buffering=1) as file:

        async def take(got: Got) -> Response:
            event = got.event
            file.write(f"{event['source']}\t{event['id']}\n")
            return Response(status_code=204)

        async with receiver(port) as hook:
            hook.answer = take
            await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
