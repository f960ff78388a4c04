"""Look for what no single subject shows, in what casework tells of leads, titles and days.

Folding a batch twice does no harm: what is kept are sets, and a lead keeps its id.
"""

from collections.abc import Sequence

import faust

from fajian.core.ports import FolderFactory, Host, Record
from schemas.topics import PATTERNS

NAME = "patterns"


def register(app: faust.App, *, host: Host, folder: FolderFactory) -> None:
    """Attach the agent to *app*. Called once, by `fajian.bootstrap`."""
    take = host.add(NAME, [PATTERNS], folder, durable=True)

    @app.agent(app.topic(PATTERNS, key_serializer="raw", value_serializer="raw"))
    async def patterns(stream: faust.StreamT[Sequence[Record]]) -> None:
        async for batch in stream:
            await take(batch)
