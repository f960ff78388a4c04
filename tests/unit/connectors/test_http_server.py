"""The door's server on a real socket: TLS, client certificates, and clients that take their time."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from connectors.source_config import HttpSource
from connectors.sources.http import build_app
from connectors.sources.server import server_of
from tests.certificates import Authority, Files
from tests.connector_doubles import KEY, MemoryInbox, door_of, money_paid

STRUCTURED = {"Content-Type": "application/cloudevents+json"}


@asynccontextmanager
async def serving(*, inbox: MemoryInbox | None = None, **settings: Any) -> AsyncIterator[int]:
    """Serve the court's door with *settings*; give its port."""
    keys = [{"system": "s", "key": KEY, "sources": ["//court/"]}]
    config = HttpSource.model_validate({"kind": "http", "port": 0, "keys": keys, **settings})
    server = server_of(build_app(door_of(config, inbox or MemoryInbox())), config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task


def client(port: int, authority: Authority, shown: Files | None = None, key: str = "") -> httpx.AsyncClient:
    context = ssl.create_default_context(cafile=authority.certificate)
    if shown is not None:
        context.load_cert_chain(*shown)
    headers = {**STRUCTURED, "Authorization": f"Bearer {key}"} if key else STRUCTURED
    return httpx.AsyncClient(base_url=f"https://localhost:{port}", verify=context, headers=headers)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def secured(authority: Authority, *keys: dict[str, Any]) -> dict[str, Any]:
    own = authority.vouch_for("localhost")
    tls = {"certificate": own.certificate, "private_key": own.key, "client_ca": authority.certificate}
    return {"tls": tls, "keys": [{"sources": ["//court/"], **key} for key in keys]}


@pytest.mark.parametrize(
    ("shown", "key", "status"),
    [
        ("enforcement", "", 202),
        ("somebody", "", 401),
        (None, "", 401),
        (None, KEY, 202),  # another system, known by its key
        ("double", "", 401),  # this one needs both
        ("double", "the second key of this system", 202),
    ],
)
async def test_a_system_proves_itself_by_certificate_key_or_both(
    authority: Authority, shown: str | None, key: str, status: int
) -> None:
    settings = secured(
        authority,
        {"system": "a", "certificate": "enforcement"},
        {"system": "b", "key": KEY},
        {"system": "c", "certificate": "double", "key": "the second key of this system"},
    )

    async with serving(**settings) as port:
        files = authority.vouch_for(shown) if shown else None
        async with client(port, authority, files, key) as system:
            answer = await system.post("/v1/events", content=orjson.dumps(money_paid()))

    assert answer.status_code == status


async def test_where_every_system_has_a_certificate_nobody_comes_in_without(
    authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    forged = Authority(tmp_path / "other").vouch_for("enforcement")

    async with serving(**secured(authority, {"system": "a", "certificate": "enforcement"})) as port:
        for files in (None, forged):
            async with client(port, authority, files) as system:
                with pytest.raises(httpx.TransportError):
                    await system.get("/healthz")


@pytest.mark.parametrize(
    "sent",
    [
        b"",  # only connects
        b"POST /v1/events HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz",  # the first is good, the second never ends
    ],
)
async def test_a_client_that_does_not_finish_its_headers_is_sent_away(sent: bytes) -> None:
    async with serving(header_timeout_seconds=0.2) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        async with asyncio.timeout(10):
            answer = b""
            try:
                while received := await reader.read(1000):
                    answer += received
            except ConnectionResetError:
                pass
        writer.close()

    assert answer.count(b"HTTP/1.1 200") == sent.count(b"\r\n\r\n")


async def test_a_body_that_trickles_is_answered_408() -> None:
    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(1)

    async with serving(body_timeout_seconds=0.2) as port, httpx.AsyncClient() as system:
        answer = await system.post(
            f"http://127.0.0.1:{port}/v1/events",
            content=trickle(),
            headers={**STRUCTURED, "Authorization": f"Bearer {KEY}"},
        )

    assert (answer.status_code, answer.json()["type"]) == (408, "urn:fajian:problem:slow-body")


POST = b"POST /v1/events HTTP/1.1\r\nHost: x\r\n"
NEXT = b"GET /healthz HTTP/1.1\r\nHost: smuggled\r\n\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        # two lengths, or none that is a number
        POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        POST + b"Content-Length: 3, 4\r\n\r\nabc",
        POST + b"Content-Length: +3\r\n\r\nabc",
        POST + b"Content-Length: -3\r\n\r\nabc",
        POST + b"Content-Length: 0x3\r\n\r\nabc",
        POST + b"Content-Length: 3 3\r\n\r\nabc",
        POST + "Content-Length: \u0663\r\n\r\nabc".encode(),
        # a length and chunks
        POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/events HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        # encodings that are not exactly chunked
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        # chunks that are not sized as they must be
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\n\r0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\r\n",
        # lines that do not end in CR LF, or go on
        b"GET /healthz HTTP/1.1\nHost: x\n\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\rX: y\r\n\r\n",
        b"\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\r\n\tb\x00\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n",
        # names, values and lines that are none
        b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nX: no host\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX\x00: y\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n" + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",  # TLS where none is spoken
    ],
)
async def test_what_could_be_read_in_two_ways_is_not_read_at_all(request_: bytes) -> None:
    inbox = MemoryInbox()
    async with serving(inbox=inbox) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_ + NEXT)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400", b"HTTP/1.1 401", b"HTTP/1.1 431", b"HTTP/1.1 501"))
    assert b"200 OK" not in answer
    assert b"application/problem+json" in head
    assert orjson.loads(body)["detail"]
    assert inbox.letters == []


async def test_a_request_in_the_body_of_another_is_no_request() -> None:
    body = orjson.dumps(money_paid()) + b"\r\n\r\n" + NEXT
    headers = f"Authorization: Bearer {KEY}\r\nContent-Type: application/cloudevents+json\r\n".encode()
    inbox = MemoryInbox()
    async with serving(inbox=inbox) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST + headers + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()

    assert answer.count(b"HTTP/1.1") == 1
    assert answer.startswith(b"HTTP/1.1 400")
    assert [("fajian_refused_at", b"http") in letter.headers for letter in inbox.letters] == [True]


async def test_beyond_the_number_of_connections_clients_are_told_to_come_again() -> None:
    async with serving(max_connections=2) as port, httpx.AsyncClient() as system:
        _, first = await asyncio.open_connection("127.0.0.1", port)

        answer = await system.get(f"http://127.0.0.1:{port}/healthz")
        first.close()

    assert answer.status_code == 503
