"""The gate: what a side submits goes to the ledger, or comes back with its reasons.

Stateless, and the same record always gives the same bytes. Order of the checks: size, envelope, type, body, may
this side say this, subject, time. Inconvenient facts are never refused; odd ones carry warnings on the receipt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, NamedTuple

import orjson

from fajian.core.events import EventRow
from fajian.core.ports import Folded, Header, Output, Record, Store
from fajian.core.subjects import Subjects, Targets, kind_of
from fajian.errors import EventError, SubjectError, WireError
from schemas.cloudevents import Raw, from_kafka, kafka_headers
from schemas.envelope import Envelope, instant, is_clean
from schemas.names import ce_type, derived_id
from schemas.problems import Problem, capped, problem_of, shown
from schemas.registry import TYPES
from schemas.topics import CASE_EVENTS, SIDES, dead, receipts, side_of
from schemas.validation import MAX_BYTES, Event, check

SOURCE: Final = "//hub/intake"
UNKNOWN: Final = "unknown"
AHEAD: Final = timedelta(hours=1)  #: clocks of agencies differ
LONG_AGO: Final = timedelta(days=20 * 365)
MAX_FAN_OUT: Final = 4 * MAX_BYTES  #: of all copies of one event together
KEPT: Final = 64 * 1024  #: bytes of an oversized record that its dead letter keeps
OURS: Final = (
    "fajian_"  #: prefix of headers about a dead letter; only the connector that repairs one writes them
)

RETRACTED: Final = ce_type("Retracted", "mechanism")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SHANGHAI = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class IntakeLaw:
    """What the law says at the gate."""

    events: Mapping[str, EventRow]
    subjects: Subjects


class Examined(NamedTuple):
    """The verdict on one event: it is taken when *event* and *targets* are there."""

    event: Event | None
    targets: Targets | None
    problems: list[Problem]
    warnings: list[Problem]


def examine(raw: Raw, side: str | None, law: IntakeLaw, *, now: datetime | None = None) -> Examined:
    """Judge one event. Without *side* its source says whose it is; without *now* it cannot come too early."""
    event, problems, warnings = check(raw)
    problems += _authority(raw.attributes, side, law)
    targets = None
    if event is None:
        problems += _subject_alone(raw.attributes, law)
    else:
        try:
            targets = _targets(event, law, now)
        except SubjectError as error:
            problems.append(problem_of(error))
        else:
            problems += _kind(event, targets, law)
            problems += _fan_out(event, targets)
            warnings += [Problem(*remark) for remark in targets.remarks]
        if now is not None:
            problems += _ahead(event.envelope, now)
            warnings += _ago(event.envelope, now)
    if problems:
        return Examined(None, None, capped(problems), capped(warnings))
    return Examined(event, targets, [], capped(warnings))


def _authority(attributes: Mapping[str, str], side: str | None, law: IntakeLaw) -> list[Problem]:
    """Tell whether this side may say this, and says it in its own name."""
    problems = []
    host = attributes.get("source", "")[2:].partition("/")[0]
    if side is None:
        side = host if host in SIDES else None
    if "source" in attributes and host != side:
        expected = f"//{side}/…" if side else "//<side>/<place>, the side one of " + ", ".join(SIDES)
        problems.append(
            Problem("wrong-source", f"expected {expected}, got {shown(attributes['source'])}", "/source")
        )
    known = TYPES.get(attributes.get("type", ""))
    if known is None or side is None:
        return problems
    row = law.events.get(known.name) if known.family not in ("flag", "receipt") else None
    publishers = row.publishers if row else ()
    if side not in publishers:
        who = ", ".join(publishers) or "the hub alone"
        problems.append(
            Problem("not-authorised", f"expected {known.name} of {who}, it came from {side}", "/type")
        )
    return problems


def _targets(event: Event, law: IntakeLaw, now: datetime | None) -> Targets:
    envelope = event.envelope
    court = envelope.path if envelope.host == "court" and law.subjects.is_court(envelope.path) else None
    return law.subjects.targets(
        event.type.name, envelope.subject, event.body, court=court, year=_year(envelope, now)
    )


def _year(envelope: Envelope, now: datetime | None) -> int:
    """Return the year of Shanghai at which the event is read; a case number may not be of a later one."""
    return (now or instant(envelope.recordedtime or envelope.time)).astimezone(_SHANGHAI).year


def _subject_alone(attributes: Mapping[str, str], law: IntakeLaw) -> list[Problem]:
    """Look at the subject of an event whose body cannot be read, so that all faults are told at once."""
    subject = attributes.get("subject", "")
    if not is_clean(subject):
        return []  # told before
    try:
        law.subjects.targets("", subject, {})
    except SubjectError as error:
        return [problem_of(error)] if error.code != "parent-case" else []
    return []


def _kind(event: Event, targets: Targets, law: IntakeLaw) -> list[Problem]:
    row, kind = law.events.get(event.type.name), kind_of(targets.primary)
    if row is None or kind in row.subjects:
        return []
    allowed = " or ".join(row.subjects)
    return [Problem("subject-kind", f"expected {allowed} for {row.name}, got {kind}", "/subject")]


def _fan_out(event: Event, targets: Targets) -> list[Problem]:
    size = len(targets.linked) * len(event.data)
    if size <= MAX_FAN_OUT:
        return []
    detail = f"expected copies of at most {MAX_FAN_OUT} bytes together, got {size}"
    return [Problem("fan-out", detail, "/data/cases")]


def _ahead(envelope: Envelope, now: datetime) -> list[Problem]:
    if instant(envelope.time) <= now + AHEAD:
        return []
    return [Problem("future", f"expected a time up to {_written(now + AHEAD)}, got {envelope.time}", "/time")]


def _ago(envelope: Envelope, now: datetime) -> list[Problem]:
    if instant(envelope.time) >= now - LONG_AGO:
        return []
    return [Problem("old", f"more than 20 years before it was reported: {envelope.time}", "/time")]


class Intake:
    """The folder behind `agents/intake.py`: inbox records in, ledger copies, receipts and dead letters out."""

    def __init__(self, law: IntakeLaw, *, simulated: bool = False) -> None:
        self._law = law
        self._simulated = simulated

    def fold(self, records: Sequence[Record], store: Store) -> Folded:  # noqa: ARG002 - it keeps nothing
        folded = Folded(records[-1].offset)
        for record in records:
            folded.outputs.extend(self.submit(record, side_of(record.topic)))
        return folded

    def submit(self, record: Record, side: str) -> list[Output]:
        """Return what follows from one inbox record of *side*."""
        try:
            raw = _read(record)
        except WireError as error:
            return _rejected(
                record, side, Raw(_readable(record), b""), [problem_of(error)], self._arrival(record)
            )
        arrival = self._arrival(record, raw)
        now = arrival if self._simulated else _appended(record)
        verdict = examine(raw, side, self._law, now=now)
        if verdict.event is None or verdict.targets is None:
            return _rejected(record, side, raw, verdict.problems, arrival)
        return _accepted(record, side, verdict.event, verdict.targets, verdict.warnings, arrival)

    def _arrival(self, record: Record, raw: Raw | None = None) -> datetime:
        """Return when the event reached the bus: our own delays never count against a side."""
        if self._simulated:
            attributes = raw.attributes if raw else _readable(record)
            return _instant_or_none(attributes.get("recordedtime") or attributes.get("time")) or _appended(
                record
            )
        said = {name: value for name, value in record.headers if name.startswith(OURS)}
        if f"{OURS}repaired" in said:
            first = _instant_or_none((said.get(f"{OURS}arrivedtime") or b"").decode("utf-8", "replace"))
            if first is not None:
                return min(first, _appended(record))
        return _appended(record)


def _read(record: Record) -> Raw:
    size = _size(record)
    if size > MAX_BYTES:
        raise WireError(f"expected at most {MAX_BYTES} bytes, got {size}", code="too-large", pointer="")
    if not record.headers and not record.value:
        raise WireError(
            "expected a CloudEvent, got a record without headers and value", code="empty", pointer=""
        )
    return from_kafka(record.headers, record.value)


def _size(record: Record) -> int:
    return len(record.value or b"") + sum(len(name) + len(value or b"") for name, value in record.headers)


def _readable(record: Record) -> dict[str, str]:
    """Return those attributes that can be read, of a record that as a whole cannot."""
    return {
        name[3:]: (value or b"").decode("utf-8", "replace")
        for name, value in record.headers
        if name.startswith("ce_") and len(value or b"") <= KEPT
    }


def _accepted(
    record: Record,
    side: str,
    event: Event,
    targets: Targets,
    warnings: Sequence[Problem],
    arrival: datetime,
) -> list[Output]:
    envelope, data = event.envelope, event.data
    ours = {
        "submittedby": side,
        "inboxposition": _origin(record),
        "arrivedtime": _written(arrival),
    }
    outputs = [_to_ledger(record, envelope._replace(subject=targets.primary), ours, data)]
    ours["originid"] = envelope.id
    for subject in targets.linked:
        copy = envelope._replace(id=derived_id(envelope.source, envelope.id, subject), subject=subject)
        outputs.append(_to_ledger(record, copy, ours, data))
    if targets.moved_from is not None:
        outputs.append(_to_ledger(record, *_retraction(event, targets.moved_from, ours)))
    body = {"problems": [], "warnings": [warning.as_dict() for warning in warnings]}
    outputs.append(
        _receipt(record, side, envelope.source, envelope.id, targets.primary, "accepted", body, arrival)
    )
    return outputs


def _retraction(
    event: Event, subject: str, ours: Mapping[str, str]
) -> tuple[Envelope, Mapping[str, str], bytes]:
    """Take a fact back where it stood; its correction stands elsewhere."""
    envelope = event.envelope
    name = derived_id("retracted", envelope.source, envelope.id, subject)
    body = orjson.dumps({"retracts": event.body["supersedes"]})
    return envelope._replace(id=name, type=RETRACTED, subject=subject), ours, body


def _to_ledger(record: Record, envelope: Envelope, ours: Mapping[str, str], data: bytes) -> Output:
    headers = kafka_headers({**envelope.attributes(), **ours})
    return Output(record.offset, CASE_EVENTS, envelope.subject.encode(), data, headers)


def _rejected(
    record: Record, side: str, raw: Raw, problems: Sequence[Problem], arrival: datetime
) -> list[Output]:
    said = raw.attributes
    source, id, subject = (_known(said.get(name)) for name in ("source", "id", "subject"))
    told = [problem.as_dict() for problem in problems]
    body = {"problems": told, "warnings": []}
    return [
        _dead_letter(record, side, problems, arrival),
        _receipt(record, side, source, id, subject, "rejected", body, arrival),
    ]


def _known(text: str | None) -> str:
    return text if text and is_clean(text) else UNKNOWN


def _dead_letter(record: Record, side: str, problems: Sequence[Problem], arrival: datetime) -> Output:
    """Keep the bytes as they came, in their partition. Of an oversized record the beginning must do."""
    headers: list[Header] = [
        (name, value or b"") for name, value in record.headers if not name.startswith(OURS)
    ]
    value, size = record.value, _size(record)
    if size > MAX_BYTES:
        value = (value or b"")[:KEPT]
        headers = [header for header in headers if len(header[1]) <= 256][:16]
        headers.append((f"{OURS}truncated", str(size).encode()))
    codes = ",".join(dict.fromkeys(problem.code for problem in problems))
    headers += [
        (f"{OURS}reason", codes.encode()),
        (f"{OURS}problems", orjson.dumps([problem.as_dict() for problem in problems])),
        (f"{OURS}origin", _origin(record).encode()),
        (f"{OURS}arrivedtime", _written(arrival).encode()),
    ]
    return Output(record.offset, dead(side), record.key, value, headers, record.partition)


def _receipt(
    record: Record,
    side: str,
    source: str,
    id: str,
    subject: str,
    status: str,
    body: Mapping[str, Any],
    arrival: datetime,
) -> Output:
    origin = _origin(record)
    envelope = Envelope(
        id=derived_id("receipt", source, id, origin, status),
        source=SOURCE,
        type=ce_type(status.capitalize(), "receipt"),
        time=_written(arrival),
        subject=subject,
    )
    value = {"source": source, "id": id, "subject": subject, "status": status, **body, "origin": origin}
    headers = kafka_headers(envelope.attributes())
    return Output(record.offset, receipts(side), subject.encode(), orjson.dumps(value), headers)


def _origin(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


def _appended(record: Record) -> datetime:
    return _EPOCH + record.timestamp * _MILLISECOND


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _instant_or_none(text: str | None) -> datetime | None:
    try:
        return instant(text) if text else None
    except ValueError:
        return None
