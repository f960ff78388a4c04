"""The side's own database: opening it, its migrations, and what is read from it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.resources import as_file, files
from time import monotonic
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from psycopg.rows import dict_row
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from connectors.sql import load_queries
from fajian.errors import PeerAwayError

SCHEMA = "fajian"

READS = load_queries("reads.sql")
CHANNEL = "fajian_projection"
FOLLOW_SECONDS = 2.0  #: looks at the tables this often even if no word comes

#: a peer that falls silent is noticed within half a minute
_PATIENCE: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}

#: what passes by itself: the server is away, has become a standby, or has lost patience with our transaction
_AWAY = (
    psycopg.OperationalError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
)

Row = dict[str, Any]


def options(schema: str = SCHEMA) -> str:
    """Return the connection options that make unqualified names mean the projection's tables."""
    return f"-c search_path={schema} -c timezone=Asia/Shanghai"


@asynccontextmanager
async def connection(
    dsn: str, *, schema: str = SCHEMA, autocommit: bool = True
) -> AsyncIterator[psycopg.AsyncConnection[Row]]:
    """Connect; a database that cannot be reached, now or later in the block, is a `PeerAwayError`."""
    try:
        async with await psycopg.AsyncConnection.connect(
            dsn, options=options(schema), autocommit=autocommit, row_factory=dict_row, **_PATIENCE
        ) as opened:
            yield opened
    except _AWAY as error:
        raise _away(error) from error


async def migrate(dsn: str, *, schema: str = SCHEMA, scripts: str = "migrations") -> None:
    """Bring the tables in *schema* to the newest version of *scripts*. Two may do it at once."""
    try:
        await asyncio.to_thread(_migrate, dsn, schema, scripts)
    except OperationalError as error:  # SQLAlchemy's, around the same
        raise _away(error.orig or error) from error
    except _AWAY as error:
        raise _away(error) from error


def _away(error: BaseException) -> PeerAwayError:
    return PeerAwayError(f"PostgreSQL: {str(error).strip().partition(chr(10))[0]}")


def _migrate(dsn: str, schema: str, scripts: str) -> None:
    # SQLAlchemy is here for alembic only; psycopg opens the connection, so that every DSN it knows works.
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as opened:
        opened.execute("SELECT pg_advisory_lock(hashtext('fajian migrations'))")
        opened.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        engine = create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(dsn, options=options(schema), connect_timeout=5),
            poolclass=NullPool,
        )
        with as_file(files("connectors.sql").joinpath(scripts)) as folder, engine.begin() as bound:
            config = Config(attributes={"connection": bound})
            config.set_main_option("script_location", str(folder).replace("%", "%%"))
            config.set_main_option("path_separator", "os")
            command.upgrade(config, "head")


class Projection:
    """Reads of one side's projection. Each read is its own short connection."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def fetch(self, query: str, **values: object) -> list[Row]:
        """Run the query of `reads.sql` named *query*."""
        async with connection(self._dsn) as opened:
            return await _rows(opened, query, values)

    async def fetch_after(self, query: str, *, wait_seconds: float, **values: object) -> list[Row]:
        """The same; until something is found, look again at each word of the sink, for so many seconds."""
        deadline = monotonic() + wait_seconds
        async with connection(self._dsn) as opened:
            await opened.execute(f"LISTEN {CHANNEL}")
            rows = await _rows(opened, query, values)
            while not rows and (left := deadline - monotonic()) > 0:
                await _next_word(opened, left)
                rows = await _rows(opened, query, values)
            return rows

    async def follow(self, query: str, *, after: int, **values: object) -> AsyncIterator[Row]:
        """Yield the rows after position *after*, and then those that come, as they come."""
        async with connection(self._dsn) as opened:
            await opened.execute(f"LISTEN {CHANNEL}")
            while True:
                rows = await _rows(opened, query, {**values, "after": after})
                for row in rows:
                    after = max(after, row["seq"])
                    yield row
                if not rows:
                    await _next_word(opened, FOLLOW_SECONDS)


async def _rows(opened: psycopg.AsyncConnection[Row], query: str, values: Mapping[str, object]) -> list[Row]:
    try:
        return await (await opened.execute(READS[query], values)).fetchall()
    except psycopg.errors.UndefinedTable as error:
        raise PeerAwayError("the projection has no tables yet: its connector has not run") from error


async def _next_word(opened: psycopg.AsyncConnection[Any], seconds: float) -> None:
    """Wait until the sink says that something was written, at most so long."""
    async for _ in opened.notifies(timeout=seconds, stop_after=1):
        return


def receipt_standing(history: list[Row]) -> Mapping[str, Any]:
    """Return the receipt that tells where an event stands: the last final one, else `accepted`."""
    final = [row for row in history if row["status"] != "accepted"]
    return (final or history)[-1]
