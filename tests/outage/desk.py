"""A receiver of webhooks that can be away, and knows which events it was told."""

from contextlib import AsyncExitStack

from fajian.local.ports import free_port
from tests.webhook_receiver import INSIDE, SECRET, WebhookReceiver, receiver

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
    """Listens between `open` and `close`."""

    def __init__(self) -> None:
        self._port = free_port()
        self._opened = AsyncExitStack()
        self._receivers: list[WebhookReceiver] = []

    @property
    def table(self) -> str:
        """Its `[[sink]]` in the connector's file."""
        return SINK.replace("URL", f"http://127.0.0.1:{self._port}/hook")

    @property
    def secrets(self) -> dict[str, str]:
        return {"FAJIAN_DRILL_SECRET": SECRET}

    async def open(self) -> None:
        self._receivers.append(await self._opened.enter_async_context(receiver(self._port)))

    async def close(self) -> None:
        await self._opened.aclose()

    def heard(self) -> set[tuple[str, str]]:
        """Return source and id of every event that was taken."""
        events = [got.event for each in self._receivers for got in each.taken]
        return {(event["source"], event["id"]) for event in events}
