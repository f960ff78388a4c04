"""The ways to a side's inbox: through its HTTP source, or straight into the topic."""

import asyncio
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any, Self

import httpx
import orjson

from connectors.config import ConnectorConfig
from connectors.kafka import KafkaInbox, Letter
from connectors.projection import Projection
from fajian.cli.reach import Door
from fajian.cli.submit import Fate, Line, Row
from fajian.errors import ConnectorError, PeerAwayError, WireError
from schemas.cloudevents import BATCH, STRUCTURED, from_structured, to_kafka
from schemas.topics import inbox

PATIENCE_SECONDS = 30  #: with a door that does not open


class HttpWay:
    """Through the HTTP source of a side."""

    def __init__(self, door: Door) -> None:
        self._client = httpx.AsyncClient(
            base_url=door.url, headers={"Authorization": f"Bearer {door.key}"}, timeout=60
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def send(self, lines: Sequence[Line]) -> list[Fate]:
        single = len(lines) == 1
        body = lines[0].raw if single else b"[" + b",".join(line.raw for line in lines) + b"]"
        media = STRUCTURED if single else BATCH
        answer = await self._ask("POST", "/v1/events", content=body, headers={"Content-Type": media})
        if answer.status_code in (401, 404, 500):
            raise PeerAwayError(f"{self._client.base_url}: {answer.json().get('detail')}")
        verdict = answer.json()
        if single:
            return [_fate_of_one(lines[0], verdict)]
        fates = {item["index"]: _fate(lines[item["index"]], item) for item in verdict.get("accepted", ())}
        fates |= {item["index"]: _refused(lines[item["index"]], item) for item in verdict.get("refused", ())}
        return [fates[i] for i in sorted(fates)]

    async def receipts(self, after: int, *, wait_seconds: int) -> list[Row]:
        query = {"after": str(after), "limit": "1000", "wait": str(wait_seconds)}
        return await self._receipts(query)

    async def newest(self) -> int:
        return max((row["seq"] for row in await self._receipts({"limit": "1"})), default=0)

    async def _receipts(self, query: Mapping[str, str]) -> list[Row]:
        answer = await self._ask("GET", "/v1/receipts", params=query)
        if answer.status_code != 200:
            raise PeerAwayError(f"{self._client.base_url}: {answer.json().get('detail')}")
        found: list[Row] = answer.json()["receipts"]
        return found

    async def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Ask, and ask again while nobody can answer: the same event twice does no harm."""
        deadline = monotonic() + PATIENCE_SECONDS
        while True:
            pause, why = 0.5, ""
            try:
                answer = await self._client.request(method, path, **request)
            except httpx.TransportError as error:
                why = f"{type(error).__name__} {error}"
            else:
                if not _is_away(answer):
                    return answer
                why = str(answer.json().get("detail", "busy"))
                pause = float(answer.headers.get("Retry-After", pause))
            if monotonic() + pause > deadline:
                raise PeerAwayError(f"{self._client.base_url} does not answer: {why}")
            await asyncio.sleep(pause)


def _is_away(answer: httpx.Response) -> bool:
    """Tell whether anything of the request has to be asked again."""
    if answer.status_code == 207:
        return any(item["status"] == 503 for item in answer.json()["refused"])
    return answer.status_code in (429, 503)


def _fate_of_one(line: Line, verdict: Mapping[str, Any]) -> Fate:
    if "accepted" in verdict:
        return _fate(line, verdict["accepted"][0])
    named = _named(line.raw)
    problems = verdict["problems"]
    return Fate(line.number, *named, status="rejected", inbox=verdict.get("inbox"), problems=problems)


def _fate(line: Line, item: Mapping[str, Any]) -> Fate:
    return Fate(line.number, item["source"], item["id"], inbox=item["inbox"], warnings=item["warnings"])


def _refused(line: Line, item: Mapping[str, Any]) -> Fate:
    below = f"/{item['index']}"  # the pointers lead into the batch; the user knows the event
    problems: list[Row] = [
        {**each, "pointer": each["pointer"].removeprefix(below)} for each in item["problems"]
    ]
    return Fate(
        line.number,
        item["source"],
        item["id"],
        status="rejected",
        inbox=item["inbox"],
        problems=problems,
    )


def _named(raw: bytes) -> tuple[str | None, str | None]:
    try:
        event = orjson.loads(raw)
        return event.get("source"), event.get("id")
    except (ValueError, AttributeError):
        return None, None


class KafkaWay:
    """Straight into the inbox topic, as a side's own client would; receipts from the side's projection."""

    def __init__(self, config: ConnectorConfig, dsn: str) -> None:
        self._inbox = KafkaInbox(
            inbox(config.side), config.kafka, timeout_seconds=30, client_id=f"fajian-{config.side}-publish"
        )
        self._projection = Projection(dsn)

    async def __aenter__(self) -> Self:
        await self._inbox.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._inbox.close()

    async def send(self, lines: Sequence[Line]) -> list[Fate]:
        fates = []
        places = await self._inbox.put([_letter(line.raw) for line in lines])
        for line, placed in zip(lines, places, strict=True):
            if isinstance(placed, ConnectorError):
                raise placed
            fates.append(Fate(line.number, *_named(line.raw), inbox=placed))
        return fates

    async def receipts(self, after: int, *, wait_seconds: int) -> list[Row]:
        return [
            *await self._projection.fetch_after(
                "receipts", **{**NO_FILTER, "after": after, "limit": 1000}, wait_seconds=wait_seconds
            )
        ]

    async def newest(self) -> int:
        [row] = await self._projection.fetch("newest")
        return int(row["receipts"])


#: every filter of the query `receipts`, open
NO_FILTER: Mapping[str, Any] = dict.fromkeys(("source", "id", "subject", "status", "since", "prefixes"))


def _letter(raw: bytes) -> Letter:
    """Write the record; what cannot be read goes as it is, for intake to say why."""
    try:
        event = from_structured(raw)
    except WireError:
        return Letter(None, raw, (("content-type", STRUCTURED.encode()),))
    headers, value = to_kafka(event)
    subject = event.attributes.get("subject")
    return Letter(subject.encode() if subject else None, value, tuple(headers))
