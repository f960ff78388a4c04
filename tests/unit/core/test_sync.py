"""The copies of the shared state, compared."""

from itertools import permutations

import orjson
import pytest

from fajian.core.memory import Memory
from fajian.core.ports import Output
from fajian.core.replay import MemoryRecord
from fajian.core.sync import TOLD, Collector, Comparer
from schemas.topics import CASE_EVENTS, CASE_STATE, DIGESTS

EQUAL, OTHER = "0" * 32, "f" * 32


def _marker(digest: str = EQUAL, partition: int = 5) -> MemoryRecord:
    body = {"partition": partition, "day": "2022-05-16", "offset": 9, "count": 2, "digest": digest}
    return MemoryRecord(CASE_STATE, partition, 0, 0, b"digest/%d" % partition, orjson.dumps(body), ())


def _told(side: str, digest: str = EQUAL) -> MemoryRecord:
    body = {"partition": 5, "day": "2022-05-16", "offset": 9, "count": 2, "digest": digest}
    headers = [("ce_type", TOLD.encode()), ("ce_submittedby", side.encode())]
    return MemoryRecord(CASE_EVENTS, 2, 0, 0, b"agreement/a", orjson.dumps(body), headers)


def _collected(*records: MemoryRecord) -> list[MemoryRecord]:
    outputs = [output for record in records for output in Collector().fold([record], Memory()).outputs]
    return [
        MemoryRecord(DIGESTS, 0, offset, 0, output.key, output.value, output.headers)
        for offset, output in enumerate(outputs)
    ]


def _alerts(*records: MemoryRecord) -> list[Output]:
    store, alerts = Memory(), []
    for record in _collected(*records):
        folded = Comparer().fold([record], store)
        store.apply(folded.writes)
        alerts += folded.outputs
    return alerts


def test_digests_of_all_partitions_are_brought_into_one() -> None:
    collected = Collector().fold([_marker(), _told("court")], Memory()).outputs

    assert [(output.topic, output.key, output.partition) for output in collected] == [
        (DIGESTS, b"5/2022-05-16/hub", 0),
        (DIGESTS, b"5/2022-05-16/court", 0),
    ]


def test_states_and_other_facts_are_passed_by() -> None:
    state = MemoryRecord(CASE_STATE, 5, 0, 0, "（2022）皖1324执123号".encode(), b"{}", ())
    fact = MemoryRecord(
        CASE_EVENTS, 5, 0, 0, b"x", b"{}", [("ce_type", b"cn.fajian.enforcement.money-paid.v1")]
    )
    deleted = MemoryRecord(CASE_STATE, 5, 0, 0, b"digest/5", None, ())

    assert _collected(state, fact, deleted) == []


def test_equal_copies_are_not_worth_a_word() -> None:
    assert _alerts(_marker(), _told("court"), _told("procuratorate")) == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_difference_is_told_to_every_holder_whatever_came_first(order: tuple[int, ...]) -> None:
    records = [_marker(), _told("court"), _told("procuratorate", OTHER)]

    alerts = _alerts(*(records[place] for place in order))

    assert [alert.topic for alert in alerts] == ["court.feed", "procuratorate.feed", "office.feed"]
    assert orjson.loads(alerts[0].value or b"") == {
        "partition": 5,
        "day": "2022-05-16",
        "side": "procuratorate",
        "expected": {"count": 2, "digest": EQUAL},
        "found": {"count": 2, "digest": OTHER},
        "shown_by": "fajian verify --partition 5",
    }
    assert len({(alert.value, dict(alert.headers)["ce_id"]) for alert in alerts}) == 1


def test_a_digest_that_is_repeated_says_the_same_again_under_the_same_name() -> None:
    alerts = _alerts(_marker(), _told("court", OTHER), _told("court", OTHER))

    assert len(alerts) == 6
    assert len({dict(alert.headers)["ce_id"] for alert in alerts}) == 1


def test_sides_are_not_compared_before_the_fold_has_spoken() -> None:
    assert _alerts(_told("court", OTHER), _told("procuratorate")) == []
