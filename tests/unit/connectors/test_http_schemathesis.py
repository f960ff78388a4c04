"""The door against its own OpenAPI document, by schemathesis, over a real socket.

`pytest --hypothesis-profile=long` tries far more, and other things each time.
"""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import settings

from connectors.source_config import HttpSource
from connectors.sources.http import build_app
from connectors.sources.judge import types_of
from connectors.sources.openapi import openapi
from connectors.sources.server import server_of
from tests.connector_doubles import KEY, MemoryInbox, door_of

CONFIG = HttpSource.model_validate(
    {
        "kind": "http",
        "port": 0,
        "max_batch_events": 20,
        "keys": [{"system": "s", "key": KEY, "sources": ["//court/"]}],
    }
)
LONG = settings.get_current_profile_name() == "long"
RULES = schemathesis.Config.from_dict(
    {
        "checks": {
            # The body of an event depends on its type, which the document leaves to `fajian schema`.
            "positive_data_acceptance": {"expected-statuses": ["2xx", "400", "403", "404", "415", "422"]},
            "negative_data_rejection": {
                "expected-statuses": ["400", "401", "403", "404", "405", "413", "415", "422"]
            },
        },
    }
)
schema = schemathesis.openapi.from_dict(openapi(CONFIG, side="court", types=types_of("court")), config=RULES)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The court's door, served as in earnest."""
    inbox = MemoryInbox()
    server = server_of(build_app(door_of(CONFIG, inbox)), CONFIG)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@schema.parametrize()
@settings(max_examples=2000 if LONG else 25, derandomize=not LONG)
def test_every_answer_is_one_that_the_document_names(case: "schemathesis.Case[Any]", url: str) -> None:
    case.call_and_validate(base_url=url, headers={"Authorization": f"Bearer {KEY}"})
