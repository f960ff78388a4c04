"""Fold the ledger into states, flags and leads, one partition batch at a time.

Folding a batch twice does no harm: outputs carry the same ids, and the store knows how far it has come.
"""

from collections.abc import Sequence

import faust

from fajian.core.ports import FolderFactory, Host, Record
from schemas.topics import CASE_EVENTS

NAME = "casework"


def register(app: faust.App, *, host: Host, folder: FolderFactory, in_flight: int) -> None:
    """Attach the agent to *app*. Called once, by `fajian.bootstrap`."""
    take = host.add(NAME, [CASE_EVENTS], folder, durable=True)

    @app.agent(app.topic(CASE_EVENTS, key_serializer="raw", value_serializer="raw"), concurrency=in_flight)
    async def casework(stream: faust.StreamT[Sequence[Record]]) -> None:
        async for batch in stream:
            await take(batch)
