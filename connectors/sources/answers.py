"""How the HTTP source answers: one event, or a batch with a verdict for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from connectors.sources.problems import JsonResponse, problem_response, written
from connectors.sources.submissions import Submission
from connectors.turns import in_turns
from schemas.problems import Problem


@dataclass(frozen=True)
class Outcome:
    """What becomes of one submission at the door."""

    submission: Submission
    status: int
    problems: Sequence[Problem]
    inbox: str | None = None  #: topic/partition/offset, whether good or only kept

    @property
    def kind(self) -> str:
        return self.problems[0].code if self.problems else "accepted"

    @property
    def detail(self) -> str:
        return self.problems[0].detail if self.problems else ""


def single_answer(outcome: Outcome, *, retry_after_seconds: int) -> Response:
    if outcome.status == 202:
        return JsonResponse({"accepted": [_accepted(outcome)]}, 202)
    return problem_response(
        outcome.status,
        outcome.kind,
        outcome.detail,
        headers=_retry(outcome.status, retry_after_seconds),
        inbox=outcome.inbox,
        problems=written(outcome.problems),
    )


async def batch_answer(outcomes: Sequence[Outcome], *, retry_after_seconds: int) -> Response:
    """Answer 202 when all are accepted, 207 when some are, and with a problem when none is."""
    numbered = list(enumerate(outcomes))
    taken, others = ([each for each in numbered if (each[1].status == 202) is good] for good in (True, False))
    accepted = await in_turns({"index": i, **_accepted(outcome)} for i, outcome in taken)
    refused = await in_turns({"index": i, **_refused(outcome, i)} for i, outcome in others)
    if not refused:
        return JsonResponse({"accepted": accepted}, 202)
    if accepted:
        return JsonResponse({"accepted": accepted, "refused": refused}, 207)
    first = next((outcome for outcome in outcomes if outcome.status == 503), outcomes[0])
    detail = f"none of {len(outcomes)} events was accepted: {first.detail}"
    return problem_response(
        first.status,
        first.kind,
        detail,
        headers=_retry(first.status, retry_after_seconds),
        accepted=[],
        refused=refused,
    )


def _accepted(outcome: Outcome) -> dict[str, Any]:
    source, id_ = outcome.submission.source or "", outcome.submission.id or ""
    return {
        "source": source,
        "id": id_,
        "inbox": outcome.inbox,
        "receipt": f"/v1/receipts/{quote(source, safe='')}/{quote(id_, safe='')}",
        "warnings": written(outcome.submission.warnings),
    }


def _refused(outcome: Outcome, index: int) -> dict[str, Any]:
    return {
        "source": outcome.submission.source,
        "id": outcome.submission.id,
        "inbox": outcome.inbox,
        "status": outcome.status,
        "problems": written(outcome.problems, f"/{index}"),
    }


def _retry(status: int, seconds: int) -> dict[str, str] | None:
    return {"Retry-After": str(seconds)} if status == 503 else None
