"""Kafka's record batches, byte by byte: also such as our own clients never write."""

import struct
from collections.abc import Sequence

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
GBK = "案由".encode("gbk")
Row = tuple[bytes, list[tuple[str, bytes]]]


def packed(
    rows: Sequence[Row], *, codec: int = NONE, base: int = 0, spoil: tuple[bytes, bytes] | None = None
) -> bytes:
    """Return a batch as a broker hands it out; *spoil* replaces bytes, as a client in C might put them."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1 << 30)
    for number, (value, headers) in enumerate(rows):
        builder.append(number, 1000 + number, b"key", value, headers)
    batch = bytes(builder.build())
    if spoil is not None:
        batch = batch.replace(*spoil)
        batch = batch[:17] + struct.pack(">I", calc_crc32c(batch[21:])) + batch[21:]
    return struct.pack(">q", base) + batch[8:]
