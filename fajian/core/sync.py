"""Compare the copies of the shared state: the fold's own digest with each side's, for a partition and a day.

`Collector` brings digests together, `Comparer` judges a pair when its second half is there. The result
does not depend on which half that is. Equal copies are not worth a word.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import orjson

from fajian.core.ports import Folded, Output, Record, Store
from schemas.names import ce_type, derived_id
from schemas.topics import CASE_STATE, DIGESTS, TOPICS, feed

SOURCE = "//hub/sync"
OURS = "hub"  #: the fold's own digest, among those of the sides
MARKER = b"digest/"
TOLD = ce_type("StateDigest", "mechanism")
DIFFERS = ce_type("StateDiffers", "alert")

#: who holds a copy, and hears when one of them is not the same
HOLDERS = tuple(side for side in TOPICS[CASE_STATE].readers if side != OURS)


class Collector:
    """Facts and markers in, digests out; all in one partition."""

    def fold(self, records: Sequence[Record], store: Store) -> Folded:
        folded = Folded(records[-1].offset)
        for record in records:
            if record.topic == CASE_STATE:
                if record.value is not None and (record.key or b"").startswith(MARKER):
                    folded.outputs.append(_digest(record, OURS))
            elif (headers := dict(record.headers)).get("ce_type") == TOLD.encode():
                folded.outputs.append(_digest(record, headers["ce_submittedby"].decode()))
        return folded


def _digest(record: Record, holder: str) -> Output:
    body = orjson.loads(record.value or b"{}")
    told = {"holder": holder, **{name: body[name] for name in ("partition", "day", "count", "digest")}}
    key = f"{body['partition']}/{body['day']}/{holder}"
    return Output(record.offset, DIGESTS, key.encode(), orjson.dumps(told), partition=0)


class Comparer:
    """Digests in, alerts out. The store keeps what each holder told, by day and partition."""

    def fold(self, records: Sequence[Record], store: Store) -> Folded:
        folded = Folded(records[-1].offset)
        for record in records:
            told = orjson.loads(record.value or b"{}")
            place = f"{told['day']}/{told['partition']:05}".encode()
            kept = folded.writes.get(place) or store.get(place) or b"{}"
            known = {**orjson.loads(kept), told["holder"]: [told["count"], told["digest"]]}
            folded.writes[place] = orjson.dumps(known, option=orjson.OPT_SORT_KEYS)
            for side in _completed(known, told["holder"]):
                if known[side] != known[OURS]:
                    folded.outputs.extend(_alerts(record, told, side, known))
        return folded


def _completed(known: Mapping[str, Any], newest: str) -> list[str]:
    """Return the sides whose comparison the *newest* digest has made possible."""
    if OURS not in known:
        return []
    return [side for side in HOLDERS if side in known and newest in (side, OURS)]


def _alerts(record: Record, told: Mapping[str, Any], side: str, known: Mapping[str, Any]) -> Iterator[Output]:
    partition, day = told["partition"], told["day"]
    (expected_count, expected), (found_count, found) = known[OURS], known[side]
    body = {
        "partition": partition,
        "day": day,
        "side": side,
        "expected": {"count": expected_count, "digest": expected},
        "found": {"count": found_count, "digest": found},
        "shown_by": f"fajian verify --partition {partition}",  # names the subjects: a digest knows none
    }
    subject = f"state/{partition}"
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", derived_id("state-differs", str(partition), day, side).encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", DIFFERS.encode()),
        ("ce_time", f"{date.fromisoformat(day) + timedelta(days=1)}T00:00:00+08:00".encode()),
        ("ce_subject", subject.encode()),
        ("content-type", b"application/json"),
    )
    value = orjson.dumps(body)
    for holder in HOLDERS:
        yield Output(record.offset, feed(holder), subject.encode(), value, headers)
