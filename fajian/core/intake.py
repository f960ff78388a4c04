"""The gate: what a side submits goes to the ledger, or comes back with its reasons.

Stateless, and the same record always gives the same bytes. What may pass is decided in `admission`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import orjson

from fajian.core.admission import IntakeLaw, examine, written
from fajian.core.ports import Folded, Header, Output, Record, Store
from fajian.core.subjects import Targets
from fajian.errors import WireError
from schemas.cloudevents import Raw, from_kafka, kafka_headers
from schemas.envelope import Envelope, instant, is_clean
from schemas.names import ce_type, derived_id
from schemas.problems import Problem, problem_of, shown
from schemas.topics import CASE_EVENTS, UNREADABLE, dead, receipts, side_of
from schemas.validation import MAX_BYTES, Event

SOURCE: Final = "//hub/intake"
UNKNOWN: Final = "unknown"
OURS: Final = (
    "fajian_"  #: prefix of headers about a dead letter; only the connector that repairs one writes them
)
REFUSED_AT: Final = f"{OURS}refused_at"  #: the door that told the sender no: nothing may come of it then
KEPT: Final = 64 * 1024  #: bytes of an oversized record that its dead letter keeps
RETRACTED: Final = ce_type("Retracted", "mechanism")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Intake:
    """The folder behind `agents/intake.py`: inboxes in, ledger copies, receipts and dead letters out."""

    def __init__(self, law: IntakeLaw, *, simulated: bool = False) -> None:
        self._law = law
        self._simulated = simulated

    def fold(self, records: Sequence[Record], store: Store) -> Folded:
        folded = Folded(records[-1].offset)
        for record in records:
            folded.outputs.extend(self.submit(record, side_of(record.topic)))
        return folded

    def submit(self, record: Record, side: str) -> list[Output]:
        """Return what follows from one inbox record of *side*."""
        appended = _EPOCH + record.timestamp * _MILLISECOND
        fault = None
        try:
            raw = _read(record)
        except WireError as error:
            raw, fault = Raw(_readable(record), b""), error
        arrival = self._arrival(record, raw, appended)
        submission = _Submission(record, side, _origin(record), written(arrival))
        if fault is not None:
            return submission.rejected(raw, [problem_of(fault)])
        verdict = examine(raw, side, self._law, now=arrival if self._simulated else appended)
        if verdict.event is None or verdict.targets is None:
            return submission.rejected(raw, verdict.problems)
        door = next((value for name, value in record.headers if name == REFUSED_AT), None)
        if door is not None:
            return submission.rejected(raw, [_refused_at(door.decode("utf-8", "replace"))])
        return submission.accepted(verdict.event, verdict.targets, verdict.warnings)

    def _arrival(self, record: Record, raw: Raw, appended: datetime) -> datetime:
        """Return when the event reached the bus: our own delays never count against a side."""
        if self._simulated:
            told = raw.attributes.get("recordedtime") or raw.attributes.get("time")
            return _instant_or_none(told) or appended
        ours = {name: value for name, value in record.headers if name.startswith(OURS)}
        if f"{OURS}repaired" in ours:
            first = _instant_or_none((ours.get(f"{OURS}arrivedtime") or b"").decode("utf-8", "replace"))
            return min(first, appended) if first else appended
        return appended


class _Submission(NamedTuple):
    """One inbox record, and the words for what becomes of it."""

    record: Record
    side: str
    origin: str
    arrived: str

    def accepted(self, event: Event, targets: Targets, warnings: Sequence[Problem]) -> list[Output]:
        envelope, data = event.envelope, event.data
        ours = {
            "submittedby": self.side,
            "inboxposition": self.origin,
            "arrivedtime": self.arrived,
        }
        outputs = [self._to_ledger(envelope._replace(subject=targets.primary), ours, data)]
        ours["originid"] = envelope.id
        for subject in targets.linked:
            name = derived_id(envelope.source, envelope.id, subject)
            outputs.append(self._to_ledger(envelope._replace(id=name, subject=subject), ours, data))
        if targets.moved_from is not None:
            outputs.append(self._retraction(event, targets.moved_from, ours))
        told = {"problems": [], "warnings": [warning.as_dict() for warning in warnings]}
        outputs.append(self._receipt(envelope.source, envelope.id, targets.primary, "accepted", told))
        return outputs

    def rejected(self, raw: Raw, problems: Sequence[Problem]) -> list[Output]:
        said = (raw.attributes.get(name) for name in ("source", "id", "subject"))
        source, name, subject = (text if text and is_clean(text) else UNKNOWN for text in said)
        told = {"problems": [problem.as_dict() for problem in problems], "warnings": []}
        return [self._dead_letter(problems), self._receipt(source, name, subject, "rejected", told)]

    def _to_ledger(self, envelope: Envelope, ours: Mapping[str, str], data: bytes) -> Output:
        headers = kafka_headers({**envelope.attributes(), **ours})
        return Output(self.record.offset, CASE_EVENTS, envelope.subject.encode(), data, headers)

    def _retraction(self, event: Event, subject: str, ours: Mapping[str, str]) -> Output:
        """Take a fact back where it stood; its correction stands elsewhere."""
        envelope = event.envelope
        name = derived_id("retracted", envelope.source, envelope.id, subject)
        data = orjson.dumps({"retracts": event.body["supersedes"]})
        return self._to_ledger(envelope._replace(id=name, type=RETRACTED, subject=subject), ours, data)

    def _dead_letter(self, problems: Sequence[Problem]) -> Output:
        """Keep the bytes as they came, in their partition. Of an oversized record the beginning must do."""
        key, value, size = self.record.key, self.record.value, _size(self.record)
        headers: list[Header] = [
            (name, content or b"") for name, content in self.record.headers if not name.startswith(OURS)
        ]
        if size > MAX_BYTES:
            key, value = (key or b"")[:KEPT], (value or b"")[:KEPT]
            headers = [header for header in headers[:16] if len(header[0]) + len(header[1]) <= 512]
            headers.append((f"{OURS}truncated", str(size).encode()))
        codes = ",".join(dict.fromkeys(problem.code for problem in problems))
        headers += [
            (f"{OURS}reason", codes.encode()),
            (f"{OURS}problems", orjson.dumps([problem.as_dict() for problem in problems])),
            (f"{OURS}origin", self.origin.encode()),
            (f"{OURS}arrivedtime", self.arrived.encode()),
        ]
        record = self.record
        return Output(record.offset, dead(self.side), key, value, headers, record.partition)

    def _receipt(self, source: str, name: str, subject: str, status: str, told: Mapping[str, Any]) -> Output:
        envelope = Envelope(
            id=derived_id("receipt", source, name, self.origin, status),
            source=SOURCE,
            type=ce_type(status.capitalize(), "receipt"),
            time=self.arrived,
            subject=subject,
        )
        body = {
            "source": source,
            "id": name,
            "subject": subject,
            "status": status,
            **told,
            "origin": self.origin,
        }
        headers = kafka_headers(envelope.attributes())
        return Output(self.record.offset, receipts(self.side), subject.encode(), orjson.dumps(body), headers)


def _read(record: Record) -> Raw:
    for name, value in record.headers:
        if name == UNREADABLE:
            raise WireError((value or b"").decode("utf-8", "replace"), code="too-large", pointer="")
    size = _size(record)
    if size > MAX_BYTES:
        raise WireError(f"expected at most {MAX_BYTES} bytes, got {size}", code="too-large", pointer="")
    if not record.headers and not record.value:
        raise WireError("expected a CloudEvent, got neither headers nor a value", code="empty", pointer="")
    return from_kafka(record.headers, record.value)


def _refused_at(door: str) -> Problem:
    return Problem("refused", f"expected an event that its door takes, the door {shown(door)} refused it")


def _size(record: Record) -> int:
    size = len(record.key or b"") + len(record.value or b"")
    for name, value in record.headers:
        size += len(name) + len(value or b"")
    return size


def _readable(record: Record) -> dict[str, str]:
    """Return those attributes that can be read, of a record that as a whole cannot."""
    return {
        name.removeprefix("ce_"): value.decode("utf-8", "replace")
        for name, value in record.headers
        if name.startswith("ce_") and value and len(value) <= KEPT
    }


def _origin(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


def _instant_or_none(text: str | None) -> datetime | None:
    try:
        return instant(text) if text else None
    except ValueError:
        return None
