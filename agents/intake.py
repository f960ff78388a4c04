"""Judge what the sides submit: onto the ledger with it, or back with its reasons. It keeps nothing.

Judging a batch twice does no harm: the copies on the ledger carry the same ids.
"""

from collections.abc import Sequence

import faust

from fajian.core.ports import FolderFactory, Host, Record
from schemas.topics import SIDES, inbox

NAME = "intake"
INBOXES = tuple(inbox(side) for side in SIDES)


def register(app: faust.App, *, host: Host, folder: FolderFactory, in_flight: int) -> None:
    """Attach the agent to *app*. Called once, by `fajian.bootstrap`."""
    take = host.add(NAME, INBOXES, folder, durable=False)

    @app.agent(app.topic(*INBOXES, key_serializer="raw", value_serializer="raw"), concurrency=in_flight)
    async def intake(stream: faust.StreamT[Sequence[Record]]) -> None:
        async for batch in stream:
            await take(batch)
