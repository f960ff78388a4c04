"""Mail and files on the real bus, and all sinks at once while their connector is killed again and again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from connectors.config import ConnectorConfig
from connectors.metrics import PartHealth
from connectors.projection import connection, migrate
from connectors.sink_config import FilesSink, MailSink
from connectors.sinks.mail import DigestCourier, MailCarrier
from connectors.sinks.queue import SCHEMA, SCRIPTS, Attempt, DeliveryQueue
from connectors.sinks.told import told
from fajian.clock import SHANGHAI, now
from fajian.errors import PeerAwayError
from fajian.local.ports import free_port
from fajian.local.stack import StackInfo
from tests.connector_stack import config_of, hub, rows_of, running
from tests.integration.connectors.test_stream import Reader, streaming
from tests.integration.connectors.test_webhooks import (
    QUICK,
    by_subject,
    hook_of,
    listening,
    sending_to,
    settled,
    tell,
)
from tests.mail_server import OK, MailServer, mail_server
from tests.unit.connectors.test_drops import record
from tests.webhook_receiver import Got, WebhookReceiver, receiver

SECONDS = 120
OVERDUE = {"type": "cn.fajian.flag.overdue.v1", "flag_id": "f", "posts": "bureau-head"}


def mail_of(name: str, port: int, **settings: Any) -> MailSink:
    table = {
        "kind": "mail",
        "name": name,
        "smtp": {"host": "127.0.0.1", "port": port, "security": "none"},
        "sender": "fajian@court.test",
        "to": ["bureau-head@court.test"],
        "posts": ["bureau-head"],
        **QUICK,
        **settings,
    }
    return MailSink.model_validate(table)


def drops_in(folder: Path, **settings: Any) -> FilesSink:
    table = {"kind": "files", "folder": folder, "every_seconds": 0.1, **settings}
    return FilesSink.model_validate(table)


def mails_about(mails: MailServer, prefix: str) -> list[str]:
    return [str(mail["Message-ID"]) for mail in mails.taken if prefix in str(mail["Subject"])]


def dropped(folder: Path, prefix: str) -> list[dict[str, Any]]:
    lines = (line for path in sorted(folder.glob("drops-*")) for line in path.read_bytes().splitlines())
    return [event for line in lines if (event := orjson.loads(line))["id"].startswith(prefix)]


async def test_a_post_hears_of_its_flags_once_and_of_nothing_else(stack: StackInfo) -> None:
    async with mail_server() as mails, hub(stack) as bus:
        config = sending_to(stack, mail_of("desk", mails.port))
        async with listening(config):
            await bus.feed("court", "mail-fact", "mail-0", amount="1.00", posts="bureau-head")
            await bus.feed("court", "mail-other", "mail-1", **{**OVERDUE, "posts": "undertaker"})
            for i in range(2, 5):
                await bus.feed("court", "mail-case", f"mail-{i}", **OVERDUE)
            await mails.until(lambda each: len(each.taken) >= 3)
            rows = await settled(config, "desk")

    names = mails_about(mails, "mail-")
    assert len(names) == len(set(names)) == len(rows) == 3
    assert len({mail["References"] for mail in mails.taken}) == 1


async def test_a_mail_that_is_refused_for_good_is_an_alert_and_the_next_one_goes_out(
    stack: StackInfo,
) -> None:
    async with mail_server() as mails, hub(stack) as bus:
        mails.answer = lambda mail: OK if "fine" in str(mail["Subject"]) else "554 never"
        config = sending_to(stack, mail_of("refused", mails.port))
        async with listening(config):
            await bus.feed("court", "bad", "refused-1", **OVERDUE)
            await bus.feed("court", "fine", "refused-2", **OVERDUE)
            await mails.until(lambda each: bool(each.taken))
            rows = await settled(config, "refused")

    alerts = await rows_of(config, SCHEMA, "SELECT kind, detail FROM alerts WHERE receiver = 'refused'")
    assert sorted((row["state"], row["attempts"]) for row in rows) == [("delivered", 1), ("failed", 1)]
    assert alerts == [{"kind": "failed", "detail": "the mail was refused"}]


class ForgetfulQueue(DeliveryQueue):
    """Loses its connection between the server's yes and the note of it, once."""

    forgets = True

    async def note(self, attempts: Sequence[Attempt]) -> None:
        if self.forgets:
            self.forgets = False
            raise PeerAwayError("crash before note")
        await super().note(attempts)


