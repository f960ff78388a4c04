"""Fold the ledger from its beginning, and compare with what everybody holds of it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from fajian.core.casework import Casework
from fajian.core.memory import Memory, fold_all
from fajian.core.ports import Folded, Record
from fajian.streams.log import Log, Part
from fajian.streams.progress import ProgressBook
from fajian.streams.rules_topic import RulesTopic
from fajian.streams.skips import SkipBook
from schemas.topics import CASE_EVENTS, CASE_STATE

CASEWORK = "casework"
MARKER = "digest/"  #: keys in `case.state` that are not subjects


class Held(NamedTuple):
    """One subject's state, and the place in the ledger that it rests on."""

    value: bytes
    partition: int
    offset: int


Copy = Mapping[str, Held]  #: by subject


class Difference(NamedTuple):
    """Where a copy is not what the ledger says."""

    where: str
    subject: str
    reason: str  #: missing, unknown, older or different


@dataclass(slots=True)
class Verdict:
    """What came out. Equal means byte for byte."""

    records: int = 0
    subjects: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        return "equal" if self.is_equal else f"{len(self.differences)} subjects differ"


class Fresh(NamedTuple):
    """What the ledger says, folded again from its beginning."""

    states: Copy
    ends: Mapping[int, int]  #: by partition: the offset below which it was folded
    records: int


async def verify(log: Log, *, partitions: Collection[int], copies: Mapping[str, Copy]) -> Verdict:
    """Compare `case.state` and *copies* with a fresh fold of everything that casework has acknowledged.

    Only what rests on these *partitions* of the ledger is looked at.
    """
    fresh = await fold_ledger(log, partitions=partitions)
    verdict = Verdict(fresh.records, len(fresh.states))
    for where, held in {CASE_STATE: await held_in_topic(log, partitions), **copies}.items():
        verdict.differences.extend(compare(where, fresh, held))
    return verdict


async def fold_ledger(log: Log, *, partitions: Collection[int]) -> Fresh:
    """Fold everything that casework has acknowledged of *partitions*, in memory."""
    ledger = [Part(CASE_EVENTS, partition) for partition in partitions]
    rules, skips, book = RulesTopic(log), SkipBook(log), ProgressBook(log)
    for read_beside in (rules, skips, book):
        await read_beside.refresh()
    come_to = {part: stated.acked if (stated := book.of(CASEWORK, part)) else 0 for part in ledger}
    states: dict[str, Held] = {}
    count = 0
    for part, end in come_to.items():
        casework, store = Casework(rules.get), Memory()
        async for records in log.read(part, 0, end):
            known = [record for record in records if not skips.covers(record)]
            for folded in fold_all(casework, known, store):
                states.update(_states(folded))
            count += len(records)
    return Fresh(states, {part.partition: end for part, end in come_to.items()}, count)


def _states(folded: Folded) -> Iterator[tuple[str, Held]]:
    for output in folded.outputs:
        subject = (output.key or b"").decode()
        if output.topic == CASE_STATE and not subject.startswith(MARKER):
            yield subject, Held(output.value or b"", output.partition, output.cause)


async def held_in_topic(log: Log, partitions: Collection[int]) -> Copy:
    """Read `case.state`; the higher ledger offset wins, whichever came last."""
    held: dict[str, Held] = {}
    parts = [Part(CASE_STATE, partition) for partition in partitions]
    begins, ends = await log.begins(parts), await log.ends(parts)
    for part in parts:
        async for records in log.read(part, begins[part], ends[part]):
            for subject, found in _held(records):
                if subject not in held or held[subject].offset <= found.offset:
                    held[subject] = found
    return held


def _held(records: Iterable[Record]) -> Iterator[tuple[str, Held]]:
    for record in records:
        subject = (record.key or b"").decode()
        if record.value is not None and not subject.startswith(MARKER):
            headers = dict(record.headers)
            yield subject, Held(record.value, int(headers["ledgerpartition"]), int(headers["ledgeroffset"]))


def compare(where: str, fresh: Fresh, held: Copy) -> Iterator[Difference]:
    """What rests on the ledger beyond our fold is younger than it, and not compared."""
    for subject in sorted(fresh.states.keys() | held.keys()):
        found, wanted = held.get(subject), fresh.states.get(subject)
        if found is not None and found.offset >= fresh.ends.get(found.partition, 0):
            continue
        if found is None:
            yield Difference(where, subject, "missing")
        elif wanted is None:
            yield Difference(where, subject, "unknown")
        elif found.value != wanted.value:
            yield Difference(where, subject, "older" if found.offset < wanted.offset else "different")
