"""The mail sink: to the agency's own mail server, at once or one digest a day."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from time import monotonic

import aiosmtplib

from connectors.config import ConnectorConfig
from connectors.metrics import PartHealth
from connectors.sink_config import MailSink
from connectors.sinks.courier import Clock, Courier
from connectors.sinks.ladder import Outcome
from connectors.sinks.letter import digest, letter
from connectors.sinks.queue import Attempt, DeliveryQueue, Message
from fajian.clock import SHANGHAI
from fajian.clock import now as wall_clock
from fajian.errors import ConnectorConfigError

MOST_IN_A_DIGEST = 500


class MailCarrier:
    """Carries one event in one mail."""

    def __init__(self, sink: MailSink, *, side: str) -> None:
        self._sink = sink
        self._side = side
        self._tls = _tls(sink)

    async def send(self, message: Message, *, now: datetime) -> Outcome:
        """See `Carrier`."""
        mail = letter(self._sink, self._side, message.body, message.message_id, at=now)
        return await self.hand_over(mail)

    async def hand_over(self, mail: EmailMessage) -> Outcome:
        """Give *mail* to the server; what goes wrong is an outcome."""
        smtp = self._sink.smtp
        client = aiosmtplib.SMTP(
            hostname=smtp.host,
            port=smtp.port,
            use_tls=smtp.security == "tls",
            start_tls=smtp.security == "starttls",
            tls_context=self._tls,
            username=smtp.username,
            password=smtp.password.get_secret_value() if smtp.password else None,
            timeout=self._sink.timeout_seconds,
        )
        try:
            async with asyncio.timeout(self._sink.timeout_seconds), client:
                refused, _ = await client.send_message(mail, sender=self._sink.sender)
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [each.code for each in error.recipients]
            return Outcome(False, "no recipient was taken", codes[0], is_final=min(codes) >= 500)
        except aiosmtplib.SMTPDataError as error:
            return Outcome(False, "the mail was refused", error.code, is_final=error.code >= 500)
        except aiosmtplib.SMTPResponseException as error:  # of the server, or our account there: mendable
            return Outcome(False, f"{type(error).__name__}: answered {error.code}", error.code)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Outcome(False, f"{type(error).__name__}: {smtp.host}:{smtp.port} does not answer")
        return Outcome(True, f"refused for {len(refused)} of {len(self._sink.to)}" if refused else "", 250)

    async def close(self) -> None:
        """Nothing stays open."""


class DigestCourier(Courier):
    """Sends what was queued before the hour of the digest in one mail.

    Which events belong to a digest is written down before it is sent: a repeat after a crash is the same
    mail under the same name.
    """

    def __init__(
        self,
        config: ConnectorConfig,
        sink: MailSink,
        carrier: MailCarrier,
        *,
        health: PartHealth,
        clock: Clock = wall_clock,
    ) -> None:
        super().__init__(config, sink, carrier, channel=sink.kind, health=health, clock=clock)
        self._mail = sink
        self._mails = carrier

    async def round(self, queue: DeliveryQueue) -> int:
        now = self._clock()
        if await queue.closed_because() is not None or self._breaker.is_open(now):
            return 0
        cut = last_cut(self._mail, now)
        await queue.bundle(cut.date().isoformat(), before=cut)
        day, messages = await queue.next_bundle(limit=MOST_IN_A_DIGEST, now=now)
        if not messages:
            return 0
        begun = monotonic()
        outcome = await self._outcome(self._send(day, messages, now=now))
        took_ms = round((monotonic() - begun) * 1000)
        came_back = self._breaker.note(outcome, self._clock())
        self._count(outcome)
        step = self._step(messages[0], outcome)  # one mail, one fate
        await queue.note([Attempt(message, now, took_ms, outcome, step) for message in messages])
        if came_back:
            await queue.hasten(now=self._clock())
        return len(messages)

    async def _send(self, day: str, messages: Sequence[Message], *, now: datetime) -> Outcome:
        bodies, ids = zip(*((message.body, message.message_id) for message in messages), strict=True)
        return await self._mails.hand_over(digest(self._mail, day, bodies, ids, at=now))


def last_cut(sink: MailSink, now: datetime) -> datetime:
    """Return the latest hour of the digest that has passed."""
    local = now.astimezone(SHANGHAI)
    cut = datetime.combine(local.date(), sink.digest_at, tzinfo=SHANGHAI)
    return cut if cut <= local else cut - timedelta(days=1)


def _tls(sink: MailSink) -> ssl.SSLContext | None:
    if sink.smtp.security == "none":
        return None
    try:
        return ssl.create_default_context(cafile=sink.smtp.tls_ca)
    except (OSError, ssl.SSLError) as error:
        raise ConnectorConfigError(f"{sink.name}: tls_ca: expected a readable PEM file, {error}") from error
