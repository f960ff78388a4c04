"""Build the projection anew from the topics while the old one is in use, then change places."""

import asyncio
from collections.abc import Sequence

from connectors.config import ConnectorConfig
from connectors.projection import connection, migrate
from connectors.sinks.postgres import PostgresSink
from connectors.sql import load_queries
from fajian.errors import ProjectionError
from schemas.topics import feed, receipts

NEXT_SCHEMA = "fajian_next"
QUERIES = load_queries("rebuild.sql")


async def rebuild(config: ConnectorConfig, topics: Sequence[str]) -> None:
    """Fill a second schema from the beginning of the topics and put it in place of the first.

    Rows that Kafka has deleted since are carried over from the old projection. A sink that runs
    meanwhile notices that its offsets have moved and goes on from those of the new projection.
    """
    if config.postgres is None:
        raise ProjectionError(f"{config.side}: there is no [[sink]] of kind postgres")
    dsn = config.postgres.dsn.get_secret_value()
    await migrate(dsn)
    async with connection(dsn) as opened:
        await opened.execute(QUERIES["clear_next"])
    await migrate(dsn, schema=NEXT_SCHEMA)
    async with connection(dsn) as opened:
        await opened.execute(QUERIES["start_after"])
    await _fill(PostgresSink(config, topics, schema=NEXT_SCHEMA))
    names = {"feed": feed(config.side), "receipts": receipts(config.side)}
    async with connection(dsn) as opened, opened.transaction():
        for step in ("keep_feed", "keep_receipts", "keep_digests", "retire", "promote"):
            await opened.execute(QUERIES[step], names)
    async with connection(dsn) as opened:  # by itself: whoever is still writing there finishes first
        await opened.execute(QUERIES["discard"])


async def _fill(sink: PostgresSink) -> None:
    """Run *sink* until it has caught up, or fail as it fails."""
    running = asyncio.create_task(sink.run())
    done = asyncio.create_task(sink.caught_up.wait())
    await asyncio.wait({running, done}, return_when=asyncio.FIRST_COMPLETED)
    done.cancel()
    if running.done():
        await running
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
