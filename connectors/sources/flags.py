"""Answering at the HTTP door: a flag is acknowledged or answered by its id alone.

The door writes the event that says so (`FlagAcknowledged`, `FlagAnswered`) and hands it to the inbox like
any other: the answer is the same as for `POST /v1/events`, and the receipt tells what became of it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.projection import Projection, Row
from connectors.sources.answers import Outcome, single_answer
from connectors.sources.bodies import read_body
from connectors.sources.keys import Caller, Doorman
from connectors.sources.problems import HttpProblem
from connectors.sources.rates import Rates
from connectors.sources.submissions import Judge, Submission, from_document
from fajian.clock import now
from fajian.errors import WireError
from schemas.names import ce_type
from schemas.strict_json import loads

MOST_BYTES = 64 * 1024
FAMILY = "mechanism"
#: what the request may say beside the answer itself; the rest of the event is ours to write
SPOKEN = ("note", "actor_role", "evidence", "answer")
NAMED = ("id", "source", "time")

Hand = Callable[[Caller, Submission], Awaitable[Outcome]]


@dataclass(frozen=True)
class FlagDesk:
    """What the two endpoints work with."""

    sender: str  #: source of an answer whose request names none
    doorman: Doorman
    rates: Rates
    judge: Judge
    projection: Projection | None
    hand_over: Hand
    body_timeout_seconds: float
    retry_after_seconds: int

    def routes(self) -> list[Route]:
        return [
            Route("/v1/flags/{flag}/ack", self.post_ack, methods=["POST"]),
            Route("/v1/flags/{flag}/answer", self.post_answer, methods=["POST"]),
        ]

    async def post_ack(self, request: Request) -> Response:
        return await self._say(request, "FlagAcknowledged")

    async def post_answer(self, request: Request) -> Response:
        return await self._say(request, "FlagAnswered")

    async def _say(self, request: Request, name: str) -> Response:
        caller = self.doorman.admit(request)
        async with self.rates.let_in(caller.system):
            said = await self._read(request)
            flag = await self._flag(request.path_params["flag"])
            event = event_of(name, flag, said, sender=self.sender)
            outcome = await self.hand_over(caller, from_document(event, self.judge, door="http"))
        return single_answer(outcome, retry_after_seconds=self.retry_after_seconds)

    async def _read(self, request: Request) -> Mapping[str, Any]:
        body = await read_body(request, limit=MOST_BYTES, timeout_seconds=self.body_timeout_seconds)
        try:
            said = loads(body) if body.strip() else {}
        except WireError as error:
            raise HttpProblem(400, error.code, str(error)) from error
        if not isinstance(said, dict):
            raise HttpProblem(400, "json", f"expected a JSON object, got {type(said).__name__}")
        unknown = sorted(set(said) - {*SPOKEN, *NAMED})
        if unknown:
            names = ", ".join((*SPOKEN, *NAMED))
            raise HttpProblem(422, "unknown-field", f"expected {names}, got {unknown[0][:100]}")
        return said

    async def _flag(self, flag: str) -> Row:
        if self.projection is None:
            raise HttpProblem(
                404, "no-projection", "this connector has no [[sink]] of kind postgres to find flags in"
            )
        found = await self.projection.fetch("flag", flag=flag.replace("\0", ""))
        exact = [row for row in found if row["flag_id"] == flag]
        if not exact:
            raise HttpProblem(404, "no-flag", "expected the id of a flag that this side was told")
        return exact[0]


def event_of(name: str, flag: Row, said: Mapping[str, Any], *, sender: str) -> dict[str, Any]:
    """Write the event. With `id` and `time` of the request the same twice is the same event."""
    moment = now().isoformat(timespec="seconds")
    body = {key: said[key] for key in SPOKEN if key in said}
    if name == "FlagAnswered":
        body |= {"rule": flag["rule"], "instance": flag["instance"] or ""}
    return {
        "specversion": "1.0",
        "id": said.get("id", str(uuid4())),
        "source": said.get("source", sender),
        "type": ce_type(name, FAMILY),
        "time": said.get("time", moment),
        "subject": flag["subject"],
        "recordedtime": said.get("time", moment),
        "data": {"flag_id": flag["flag_id"], **body},
    }
