"""The checker of `make chaos` must be able to find something."""

import pytest

from fajian.core.ports import Output
from fajian.streams.outbox import partition_of
from tests.chaos.findings import SHOWN, Expected, Findings, Wanted
from tests.chaos.reading import Part, Read

FLAG = Output(7, "deadlines.flags", b"case", b"overdue", (("ce_id", b"1"),))
PLACE = partition_of(b"case", 12)


def _found(*records: Read) -> Findings:
    expected, findings = Expected({"deadlines.flags": 12}), Findings()
    expected.add(FLAG, Part("case.events", 3))
    for number in (PLACE, PLACE + 1):
        part = Part("deadlines.flags", number)
        wanted = Wanted(part, expected.take(part))
        for record in records:
            if record.partition == number:
                wanted.see(record, findings)
        wanted.settle(findings)
    return findings


def _record(*, value: bytes | None = b"overdue", id_: bytes = b"1", partition: int = PLACE) -> Read:
    return Read("deadlines.flags", partition, 0, 0, b"case", value, (("ce_id", id_),))


def test_what_is_there_as_expected_is_no_finding() -> None:
    found = _found(_record())

    assert (found.are_none, found.repeats, found.checked) == (True, 0, 1)


def test_what_is_missing_is_lost_and_its_cause_is_named() -> None:
    found = _found()

    assert found.counts == {"lost": 1, "wrong": 0, "doubled": 0}
    assert found.words == [f"lost: {Part('deadlines.flags', PLACE)} because of case.events/3/7"]


def test_the_same_name_and_bytes_again_is_a_repeat() -> None:
    found = _found(_record(), _record())

    assert (found.are_none, found.repeats) == (True, 1)


def test_the_same_words_under_another_name_are_doubled() -> None:
    assert _found(_record(), _record(id_=b"2")).counts == {"lost": 0, "wrong": 0, "doubled": 1}


@pytest.mark.parametrize("record", [_record(value=b"met"), _record(value=None), _record(partition=PLACE + 1)])
def test_other_words_or_another_place_are_wrong_and_leave_the_right_ones_lost(record: Read) -> None:
    assert _found(record).counts == {"lost": 1, "wrong": 1, "doubled": 0}


def test_findings_of_many_partitions_are_counted_and_the_first_ones_told() -> None:
    findings = Findings()

    for _ in range(SHOWN + 1):
        findings.merge(_found())

    assert findings.counts == {"lost": SHOWN + 1, "wrong": 0, "doubled": 0}
    assert len(findings.words) == SHOWN


def test_what_two_folds_expect_of_one_partition_is_wanted_of_it() -> None:
    expected, other = Expected({"deadlines.flags": 12}), Expected({"deadlines.flags": 12})
    expected.add(FLAG, Part("case.events", 3))
    other.add(FLAG._replace(value=b"met"), Part("case.events", 3))
    expected.merge(other)
    findings = Findings()

    Wanted(Part("deadlines.flags", PLACE), expected.take(Part("deadlines.flags", PLACE))).settle(findings)

    assert findings.counts["lost"] == 2
