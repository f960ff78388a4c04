"""Histories of subjects for tests: ledger records, folded day by day over memory, and what came of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

import orjson

from fajian.core.casework import DECLARED, TICKED, Casework
from fajian.core.facts import Fact, View, read_fact, view_of
from fajian.core.memory import Memory, fold_all
from fajian.core.ports import Folded, Header, Output
from fajian.core.replay import MemoryRecord
from fajian.core.rules import Rules
from fajian.core.subjects import kind_of
from fajian.law.documents import load_rules
from schemas.names import derived_id, short_name
from schemas.topics import CASE_EVENTS, CASE_STATE, FLAGS, LEADS, feed, receipts

COURT = "//court/皖1324"
PROCURATORATE = "//procuratorate/泗检"
CASE = "（2022）皖1324执123号"
APPLICATION = "application/皖1324/2022-0415"
SUPERVISION = "supervision/泗检民执监〔2022〕1号"

ONE_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Told(NamedTuple):
    """One ledger record to be: an event that intake has let through."""

    subject: str
    day: date  #: on which it arrives
    headers: tuple[Header, ...]
    value: bytes

    def record(self, offset: int = 0) -> MemoryRecord:
        return _record(offset, self.subject.encode(), self.value, self.headers)

    def fact(self) -> Fact:
        return read_fact(self.headers, self.value, names=load_rules().names, where="case.events/0/0")


class Row(NamedTuple):
    """A flag or a lead in short."""

    type: str  #: stage of the flag, or trigger of the lead
    rule: str
    instance: str
    subject: str
    on: str
    due_day: str | None
    body: Mapping[str, Any]


def told(
    name: str,
    day: str,
    *,
    subject: str = CASE,
    id: str | None = None,  # noqa: A002 - CloudEvents calls it so
    source: str | None = None,
    arrives: str | None = None,
    position: str | None = None,
    copy: bool = False,
    sequence: int | None = None,
    **body: Any,
) -> Told:
    """Word the event *name* of *day* (or of an instant), which *arrives* on the same day unless said.

    A *copy* stands on a subject that the event is only linked to.
    """
    row = load_rules().events[name]
    at = day if "T" in day else f"{day}T00:00:00+08:00"
    id_ = id or derived_id("told", name, day, subject, orjson.dumps(body).decode())
    source = source or (COURT if "court" in row.publishers else PROCURATORATE)
    arrived = f"{arrives or day[:10]}T10:00:00+08:00"
    said = {
        "ce_specversion": "1.0",
        "ce_id": derived_id(source, id_, subject) if copy else id_,
        "ce_source": source,
        "ce_type": row.ce_type,
        "ce_time": at,
        "ce_subject": subject,
        "ce_submittedby": source[2:].partition("/")[0],
        "ce_inboxposition": position or f"inbox/{id_}",
        "ce_arrivedtime": arrived,
        **({"ce_originid": id_} if copy else {}),
        **({"ce_sequence": str(sequence)} if sequence is not None else {}),
    }
    headers = tuple((key, text.encode()) for key, text in said.items())
    return Told(subject, date.fromisoformat(arrived[:10]), headers, orjson.dumps(body))


def view(*events: Told, rules: Rules | None = None) -> View:
    """Return what the facts of one subject show."""
    subject = events[0].subject
    return view_of(subject, kind_of(subject), [event.fact() for event in events], rules or load_rules())


def declared(first: date, rules: Rules, *, offset: int = 0, simulated: bool = True) -> MemoryRecord:
    data = {"simulated": simulated, "rules": rules.version, "from_day": first.isoformat()}
    return _clock(DECLARED, first, data, offset)


def ticked(
    day: date, rules: str, *, offset: int = 0, incomplete: bool = False, appended: str = "2030-01-01"
) -> MemoryRecord:
    """Word the end of *day*; the broker has *appended* it at the beginning of that day."""
    data = {"day": day.isoformat(), "rules": rules, "incomplete": incomplete}
    at = datetime.fromisoformat(f"{appended}T00:00:00+08:00")
    return replace(_clock(TICKED, day, data, offset), timestamp=(at - _EPOCH) // timedelta(milliseconds=1))


def _clock(type_: str, day: date, data: Mapping[str, Any], offset: int) -> MemoryRecord:
    said = {"ce_id": derived_id(type_, "0", day.isoformat()), "ce_source": "//hub/ticker", "ce_type": type_}
    headers = tuple((key, text.encode()) for key, text in said.items())
    return _record(offset, None, orjson.dumps(data), headers)


def _record(offset: int, key: bytes | None, value: bytes | None, headers: tuple[Header, ...]) -> MemoryRecord:
    return MemoryRecord(CASE_EVENTS, 0, offset, 0, key, value, headers)


def ledger(events: Iterable[Told], until: str, rules: Rules | None = None) -> list[MemoryRecord]:
    """Return the records of a simulated ledger: each day its arrivals in the order given, then its tick."""
    rules, of_day = rules or load_rules(), dict[date, list[Told]]()
    for event in events:
        of_day.setdefault(event.day, []).append(event)
    first, last = min(of_day, default=date.fromisoformat(until)), date.fromisoformat(until)
    records, numbers = [declared(first, rules)], count(1)
    for day in (first + ONE_DAY * n for n in range((last - first).days + 1)):
        records += [event.record(next(numbers)) for event in of_day.get(day, ())]
        records.append(ticked(day, rules.version, offset=next(numbers)))
    return records


@dataclass
class Bench:
    """A partition under test. Nothing of it lives outside memory."""

    rules: Rules = field(default_factory=load_rules)
    others: Sequence[Rules] = ()  #: further versions that its ticks may name
    outputs: list[Output] = field(default_factory=list)
    store: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        versions = {rules.version: rules for rules in (self.rules, *self.others)}
        self.casework = Casework(versions.__getitem__)
        self._offset = -1

    def fold(self, *records: MemoryRecord) -> Folded:
        """Fold one batch, numbered as it comes, and deliver what follows."""
        batch = []
        for record in records:
            self._offset += 1
            batch.append(replace(record, offset=self._offset))
        for folded in fold_all(self.casework, batch, self.store):
            self.outputs += folded.outputs
        return folded

    def declare(self, first: str) -> "Bench":
        self.fold(declared(date.fromisoformat(first), self.rules))
        return self

    def hear(self, *events: Told) -> "Bench":
        for event in events:
            self.fold(event.record())
        return self

    def tick(self, day: str, rules: Rules | None = None) -> "Bench":
        self.fold(ticked(date.fromisoformat(day), (rules or self.rules).version))
        return self

    def flags(self, rule: str | None = None, instance: str | None = None) -> list[Row]:
        return [row for row in self._rows(FLAGS) if _is_asked(row, rule, instance)]

    def stages(self, rule: str, instance: str | None = None) -> list[str]:
        """Return the flags of one rule as `Overdue 2022-02-07`: stage, and the day on which it was said."""
        return [f"{row.type} {row.on}" for row in self.flags(rule, instance)]

    def types(self, rule: str, instance: str | None = None) -> list[str]:
        return [row.type for row in self.flags(rule, instance)]

    def leads(self, rule: str | None = None) -> list[Row]:
        return [row for row in self._rows(LEADS) if _is_asked(row, rule, None)]

    def triggers(self) -> list[str]:
        return [f"{row.type} {row.on}" for row in self.leads()]

    def receipts(self, side: str = "court") -> list[str]:
        return [body["status"] for body in self._bodies(receipts(side))]

    def feed(self, side: str) -> list[str]:
        return [_type(output) for output in self.outputs if output.topic == feed(side)]

    def state(self, subject: str = CASE) -> dict[str, Any]:
        """Return what `case.state` holds of *subject* now."""
        key = subject.encode()
        values = [out.value for out in self.outputs if out.topic == CASE_STATE and out.key == key]
        found: dict[str, Any] = orjson.loads(values[-1] or b"null")
        return found

    def _rows(self, topic: str) -> list[Row]:
        return [
            Row(
                body.get("trigger") or _type(output),
                body["rule"],
                body["instance"],
                body["subject"],
                body["on"],
                body["due_day"],
                body,
            )
            for output, body in zip(self._of(topic), self._bodies(topic), strict=True)
        ]

    def _bodies(self, topic: str) -> list[Any]:
        return [orjson.loads(output.value or b"null") for output in self._of(topic)]

    def _of(self, topic: str) -> list[Output]:
        return [output for output in self.outputs if output.topic == topic]


def play(*events: Told, until: str, rules: Rules | None = None) -> Bench:
    """Fold *events* on the days of their arrival, with the tick of every day up to *until*."""
    bench = Bench(rules or load_rules())
    for record in ledger(events, until, rules):
        bench.fold(record)
    return bench


def under(rules: Rules | None = None, **policy: Any) -> Rules:
    """Return the rules under a policy that differs in these points."""
    base = rules or load_rules()
    name = derived_id(base.version, repr(sorted(policy.items())))
    return replace(base, version=f"rules-{name[:8]}", policy=replace(base.policy, **policy))


def _is_asked(row: Row, rule: str | None, instance: str | None) -> bool:
    return rule in (None, row.rule) and instance in (None, row.instance)


def _type(output: Output) -> str:
    return short_name(dict(output.headers)["ce_type"].decode())