async def test_a_digest_goes_out_once_a_day_and_after_a_crash_as_the_same_mail(stack: StackInfo) -> None:
    hour = now().replace(hour=8, minute=30, second=0, microsecond=0)
    times = {"now": hour - timedelta(hours=1)}
    async with mail_server() as mails:
        sink = mail_of("digest", mails.port, mode="digest", digest_at="08:30")
        config = sending_to(stack, sink)
        assert config.postgres is not None
        dsn, carrier = config.postgres.dsn.get_secret_value(), MailCarrier(sink, side="court")
        courier = DigestCourier(
            config, sink, carrier, health=PartHealth("digest"), clock=lambda: times["now"]
        )
        await migrate(dsn, schema=SCHEMA, scripts=SCRIPTS)
        async with connection(dsn, schema=SCHEMA) as opened:
            queue = ForgetfulQueue(opened, "digest")
            await queue.add("mail", now=times["now"])
            await queue.take("court.feed", [told(record(i)) for i in range(3)], {0: 3}, now=times["now"])
            early = await courier.round(queue)
            times["now"] = hour + timedelta(minutes=1)
            with pytest.raises(PeerAwayError):
                await courier.round(queue)
            await queue.take("court.feed", [told(record(3))], {0: 4}, now=times["now"])  # for tomorrow
            again = await courier.round(queue)
            rest = await courier.round(queue)
            times["now"] += timedelta(days=1)
            tomorrow = await courier.round(queue)

    first, repeat, next_day = mails.taken
    assert (early, again, rest, tomorrow) == (0, 3, 0, 1)
    assert first["Message-ID"] == repeat["Message-ID"] != next_day["Message-ID"]
    assert first.get_content() == repeat.get_content()
    assert hour.astimezone(SHANGHAI).date().isoformat() in str(first["Subject"])


async def test_a_side_with_nothing_but_a_folder_is_told_everything_in_whole_files(
    stack: StackInfo, tmp_path: Path
) -> None:
    config = config_of(stack, "court").model_copy(update={"source": (), "sink": (drops_in(tmp_path),)})
    async with hub(stack) as bus:
        async with running(config), asyncio.timeout(SECONDS):
            await tell(bus, "drop", 30)
            await until(lambda: len(dropped(tmp_path, "drop-")) >= 30)
        async with running(config), asyncio.timeout(SECONDS):  # goes on where it was
            await tell(bus, "drop2", 5)
            await until(lambda: len(dropped(tmp_path, "drop2-")) >= 5)

    found = [event["id"] for event in dropped(tmp_path, "drop-")]
    assert sorted(found) == [f"drop-{i:04}" for i in range(30)]
    assert not list((tmp_path / "work").glob("drops-*"))


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - files tell nobody
        await asyncio.sleep(0.02)


