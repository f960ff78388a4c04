"""The webhook: one signed POST a message, to a receiver that may be slow, broken, gone or hostile."""

import asyncio
import ssl
from datetime import datetime

import httpcore

from connectors.signatures import Signer, asymmetric_key, symmetric_key
from connectors.sink_config import WebhookSink
from connectors.sinks.guard import GuardedBackend, Resolve, resolve
from connectors.sinks.ladder import Outcome, again_at
from connectors.sinks.queue import Message
from fajian import __version__
from fajian.errors import ConnectorConfigError, ForbiddenAddressError
from schemas.cloudevents import STRUCTURED

GONE = 410
MOST_ANSWER_BYTES = 64 * 1024  #: nobody reads what a receiver says beyond its status


class WebhookCarrier:
    """Carries messages to one URL over kept connections."""

    def __init__(self, sink: WebhookSink, *, resolver: Resolve = resolve) -> None:
        self._sink = sink
        self._signer = signer_of(sink)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls(sink),
            max_connections=sink.at_once,
            keepalive_expiry=30,
            network_backend=GuardedBackend(sink.inside, resolver=resolver),
        )

    async def send(self, message: Message, *, now: datetime) -> Outcome:
        """See `Carrier`."""
        try:
            async with asyncio.timeout(self._sink.timeout_seconds):
                status, wish = await self._post(message, now)
        except TimeoutError:
            return Outcome(False, f"no answer within {self._sink.timeout_seconds:g} s")
        except ForbiddenAddressError as error:
            return Outcome(False, str(error))
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
            return Outcome(False, f"{type(error).__name__}: {error}"[:300])
        return _outcome(status, wish, now)

    async def _post(self, message: Message, now: datetime) -> tuple[int, str | None]:
        headers = {
            "content-type": STRUCTURED,
            "content-length": str(len(message.body)),
            "user-agent": f"fajian/{__version__}",
            **self._signer.headers(message.message_id, message.body, at=now),
        }
        async with self._pool.stream(
            "POST",
            self._sink.url,
            headers=list(headers.items()),
            content=message.body,
            extensions={"timeout": {"connect": self._sink.timeout_seconds}},
        ) as answer:
            wish = next((value for name, value in answer.headers if name.lower() == b"retry-after"), None)
            taken = 0
            async for part in answer.aiter_stream():  # to its end, so that the connection can be kept
                taken += len(part)
                if taken > MOST_ANSWER_BYTES:
                    break
            return answer.status, None if wish is None else wish.decode("latin-1")

    async def close(self) -> None:
        await self._pool.aclose()


def signer_of(sink: WebhookSink) -> Signer:
    """Return all keys of the receiver, the present ones first."""
    secrets = [each for each in (sink.secret, sink.previous_secret) if each is not None]
    keys = [each for each in (sink.signing_key, sink.previous_signing_key) if each is not None]
    return Signer(
        [symmetric_key(each.get_secret_value()) for each in secrets],
        [asymmetric_key(each.get_secret_value()) for each in keys],
    )


def _outcome(status: int, wish: str | None, now: datetime) -> Outcome:
    if 200 <= status < 300:
        return Outcome(True, status=status)
    again = again_at(wish, now=now) if status in (429, 503) else None
    detail = f"answered {status}"
    if 300 <= status < 400:
        detail += ": redirects are not followed"
    return Outcome(False, detail, status, again_at=again, closes=status == GONE)


def _tls(sink: WebhookSink) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=sink.tls_ca)
    except (OSError, ssl.SSLError) as error:
        raise ConnectorConfigError(f"{sink.name}: tls_ca: expected a readable PEM file, {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
