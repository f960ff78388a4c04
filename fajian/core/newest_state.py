"""Keep the newest state of each subject the last one in `case.state`, whoever wrote late.

A worker that lost its partition without knowing may write an older state after a newer one. Readers know
which is newer, by its place in the ledger; compaction does not, and would keep the older one.
"""

from collections.abc import Sequence

from fajian.core.ports import Folded, Output, Record, Store

_PLACE = 8  #: bytes before the value: the offset in the ledger


class NewestState:
    """The folder: states in, and where one is older than what came before it, the newer one again."""

    def fold(self, records: Sequence[Record], store: Store) -> Folded:
        folded = Folded(records[-1].offset)
        for record in records:
            key, headers = record.key or b"", dict(record.headers)
            if record.value is None or "ledgeroffset" not in headers:
                continue
            place = int(headers["ledgeroffset"])
            kept = folded.writes.get(key) or store.get(key)
            if kept is not None and int.from_bytes(kept[:_PLACE]) > place:
                folded.outputs.append(_again(record, kept))
            else:
                folded.writes[key] = place.to_bytes(_PLACE) + record.value
        return folded


def _again(older: Record, kept: bytes) -> Output:
    headers = [
        ("ledgerpartition", dict(older.headers)["ledgerpartition"]),
        ("ledgeroffset", b"%d" % int.from_bytes(kept[:_PLACE])),
    ]
    return Output(older.offset, older.topic, older.key, kept[_PLACE:], headers, older.partition)