_WORKER = """
import asyncio, sys
from pathlib import Path
from fajian.local.stack import read_stack
from tests.connector_stack import running
from tests.integration.connectors.test_sinks import all_sinks

async def main(data, door, url, port, folder):
    async with running(all_sinks(read_stack(Path(data)), int(door), url, int(port), Path(folder))):
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


def all_sinks(stack: StackInfo, door: int, url: str, port: int, folder: Path) -> ConnectorConfig:
    database, stream = streaming(stack).sink
    hook, mail = (
        hook_of("killed", url, begin="earliest", at_once=4),
        mail_of("killed-mail", port, begin="earliest"),
    )
    source = config_of(stack, "court", port=door).source
    config = sending_to(stack, hook, mail, drops_in(folder))
    return config.model_copy(update={"source": source, "sink": (database, stream, *config.sink[1:])})


async def test_many_events_survive_a_connector_that_is_killed_again_and_again(
    stack: StackInfo, tmp_path: Path, is_full: bool
) -> None:
    """At the end each event is in database, files and stream once; in webhook and mail under one name."""
    events, mailed, kills = (10_000, 100, 5) if is_full else (500, 20, 2)
    door = free_port()
    async with receiver() as hook, mail_server() as mails, hub(stack) as bus, asyncio.timeout(SECONDS * 4):
        arguments = (stack.data_dir, str(door), hook.url, str(mails.port), str(tmp_path))
        telling = asyncio.create_task(_tell_all(bus, events, mailed))
        hearing = asyncio.create_task(_hear_all(door, events + mailed))
        for kill in range(1, kills + 1):
            worker = await _start(*arguments)
            mark = len(_ours(hook)) + events // 10 + 7 * kill
            await hook.until(lambda each, mark=mark: len(_ours(each)) >= mark)  # type: ignore[misc]
            worker.kill()
            await worker.wait()
        worker = await _start(*arguments)
        await telling
        heard = await hearing
        await hook.until(lambda each: len({got.id for got in _ours(each)}) >= events + mailed)
        await mails.until(lambda each: len(set(mails_about(each, "killed-mail-"))) >= mailed)
        await until(lambda: len(dropped(tmp_path, "killed-")) >= events + mailed)
        worker.send_signal(signal.SIGTERM)
        await worker.wait()

    taken = _ours(hook)
    every = sorted([*(f"killed-{i:04}" for i in range(events)), *(f"killed-mail-{i}" for i in range(mailed))])
    rows = await rows_of(
        all_sinks(stack, door, "http://x.test", 1, tmp_path), "fajian",
        "SELECT ce_id FROM feed WHERE ce_id LIKE 'killed-%'",
    )  # fmt: skip
    assert sorted(row["ce_id"] for row in rows) == every
    assert sorted(heard) == every
    assert sorted(event["id"] for event in dropped(tmp_path, "killed-")) == every
    assert sorted({got.event["id"] for got in taken}) == every
    assert all(each == sorted(each) for each in by_subject(taken).values())
    assert _most_repeats(taken) <= kills  # of each subject one at most was under way at each kill
    names = mails_about(mails, "killed-mail-")
    assert len(set(names)) == mailed
    assert len(names) - mailed <= kills


async def _tell_all(bus: Any, events: int, mailed: int) -> None:
    for i in range(mailed):
        await bus.feed("court", f"killed-mail-{i}", f"killed-mail-{i}", **OVERDUE)
    await tell(bus, "killed", events, subjects=50)


async def _hear_all(door: int, count: int) -> list[str]:
    """Return the ids that a reader of the stream hears; it comes back with its last id after each end."""
    reader, found = Reader(f"http://127.0.0.1:{door}", begin="earliest"), list[str]()
    while len(found) < count:
        try:
            async with reader.open() as messages:
                async for said in messages:
                    if said.event is not None and said.event["id"].startswith("killed-"):
                        found.append(said.event["id"])
                    if len(found) >= count:
                        break
        except (httpx.TransportError, AssertionError):  # killed, or not there yet
            await asyncio.sleep(0.05)
    return found


def _most_repeats(taken: Sequence[Got]) -> int:
    """Return how many messages of one subject came again, where most did."""
    by_id = {got.id: got.event["subject"] for got in taken}
    come, named = Counter(got.event["subject"] for got in taken), Counter(by_id.values())
    return max((come - named).values(), default=0)


def _ours(hook: WebhookReceiver) -> list[Got]:
    return [got for got in hook.taken if got.event["id"].startswith("killed-")]


async def _start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WORKER, *arguments,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
