"""What must be there, what is there, and the difference: lost, wrong, doubled, or only repeated."""

import struct
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from aiokafka.partitioner import murmur2

from fajian.core.ports import BY_KEY, Output
from schemas.topics import TOPICS
from tests.chaos.reading import Part, Read

SHOWN = 20  #: of each kind of finding

_NAMES = sorted(TOPICS)
_ROW = struct.Struct("16s8sQ")  #: the whole record, what it says, where it follows from
_OFFSET_BITS, _PARTITION_BITS = 44, 12


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

    def merge(self, other: "Findings") -> None:
        """Take over what *other*, of another partition, has found."""
        self.checked += other.checked
        self.repeats += other.repeats
        room = {kind: SHOWN - count for kind, count in self.counts.items()}
        for kind, count in other.counts.items():
            self.counts[kind] += count
            self.words += [each for each in other.words if each.startswith(kind)][: max(0, room[kind])]

    @property
    def are_none(self) -> bool:
        return not any(self.counts.values())


class Expected:
    """The records that follow from the ones before them, packed, by topic and partition."""

    def __init__(self, partitions: Mapping[str, int]) -> None:
        self._partitions = partitions
        self._rows: dict[Part, bytearray] = defaultdict(bytearray)

    def add(self, output: Output, because: Part) -> None:
        """Note that *output*, which follows from a record of *because*, must be found."""
        partition = output.partition
        if partition == BY_KEY:
            partition = _partition_of(output.key or b"", self._partitions[output.topic])
        whole, said = _hashes(output.key, output.value, output.headers)
        place = _NAMES.index(because.topic) << _PARTITION_BITS | because.partition
        row = _ROW.pack(whole, said, place << _OFFSET_BITS | output.cause)
        self._rows[Part(output.topic, partition)] += row

    def merge(self, other: "Expected") -> None:
        for part, rows in other._rows.items():
            self._rows[part] += rows

    def take(self, part: Part) -> bytearray:
        """Return what must be found in *part*, for `Wanted`, and forget it."""
        return self._rows.pop(part, bytearray())


class Wanted:
    """What must be found in one partition."""

    def __init__(self, part: Part, rows: bytes | bytearray) -> None:
        self._part = part
        self._missing: dict[bytes, int] = {}
        self._said = set()
        for whole, said, place in _ROW.iter_unpack(rows):
            self._missing[whole] = place
            self._said.add(said)
        self._seen: set[bytes] = set()

    def see(self, record: Read, findings: Findings) -> bool:
        """Hold *record* against what is wanted; return whether it is new and right."""
        whole, said = _hashes(record.key, record.value, record.headers)
        findings.checked += 1
        if self._missing.pop(whole, None) is not None:
            self._seen.add(whole)
            return True
        if whole in self._seen:
            findings.repeats += 1
        else:
            kind = "doubled" if said in self._said else "wrong"
            findings.add(kind, f"{record.place} {record.header('ce_type')}")
        return False

    def settle(self, findings: Findings) -> None:
        """What has not been seen by now is lost."""
        for place in self._missing.values():
            topic = _NAMES[place >> _PARTITION_BITS + _OFFSET_BITS]
            partition = place >> _OFFSET_BITS & (1 << _PARTITION_BITS) - 1
            cause = place & (1 << _OFFSET_BITS) - 1
            findings.add("lost", f"{self._part} because of {topic}/{partition}/{cause}")


@lru_cache(maxsize=65_536)
def _partition_of(key: bytes, partitions: int) -> int:
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


def _hashes(
    key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]
) -> tuple[bytes, bytes]:
    """Return the hash of a whole record, and that of what it says, under whichever name."""
    digest = blake2b(_framed(key) + _framed(value), digest_size=16)
    said = digest.digest()[:8]
    digest.update(b"".join([_framed(part) for name, content in headers for part in (name.encode(), content)]))
    return digest.digest(), said


def _framed(part: bytes | None) -> bytes:
    return b"-" if part is None else b"%d:%b" % (len(part), part)
