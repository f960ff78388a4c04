"""The file source on the real bus: a side with nothing but a folder hands over, and hears of it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from fajian.local.stack import StackInfo
from tests.connector_doubles import money_paid
from tests.connector_stack import config_of, hub, read_all, running
from tests.exchange_folder import Shelf


async def until(is_so: Callable[[], bool]) -> None:
    """Give the others their turn until *is_so*; the caller sets the limit."""
    while not is_so():  # noqa: ASYNC110 - files tell nobody
        await asyncio.sleep(0.02)


def told(shelf: Shelf) -> list[dict[str, Any]]:
    found = []
    for name in shelf.names("receipts"):
        if name.startswith("receipts-"):
            found += [
                orjson.loads(line) for line in (shelf.root / "receipts" / name).read_bytes().splitlines()
            ]
    return found


async def test_a_folder_hands_over_and_gets_its_receipts_and_no_others(
    stack: StackInfo, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path, receipts_seconds=0.1, poll_seconds=0.05, sources=["//court/folder"])
    config = config_of(stack, "court").model_copy(update={"source": (shelf.config(),), "sink": ()})
    event = money_paid(id="by-folder", source="//court/folder")

    async with hub(stack) as bus, running(config), asyncio.timeout(60):
        shelf.drop("a.jsonl", json.dumps(event))
        await until(lambda: shelf.names("done") == ["a.jsonl"])
        for status in ("accepted", "recorded"):
            await bus.receipt("court", "by-folder", status, source="//court/folder", ledger="case.events/1/2")
            await bus.receipt("court", "by-others", status, source="//court/other")
        await until(lambda: len(told(shelf)) >= 2)
    async with hub(stack) as bus, running(config), asyncio.timeout(60):  # goes on where it was
        await bus.receipt(
            "court", "later", "rejected", source="//court/folder", problems=[{"pointer": "/id"}]
        )
        await until(lambda: len(told(shelf)) >= 3)

    assert [(row["id"], row["status"]) for row in told(shelf)] == [
        ("by-folder", "accepted"),
        ("by-folder", "recorded"),
        ("later", "rejected"),
    ]
    assert told(shelf)[2]["problems"] == [{"pointer": "/id"}]


_WORKER = """
import asyncio, sys
from pathlib import Path
from fajian.local.stack import read_stack
from tests.connector_stack import config_of, running
from tests.exchange_folder import Shelf

async def main(data, folder):
    shelf = Shelf(Path(folder), batch_lines=100, poll_seconds=0.05, sources=["//court/killed"])
    config = config_of(read_stack(Path(data)), "court")
    config = config.model_copy(update={"source": (shelf.config(),), "sink": ()})
    async with running(config):
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_ten_thousand_lines_survive_a_connector_that_is_killed_again_and_again(
    stack: StackInfo, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path)
    for part in range(4):
        lines = (
            json.dumps(money_paid(id=f"k-{part}-{i:04}", source="//court/killed"), ensure_ascii=False)
            for i in range(2500)
        )
        shelf.drop(f"{part}.jsonl", "\n".join(lines))
    journal = shelf.root / "work" / ".journal-0.jsonl"

    async with asyncio.timeout(120):
        for kill in range(4):
            await _work_until(stack, shelf, _progress(shelf), pause=0.03 * kill, how=signal.SIGKILL)
        await _work_until(stack, shelf, None, pause=0, how=signal.SIGTERM)

    found = [id_ for id_ in await _inbox_ids(stack) if id_.startswith("k-")]
    firsts = list(dict.fromkeys(found))
    assert firsts == [f"k-{part}-{i:04}" for part in range(4) for i in range(2500)]
    assert not journal.exists()


async def _work_until(
    stack: StackInfo, shelf: Shelf, before: Any, *, pause: float, how: signal.Signals
) -> None:
    """Let a connector work until it has moved on from *before*, or to the end, and a bit; then end it."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WORKER, stack.data_dir, str(shelf.root),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    if before is None:
        await until(lambda: len(shelf.names("done")) == 4 or worker.returncode is not None)
    else:
        await until(lambda: _progress(shelf) != before or worker.returncode is not None)
    await asyncio.sleep(pause)
    worker.send_signal(how)
    await worker.wait()


def _progress(shelf: Shelf) -> Any:
    journals = {path.name: path.stat().st_mtime_ns for path in (shelf.root / "work").glob(".journal-*")}
    return journals, shelf.names("done")


async def _inbox_ids(stack: StackInfo) -> list[str]:
    """Return the ids of all events in the order of their partitions."""
    found = []
    for partition in range(stack.partitions):
        records = await read_all(stack, "court.inbox", partition)
        found += [dict(record.headers).get("ce_id", b"").decode() for record in records]
    return found
