"""Whether what was kept still belongs to the topic: nothing truncated or recreated is passed in silence."""

from dataclasses import dataclass

from fajian.errors import LedgerMismatchError
from fajian.streams.log import Log, Part, record_at
from fajian.streams.progress import Progress
from fajian.streams.store import Applied, fingerprint


@dataclass(frozen=True, slots=True)
class Standing:
    """How a topic partition stands, and what was stated about it, when it is taken."""

    topic_id: str
    begin: int
    end: int
    progress: Progress | None


async def check_continuity(
    agent: str, part: Part, standing: Standing, applied: Applied | None, *, durable: bool, log: Log
) -> None:
    """Raise `LedgerMismatchError` unless topic, progress and the store's *applied* belong together."""
    progress = standing.progress
    if progress:
        check_topic_id(agent, part, kept=progress.topic_id, found=standing.topic_id)
    if applied:
        check_topic_id(agent, part, kept=applied.topic_id, found=standing.topic_id)
    come_to = max(progress.acked if progress else 0, applied.offset + 1 if applied else 0)
    check_end(agent, part, come_to=come_to, end=standing.end)
    _check_begin(agent, part, standing, applied, durable=durable)
    if applied:
        await _check_last_record(agent, part, applied, log)


def check_topic_id(agent: str, part: Part, *, kept: str, found: str | None) -> None:
    if kept != found:
        raise LedgerMismatchError(
            f"{part} is not the topic that {agent} has worked on: expected topic id {kept}, found {found}. "
            "It was deleted and created again: restore it, or remove the progress and stores that go with it."
        )


def check_end(agent: str, part: Part, *, come_to: int, end: int) -> None:
    if end < come_to:
        raise LedgerMismatchError(
            f"{part} ends at offset {end}, but {agent} had come to {come_to}: the topic was truncated or "
            "created again."
        )


def _check_begin(
    agent: str, part: Part, standing: Standing, applied: Applied | None, *, durable: bool
) -> None:
    progress = standing.progress
    needed = (
        applied.offset + 1 if applied else 0 if durable else progress.acked if progress else standing.begin
    )
    if standing.begin > needed:
        raise LedgerMismatchError(
            f"{part} begins at offset {standing.begin}, but {agent} needs it from {needed}: records were "
            "deleted before they were read."
        )


async def _check_last_record(agent: str, part: Part, applied: Applied, log: Log) -> None:
    record = await record_at(log, part, applied.offset)
    found = fingerprint(record) if record else applied.fingerprint  # compaction may have taken it
    if found != applied.fingerprint:
        raise LedgerMismatchError(
            f"{part} holds another record at offset {applied.offset} than the store of {agent}: expected "
            f"{applied.fingerprint}, found {found}. The topic or the store was replaced."
        )
