"""What an agent keeps of one partition: folder keys, and in the same write how far they have come.

`RocksStore` is durable, `MemoryStore` its twin for tests, replay and verification. A store may lie behind
the `progress` topic (it is then folded forward), but never beside its ledger: `Applied` names the topic's
id and the last record, which are compared when a partition is taken.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol, Self

import orjson
from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBatch

from fajian.core.memory import Memory
from fajian.core.ports import Record, Store
from fajian.errors import StoreError

RESERVED = b"\0"  #: keys that begin with it are the store's own
APPLIED = RESERVED + b"applied"

BLOCK_CACHE_BYTES = 64 * 1024 * 1024  #: shared by all stores of a process
WRITE_BUFFER_BYTES = 16 * 1024 * 1024
BLOOM_BITS = 10


@dataclass(frozen=True, slots=True)
class Applied:
    """The last record whose effects a store holds, and the topic that it came from."""

    topic_id: str  #: Kafka's; a recreated topic has another
    offset: int
    fingerprint: str
    notes: Mapping[str, str] = field(default_factory=dict)  #: of the fold, as of that record

    @classmethod
    def after(cls, record: Record, *, topic_id: str, notes: Mapping[str, str]) -> Self:
        return cls(topic_id, record.offset, fingerprint(record), dict(notes))


def fingerprint(record: Record) -> str:
    """Return what tells *record* from any other at its offset: its `ce_id` and a hash of all of it."""
    names = dict(record.headers)
    headers = (part for name, value in record.headers for part in (name.encode(), value))
    digest = blake2b(digest_size=16)
    for part in (record.key, record.value, *headers):
        digest.update(b"-" if part is None else b"%d:" % len(part))
        digest.update(part or b"")
    return f"{names.get('ce_id', b'').decode(errors='replace')} {digest.hexdigest()}".strip()


class PartitionStore(Store, Protocol):
    """A `Store` that can be written; the runtime's side of it."""

    @property
    def applied(self) -> Applied | None: ...

    def write(self, writes: Mapping[bytes, bytes | None], applied: Applied) -> None:
        """Apply all of it or nothing; a value of None deletes its key."""
        ...

    def close(self) -> None: ...


class MemoryStore(Memory):
    """Forgets everything when it is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.applied: Applied | None = None

    def write(self, writes: Mapping[bytes, bytes | None], applied: Applied) -> None:
        _refuse_reserved(writes)
        self.apply(writes)
        self.applied = applied

    def close(self) -> None:
        pass


class RocksStore:
    """One RocksDB. A write survives the death of the process, not that of the machine: `progress` knows."""

    def __init__(self, path: Path, *, cache: Cache) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = Rdict(str(path), _options(cache))
        except Exception as error:  # rocksdict raises plain Exception
            raise StoreError(
                f"{path} cannot be opened ({error}). Does another worker with the same name run on it?"
            ) from error
        kept = self._db.get(APPLIED)
        self.applied: Applied | None = Applied(**orjson.loads(kept)) if kept else None

    def get(self, key: bytes) -> bytes | None:
        value: Any = self._db.get(key)
        return value  # type: ignore[no-any-return]

    def scan(self, begin: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield keys in [begin, end) in byte order, as they stand now."""
        items: Iterator[tuple[Any, Any]] = self._db.items(from_key=begin)
        for key, value in items:
            if key >= end:
                return
            if key != APPLIED:
                yield key, value

    def write(self, writes: Mapping[bytes, bytes | None], applied: Applied) -> None:
        _refuse_reserved(writes)
        batch = WriteBatch(raw_mode=True)
        for key, value in writes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        batch.put(APPLIED, orjson.dumps(asdict(applied)))
        try:
            self._db.write(batch)
        except Exception as error:  # rocksdict raises plain Exception; a full disk is the usual reason
            raise StoreError(f"{self._path} cannot be written: {error}") from error
        self.applied = applied

    def close(self) -> None:
        self._db.close()


def _refuse_reserved(writes: Mapping[bytes, bytes | None]) -> None:
    for key in writes:
        if key.startswith(RESERVED):
            raise StoreError(f"the key {key!r} is the store's own: folder keys do not begin with \\0")


def _options(cache: Cache) -> Options:
    blocks = BlockBasedOptions()
    blocks.set_block_cache(cache)
    blocks.set_bloom_filter(BLOOM_BITS, block_based=False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(blocks)
    options.set_write_buffer_size(WRITE_BUFFER_BYTES)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_keep_log_file_num(2)
    return options


class Stores:
    """The durable stores of one worker: a folder for each agent, topic and partition."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.cache = Cache(BLOCK_CACHE_BYTES)

    def open(self, agent: str, topic: str, partition: int) -> RocksStore:
        return RocksStore(self._folder / agent / f"{topic}-{partition}", cache=self.cache)
