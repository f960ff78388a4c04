"""The web server around the door: TLS, names in client certificates, and no patience with slow headers."""

import asyncio
import contextlib
import re
import ssl
import sys
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

import h11
import uvicorn
from h11._receivebuffer import ReceiveBuffer
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from connectors.source_config import HttpSource, Tls
from connectors.sources.problems import problem_response
from fajian.errors import ConnectorConfigError

_BLANK_LINE = re.compile(rb"\n\r?\n")

CERTIFICATE_NAMES = "fajian.certificate_names"  #: in the ASGI scope: whom the client's certificate names


class Server(uvicorn.Server):
    """Uvicorn without its signal handlers: when to stop is the connector's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server_of(app: ASGIApp, http: HttpSource) -> Server:
    """Return a server for *app*; the sockets are given to it later."""
    config = uvicorn.Config(
        _unambiguous(app),
        http=_protocol_with(http.header_timeout_seconds),
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=ceil(http.header_timeout_seconds),
        timeout_graceful_shutdown=3,
        limit_concurrency=http.max_connections,
        h11_max_incomplete_event_size=64 * 1024,
    )
    config.load()
    if http.tls is not None:
        required = all(entry.certificate for entry in http.keys)
        config.ssl = tls_context(http.tls, required=required)
    return Server(config)


def tls_context(tls: Tls, *, required: bool) -> ssl.SSLContext:
    """Return the door's side of TLS 1.2 or newer; with a CA, clients may or must show certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.certificate, tls.private_key)
        if tls.client_ca is not None:
            context.load_verify_locations(tls.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        raise ConnectorConfigError(f"[source.tls]: expected readable PEM files, {error}") from error
    return context


def names_in(certificate: Any) -> Sequence[str]:
    """Return the DNS names, URIs and common names of a checked certificate, as `getpeercert` tells it."""
    told = certificate or {}
    others = [value for kind, value in told.get("subjectAltName", ()) if kind in ("DNS", "URI")]
    common = [value for part in told.get("subject", ()) for kind, value in part if kind == "commonName"]
    return (*others, *common)


def _protocol_with(header_seconds: float) -> type[H11Protocol]:
    """Return uvicorn's HTTP with a limit to the time in which a request's headers must have come."""

    class Protocol(H11Protocol):
        _impatience: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.conn._receive_buffer = _WholeLines()  # noqa: SLF001 - there is no other way in
            connection = transport.get_extra_info("ssl_object")
            if connection is not None:
                self.app = _with_names(self.app, names_in(connection.getpeercert()))
            self._be_impatient()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is h11.IDLE:
                self._be_impatient()
            else:
                self._be_patient()

        def send_400_response(self, msg: str) -> None:
            """Say what of the request cannot be read, and hang up: where the next one begins nobody knows."""
            error = sys.exception()
            status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
            said = problem_response(status, "http", f"expected a request as RFC 9112 has it, got: {error}")
            headers = [*said.raw_headers, (b"connection", b"close")]
            for event in (
                h11.Response(status_code=status, headers=headers),
                h11.Data(data=bytes(said.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
            self.transport.close()

        def connection_lost(self, exc: Exception | None) -> None:
            self._be_patient()
            super().connection_lost(exc)

        def _be_impatient(self) -> None:
            if self._impatience is None:
                self._impatience = self.loop.call_later(header_seconds, self.transport.abort)

        def _be_patient(self) -> None:
            if self._impatience is not None:
                self._impatience.cancel()
                self._impatience = None

    return Protocol


class _WholeLines(ReceiveBuffer):
    """Lines end in CR LF. h11 would take a lone LF for an end as well, a proxy before us may not."""

    def maybe_extract_lines(self) -> list[bytearray] | None:
        end = _BLANK_LINE.search(self._data, max(0, self._multiple_lines_search - 2))
        head = self._data[: end.end()] if end else self._data[:1]
        if head.count(b"\n") != head.count(b"\r\n"):
            raise h11.LocalProtocolError("a line that ends in LF without CR")
        return super().maybe_extract_lines()


def _unambiguous(app: ASGIApp) -> ASGIApp:
    """Refuse a request whose length or version a proxy before us may understand in another way."""

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if (wrong := _ambiguity(scope)) is not None:
            refusal = problem_response(400, "http", wrong, headers={"Connection": "close"})
            await refusal(scope, receive, send)
        else:
            await app(scope, receive, send)

    return checked


def _ambiguity(scope: Scope) -> str | None:
    names = {name for name, _ in scope["headers"]}
    if scope["http_version"] not in ("1.0", "1.1"):
        return f"expected HTTP/1.1, got {scope['http_version']}"
    if names >= {b"content-length", b"transfer-encoding"}:
        return "expected content-length or transfer-encoding, got both"
    if scope["http_version"] == "1.0" and b"transfer-encoding" in names:
        return "expected content-length, got transfer-encoding in HTTP/1.0, which has none"
    return None


def _with_names(app: ASGIApp, names: Sequence[str]) -> ASGIApp:
    async def named(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, CERTIFICATE_NAMES: names}, receive, send)

    return named
