"""Compare each side's copy of the shared state with the fold's own, partition by partition and day by day.

Two steps: the digests of a day lie in many partitions, so they are first brought together in one topic, and
compared there. Beside them an agent keeps the newest state of a subject the last one in its topic.
All of it may be repeated.
"""

from collections.abc import Sequence

import faust

from fajian.core.ports import FolderFactory, Host, Record
from schemas.topics import CASE_EVENTS, CASE_STATE, DIGESTS

COLLECT = "sync-collect"
NEWEST = "sync-newest"
NAME = "sync"


def register(
    app: faust.App,
    *,
    host: Host,
    collector: FolderFactory,
    comparer: FolderFactory,
    newest: FolderFactory,
    in_flight: int,
) -> None:
    """Attach the agents to *app*. Called once, by `fajian.bootstrap`."""
    collect = host.add(COLLECT, [CASE_EVENTS, CASE_STATE], collector, durable=False)
    compare = host.add(NAME, [DIGESTS], comparer, durable=True)
    keep_newest = host.add(NEWEST, [CASE_STATE], newest, durable=True)

    @app.agent(
        app.topic(CASE_EVENTS, CASE_STATE, key_serializer="raw", value_serializer="raw"),
        concurrency=in_flight,
    )
    async def sync_collect(stream: faust.StreamT[Sequence[Record]]) -> None:
        async for batch in stream:
            await collect(batch)

    @app.agent(app.topic(DIGESTS, key_serializer="raw", value_serializer="raw"))
    async def sync(stream: faust.StreamT[Sequence[Record]]) -> None:
        async for batch in stream:
            await compare(batch)

    @app.agent(app.topic(CASE_STATE, key_serializer="raw", value_serializer="raw"), concurrency=in_flight)
    async def sync_newest(stream: faust.StreamT[Sequence[Record]]) -> None:
        async for batch in stream:
            await keep_newest(batch)
