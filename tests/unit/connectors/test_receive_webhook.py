"""The page on receiving, tried as its reader would: the receiver runs, the tables are read."""

import asyncio
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from connectors.config import ConnectorConfig, load_config
from connectors.sink_config import WebhookSink
from connectors.sinks.ladder import Outcome
from connectors.sinks.queue import Message
from connectors.sinks.webhook import WebhookCarrier
from fajian.clock import now
from fajian.local.ports import free_port
from tests.webhook_receiver import INSIDE, SECRET

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "receive-webhook.md").read_text("utf-8")
SIDE = """
side = "court"
sender = "//court/x"
agreement = "a"
[kafka]
bootstrap_servers = "127.0.0.1:9092"
[[source]]
kind = "http"
port = 0
authentication = "none"
"""
VARIABLES: Mapping[str, str] = {
    "DSN": "postgresql://x",
    "ALARMS_SECRET": SECRET,
    "SCREEN_KEY": "0123456789abcdef",
    "SMTP_PASSWORD": "p",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def config_of(tmp_path: Path, *tables: str) -> ConnectorConfig:
    path = tmp_path / "court.toml"
    path.write_text(SIDE + "\n".join(tables), "utf-8")
    return load_config(path, VARIABLES)


def test_every_table_of_the_page_can_stand_in_one_file(tmp_path: Path) -> None:
    config = config_of(tmp_path, *blocks("toml"))

    assert sorted(sink.kind for sink in config.sink) == ["files", "mail", "postgres", "sse", "webhook"]


@pytest.mark.parametrize("table", blocks("toml")[1:])
def test_every_table_of_the_page_can_stand_alone_below_the_first(tmp_path: Path, table: str) -> None:
    config = config_of(tmp_path, blocks("toml")[0], table)

    assert len(config.sink) == 2


@pytest.mark.parametrize("twice", [blocks("toml")[0], blocks("toml")[1]])
def test_what_can_only_be_there_once_is_refused_twice(tmp_path: Path, twice: str) -> None:
    with pytest.raises(Exception, match=r"one \[\[sink\]\]|a name of its own"):
        config_of(tmp_path, twice, twice)


async def test_the_receiver_of_the_page_believes_us_and_tells_a_repeat(tmp_path: Path) -> None:
    [program] = blocks("python")
    port = free_port()
    receiver = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program.replace("8500", str(port)),
        env={**os.environ, "ALARMS_SECRET": SECRET},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    sink = WebhookSink.model_validate(
        {
            "kind": "webhook",
            "name": "a",
            "url": f"http://127.0.0.1:{port}/",
            "secret": SECRET,
            "inside": INSIDE,
        }
    )
    carrier = WebhookCarrier(sink)
    body = b'{"type":"cn.fajian.flag.overdue.v1","subject":"case-1"}'
    try:
        async with asyncio.timeout(30):
            for name in ("m-1", "m-1", "m-2"):
                message = Message(1, name, "case-1", body, 0, 0)
                while (await carrier.send(message, now=now())) != Outcome(True, status=204):
                    pass  # it is still starting
            assert receiver.stdout is not None
            said = [await receiver.stdout.readline() for _ in range(2)]
            receiver.kill()
            rest = await receiver.stdout.read()
    finally:
        await carrier.close()
        await receiver.wait()

    assert said == [b"cn.fajian.flag.overdue.v1 case-1\n"] * 2
    assert rest == b""
