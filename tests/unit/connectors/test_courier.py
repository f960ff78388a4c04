"""A receiver's courier with a queue in memory: what it makes of a carrier that breaks its promise."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from connectors.config import ConnectorConfig
from connectors.metrics import PartHealth
from connectors.sink_config import MailSink, WebhookSink
from connectors.sinks.courier import Courier
from connectors.sinks.ladder import Outcome
from connectors.sinks.mail import DigestCourier, MailCarrier
from connectors.sinks.queue import Attempt, DeliveryQueue, Message
from fajian.clock import SHANGHAI
from tests.webhook_receiver import SECRET

NOW = datetime(2026, 5, 4, 10, 0, tzinfo=SHANGHAI)
EVENT = orjson.dumps({"id": "e-1", "type": "cn.fajian.flag.overdue.v1", "data": {"rule": "pay-out"}})


class MemoryQueue(DeliveryQueue):
    """Has every message due until it was noted, and keeps what is noted."""

    def __init__(self, *messages: Message) -> None:
        self._messages = list(messages)
        self.noted: list[Attempt] = []

    async def closed_because(self) -> str | None:
        return None

    async def due(self, *, limit: int, now: datetime, busy: Sequence[str] = ()) -> list[Message]:
        return [each for each in self._messages if each.subject not in busy]

    async def bundle(self, day: str, *, before: datetime) -> None:
        pass

    async def next_bundle(self, *, limit: int, now: datetime) -> tuple[str, list[Message]]:
        return "2026-05-04", self._messages

    async def note(self, attempts: Sequence[Attempt]) -> None:
        self.noted += attempts
        done = {attempt.message.seq for attempt in attempts}
        self._messages = [each for each in self._messages if each.seq not in done]

    async def hasten(self, *, now: datetime) -> None:
        pass


class Broken:
    """Raises where a carrier must not."""

    async def send(self, message: Message, *, now: datetime) -> Outcome:
        if message.subject == "odd":
            raise RuntimeError("张某欠款")
        return Outcome(True)

    async def close(self) -> None:
        pass


def config_with(sink: WebhookSink | MailSink) -> ConnectorConfig:
    return ConnectorConfig.model_validate(
        {
            "side": "court", "sender": "//court/x", "agreement": "a", "kafka": {"bootstrap_servers": "b"},
            "sink": [{"kind": "postgres", "dsn": "postgresql:///none"}, sink],
        }
    )  # fmt: skip


def mail_sink(**smtp: Any) -> MailSink:
    return MailSink.model_validate(
        {
            "kind": "mail", "name": "desk", "sender": "fajian@court.test", "to": ["head@court.test"],
            "smtp": {"host": "127.0.0.1", "port": 25, "security": "none", **smtp},
            "posts": ["bureau-head"], "mode": "digest", "retry_seconds": [5],
        }
    )  # fmt: skip


async def test_a_carrier_that_raises_has_failed_an_attempt_and_the_courier_goes_on() -> None:
    sink = WebhookSink.model_validate(
        {"kind": "webhook", "name": "hook", "url": "https://hook.test/", "secret": SECRET,
         "retry_seconds": [5, 30]}
    )  # fmt: skip
    courier = Courier(
        config_with(sink), sink, Broken(), channel="webhook", health=PartHealth("hook"),
        clock=lambda: NOW, chance=lambda: 0.5,
    )  # fmt: skip
    queue = MemoryQueue(Message(1, "m-1", "odd", EVENT, 1, 1), Message(2, "m-2", "even", EVENT, 0, 0))

    while await courier.round(queue) or courier._under_way:
        await courier._wait()
    odd, even = sorted(queue.noted, key=lambda attempt: attempt.message.seq)

    assert odd.outcome == Outcome(False, "could not be sent: RuntimeError")
    assert odd.step == ("waiting", NOW + timedelta(seconds=30))
    assert odd.row()["rung"] == 2
    assert even.outcome.delivered


async def test_what_a_carrier_raises_is_logged_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    sink = mail_sink()
    courier = Courier(
        config_with(sink), sink, Broken(), channel="mail", health=PartHealth("desk"), clock=lambda: NOW
    )

    await courier._attempt(Message(1, "m-1", "odd", EVENT, 0, 0))
    logged = capsys.readouterr()

    assert "RuntimeError" in logged.out + logged.err
    assert "张某" not in logged.out + logged.err


@pytest.mark.parametrize(
    ("smtp", "event", "kind"),
    [
        ({"host": "mail..court.test"}, EVENT, "UnicodeError"),  # no name can be looked up so
        ({}, b'{"id": "e-1"}', "KeyError"),  # no mail can be written about it
    ],
)
async def test_a_digest_that_cannot_be_sent_is_an_attempt_that_failed(
    smtp: dict[str, str], event: bytes, kind: str
) -> None:
    sink = mail_sink(**smtp)
    courier = DigestCourier(
        config_with(sink), sink, MailCarrier(sink, side="court"), health=PartHealth("desk"), clock=lambda: NOW
    )
    queue = MemoryQueue(Message(1, "m-1", "s", event, 0, 0))

    await courier.round(queue)
    [attempt] = queue.noted

    assert (attempt.outcome.detail, attempt.step.state) == (f"could not be sent: {kind}", "waiting")
