"""The HTTP source: CloudEvents in, receipts out, health and metrics beside them.

A client hears 202 only when Kafka has acknowledged its event. What a registered system sends and cannot
be used (broken, of an unknown type, with wrong fields) is answered at once with its problems, and still
goes to the inbox, marked: so the hub keeps it as a dead letter and writes the `rejected` receipt.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.kafka import Inbox, Placed
from connectors.metrics import Metrics, PartHealth
from connectors.projection import Projection, receipt_standing
from connectors.source_config import HttpSource
from connectors.sources.answers import Outcome, batch_answer, single_answer
from connectors.sources.bodies import TooLargeError, read_body
from connectors.sources.flags import FlagDesk
from connectors.sources.http_modes import http_mode, oversized, take_apart
from connectors.sources.keys import Caller, Doorman
from connectors.sources.openapi import openapi
from connectors.sources.problems import HttpProblem, JsonResponse, problem_response
from connectors.sources.queries import receipt_filters
from connectors.sources.rates import Rates
from connectors.sources.submissions import Judge, Submission
from connectors.turns import in_turns
from fajian.errors import ConnectorError, InboxRefusedError, PeerAwayError
from schemas.cloudevents import Mode
from schemas.problems import Problem, shown

log = structlog.get_logger(__name__)

LARGE_BYTES = 64 * 1024  #: a body beyond this is parsed beside the event loop

_RECEIPTS = b"/v1/receipts/"


@dataclass(frozen=True)
class HttpDoor:
    """What the endpoints work with."""

    config: HttpSource
    side: str
    types: Collection[str]  #: that the side may submit
    doorman: Doorman
    rates: Rates
    inbox: Inbox
    judge: Judge  #: says what is wrong with an event; the same rules as intake's
    projection: Projection | None
    metrics: Metrics
    health: Callable[[], Mapping[str, PartHealth]]
    sender: str  #: source of what the door itself writes: answers to flags
    more: Sequence[Route] = ()  #: what others serve at this door: the live stream
    lanes: Mapping[str, Inbox] = field(default_factory=dict)  #: a system's own way to the inbox

    def inbox_of(self, caller: Caller) -> Inbox:
        return self.lanes.get(caller.system, self.inbox)


def build_app(door: HttpDoor) -> Starlette:
    """Return the ASGI application of one side's door."""

    async def hand_over(caller: Caller, submission: Submission) -> Outcome:
        [outcome] = await publish(door, caller, [submission])
        return outcome

    desk = FlagDesk(
        sender=door.sender,
        doorman=door.doorman,
        rates=door.rates,
        judge=door.judge,
        projection=door.projection,
        hand_over=hand_over,
        body_timeout_seconds=door.config.body_timeout_seconds,
        retry_after_seconds=door.config.retry_after_seconds,
    )

    async def post_events(request: Request) -> Response:
        caller = door.doorman.admit(request)
        mode = http_mode(request.headers)
        limit = door.config.max_batch_bytes if mode == "batch" else door.config.max_event_bytes
        async with door.rates.let_in(caller.system) as account:
            try:
                body = await read_body(request, limit=limit, timeout_seconds=door.config.body_timeout_seconds)
            except TooLargeError as error:
                if mode != "batch":  # of a batch nobody can tell which event was too large
                    kept = oversized(mode, request.headers, error.begun, detail=error.detail)
                    await publish(door, caller, [kept])
                raise
            async with account.turn():
                submissions = await _read_submissions(door, mode, request.headers, body)
                account.charge(len(submissions))
            outcomes = await publish(door, caller, submissions)
        seconds = door.config.retry_after_seconds
        if mode == "batch":
            return await batch_answer(outcomes, retry_after_seconds=seconds)
        return single_answer(outcomes[0], retry_after_seconds=seconds)

    async def get_receipt(request: Request) -> Response:
        caller = door.doorman.admit(request)
        source, id_ = _source_and_id(request)
        if not caller.may_speak_for(source):
            raise HttpProblem(403, "not-your-source", f"this key may not ask about {source}")
        history = []
        if "\0" not in source + id_:  # which no event has, and PostgreSQL cannot ask for
            history = await _projection(door).fetch("receipts_of_event", source=source, id=id_)
        if not history:
            raise HttpProblem(
                404, "no-receipt", f"no receipt for {source} {id_}: never submitted, or not answered yet"
            )
        return JsonResponse({**receipt_standing(history), "history": history})

    async def get_receipts(request: Request) -> Response:
        caller = door.doorman.admit(request)
        filters = receipt_filters(request.query_params, prefixes=list(caller.sources))
        return JsonResponse({"receipts": await _projection(door).fetch_after("receipts", **filters)})

    async def get_healthz(request: Request) -> Response:
        return JsonResponse({"status": "alive"})

    async def get_readyz(request: Request) -> Response:
        parts = door.health()
        ready = all(part.is_ready or part.is_outside for part in parts.values())
        return JsonResponse(
            {"ready": ready, "parts": {name: part.shown() for name, part in parts.items()}},
            200 if ready else 503,
        )

    document = orjson.dumps(
        openapi(door.config, side=door.side, types=door.types, has_stream=bool(door.more))
    )

    async def get_openapi(request: Request) -> Response:
        return Response(document, media_type="application/json")

    async def get_metrics(request: Request) -> Response:
        door.metrics.show(door.health())
        return Response(generate_latest(door.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/v1/events", post_events, methods=["POST"]),
            Route("/v1/receipts", get_receipts, methods=["GET"]),
            Route("/v1/receipts/{rest:path}", get_receipt, methods=["GET"]),
            Route("/healthz", get_healthz, methods=["GET"]),
            Route("/readyz", get_readyz, methods=["GET"]),
            Route("/openapi.json", get_openapi, methods=["GET"]),
            Route("/metrics", get_metrics, methods=["GET"]),
            *desk.routes(),
            *door.more,
        ],
        exception_handlers={
            HttpProblem: _answer_problem,
            HTTPException: _answer_http_exception,
            PeerAwayError: _answer_away(door.config.retry_after_seconds),
            Exception: _answer_fault,
        },
    )


