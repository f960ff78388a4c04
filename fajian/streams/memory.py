"""Topics in memory: the twin of `KafkaLog` and `KafkaOutbox`, for tests and for folding without a broker."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fajian.core.ports import BY_KEY, Header, Output, Record
from fajian.errors import DeliveryError
from fajian.streams.log import Part
from fajian.streams.outbox import partition_of


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """A record as Kafka would hand it back."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()
    timestamp: int = 0


class MemoryTopics:
    """A cluster of lists. Topics appear when they are written or asked for."""

    def __init__(self, *, partitions: int = 1) -> None:
        self._partitions = partitions
        self._records: dict[Part, list[MemoryRecord]] = {}
        self._ids: dict[str, str] = {}

    def append(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[Header] = (),
        partition: int = BY_KEY,
        timestamp: int = 0,
    ) -> MemoryRecord:
        if partition == BY_KEY:
            partition = partition_of(key or b"", self._partitions)
        records = self._records.setdefault(Part(topic, partition), [])
        records.append(MemoryRecord(topic, partition, len(records), key, value, tuple(headers), timestamp))
        return records[-1]

    def records(self, topic: str, partition: int | None = None) -> list[MemoryRecord]:
        """Return what is in *topic*, partition by partition."""
        parts = sorted(part for part in self._records if part.topic == topic)
        return [r for part in parts if partition in (None, part.partition) for r in self._records[part]]

    def recreate(self, topic: str) -> None:
        """Delete *topic* and create it again: empty, under another id."""
        for part in [part for part in self._records if part.topic == topic]:
            del self._records[part]
        self._ids[topic] = self._id(topic) + "'"

    async def begins(self, parts: Sequence[Part]) -> Mapping[Part, int]:
        return dict.fromkeys(parts, 0)

    async def ends(self, parts: Sequence[Part]) -> Mapping[Part, int]:
        return {part: len(self._records.get(part, ())) for part in parts}

    async def ends_before(self, parts: Sequence[Part], instant_ms: int) -> Mapping[Part, int]:
        return {
            part: sum(record.timestamp < instant_ms for record in self._records.get(part, ()))
            for part in parts
        }

    async def topic_ids(self, topics: Iterable[str]) -> Mapping[str, str]:
        return {topic: self._id(topic) for topic in topics}

    async def read(self, part: Part, begin: int, end: int) -> AsyncIterator[Sequence[Record]]:
        records = self._records.get(part, [])[begin:end]
        if records:
            yield records

    async def deliver(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            if output.key is None and output.partition == BY_KEY:
                raise DeliveryError(f"an output to {output.topic} has neither key nor partition")
            self.append(
                output.topic,
                key=output.key,
                value=output.value,
                headers=output.headers,
                partition=output.partition,
            )

    def _id(self, topic: str) -> str:
        return self._ids.setdefault(topic, f"id of {topic}")
