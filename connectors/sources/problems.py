"""Problem documents (RFC 9457): what the HTTP source says when it does not say yes."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from fajian.errors import ConnectorError
from schemas.problems import PREFIX, Problem

PROBLEM_JSON = "application/problem+json"


class JsonResponse(Response):
    """JSON by orjson, on a line of its own; days and instants as RFC 3339."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


class HttpProblem(ConnectorError):
    """Raised anywhere in a request, answered as a problem document."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.members = members

    def response(self) -> Response:
        return problem_response(self.status, self.kind, self.detail, headers=self.headers, **self.members)


def problem_response(
    status: int, kind: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: object
) -> Response:
    """Answer with a problem document; *members* are its extensions, such as `problems`."""
    document = {
        "type": PREFIX + kind,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }
    return JsonResponse(document, status, headers, PROBLEM_JSON)


def written(problems: Sequence[Problem], below: str = "") -> list[dict[str, str]]:
    """Return *problems* for a document in which the event stands *below* a pointer, as in a batch."""
    return [{**problem.as_dict(), "pointer": below + problem.pointer} for problem in problems]