async def _read_submissions(door: HttpDoor, mode: Mode, headers: Headers, body: bytes) -> list[Submission]:
    take = partial(take_apart, mode, headers, body, config=door.config, judge=door.judge)
    if len(body) < LARGE_BYTES:
        return await in_turns(take())
    return await in_turns(await asyncio.to_thread(take))  # JSON alone takes long; judging comes in turns


async def publish(door: HttpDoor, caller: Caller, submissions: Sequence[Submission]) -> list[Outcome]:
    """Hand to the inbox what is good, and what the hub will refuse too; return the outcomes in order.

    Only what is good but not this caller's to say goes nowhere: the hub knows sides, not their systems.
    """
    kept = [
        submission
        for submission in submissions
        if submission.problems or submission.source is None or caller.may_speak_for(submission.source)
    ]
    begun = time.monotonic()
    placed = dict(
        zip(map(id, kept), await door.inbox_of(caller).put([each.letter for each in kept]), strict=True)
    )
    door.metrics.publish_seconds.observe(time.monotonic() - begun)
    outcomes = await in_turns(_outcome(each, placed.get(id(each)), caller) for each in submissions)
    for kind, number in Counter(outcome.kind for outcome in outcomes).items():
        door.metrics.events.labels(caller.system, kind).inc(number)
    return outcomes


def _outcome(submission: Submission, placed: Placed | None, caller: Caller) -> Outcome:
    match placed:
        case None:
            expected = " or ".join(f"{beginning}…" for beginning in caller.sources)
            detail = f"expected {expected} from this key, got {shown(submission.source)}"
            return Outcome(submission, 403, [Problem("wrong-source", detail, "/source")])
        case InboxRefusedError():
            return Outcome(submission, 413, [Problem("too-large", str(placed))])
        case ConnectorError():
            again = f"{placed}; send it again: the same event twice does no harm"
            return Outcome(submission, 503, [Problem("kafka-away", again)])
        case _:
            return Outcome(submission, submission.status, submission.problems, placed)


def _source_and_id(request: Request) -> tuple[str, str]:
    """Read both from the path as it came: the source itself holds slashes, percent-encoded."""
    parts = request.scope["raw_path"].removeprefix(_RECEIPTS).split(b"/")
    try:
        source, id_ = (unquote_to_bytes(part).decode() for part in parts)
    except ValueError as error:
        raise HttpProblem(
            404, "no-such-path", "expected /v1/receipts/{source}/{id}, both percent-encoded"
        ) from error
    return source, id_


def _projection(door: HttpDoor) -> Projection:
    if door.projection is None:
        raise HttpProblem(
            404, "no-projection", "this connector has no [[sink]] of kind postgres to read receipts from"
        )
    return door.projection


async def _answer_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HttpProblem)
    return error.response()


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kinds = {404: "no-such-path", 405: "wrong-method"}
    detail = f"{request.method} {request.url.path[:200]}: {error.detail}"
    return problem_response(
        error.status_code, kinds.get(error.status_code, "refused"), detail, headers=error.headers
    )


def _answer_away(retry_after_seconds: int) -> Callable[[Request, Exception], Any]:
    async def answer(request: Request, error: Exception) -> Response:
        headers = {"Retry-After": str(retry_after_seconds)}
        return problem_response(503, "database-away", "the receipts cannot be read just now", headers=headers)

    return answer


async def _answer_fault(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.url.path, error=type(error).__name__)
    return problem_response(500, "our-fault", "the connector failed; nothing was accepted")
