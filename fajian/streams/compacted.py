"""A compacted topic of one partition, read into a dictionary: `progress`, `rules`, `skips`."""

import asyncio
from collections.abc import Iterator

from fajian.core.ports import Record
from fajian.streams.log import Log, Part


class CompactedTopic:
    """The latest record of each key. `refresh` reads only what came since the last time."""

    def __init__(self, topic: str, log: Log) -> None:
        self._part = Part(topic, 0)
        self._log = log
        self._position: int | None = None
        self._latest: dict[bytes, Record] = {}
        self._refreshing = asyncio.Lock()

    async def refresh(self) -> None:
        """Read to the end as it is now."""
        async with self._refreshing:
            end = (await self._log.ends([self._part]))[self._part]
            if self._position is None or self._position > end:  # first time, or the topic is another one
                self._latest.clear()
                self._position = (await self._log.begins([self._part]))[self._part]
            async for records in self._log.read(self._part, self._position, end):
                for record in records:
                    self._take(record)
            self._position = end

    def get(self, key: bytes) -> Record | None:
        return self._latest.get(key)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._latest.values())

    def _take(self, record: Record) -> None:
        key = record.key or b""
        if record.value is None:
            self._latest.pop(key, None)
        else:
            self._latest[key] = record
