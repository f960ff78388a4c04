"""May this event pass the gate? One verdict for intake and for checking offline.

Order of the checks: size, envelope, type, body, may this side say this, subject, time. Facts are never
refused for being inconvenient; odd ones carry warnings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, NamedTuple

from fajian.core.events import EventRow
from fajian.core.subjects import Subjects, Targets, kind_of
from fajian.errors import SubjectError
from schemas.cloudevents import Raw
from schemas.envelope import Envelope, instant, is_clean
from schemas.problems import Problem, capped, problem_of, shown
from schemas.registry import TYPES
from schemas.topics import SIDES
from schemas.validation import MAX_BYTES, Event, check

AHEAD: Final = timedelta(hours=1)  #: clocks of agencies differ
LONG_AGO: Final = timedelta(days=20 * 365)
MAX_FAN_OUT: Final = 4 * MAX_BYTES  #: of all copies of one event together
DERIVED: Final = ("flag", "receipt")  #: families that no ledger holds

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
    row = law.events.get(known.name) if known.family not in DERIVED else None
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
    return [Problem("future", f"expected a time up to {written(now + AHEAD)}, got {envelope.time}", "/time")]


def _ago(envelope: Envelope, now: datetime) -> list[Problem]:
    if instant(envelope.time) >= now - LONG_AGO:
        return []
    return [Problem("old", f"more than 20 years before it was reported: {envelope.time}", "/time")]


def written(moment: datetime) -> str:
    """Return *moment* as the bus writes instants of its own: UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
