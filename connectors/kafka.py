"""How a connector reaches Kafka: client options, and the inbox of its side."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    InvalidMessageError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    for_code,
)

from connectors.config import KafkaConfig
from connectors.turns import TURN
from fajian.core.ports import Header
from fajian.errors import ConnectorError, InboxRefusedError, PeerAwayError
from schemas.topics import MAX_MESSAGE_BYTES

log = structlog.get_logger(__name__)

#: what will not go better next time
_REFUSALS = (InvalidMessageError, MessageSizeTooLargeError, RecordListTooLargeError)


class Letter(NamedTuple):
    """One record for the inbox. The key keeps one subject's events in order."""

    key: bytes | None
    value: bytes
    headers: tuple[Header, ...]


Placed = str | ConnectorError  #: topic/partition/offset, or why not


class Inbox(Protocol):
    """Where submitted events go; `KafkaInbox` in earnest, a list in unit tests."""

    async def put(self, letters: Sequence[Letter]) -> list[Placed]:
        """Return, in the order given, where each letter is durable, or why it is not."""
        ...


def client_options(kafka: KafkaConfig, *, client_id: str) -> dict[str, Any]:
    """Return the keyword arguments that aiokafka's clients share."""
    options: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap_servers,
        "client_id": client_id,
        "security_protocol": kafka.security_protocol,
    }
    if kafka.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.username,
            "sasl_plain_password": kafka.password.get_secret_value(),
        }
    if kafka.security_protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=kafka.ssl_cafile)
        if kafka.ssl_certfile:
            context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile)
        options["ssl_context"] = context
    return options


