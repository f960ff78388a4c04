"""The live stream (SSE): what a side was told, as it comes, to many readers at once.

It is read from the projection, record by record in the order of each subject. The id of a message is a
place in the feed (`connectors/sinks/places.py`), so a reader that comes back with `Last-Event-ID` goes on
exactly there, whether the connection, the connector or the database was restarted meanwhile. Readers
that are level with the feed share one query for each word from the database.
"""

import asyncio
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
import structlog
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from pydantic import ValidationError
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.metrics import PartHealth
from connectors.projection import CHANNEL, READS, Row, connection, options
from connectors.sink_config import Selection, SseSink, StreamClient
from connectors.sinks.places import Place, place_of, word_of
from connectors.sinks.told import Told, is_wanted, told_of
from connectors.sources.problems import HttpProblem
from fajian.errors import PeerAwayError
from schemas.topics import feed

log = structlog.get_logger(__name__)

FIRST_PAGE, LARGEST_PAGE = 50, 800  #: records; small at first, so that coming back costs little
LOOK_SECONDS = 2.0  #: at the projection at least this often, even if no word comes
RETRY_MS = 1000  #: after which a reader that was cut off comes back
FILTERS = tuple(Selection.model_fields)


class Page(NamedTuple):
    """Records after a place, and the place after them."""

    records: Sequence[Told]
    place: Place


class LiveFeed:
    """The side's feed as it grows. Pages are read once for all readers that stand at the same place."""

    def __init__(self, dsn: str, side: str, *, health: PartHealth) -> None:
        self._dsn = dsn
        self._topic = feed(side)
        self._health = health
        self._pool: AsyncConnectionPool[Any] | None = None
        self._pages: dict[tuple[str, int], asyncio.Task[Page]] = {}
        self._bell = asyncio.Condition()
        self._rung = 0

    async def run(self) -> None:
        """Listen to the projection until cancelled; `PeerAwayError` asks to be started again."""
        async with connection(self._dsn) as opened, self._opened_pool() as pool:
            await opened.execute(f"LISTEN {CHANNEL}")
            self._pool = pool
            try:
                while True:
                    self._health.ready()
                    await self._ring()
                    async for _ in opened.notifies(timeout=LOOK_SECONDS, stop_after=1):
                        pass
            finally:
                self._pool = None
                await self._ring()

    def _opened_pool(self) -> AsyncConnectionPool[Any]:
        return AsyncConnectionPool(
            self._dsn,
            kwargs={"options": options(), "autocommit": True, "row_factory": dict_row, "connect_timeout": 5},
            min_size=0,
            max_size=4,
            timeout=10,
            open=False,
        )

    async def _ring(self) -> None:
        async with self._bell:
            self._rung += 1
            self._pages.clear()
            self._bell.notify_all()

    async def begin(self, *, latest: bool) -> Place:
        """Return the place after all that is here, or before it."""
        rows = await self._fetch("feed_begins", topic=self._topic, latest=latest)
        return {row["partition"]: row["next_offset"] for row in rows}

    async def pages(self, place: Place) -> AsyncIterator[Page]:
        """Yield what comes after *place*, page by page, for ever. Raises `PeerAwayError`."""
        limit = FIRST_PAGE
        while True:
            seen = self._rung
            page = await self._page(place, limit)
            if page.records:
                place, limit = page.place, min(2 * limit, LARGEST_PAGE)
                yield page
                continue
            limit = FIRST_PAGE
            async with self._bell:
                await self._bell.wait_for(lambda seen=seen: self._rung != seen)  # type: ignore[misc]

    async def _page(self, place: Place, limit: int) -> Page:
        asked = (word_of(place), limit)
        reading = self._pages.get(asked)
        if reading is None:
            reading = self._pages[asked] = asyncio.create_task(self._read(place, limit))
        return await asyncio.shield(reading)

    async def _read(self, place: Place, limit: int) -> Page:
        named = {str(partition): offset for partition, offset in place.items()}
        rows = await self._fetch(
            "feed_after", topic=self._topic, place=orjson.dumps(named).decode(), limit=limit
        )
        passed = {row["topic_partition"]: row["topic_offset"] + 1 for row in rows}
        return Page([told_of(row) for row in rows], {**place, **passed})

    async def _fetch(self, query: str, **values: object) -> list[Row]:
        if self._pool is None:
            raise PeerAwayError("the projection is away")
        try:
            async with self._pool.connection() as opened:
                rows: list[Row] = await (await opened.execute(READS[query], values)).fetchall()
                return rows
        except (PoolTimeout, OSError) as error:
            raise PeerAwayError(f"PostgreSQL: {error}") from error
        except Exception as error:
            if type(error).__module__.startswith("psycopg"):
                raise PeerAwayError(f"PostgreSQL: {type(error).__name__}") from error
            raise


