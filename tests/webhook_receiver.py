"""A receiver of webhooks for tests: a real HTTP server on this machine that answers as it is told."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sources.server import Server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
INSIDE = ["127.0.0.0/8"]

Answer = Callable[["Got"], Awaitable[Response]]


@dataclass(frozen=True)
class Got:
    """One request as it came."""

    headers: Mapping[str, str]
    body: bytes
    path: str = "/hook"

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found


async def yes(got: Got) -> Response:
    return Response(status_code=204)


def always(status: int, **headers: str) -> Answer:
    async def answer(got: Got) -> Response:
        return Response(status_code=status, headers=headers)

    return answer


@dataclass
class WebhookReceiver:
    """Keeps what came, in order. *answer* may be changed at any time."""

    url: str
    answer: Answer = yes
    got: list[Got] = field(default_factory=list)
    taken: list[Got] = field(default_factory=list)  #: what was answered with 2xx
    came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, is_enough: Callable[["WebhookReceiver"], bool]) -> None:
        async with self.came:
            await self.came.wait_for(lambda: is_enough(self))


@asynccontextmanager
async def receiver(port: int = 0) -> AsyncIterator[WebhookReceiver]:
    """Listen on *port*, or a free one."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        hook = WebhookReceiver(f"http://127.0.0.1:{listener.getsockname()[1]}/hook")

        async def take(request: Request) -> Response:
            got = Got(dict(request.headers), await request.body(), request.url.path)
            hook.got.append(got)
            answer = await hook.answer(got)
            if answer.status_code < 300:
                hook.taken.append(got)
            async with hook.came:
                hook.came.notify_all()
            return answer

        app = Starlette(routes=[Route("/{rest:path}", take, methods=["GET", "POST"])])
        options: dict[str, Any] = {"lifespan": "off", "ws": "none", "log_config": None, "access_log": False}
        server = Server(uvicorn.Config(app, timeout_graceful_shutdown=1, **options))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield hook
        finally:
            server.should_exit = True
            await serving
