"""Bring flags and leads to the feeds of those who may see them, and must act. It keeps nothing.

Routing a batch twice does no harm: what is routed keeps its id.
"""

from collections.abc import Sequence

import faust

from fajian.core.ports import FolderFactory, Host, Record
from schemas.topics import FLAGS, LEADS

NAME = "routing"


def register(app: faust.App, *, host: Host, folder: FolderFactory, in_flight: int) -> None:
    """Attach the agent to *app*. Called once, by `fajian.bootstrap`."""
    take = host.add(NAME, [FLAGS, LEADS], folder, durable=False)

    @app.agent(app.topic(FLAGS, LEADS, key_serializer="raw", value_serializer="raw"), concurrency=in_flight)
    async def routing(stream: faust.StreamT[Sequence[Record]]) -> None:
        async for batch in stream:
            await take(batch)
