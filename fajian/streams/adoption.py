"""What a rules version would move over all subjects of the ledger, before anybody adopts it."""

from collections.abc import AsyncIterator
from typing import Any

from fajian.core.casework import DECLARED, PASSED_ON, TICKED
from fajian.core.facts import read_fact
from fajian.core.moved import moved
from fajian.core.ports import Record
from fajian.core.rules import Rules
from fajian.core.subject_state import SubjectState
from fajian.core.subjects import kind_of
from fajian.streams.log import Log, Part
from fajian.streams.skips import SkipBook
from schemas.topics import CASE_EVENTS

CLOCK = frozenset({DECLARED, TICKED})


async def moved_subjects(
    log: Log, *, partitions: int, before: Rules, after: Rules
) -> AsyncIterator[dict[str, Any]]:
    """Yield what *after* judges otherwise than *before*, one partition of the ledger after the other."""
    skips = SkipBook(log)
    await skips.refresh()
    parts = [Part(CASE_EVENTS, partition) for partition in range(partitions)]
    ends = await log.ends(parts)
    for part in parts:
        states: dict[str, SubjectState] = {}
        async for records in log.read(part, 0, ends[part]):
            for record in records:
                if not skips.covers(record):
                    _take(record, states, before)
        for subject in sorted(states):
            for row in moved(states.pop(subject), before, after):
                yield row


def _take(record: Record, states: dict[str, SubjectState], rules: Rules) -> None:
    headers = dict(record.headers)
    if headers.get("ce_type", b"").decode() in CLOCK or record.key is None:
        return
    where = f"{record.topic}/{record.partition}/{record.offset}"
    fact = read_fact(record.headers, record.value, names=rules.names, where=where)
    if fact.name in PASSED_ON:
        return
    subject = record.key.decode()
    state = states.setdefault(subject, SubjectState(subject, kind_of(subject)))
    state.facts.setdefault((fact.source, fact.id), fact)
