"""Plain reading of topics with another client than the bus has; nothing of the stream runtime is used."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from fajian.local.admin import Access

AT_ONCE = 2_000
TIMEOUT_SECONDS = 30.0


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
        connection: dict[str, str | bool | int] = {
            "bootstrap.servers": access.bootstrap,
            "security.protocol": access.security_protocol,
            "sasl.mechanism": access.mechanism,
            "sasl.username": access.username,
            "sasl.password": access.password,
            "log_level": 0,
        }
        own: dict[str, str | bool | int] = {
            "group.id": "admin-chaos",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
            "auto.offset.reset": "earliest",
            "check.crcs": True,
            "log_level": 0,
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

    def records(self, topic: str) -> Iterator[Read]:
        """Yield every record of *topic*, those of one partition in order."""
        return (record for batch in self.batches(topic) for record in batch)

    def batches(self, topic: str) -> Iterator[list[Read]]:
        """Yield every record of *topic* in batches of one partition each. One topic at a time."""
        numbers = range(self.partitions(topic))
        batches: dict[int, list[Read]] = {number: [] for number in numbers}
        self._consumer.assign([TopicPartition(topic, number, 0) for number in numbers])
        open_ends = set(numbers)
        while open_ends:
            message = self._consumer.poll(TIMEOUT_SECONDS)
            if message is None:
                raise RuntimeError(f"{topic} cannot be read to its end: partitions {open_ends} are missing")
            if error := message.error():
                if error.code() != KafkaError._PARTITION_EOF:
                    raise RuntimeError(f"{topic} cannot be read: {error}")
                open_ends.discard(message.partition())
                continue
            record = _read(message)
            batches[record.partition].append(record)
            if len(batches[record.partition]) == AT_ONCE:
                yield batches[record.partition]
                batches[record.partition] = []
        yield from (batch for batch in batches.values() if batch)


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
