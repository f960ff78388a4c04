"""Which errors of PostgreSQL pass by themselves, without a database."""

from types import TracebackType
from typing import Self

import psycopg
import pytest

from connectors.projection import connection, migrate
from connectors.source_config import OutboxSource
from connectors.sources.outbox import opened_outbox
from fajian.errors import PeerAwayError, SourceError

READ_ONLY = psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction")
IDLE = psycopg.errors.IdleInTransactionSessionTimeout("terminating connection due to idle-in-transaction")
SHUT = psycopg.OperationalError("the database system is shutting down\nand says so twice")


class Opened:
    """A connection that takes everything."""

    def execute(self, *_: object) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        pass


@pytest.fixture
def _opens(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(*_: object, **__: object) -> Opened:
        return Opened()

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", connect)


@pytest.mark.usefixtures("_opens")
@pytest.mark.parametrize("error", [READ_ONLY, IDLE, SHUT, psycopg.OperationalError()])
async def test_a_server_that_is_away_or_has_become_a_standby_is_waited_for(error: psycopg.Error) -> None:
    with pytest.raises(PeerAwayError, match=r"^PostgreSQL: [^\n]*$"):
        async with connection("postgresql:///none"):
            raise error


async def test_a_server_that_goes_away_between_the_steps_of_a_migration_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connections = iter([Opened()])

    def connect(*_: object, **__: object) -> Opened:
        if (opened := next(connections, None)) is None:
            raise SHUT
        return opened

    monkeypatch.setattr(psycopg, "connect", connect)

    with pytest.raises(PeerAwayError, match=r"^PostgreSQL: the database system is shutting down$"):
        await migrate("postgresql:///none")


@pytest.mark.usefixtures("_opens")
async def test_what_the_agency_s_database_refuses_stops_its_outbox_alone() -> None:
    source = OutboxSource.model_validate({"kind": "outbox", "dsn": "postgresql:///none"})

    with pytest.raises(SourceError, match=r"^outbox: RaiseException: not on Sundays$"):
        async with opened_outbox(source):
            raise psycopg.errors.RaiseException("not on Sundays\nDETAIL:  Failing row contains (张某)")
