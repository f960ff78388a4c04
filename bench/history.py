"""Histories as they really are: a simulated county's events, on their way through intake onto the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from fajian.core.calendar import ONE_DAY
from fajian.core.memory import Memory
from fajian.core.ports import Output
from fajian.core.replay import MemoryRecord
from fajian.core.rules import Rules
from fajian.law.documents import load_rules
from fajian.law.intake import load_intake
from fajian.sim import simulate
from fajian.streams.ledger import DECLARED
from fajian.streams.log import Part
from fajian.streams.outbox import partition_of
from fajian.streams.ticker import TICKED, clock_output, end_of
from schemas.cloudevents import raw_of, to_kafka
from schemas.topics import CASE_EVENTS, SIDES, inbox

DAYS = 420
SEED = 1
FIRST_DAY = date(2025, 1, 2)


@dataclass(frozen=True)
class History:
    """One county: what it submits, and the ledger that comes of it, partition by partition."""

    rules: Rules
    first_day: date
    submitted: tuple[MemoryRecord, ...]
    ledger: tuple[tuple[MemoryRecord, ...], ...]

    @property
    def records(self) -> int:
        return sum(map(len, self.ledger))


def county(cases: int, partitions: int, *, days: int = DAYS, seed: int = SEED) -> History:
    """Simulate a county. Its ledger lives in simulated time, with a tick in every partition for each day."""
    rules = load_rules()
    submitted, arrivals = _submitted(simulate(cases, days, seed, FIRST_DAY).events)
    intake = load_intake(simulated=True)
    copies: dict[date, list[Output]] = {}
    for record, arrived in zip(submitted, arrivals, strict=True):
        for output in intake.fold([record], Memory()).outputs:
            if output.topic == CASE_EVENTS:
                copies.setdefault(arrived, []).append(output)
    first, last = min(copies), max(copies)
    parts: list[list[Output]] = [[declaration(n, first, rules)] for n in range(partitions)]
    for day in (first + ONE_DAY * n for n in range((last - first).days + 1)):
        for output in copies.get(day, ()):
            parts[partition_of(output.key or b"", partitions)].append(output)
        for n in range(partitions):
            parts[n].append(tick(n, day, rules))
    return History(rules, first, submitted, tuple(numbered(n, part) for n, part in enumerate(parts)))


def _submitted(events: Iterable[Mapping[str, Any]]) -> tuple[tuple[MemoryRecord, ...], list[date]]:
    """Return the inbox records in the order in which they are handed over, and the day of each."""
    in_order = sorted(events, key=lambda event: str(event["recordedtime"]))
    records, offsets = [], dict.fromkeys(SIDES, 0)
    for event in in_order:
        side = str(event["source"])[2:].partition("/")[0]
        headers, value = to_kafka(raw_of(event))
        key = str(event["subject"]).encode()
        records.append(MemoryRecord(inbox(side), 0, offsets[side], 0, key, value, headers))
        offsets[side] += 1
    days = [datetime.fromisoformat(event["recordedtime"]).date() for event in in_order]
    return tuple(records), days


def declaration(partition: int, first: date, rules: Rules) -> Output:
    data = {"simulated": True, "rules": rules.version, "from_day": first.isoformat()}
    at = end_of(first - timedelta(days=1))
    return clock_output(Part(CASE_EVENTS, partition), DECLARED, first, at, data)


def tick(partition: int, day: date, rules: Rules) -> Output:
    data = {"day": day.isoformat(), "rules": rules.version, "incomplete": False}
    return clock_output(Part(CASE_EVENTS, partition), TICKED, day, end_of(day), data)


def numbered(partition: int, outputs: Iterable[Output]) -> tuple[MemoryRecord, ...]:
    """Return *outputs* as the records of one partition."""
    return tuple(
        MemoryRecord(output.topic, partition, offset, 0, output.key, output.value, tuple(output.headers))
        for offset, output in enumerate(outputs)
    )


def as_outputs(records: Iterable[MemoryRecord]) -> list[Output]:
    """Return *records* as something to send, each to its own partition."""
    return [Output(r.offset, r.topic, r.key, r.value, r.headers, r.partition) for r in records]


def size_of(records: Sequence[MemoryRecord]) -> float:
    """Return the mean size of a record in bytes, headers included."""
    sizes = (len(r.value or b"") + sum(len(name) + len(value) for name, value in r.headers) for r in records)
    return sum(sizes) / max(1, len(records))
