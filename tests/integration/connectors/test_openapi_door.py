"""The whole door against its own OpenAPI document, on Kafka and PostgreSQL, with a flag and a live stream."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
import schemathesis
from hypothesis import settings

from connectors.sources.judge import types_of
from connectors.sources.openapi import openapi
from connectors.sources.queries import LONGEST_WAIT_SECONDS
from fajian.errors import PeerAwayError
from fajian.local.ports import free_port
from fajian.local.stack import StackInfo
from tests.connector_stack import config_of, hub, rows_of
from tests.integration.connectors.test_stream import KEY
from tests.unit.connectors.test_http_schemathesis import CONFIG, RULES

FLAG = "flag-of-the-document"
schema = schemathesis.openapi.from_dict(
    openapi(CONFIG, side="court", types=types_of("court"), has_stream=True), config=RULES
)
EXAMPLES = settings(max_examples=10, derandomize=True)


_WORKER = """
import asyncio, sys
from pathlib import Path
from fajian.local.stack import read_stack
from tests.connector_stack import config_of, running
from tests.integration.connectors.test_stream import streaming

async def main(data, port):
    stack = read_stack(Path(data))
    source = config_of(stack, "court", port=int(port)).source
    async with running(streaming(stack).model_copy(update={"source": source})):
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def url(stack: StackInfo) -> Iterator[str]:
    """The court's door in a process of its own: hypothesis wants this one's randomness for itself."""
    port = free_port()
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, stack.data_dir, str(port)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
    )
    asyncio.run(_told_of_a_flag(stack))
    yield f"http://127.0.0.1:{port}"
    worker.terminate()
    worker.wait()


async def _told_of_a_flag(stack: StackInfo) -> None:
    config, found = config_of(stack, "court"), list[Any]()
    async with hub(stack) as bus, asyncio.timeout(60):
        said = {"type": "cn.fajian.flag.overdue.v1", "flag_id": FLAG, "rule": "pay-out", "instance": "P-1"}
        await bus.feed("court", "agreement/openapi", "openapi-flag", **said)
        while not found:
            try:
                found = await rows_of(config, "fajian", f"SELECT FROM flags WHERE flag_id = '{FLAG}'")
            except (PeerAwayError, psycopg.Error):  # the tables are being made
                await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def keys(stack: StackInfo) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.http_keys['court']}"}


@schema.exclude(path="/v1/stream").parametrize()
@EXAMPLES
def test_every_answer_of_the_whole_door_is_one_that_the_document_names(
    case: "schemathesis.Case[Any]", url: str, keys: dict[str, str]
) -> None:
    asked = str((case.query or {}).get("wait", ""))
    if asked.isdecimal() and int(asked) <= LONGEST_WAIT_SECONDS:
        case.query["wait"] = 0  # for nothing that could come
    case.call_and_validate(base_url=url, headers=keys)


@schema.include(path_regex="^/v1/flags/").parametrize()
@EXAMPLES
def test_so_is_every_answer_about_a_flag_that_is_there(
    case: "schemathesis.Case[Any]", url: str, keys: dict[str, str]
) -> None:
    case.path_parameters = {"flag": FLAG}
    case.call_and_validate(base_url=url, headers=keys)


@schema.include(path="/v1/stream").parametrize()
@EXAMPLES
def test_so_is_every_beginning_of_a_live_stream(case: "schemathesis.Case[Any]", url: str) -> None:
    asked = case.as_transport_kwargs(base_url=url, headers={"Authorization": f"Bearer {KEY}"})
    parts: dict[str, Any] = {"params": asked.get("params"), "headers": asked.get("headers")}
    with httpx.stream(asked["method"], asked["url"], **parts) as answer:  # it has no end to wait for
        assert answer.status_code in (200, 400, 401, 405, 503)
