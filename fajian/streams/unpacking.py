"""How aiokafka unpacks what it has fetched, made safe: no record that somebody wrote may end a worker.

Whoever may write to an inbox can put bytes there on which aiokafka raises, at every fetch in every worker:

- a header name that is not UTF-8: the protocol asks for it, brokers do not look;
- a small batch that unpacks to gigabytes.

With `install` such names are read with escapes, and a batch that unpacks to more than `MOST_BYTES` comes as
records without content which say so in a header `UNREADABLE`: intake refuses them.

This leans on private names of aiokafka, which the tests use as they are.
"""
# ruff: noqa: SLF001

import gzip
import io
import mmap
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import cramjam
from aiokafka.consumer import fetcher
from aiokafka.record import default_records, memory_records
from aiokafka.structs import ConsumerRecord

from schemas.topics import UNREADABLE

MOST_BYTES = 64 * 1024 * 1024  #: of one batch, unpacked; JSON is seldom packed better than thirtyfold


Packed = bytes | memoryview


class _TooMuchError(Exception):
    """A batch unpacks to more than we take."""


class _Room(threading.local):
    """A place to unpack to, for each thread; only the pages that were ever used take memory."""

    def __init__(self) -> None:
        self.bytes = mmap.mmap(-1, MOST_BYTES)


_room = _Room()


def _bounded(unpack_into: Callable[[Any, Any], int]) -> Callable[[Packed], bytes]:
    def unpack(packed: Packed) -> bytes:
        try:
            size = unpack_into(packed, _room.bytes)
        except cramjam.DecompressionError as error:
            raise _TooMuchError from error  # brokers have looked that it can be unpacked
        return _room.bytes[:size]

    return unpack


def _gunzip(packed: Packed) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
        unpacked = file.read(MOST_BYTES + 1)
    if len(unpacked) > MOST_BYTES:
        raise _TooMuchError
    return unpacked


#: Snappy has a bound of its own: it packs a batch twentyfold at most.
_DECODERS = {
    "gzip_decode": _gunzip,
    "lz4_decode": _bounded(cramjam.lz4.decompress_into),
    "zstd_decode": _bounded(cramjam.zstd.decompress_into),
}


class _Escaping(bytearray):
    """Bytes whose slices decode to text whatever they hold."""

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return _Escaping(found) if isinstance(key, slice) else found

    def decode(self, *_: str) -> str:
        return super().decode("utf-8", "backslashreplace")


class _Records(memory_records._MemoryRecordsPy):  # type: ignore[misc]
    """Batches one after the other; *packed* holds the bytes of the last one that was given."""

    packed: Packed = b""

    def next_batch(self) -> Any:
        self.packed = self._next_slice or b""
        return super().next_batch()


class _PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """The records of one fetch of one partition. A batch that aiokafka cannot unpack is read another way."""

    next_fetch_offset: int

    def _unpack_records(self) -> Iterator[Any]:
        while True:
            try:
                yield from super()._unpack_records()
            except UnicodeDecodeError:
                yield from self._give(self._batch(), self._escaped)
            except _TooMuchError:
                yield from self._give(self._batch(), self._without_content)
            else:
                return

    def _batch(self) -> Any:
        return default_records._DefaultRecordBatchPy(self._records.packed)

    def _give(self, batch: Any, read: Callable[[Any], Iterator[Any]]) -> Iterator[Any]:
        for record in read(batch):
            if record.offset >= self.next_fetch_offset:
                self.next_fetch_offset = record.offset + 1
                yield record
        self.next_fetch_offset = batch.next_offset

    def _escaped(self, batch: Any) -> Iterator[Any]:
        iter(batch)  # unpacks
        batch._buffer = _Escaping(batch._buffer)
        for record in batch:
            yield self._consumer_record(self._tp, record)

    def _without_content(self, batch: Any) -> Iterator[Any]:
        said = f"expected at most {MOST_BYTES} bytes in a batch that is unpacked, got more".encode()
        for offset in range(batch.base_offset, batch.next_offset):
            yield ConsumerRecord(
                self._tp.topic, self._tp.partition, offset, batch.max_timestamp, batch.timestamp_type,
                None, None, None, -1, -1, ((UNREADABLE, said),),
            )  # fmt: skip


def install() -> None:
    """Let every aiokafka consumer of this process unpack so."""
    compiled = default_records.DefaultRecordBatch.__module__
    for module in (default_records, import_module(compiled)):
        for name, decoder in _DECODERS.items():
            setattr(module, name, decoder)
    fetcher.MemoryRecords = _Records
    fetcher.PartitionRecords = _PartitionRecords
