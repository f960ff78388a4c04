"""The inbox and a producer that breaks: the next letters go through another one."""

import asyncio
from typing import Any, ClassVar

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError, OutOfOrderSequenceNumber
from aiokafka.structs import RecordMetadata

from connectors import kafka
from connectors.config import KafkaConfig
from connectors.kafka import KafkaInbox, Letter
from fajian.errors import InboxRefusedError, PeerAwayError


class Producer:
    """Acknowledges all records, or fails each with what `fails` says of its value."""

    made: ClassVar[list["Producer"]] = []
    fails: ClassVar[dict[bytes, Exception]] = {}
    cannot_send: ClassVar[dict[bytes, Exception]] = {}

    def __init__(self, **_: Any) -> None:
        self.sent: list[bytes] = []
        self.stopped = False
        self.made.append(self)

    async def start(self) -> None: ...

    async def stop(self) -> None:
        self.stopped = True

    async def send(self, topic: str, value: bytes, **_: Any) -> "asyncio.Future[RecordMetadata]":
        if value in self.cannot_send:
            raise self.cannot_send[value]
        future: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        if value in self.fails:
            future.set_exception(self.fails[value])
        else:
            self.sent.append(value)
            future.set_result(RecordMetadata(topic, 0, None, len(self.sent) - 1, 0, 0, 0))
        return future


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> KafkaInbox:
    monkeypatch.setattr(kafka, "AIOKafkaProducer", Producer)
    monkeypatch.setattr(Producer, "made", [])
    monkeypatch.setattr(Producer, "fails", {})
    monkeypatch.setattr(Producer, "cannot_send", {})
    config = KafkaConfig(bootstrap_servers="127.0.0.1:1", security_protocol="PLAINTEXT")
    return KafkaInbox("court.inbox", config, timeout_seconds=1, client_id="test")


def letters(*values: bytes) -> list[Letter]:
    return [Letter(None, value, ()) for value in values]


async def test_a_producer_that_lost_its_sequence_is_replaced(inbox: KafkaInbox) -> None:
    await inbox.open()
    Producer.fails[b"lost"] = OutOfOrderSequenceNumber()

    [lost] = await inbox.put(letters(b"lost"))
    await inbox.failed()
    await inbox.open()
    Producer.fails.clear()
    [again] = await inbox.put(letters(b"lost"))
    await inbox.close()

    assert isinstance(lost, PeerAwayError)
    assert again == "court.inbox/0/0"
    assert [(each.sent, each.stopped) for each in Producer.made] == [([], True), ([b"lost"], True)]


async def test_a_record_that_kafka_will_never_have_says_nothing_of_the_producer(inbox: KafkaInbox) -> None:
    await inbox.open()
    Producer.cannot_send[b"huge"] = MessageSizeTooLargeError()

    huge, other = await inbox.put(letters(b"huge", b"other"))

    assert isinstance(huge, InboxRefusedError)
    assert other == "court.inbox/0/0"
    assert inbox.is_open


async def test_nothing_overtakes_a_letter_that_could_not_be_handed_over(inbox: KafkaInbox) -> None:
    await inbox.open()
    Producer.cannot_send[b"2"] = KafkaTimeoutError()

    placed = await inbox.put(letters(b"1", b"2", b"3"))

    assert placed[0] == "court.inbox/0/0"
    assert all(isinstance(each, PeerAwayError) for each in placed[1:])
    assert Producer.made[0].sent == [b"1"]
