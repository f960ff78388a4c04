"""Reading the body of a request within limits of size and time, gzip included."""

import asyncio
import zlib

from starlette.requests import ClientDisconnect, Request

from connectors.sources.problems import HttpProblem

_GZIP = 16 + zlib.MAX_WBITS


async def read_body(request: Request, *, limit: int, timeout_seconds: float) -> bytes:
    """Return the decoded body; raise `HttpProblem` 408, 413 or 415 as soon as that is certain."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise HttpProblem(
            415,
            "content-encoding",
            f"expected gzip or no content-encoding, got {encoding[:40]!r}",
            headers={"Accept-Encoding": "gzip"},
        )
    try:
        async with asyncio.timeout(timeout_seconds):
            raw = await _read(request, limit)
    except TimeoutError as error:
        raise HttpProblem(408, "slow-body", f"the body took longer than {timeout_seconds:g} s") from error
    except ClientDisconnect as error:
        raise HttpProblem(400, "broken-body", "the connection ended before the body did") from error
    return raw if encoding == "identity" else gunzip(raw, limit=limit)


async def _read(request: Request, limit: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        parts.append(part)
        if size > limit:
            raise TooLargeError(limit, b"".join(parts))
    return b"".join(parts)


def gunzip(raw: bytes, *, limit: int) -> bytes:
    """Unpack one gzip member, never holding more than *limit* bytes of it."""
    unpacker = zlib.decompressobj(_GZIP)
    try:
        body = unpacker.decompress(raw, limit + 1)
    except zlib.error as error:
        raise HttpProblem(400, "broken-body", f"content-encoding says gzip, but: {error}") from error
    if len(body) > limit:
        raise TooLargeError(limit, body)
    if not unpacker.eof or unpacker.unused_data:
        raise HttpProblem(400, "broken-body", "expected exactly one whole gzip member")
    return body


class TooLargeError(HttpProblem):
    """A body beyond the limit; *begun* is what was read of it, a byte more than the limit."""

    def __init__(self, limit: int, body: bytes) -> None:
        super().__init__(413, "too-large", f"expected at most {limit} bytes (after unpacking)", pointer="")
        self.begun = body[: limit + 1]
