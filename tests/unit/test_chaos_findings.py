"""The checker of `make chaos` must be able to find something."""

from fajian.core.ports import Output
from fajian.streams.outbox import partition_of
from tests.chaos.findings import Expected, Findings
from tests.chaos.reading import Read

FLAG = Output(7, "deadlines.flags", b"case", b"overdue", (("ce_id", b"1"),))
PLACE = partition_of(b"case", 12)


def _found(*records: Read) -> Findings:
    expected, findings = Expected({"deadlines.flags": 12}), Findings()
    expected.add(FLAG, "case.events/3/7")
    for record in records:
        expected.see(record, findings)
    expected.settle(findings)
    return findings


def _record(*, value: bytes = b"overdue", id_: bytes = b"1", partition: int = PLACE) -> Read:
    return Read("deadlines.flags", partition, 0, 0, b"case", value, (("ce_id", id_),))


def test_what_is_there_as_expected_is_no_finding() -> None:
    found = _found(_record())

    assert (found.are_none, found.repeats, found.checked) == (True, 0, 1)


def test_what_is_missing_is_lost_and_its_cause_is_named() -> None:
    found = _found()

    assert found.counts == {"lost": 1, "wrong": 0, "doubled": 0}
    assert found.words == ["lost: deadlines.flags because of case.events/3/7"]


def test_the_same_name_and_bytes_again_is_a_repeat() -> None:
    found = _found(_record(), _record())

    assert (found.are_none, found.repeats) == (True, 1)


def test_the_same_words_under_another_name_are_doubled() -> None:
    assert _found(_record(), _record(id_=b"2")).counts == {"lost": 0, "wrong": 0, "doubled": 1}


def test_other_words_or_another_place_are_wrong_and_leave_the_right_ones_lost() -> None:
    assert _found(_record(value=b"met")).counts == {"lost": 1, "wrong": 1, "doubled": 0}
    assert _found(_record(partition=PLACE + 1)).counts == {"lost": 1, "wrong": 1, "doubled": 0}
