"""How far each agent's outputs are acknowledged. The group's committed offset is only a fetch hint.

One record per agent, topic and partition in a compacted topic. It is read again whenever a partition is
taken; a worker that lost its partition without knowing can only write what is true as well.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import orjson

from fajian.core.ports import Output
from fajian.streams.compacted import CompactedTopic
from fajian.streams.log import Log, Part
from schemas.topics import PROGRESS


@dataclass(frozen=True, slots=True)
class Progress:
    """What one agent has done with one partition."""

    topic_id: str
    acked: int  #: below this offset every output is acknowledged (C)
    notes: Mapping[str, str] = field(default_factory=dict)  #: chain head, last tick, rules version


def progress_output(agent: str, part: Part, progress: Progress) -> Output:
    """Return the record that states *progress*."""
    return Output(
        cause=progress.acked - 1,
        topic=PROGRESS,
        key=_key(agent, part),
        value=orjson.dumps(asdict(progress)),
        partition=0,
    )


class ProgressBook:
    """Reads what progress was stated, by whichever worker."""

    def __init__(self, log: Log) -> None:
        self._topic = CompactedTopic(PROGRESS, log)

    async def refresh(self) -> None:
        await self._topic.refresh()

    def of(self, agent: str, part: Part) -> Progress | None:
        """Return what was stated up to the last `refresh`."""
        record = self._topic.get(_key(agent, part))
        return None if record is None or record.value is None else Progress(**orjson.loads(record.value))

    def all(self) -> dict[tuple[str, Part], Progress]:
        """Return everything that was stated, by agent and partition, in that order."""
        stated = {
            _parse_key(record.key): Progress(**orjson.loads(record.value))
            for record in self._topic
            if record.key and record.value
        }
        return dict(sorted(stated.items()))


def _key(agent: str, part: Part) -> bytes:
    return f"{agent}/{part.topic}/{part.partition}".encode()


def _parse_key(key: bytes) -> tuple[str, Part]:
    agent, topic, partition = key.decode().split("/")
    return agent, Part(topic, int(partition))
