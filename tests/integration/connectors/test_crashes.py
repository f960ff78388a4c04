"""10,000 events by HTTP and by Kafka while whoever carries them is killed at every step of the way."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import orjson

from fajian.local.ports import free_port
from fajian.local.stack import StackInfo
from tests.connector_doubles import money_paid
from tests.connector_stack import read_all
from tests.effects import effects
from tests.mortal import STEPS

SECONDS = 300
BATCH = 20
SUBJECTS = 100
SYSTEMS = 4

_DOOR = """
import asyncio, sys
from pathlib import Path
import connectors.runtime
from fajian.local.stack import read_stack
from tests.connector_stack import config_of, running
from tests.mortal import MortalInbox, born

async def main(data, port):
    connectors.runtime.KafkaInbox = MortalInbox
    config = config_of(read_stack(Path(data)), "court", port=int(port))
    async with running(config.model_copy(update={"sink": ()})):
        await asyncio.Event().wait()

born(sys.argv[1:3])
asyncio.run(main(*sys.argv[3:]))
"""

#: A system of the court that reads its events from a file, and notes how far it has come.
_CLIENT = """
import asyncio, sys
from pathlib import Path
from connectors.kafka import Letter
from fajian.local.stack import read_stack
from schemas.cloudevents import from_structured, to_kafka
from tests.connector_stack import config_of
from tests.mortal import MortalInbox, born, die

def letter(line):
    event = from_structured(line)
    headers, value = to_kafka(event)
    return Letter(event.attributes["subject"].encode(), value, tuple(headers))

async def main(data, file, batch):
    mark = Path(file + ".mark")
    kafka = config_of(read_stack(Path(data)), "court").kafka
    inbox = MortalInbox("court.inbox", kafka, timeout_seconds=30, client_id="client")
    await inbox.open()
    lines = Path(file).read_bytes().splitlines()
    at = int(mark.read_text()) if mark.exists() else 0
    while at < len(lines):
        placed = await inbox.put([letter(line) for line in lines[at : at + batch]])
        assert all(isinstance(place, str) for place in placed), placed
        at += batch
        Path(file + ".new").write_text(str(at))
        Path(file + ".new").rename(mark)
        if MortalInbox.step == "marked" and MortalInbox.puts >= MortalInbox.dies_at:
            die()
    await inbox.close()

born(sys.argv[1:3])
asyncio.run(main(sys.argv[3], sys.argv[4], int(sys.argv[5])))
"""


def events_of(source: str, count: int) -> list[dict[str, Any]]:
    """Return events whose ids grow within each subject."""
    return [
        money_paid(
            id=f"e-{i:05}",
            source=source,
            subject=f"（2022）皖1324执{1000 + i % SUBJECTS}号",
            data={"payment_ref": f"p-{i}", "amount": "1.00"},
        )
        for i in range(count)
    ]


async def start(program: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, *arguments,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip


async def assert_each_once_and_in_order(stack: StackInfo, source: str, count: int) -> None:
    records = [
        record
        for partition in range(stack.partitions)
        for record in await read_all(stack, "court.inbox", partition)
        if dict(record.headers).get("ce_source") == source.encode()
    ]
    found = effects(records, source)
    expected = [event["id"] for event in events_of(source, count)]

    assert sorted(id_ for ids in found.recorded.values() for id_ in ids) == expected
    assert all(ids == sorted(ids) for ids in found.recorded.values())
    assert set(found.fates) <= {"recorded", "duplicate"}
    assert len(records) == found.fates.total() > count  # it was sent again, and that was noticed


async def test_events_by_http_survive_a_door_that_is_killed_at_every_step(
    stack: StackInfo, is_full: bool
) -> None:
    """Whoever sends does as the page says: no answer means the same again, until there is one."""
    count, rounds = (10_000, 5) if is_full else (800, 1)
    source, port = "//court/killed-door", free_port()
    every = events_of(source, count)
    shares = [[e for i, e in enumerate(every) if i % SUBJECTS % SYSTEMS == n] for n in range(SYSTEMS)]
    kills = [(step, 3 + n) for n in range(rounds) for step in STEPS]

    async with asyncio.timeout(SECONDS):
        sending = asyncio.gather(*(hand_over(share, stack, port) for share in shares))
        for step, puts in kills:
            door = await start(_DOOR, step, str(puts), stack.data_dir, str(port))
            assert await door.wait() == -9
        door = await start(_DOOR, "never", "0", stack.data_dir, str(port))
        await sending
        door.terminate()
        await door.wait()

    await assert_each_once_and_in_order(stack, source, count)


async def hand_over(events: Sequence[dict[str, Any]], stack: StackInfo, port: int) -> None:
    """Send *events* in order; now and then forget that a batch was taken, and send it again."""
    headers = {
        "Authorization": f"Bearer {stack.http_keys['court']}",
        "Content-Type": "application/cloudevents-batch+json",
    }
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        for number, batch in enumerate(events[at : at + BATCH] for at in range(0, len(events), BATCH)):
            for _ in range(2 if number % 10 == 0 else 1):
                while not await is_taken(client, orjson.dumps(batch)):  # noqa: ASYNC110 - the door tells nobody
                    await asyncio.sleep(0.05)


async def is_taken(client: httpx.AsyncClient, body: bytes) -> bool:
    try:
        answer = await client.post("/v1/events", content=body)
    except httpx.TransportError:
        return False
    assert answer.status_code in (202, 207, 429, 503), answer.text
    return answer.status_code == 202


async def test_events_by_kafka_survive_a_client_that_is_killed_at_every_step(
    stack: StackInfo, tmp_path: Path, is_full: bool
) -> None:
    count, rounds = (10_000, 5) if is_full else (800, 1)
    source, file = "//court/killed-client", tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join(map(orjson.dumps, events_of(source, count))))
    kills = [(step, 3 + n) for n in range(rounds) for step in (*STEPS, "marked")]

    async with asyncio.timeout(SECONDS):
        for step, puts in kills:
            client = await start(_CLIENT, step, str(puts), stack.data_dir, str(file), str(BATCH))
            assert await client.wait() == -9
        client = await start(_CLIENT, "never", "0", stack.data_dir, str(file), str(BATCH))
        assert await client.wait() == 0

    await assert_each_once_and_in_order(stack, source, count)
