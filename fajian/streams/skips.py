"""Records that a fold passes over, because two people gave their names to it. Nothing else is ever skipped.

The names are recorded and not verified; who may write the topic, Kafka decides.
"""

from typing import Final

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from fajian.core.ports import Record
from fajian.streams.compacted import CompactedTopic
from fajian.streams.log import Log
from schemas.topics import SKIPS

NEEDED: Final = 2  #: different people who must give their names


class Skip(BaseModel):
    """One entry. It counts when it names two different people."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: str
    partition: int
    offset: int
    reason: str
    signers: tuple[str, ...]

    @property
    def counts(self) -> bool:
        return (
            bool(self.reason.strip())
            and len({name.strip() for name in self.signers if name.strip()}) >= NEEDED
        )

    @property
    def key(self) -> bytes:
        return f"{self.topic}/{self.partition}/{self.offset}".encode()


class SkipBook:
    """The entries that count, as of the last `refresh`."""

    def __init__(self, log: Log) -> None:
        self._topic = CompactedTopic(SKIPS, log)
        self._entries: frozenset[tuple[str, int, int]] = frozenset()

    async def refresh(self) -> None:
        await self._topic.refresh()
        skips = [skip for record in self._topic if (skip := _parse(record)) and skip.counts]
        self._entries = frozenset((skip.topic, skip.partition, skip.offset) for skip in skips)

    def covers(self, record: Record) -> bool:
        return bool(self._entries) and (record.topic, record.partition, record.offset) in self._entries


def _parse(record: Record) -> Skip | None:
    """An entry that cannot be read passes nothing over: the partition stays stopped."""
    try:
        return Skip.model_validate(orjson.loads(record.value or b""))
    except (ValidationError, orjson.JSONDecodeError):
        return None
