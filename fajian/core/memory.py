"""A store that forgets everything when it is gone: for replays, for `fajian verify` and for tests."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence

from fajian.core.ports import Folded, Folder, Record


class Memory:
    """Keys and values of bytes in key order."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._keys: list[bytes] = []

    def get(self, key: bytes) -> bytes | None:
        return self._values.get(key)

    def scan(self, begin: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield keys in [begin, end) in byte order, as they stand now."""
        keys = self._keys[bisect_left(self._keys, begin) : bisect_left(self._keys, end)]
        yield from [(key, self._values[key]) for key in keys]

    def apply(self, writes: Mapping[bytes, bytes | None]) -> None:
        """Write every key; a value of None deletes it."""
        for key, value in writes.items():
            known = key in self._values
            if value is not None:
                self._values[key] = value
                if not known:
                    insort(self._keys, key)
            elif known:
                del self._values[key]
                del self._keys[bisect_left(self._keys, key)]


def fold_all(folder: Folder, records: Sequence[Record], store: Memory) -> Iterator[Folded]:
    """Fold *records* to the last one, in as many calls as the folder wants, with each written to *store*."""
    rest = records
    while rest:
        folded = folder.fold(rest, store)
        store.apply(folded.writes)
        yield folded
        rest = [record for record in rest if record.offset > folded.applied]
