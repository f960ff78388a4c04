"""Fold a file of events with the ticks of their days, in memory: what would be flagged, when and why."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import orjson

from fajian.core.casework import DECLARED, TICKED, Casework
from fajian.core.facts import day_of, microseconds
from fajian.core.memory import Memory, fold_all
from fajian.core.patterns import Patterns
from fajian.core.ports import Folder, Header, Output
from fajian.core.rules import Rules
from schemas.cloudevents import STRUCTURED
from schemas.envelope import instant
from schemas.names import derived_id, short_name
from schemas.topics import CASE_EVENTS, FLAGS, LEADS, PATTERNS, SIDES, inbox, receipts

ONE_DAY = timedelta(days=1)
TICKER = "//hub/ticker"
_TAKEN = (
    "subject",
    "rule",
    "instance",
    "on",
    "due_day",
    "severity",
    "side",
    "owed_by",
    "explanation",
    "evidence",
)
_RECEIPTS = frozenset(receipts(side) for side in SIDES)
_STRUCTURED = [("content-type", STRUCTURED.encode())]


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """A record that never saw a broker."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header]


@dataclass(slots=True)
class Replayed:
    """What became of a file of events."""

    rows: list[dict[str, Any]] = field(default_factory=list)  #: flags and leads, by tick
    rejected: list[dict[str, Any]] = field(default_factory=list)  #: receipts of what intake refused
    places: list[int] = field(default_factory=list)  #: of each of these, which of the events it was, from 0
    later: int = 0  #: events that arrived after the last day


@dataclass(frozen=True, slots=True)
class Adopted:
    """Which rules judge which day: *first* until another's day has come, each of *later* from its day on."""

    first: Rules
    later: Mapping[date, Rules] = field(default_factory=dict)

    def on(self, day: date) -> Rules:
        begun = max((begins for begins in self.later if begins <= day), default=None)
        return self.first if begun is None else self.later[begun]

    def get(self, version: str) -> Rules:
        return {rules.version: rules for rules in (self.first, *self.later.values())}[version]


def replay(
    events: Iterable[Mapping[str, Any]], until: date, adopted: Rules | Adopted, intake: Folder
) -> Replayed:
    """Fold *events* (CloudEvents as structured JSON) with a tick for each day up to *until*.

    An event arrives at its `recordedtime`, else at its `time`; the order of *events* does not matter. Each
    day is judged by the rules of that day; what another version moves shows at the tick that brings it.
    """
    if isinstance(adopted, Rules):
        adopted = Adopted(adopted)
    result = Replayed()
    ledger = _ledger(events, intake, result, adopted.on(until))
    while ledger and ledger[-1][0] > until:
        _, output = ledger.pop()
        result.later += "ce_originid" not in dict(output.headers)  # its copies are no further events
    if not ledger:
        return result
    store, casework = Memory(), Casework(adopted.get)
    first, offset, told = ledger[0][0], 0, list[Output]()
    of_day = {day: list(some) for day, some in groupby(ledger, key=lambda entry: entry[0])}
    batch = [_declaration(first, adopted.on(first))]
    for day in (first + ONE_DAY * n for n in range((until - first).days + 1)):
        batch += [
            _numbered(output, offset + len(batch) + n) for n, (_, output) in enumerate(of_day.get(day, ()))
        ]
        batch.append(_tick(day, adopted.on(day), offset + len(batch)))
        for folded in fold_all(casework, batch, store):
            result.rows.extend(_rows(folded.outputs))
            told += [output for output in folded.outputs if output.topic == PATTERNS]
        offset += len(batch)
        batch = []
    result.rows.extend(_rows(_patterns_in(told, adopted)))
    result.rows.sort(key=lambda row: (row["on"], row["kind"], row["subject"], row["rule"], row["instance"]))
    return result


def _patterns_in(told: Sequence[Output], adopted: Adopted) -> list[Output]:
    """Return the leads on patterns in what casework told."""
    records = [
        MemoryRecord(PATTERNS, 0, offset, 0, output.key, output.value, output.headers)
        for offset, output in enumerate(told)
    ]
    return Patterns(adopted.get, 1).fold(records, Memory()).outputs if records else []


def _ledger(
    events: Iterable[Mapping[str, Any]], intake: Folder, result: Replayed, rules: Rules
) -> list[tuple[date, Output]]:
    """Pass the events through intake in the order of their arrival, whatever the order of the file."""
    arrivals = sorted(
        (_arrival(event, rules), orjson.dumps(event, option=orjson.OPT_SORT_KEYS), place)
        for place, event in enumerate(events)
    )
    ledger = []
    for number, ((arrived, *_), raw, place) in enumerate(arrivals):
        topic = inbox(_side(orjson.loads(raw)))
        record = MemoryRecord(topic, 0, number, arrived // 1000, None, raw, _STRUCTURED)
        for output in intake.fold([record], Memory()).outputs:
            if output.topic == CASE_EVENTS:
                ledger.append((day_of(arrived), output))
            elif output.topic in _RECEIPTS and (receipt := orjson.loads(output.value or b"{}"))["problems"]:
                result.rejected.append(receipt)
                result.places.append(place)
    return ledger


def _arrival(event: Mapping[str, Any], rules: Rules) -> tuple[int, int, int, str, str]:
    """Return what orders one event among others; what cannot be read comes first, and intake refuses it."""
    at = _instant(event.get("time"))
    name = rules.events.get(rules.names.get(str(event.get("type")), ""))
    return (
        _instant(event.get("recordedtime")) or at,
        at,
        name.precedence if name else 0,
        str(event.get("source")),
        str(event.get("id")),
    )


def _instant(text: Any) -> int:
    try:
        return microseconds(instant(text))
    except (TypeError, ValueError):
        return 0


def _side(event: Mapping[str, Any]) -> str:
    side = str(event.get("source")).removeprefix("//").partition("/")[0]
    return side if side in SIDES else SIDES[0]


def _numbered(output: Output, offset: int) -> MemoryRecord:
    return MemoryRecord(CASE_EVENTS, 0, offset, 0, output.key, output.value, output.headers)


def _declaration(first: date, rules: Rules) -> MemoryRecord:
    data = {"simulated": True, "rules": rules.version, "from_day": first.isoformat()}
    return _clock(DECLARED, data, 0, first)


def _tick(day: date, rules: Rules, offset: int) -> MemoryRecord:
    return _clock(TICKED, {"day": day.isoformat(), "rules": rules.version, "incomplete": False}, offset, day)


def _clock(type_: str, data: Mapping[str, Any], offset: int, day: date) -> MemoryRecord:
    headers = [
        ("ce_id", derived_id("0", day.isoformat()).encode()),
        ("ce_source", TICKER.encode()),
        ("ce_type", type_.encode()),
    ]
    return MemoryRecord(CASE_EVENTS, 0, offset, 0, None, orjson.dumps(data), headers)


def _rows(outputs: Iterable[Output]) -> Iterator[dict[str, Any]]:
    for output in outputs:
        if output.topic not in (FLAGS, LEADS):
            continue
        body = orjson.loads(output.value or b"{}")
        taken = {name: body[name] for name in _TAKEN if name in body}
        if output.topic == LEADS:
            rest = {name: body[name] for name in ("lead_id", "ground", "answer")}
            yield {"kind": "lead", "type": body["trigger"], **taken, **rest}
        else:
            type_ = next(value for name, value in output.headers if name == "ce_type").decode()
            yield {"kind": "flag", "type": short_name(type_), **taken, "historic": body["historic"]}
