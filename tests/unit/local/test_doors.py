"""When the bus says that it is ready, its doors answer; and what cannot open says why."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import orjson
import pytest

from fajian.errors import StartError
from fajian.local.doors import SILENT_LOOKS, Keeper, ask, wait_until_open

READY: dict[str, object] = {"ready": True}
WAITING: dict[str, object] = {"ready": False, "problems": []}


class Door:
    """A small HTTP server that gives one answer after the other; the last one for ever."""

    def __init__(self, *answers: dict[str, object]) -> None:
        self.asked = 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:  # noqa: N805
                body = answers[min(self.asked, len(answers) - 1)]
                self.asked += 1
                handler.send_response(200 if body.get("ready") else 503)
                handler.end_headers()
                handler.wfile.write(orjson.dumps(body))

            def log_message(handler, *_: object) -> None:  # noqa: N805
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}).start()


@pytest.fixture
def doors() -> Iterator[list[Door]]:
    opened: list[Door] = []
    yield opened
    for door in opened:
        door.server.shutdown()
        door.server.server_close()


def test_the_bus_is_ready_when_its_last_door_opens(doors: list[Door]) -> None:
    doors += [Door(READY), Door(WAITING, WAITING, READY)]

    faults = wait_until_open({"a": doors[0].url, "b": doors[1].url})

    assert faults == []
    assert doors[1].asked == 3


def test_a_door_that_names_its_fault_is_not_waited_for(doors: list[Door]) -> None:
    parts = {"postgres": {"state": "stopped", "error": "another ledger"}, "http": {"state": "ready"}}
    doors += [Door({"ready": False, "problems": ["case.events/3 stands still"]}), Door({"parts": parts})]

    faults = wait_until_open({"worker": doors[0].url, "court": doors[1].url})

    assert faults == ["worker: case.events/3 stands still", "court: postgres: another ledger"]


def test_a_door_that_never_opens_is_named_with_its_address(doors: list[Door]) -> None:
    doors += [Door(WAITING)]

    with pytest.raises(StartError, match=f"not yet open: worker at {doors[0].url}"):
        wait_until_open({"worker": doors[0].url}, within=0)


def test_nobody_there_is_no_answer() -> None:
    assert ask("http://127.0.0.1:1", "readyz") is None


def test_who_has_answered_and_falls_silent_is_ended_once() -> None:
    answers: dict[str, dict[str, object] | None] = {"a": READY, "b": WAITING, "c": None}
    ended: list[str] = []
    keeper = Keeper({name: name for name in answers}, end=ended.append, ask=lambda url, _: answers[url])
    keeper.look()

    answers["a"] = None
    looks = [keeper.look() for _ in range(SILENT_LOOKS + 3)]

    assert ended == ["a"]  # b says that it is not well, c is still starting
    assert looks[SILENT_LOOKS - 1] == ["a"]


def test_an_answer_in_between_begins_the_count_anew() -> None:
    said: list[dict[str, object] | None] = [READY, *[None] * (SILENT_LOOKS - 1)] * 3
    answers, ended = iter(said), list[str]()
    keeper = Keeper({"a": "a"}, end=ended.append, ask=lambda *_: next(answers))

    for _ in said:
        keeper.look()

    assert ended == []
