"""What must be there, what is there, and the difference: lost, wrong, doubled, or only repeated."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from aiokafka.partitioner import murmur2

from fajian.core.ports import BY_KEY, Output
from tests.chaos.reading import Read

SHOWN = 20  #: of each kind of finding


@dataclass(slots=True)
class Findings:
    """Counts, and the first few of each kind in words."""

    checked: int = 0
    repeats: int = 0  #: identical in name and bytes: what at-least-once means
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("lost", "wrong", "doubled"), 0))
    words: list[str] = field(default_factory=list)

    def add(self, kind: str, what: str) -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= SHOWN:
            self.words.append(f"{kind}: {what}")

    @property
    def are_none(self) -> bool:
        return not any(self.counts.values())


class Expected:
    """The records that follow from the ones before them, whole: partition, key, value, headers."""

    def __init__(self, partitions: dict[str, int]) -> None:
        self._partitions = partitions
        self._whole: dict[bytes, str] = {}  #: not seen yet: where it follows from
        self._seen: set[bytes] = set()
        self._said: set[bytes] = set()

    def add(self, output: Output, because: str) -> None:
        """Note that *output* must be found."""
        partition = output.partition
        if partition == BY_KEY:
            partition = int(murmur2(output.key or b"") & 0x7FFFFFFF) % self._partitions[output.topic]
        whole = _hash(output.topic, partition, output.key, output.value, output.headers)
        if whole not in self._seen:
            self._whole[whole] = f"{output.topic} because of {because}"
        self._said.add(_hash(output.topic, partition, output.key, output.value, ()))

    def see(self, record: Read, findings: Findings) -> bool:
        """Hold *record* against what is expected; return whether it is new and right."""
        whole = _hash(record.topic, record.partition, record.key, record.value, record.headers)
        findings.checked += 1
        if self._whole.pop(whole, None) is not None:
            self._seen.add(whole)
            return True
        if whole in self._seen:
            findings.repeats += 1
            return False
        said = _hash(record.topic, record.partition, record.key, record.value, ()) in self._said
        findings.add("doubled" if said else "wrong", f"{record.place} {record.header('ce_type')}")
        return False

    def settle(self, findings: Findings) -> None:
        """What has not been seen by now is lost."""
        for what in self._whole.values():
            findings.add("lost", what)


def _hash(
    topic: str,
    partition: int,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes]],
) -> bytes:
    digest = blake2b(f"{topic}/{partition}".encode(), digest_size=16)
    said = (part for name, content in headers for part in (name.encode(), content))
    for part in (key, value, *said):
        digest.update(b"-" if part is None else b"%d:%b" % (len(part), part))
    return digest.digest()
