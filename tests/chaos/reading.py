"""Plain reading of topics with another client than the bus has; nothing of the stream runtime is used."""

from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    OffsetSpec,
    ResourceType,
)

from fajian.local.admin import Access

AT_ONCE = 2_000
GATHER_SECONDS = 0.05  #: always waited for where there are fewer: the client does not return earlier
TIMEOUT_SECONDS = 60.0


class Part(NamedTuple):
    """One partition of a topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


class Read(NamedTuple):
    """One record as it lies in Kafka; it has all that the pure folds ask of one."""

    topic: str
    partition: int
    offset: int
    timestamp: int  #: milliseconds
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]

    @property
    def place(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    def header(self, name: str) -> str:
        return dict(self.headers).get(name, b"").decode()


class Reader:
    """Reads as the administrator, who may see everything."""

    def __init__(self, access: Access) -> None:
        connection = _connection(access)
        own: dict[str, str | bool | int] = {
            "group.id": "admin-chaos",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
            "auto.offset.reset": "earliest",
            "check.crcs": True,
        }
        self._consumer = Consumer(connection | own)
        self._admin = AdminClient(connection)

    def partitions(self, topic: str) -> int:
        return len(self._consumer.list_topics(topic, timeout=TIMEOUT_SECONDS).topics[topic].partitions)

    def ends(self, topics: Sequence[str]) -> Mapping[tuple[str, int], int]:
        """Return the offset that the next record of each partition will have."""
        known = self._consumer.list_topics(timeout=TIMEOUT_SECONDS).topics
        parts = [TopicPartition(topic, number) for topic in topics for number in known[topic].partitions]
        asked = self._admin.list_offsets({part: OffsetSpec.latest() for part in parts})
        return {
            (part.topic, part.partition): future.result(TIMEOUT_SECONDS).offset
            for part, future in asked.items()
        }

    def parts(self, *topics: str) -> list[Part]:
        """Return all partitions of *topics*."""
        return [Part(topic, number) for topic in topics for number in range(self.partitions(topic))]

    def records(self, topic: str) -> Iterator[Read]:
        """Yield every record of *topic*, one partition after the other."""
        for part in self.parts(topic):
            for batch in self.batches(part):
                yield from batch

    def batches(self, part: Part, begin: int = 0) -> Iterator[list[Read]]:
        """Yield every record of *part* from offset *begin* on, in batches. One at a time."""
        self._consumer.assign([TopicPartition(*part, begin)])
        is_open, deadline = True, monotonic() + TIMEOUT_SECONDS
        while is_open:
            messages = self._consumer.consume(AT_ONCE, GATHER_SECONDS)
            if messages:
                deadline = monotonic() + TIMEOUT_SECONDS
            elif monotonic() > deadline:
                raise RuntimeError(f"{part} cannot be read to its end")
            batch = []
            for message in messages:
                if not (error := message.error()):
                    batch.append(_read(message))
                elif error.code() == KafkaError._PARTITION_EOF:
                    is_open = False
                else:
                    raise RuntimeError(f"{part} cannot be read: {error}")
            if batch:
                yield batch


def compact_often(access: Access, topics: Sequence[str]) -> None:
    """Let Kafka compact *topics* while they are written; by itself it would begin after a gigabyte."""
    wanted = {"segment.ms": "5000", "min.cleanable.dirty.ratio": "0.01"}
    resources = [
        ConfigResource(
            ResourceType.TOPIC,
            topic,
            incremental_configs=[
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                for name, value in wanted.items()
            ],
        )
        for topic in topics
    ]
    admin = AdminClient(_connection(access))  # must outlive its answers
    for done in admin.incremental_alter_configs(resources).values():
        done.result(TIMEOUT_SECONDS)


def _connection(access: Access) -> dict[str, str | bool | int]:
    return {
        "bootstrap.servers": access.bootstrap,
        "security.protocol": access.security_protocol,
        "sasl.mechanism": access.mechanism,
        "sasl.username": access.username,
        "sasl.password": access.password,
        "log_level": 0,
    }


def _read(message: Any) -> Read:
    return Read(
        message.topic(),
        message.partition(),
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        message.headers() or (),
    )