@dataclass(frozen=True)
class LiveStream:
    """The endpoint of the live stream."""

    config: SseSink
    feed: LiveFeed
    open_now: set[object] = field(default_factory=set)  #: a ticket for each connection

    def routes(self) -> list[Route]:
        return [Route("/v1/stream", self.get_stream, methods=["GET"])]

    async def get_stream(self, request: Request) -> Response:
        client = self._admit(request)
        narrower = _narrower(request)
        place = await self._place(request)
        if len(self.open_now) >= self.config.most_connections:
            raise HttpProblem(503, "too-many", "all connections are taken", headers={"Retry-After": "5"})
        return EventSourceResponse(
            self._messages(client, narrower, place),
            sep="\n",
            ping=self.config.heartbeat_seconds,
            ping_message_factory=lambda: ServerSentEvent(comment="alive", sep="\n"),
            send_timeout=self.config.send_timeout_seconds,
        )

    async def _messages(
        self, client: StreamClient, narrower: Selection, place: Place
    ) -> AsyncIterator[ServerSentEvent]:
        ticket = object()
        self.open_now.add(ticket)
        try:
            # An id without data is remembered by the reader: it can go on from here even if it hears nothing.
            yield ServerSentEvent(id=word_of(place), retry=RETRY_MS, sep="\n")
            passed = dict(place)
            async for page in self.feed.pages(place):
                unsaid = False
                for record in page.records:
                    passed[record.partition] = record.offset + 1
                    unsaid = not (is_wanted(client, record) and is_wanted(narrower, record))
                    if not unsaid:
                        yield ServerSentEvent(record.body.decode(), id=word_of(passed), sep="\n")
                if unsaid:
                    yield ServerSentEvent(id=word_of(passed), sep="\n")
        except PeerAwayError as error:
            log.info("stream_ended", system=client.system, error=str(error))  # the reader comes back
        finally:
            self.open_now.discard(ticket)

    def _admit(self, request: Request) -> StreamClient:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        given = sha256(key.strip().encode()).hexdigest() if scheme.lower() == "bearer" else ""
        found = [client for client in self.config.clients if hmac.compare_digest(_hash_of(client), given)]
        if not found:
            raise HttpProblem(
                401,
                "unknown-key",
                "expected the bearer key of a registered reader of the stream",
                headers={"WWW-Authenticate": 'Bearer realm="fajian"'},
            )
        return found[0]

    async def _place(self, request: Request) -> Place:
        word = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
        begin = request.query_params.get("begin", "latest")
        if begin not in ("earliest", "latest"):
            raise HttpProblem(400, "wrong-filter", "begin: expected earliest or latest")
        if not word:
            return await self.feed.begin(latest=begin == "latest")
        try:
            return place_of(word)
        except ValueError as error:
            raise HttpProblem(400, "wrong-place", f"Last-Event-ID: {error}") from error


def _narrower(request: Request) -> Selection:
    """Read the filters of the request: several values of one are separated by commas."""
    query: Mapping[str, str] = request.query_params
    unknown = set(query) - {*FILTERS, "begin", "last_event_id"}
    if unknown:
        raise HttpProblem(
            400, "wrong-filter", f"{min(unknown)}: no such filter; there are {', '.join(FILTERS)}"
        )
    try:
        return Selection.model_validate({name: query[name].split(",") for name in FILTERS if name in query})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise HttpProblem(400, "wrong-filter", f"{first['loc'][0]}: {first['msg']}") from error


def _hash_of(client: StreamClient) -> str:
    if client.sha256 is not None:
        return client.sha256
    assert client.key is not None
    return sha256(client.key.get_secret_value().encode()).hexdigest()
