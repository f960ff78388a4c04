"""Topics in memory: the twin of `KafkaLog` and `KafkaOutbox`, for tests and for folding without a broker."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from fajian.core.ports import BY_KEY, Header, Output, Record
from fajian.core.replay import MemoryRecord
from fajian.errors import DeliveryError
from fajian.streams.log import Part
from fajian.streams.outbox import partition_of


class MemoryTopics:
    """A cluster of lists. Topics appear when they are written or asked for."""

    def __init__(self, *, partitions: int = 1) -> None:
        self._partitions = partitions
        self._records: dict[Part, list[MemoryRecord]] = {}
        self._begins: dict[Part, int] = {}
        self._ends: dict[Part, int] = {}
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
        part = Part(topic, partition)
        record = MemoryRecord(
            topic=topic,
            partition=partition,
            offset=self._ends.get(part, 0),
            timestamp=timestamp,
            key=key,
            value=value,
            headers=tuple(headers),
        )
        self._records.setdefault(part, []).append(record)
        self._ends[part] = record.offset + 1
        return record

    def records(self, topic: str) -> list[MemoryRecord]:
        """Return what is in *topic*, partition by partition."""
        parts = sorted(part for part in self._records if part.topic == topic)
        return [record for part in parts for record in self._records[part]]

    def recreate(self, topic: str) -> None:
        """Delete *topic* and create it again: empty, under another id."""
        for part in [part for part in self._records if part.topic == topic]:
            del self._records[part], self._ends[part]
        self._ids[topic] = self._id(topic) + "'"

    def forget(self, record: MemoryRecord) -> None:
        """Leave an offset without a record, as compaction does."""
        self._records[Part(record.topic, record.partition)].remove(record)

    def begin_at(self, part: Part, offset: int) -> None:
        """Delete what is older, as retention does."""
        self._begins[part] = offset
        self._records[part] = [record for record in self._records[part] if record.offset >= offset]

    def end_at(self, part: Part, offset: int) -> None:
        """Cut off what is younger, as nobody should."""
        self._ends[part] = offset
        self._records[part] = [record for record in self._records[part] if record.offset < offset]

    async def begins(self, parts: Sequence[Part]) -> Mapping[Part, int]:
        return {part: self._begins.get(part, 0) for part in parts}

    async def ends(self, parts: Sequence[Part]) -> Mapping[Part, int]:
        return {part: self._ends.get(part, 0) for part in parts}

    async def ends_before(self, parts: Sequence[Part], instant_ms: int) -> Mapping[Part, int]:
        return {
            part: next((r.offset for r in self._records.get(part, ()) if r.timestamp >= instant_ms), end)
            for part, end in (await self.ends(parts)).items()
        }

    async def topic_ids(self, topics: Iterable[str]) -> Mapping[str, str]:
        return {topic: self._id(topic) for topic in topics}

    async def read(self, part: Part, begin: int, end: int) -> AsyncIterator[Sequence[Record]]:
        records = [record for record in self._records.get(part, ()) if begin <= record.offset < end]
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