class KafkaInbox:
    """Writes to `S.inbox` with an idempotent producer that waits for all replicas.

    A record that timed out may still arrive later. That is harmless: the same event again is a
    duplicate, which the fold recognises by source and id. A producer that failed is replaced: once a
    record of its sequence is lost, an idempotent one never gets another through.
    """

    def __init__(self, topic: str, kafka: KafkaConfig, *, timeout_seconds: float, client_id: str) -> None:
        self._topic = topic
        self._kafka = kafka
        self._timeout = timeout_seconds
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None
        self._opened = asyncio.Event()
        self._failed = asyncio.Event()
        self._stopping: set[asyncio.Task[None]] = set()
        self.error: str | None = None  #: why the last letters did not arrive

    @property
    def is_open(self) -> bool:
        return self._producer is not None

    async def open(self) -> None:
        """Connect, or raise `PeerAwayError`; `put` fails the same way until this has succeeded."""
        producer = AIOKafkaProducer(
            **client_options(self._kafka, client_id=self._client_id),
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            max_request_size=MAX_MESSAGE_BYTES,
            request_timeout_ms=10_000,
        )
        try:
            await producer.start()
        except KafkaError as error:
            where = self._kafka.bootstrap_servers
            raise PeerAwayError(f"Kafka at {where} does not answer: {error}") from error
        else:
            self._producer = producer
            self._failed.clear()
            self._opened.set()
        finally:
            if self._producer is not producer:  # also when we are told to stop while connecting
                await producer.stop()

    async def failed(self) -> None:
        """Return when the producer is beyond repair: then `open` again."""
        await self._failed.wait()

    async def close(self) -> None:
        """Stop; what Kafka has not acknowledged within two seconds is given up (its sender was told)."""
        self._let_go(self._producer)
        if self._stopping:
            await asyncio.wait(self._stopping)

    def _let_go(self, producer: AIOKafkaProducer | None) -> None:
        """Stop *producer* aside. Nobody waits for what it still holds."""
        if producer is None or producer is not self._producer:
            return
        self._producer = None
        self._opened.clear()
        self._failed.set()
        stopping = asyncio.create_task(self._stop(producer))
        self._stopping.add(stopping)
        stopping.add_done_callback(self._stopping.discard)

    async def _stop(self, producer: AIOKafkaProducer) -> None:
        try:
            async with asyncio.timeout(2):
                await producer.stop()
        except (TimeoutError, KafkaError) as error:
            log.warning("inbox_closed_unflushed", topic=self._topic, error=type(error).__name__)

    async def put(self, letters: Sequence[Letter]) -> list[Placed]:
        """See `Inbox`. Waits no longer than the configured time for the whole sequence."""
        if not letters:
            return []
        try:
            await asyncio.wait_for(self._opened.wait(), self._timeout)
        except TimeoutError:
            return [PeerAwayError(f"Kafka at {self._kafka.bootstrap_servers} does not answer")] * len(letters)
        producer = self._producer
        if producer is None:
            return [PeerAwayError("the connector is stopping")] * len(letters)
        handed = await self._send(producer, letters)
        verdicts = [self._verdict(entry) for entry in handed]
        if any(map(_is_failure, handed)):
            self._let_go(producer)
        self.error = next((str(verdict) for verdict in verdicts if isinstance(verdict, PeerAwayError)), None)
        return verdicts

    async def _send(
        self, producer: AIOKafkaProducer, letters: Sequence[Letter]
    ) -> list["asyncio.Future[Any] | KafkaError | None"]:
        """Hand over in order; what could not be handed over, and all that follows it, stays None."""
        handed: list[asyncio.Future[Any] | KafkaError | None] = [None] * len(letters)
        try:
            async with asyncio.timeout(self._timeout):
                for i, letter in enumerate(letters):
                    if i % TURN == TURN - 1:
                        await asyncio.sleep(0)
                    try:
                        handed[i] = await producer.send(
                            self._topic, letter.value, key=letter.key, headers=list(letter.headers)
                        )
                    except _REFUSALS as error:
                        handed[i] = error
                    except KafkaError as error:
                        handed[i] = error
                        break  # what comes later may be of the same subject
                futures = [entry for entry in handed if isinstance(entry, asyncio.Future)]
                if futures:
                    await asyncio.wait(futures)  # does not cancel them when our time is up
        except TimeoutError:
            pass  # each entry tells how far it came
        return handed

    def _verdict(self, entry: "asyncio.Future[Any] | KafkaError | None") -> Placed:
        error: BaseException | None
        if isinstance(entry, KafkaError):
            error = entry
        elif entry is None or not entry.done():
            if entry is not None:
                entry.add_done_callback(_forget)
            return PeerAwayError(f"Kafka did not acknowledge within {self._timeout:g} s")
        else:
            error = entry.exception()
        if error is None and isinstance(entry, asyncio.Future):
            place = entry.result()
            return f"{place.topic}/{place.partition}/{place.offset}"
        if isinstance(error, _REFUSALS):
            return InboxRefusedError(f"{self._topic}: Kafka refuses the record: {type(error).__name__}")
        return PeerAwayError(f"{self._topic}: Kafka did not take the record: {type(error).__name__}")


def _is_failure(entry: "asyncio.Future[Any] | KafkaError | None") -> bool:
    """Tell whether the producer itself failed; a record that Kafka will not have says nothing of it."""
    if isinstance(entry, asyncio.Future):
        error = entry.exception() if entry.done() and not entry.cancelled() else None
    else:
        error = entry
    return error is not None and not isinstance(error, _REFUSALS)


def _forget(future: "asyncio.Future[Any]") -> None:
    """Look at a late failure, so that asyncio does not report it as never retrieved."""
    if not future.cancelled():
        future.exception()


async def partitions_of(options: Mapping[str, Any], topics: Sequence[str]) -> list[TopicPartition]:
    """Return all partitions of *topics*; one that is missing or forbidden is worth waiting for."""
    admin = AIOKafkaAdminClient(**options)
    try:
        await admin.start()
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    found = []
    for topic in described:
        if topic["error_code"]:
            raise PeerAwayError(f"topic {topic['topic']}: {for_code(topic['error_code']).__name__}")
        found += [TopicPartition(topic["topic"], entry["partition"]) for entry in topic["partitions"]]
    return found
