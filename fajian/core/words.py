"""The records that casework publishes. Each is named after its cause, so saying it twice says it once."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

import orjson

from fajian.core.clocks import Clock
from fajian.core.facts import Fact
from fajian.core.lives import life_of
from fajian.core.matters import Matter, Said, explanation_of
from fajian.core.ports import Header, Output, Record
from fajian.core.rules import Rules, Trigger
from fajian.core.subject_state import SubjectState
from fajian.core.triggers import Evidence
from schemas.names import ce_type, derived_id
from schemas.topics import CASE_STATE, FLAGS, LEADS

SOURCE = "//hub/casework"

#: On a flag whose breach was raised as a lead: only those who may see leads may see this header.
LEAD = "ce_leadid"

_SPECVERSION: Header = ("ce_specversion", b"1.0")
_SOURCE: Header = ("ce_source", SOURCE.encode())
_JSON: Header = ("content-type", b"application/json")
#: On a flag of a day that is caught up with: the later day, also over, on which more is said of the matter.
OVERTAKEN = "ce_overtaken"

_PRIVATE = ("ce_inboxposition", "ce_submittedby")  #: say where the other side's inbox stands


class Cause(NamedTuple):
    """The ledger record that something follows from."""

    source: str
    id: str
    offset: int
    on: date  #: the day that the tick ended, or that is under way
    at: str  #: instant, RFC 3339
    caught_up_to: date | None = None  #: the last day over when a late tick was written

    @property
    def heard_on(self) -> date:
        """Return the day on which anybody can hear of it: what is caught up with is told at its end."""
        return self.caught_up_to or self.on

    def names(self, *parts: str) -> str:
        """Return the id of what follows. Two sources may use the same id, so both belong to the name."""
        return derived_id(self.source, self.id, *parts)


def end_of(day: date) -> str:
    return f"{(day + timedelta(days=1)).isoformat()}T00:00:00+08:00"


def _said(
    cause: Cause,
    topic: str,
    subject: str,
    type_: str,
    id_: str,
    body: Mapping[str, Any],
    before: Said | None = None,
) -> Output:
    headers: list[Header] = [
        _SPECVERSION,
        ("ce_id", id_.encode()),
        _SOURCE,
        ("ce_type", type_.encode()),
        ("ce_time", cause.at.encode()),
        ("ce_subject", subject.encode()),
        ("ce_causationid", cause.id.encode()),
        _JSON,
    ]
    if before and before.lead:
        headers.append((LEAD, before.lead.encode()))
    return Output(cause.offset, topic, subject.encode(), orjson.dumps(body), headers)


def flag(
    cause: Cause, state: SubjectState, matter: Matter, name: str, said: Said | None, rules: Rules
) -> Output:
    before = state.said.get(matter.key)
    named, explained = _worded(state, matter, rules)
    delay = _delay(matter) if name == "Withdrawn" else None
    body: dict[str, Any] = {
        "rule": matter.rule,
        "instance": matter.instance,
        "subject": state.subject,
        "due_day": matter.due_day.isoformat() if matter.due_day else None,
        "owed_by": matter.row.owed_by,
        "severity": matter.row.severity,
        "sure": matter.row.sure,
        "side": matter.side,
        "on": cause.on.isoformat(),
        "flag_id": named,
        "explanation": explained if delay is None else explanation_of(matter, rules) | delay,
        "evidence": matter.evidence,
        "historic": "historic" in (said.stage if said else "", before.stage if before else ""),
        "reported": before is not None and before.reported,
        "lateness_days": _lateness(matter) if name == "Met" else None,
        "answer": _answer(state, matter, rules),
        "rules": rules.version,
    }
    said_id = cause.names(state.subject, matter.rule, matter.instance, name)
    out = _said(cause, FLAGS, state.subject, ce_type(name, "flag"), said_id, body, before)
    if said and said.wake and cause.caught_up_to and said.wake <= cause.caught_up_to:
        return out._replace(headers=[*out.headers, (OVERTAKEN, said.wake.isoformat().encode())])
    return out


def _worded(state: SubjectState, matter: Matter, rules: Rules) -> tuple[str, orjson.Fragment]:
    """Return name and explanation, which all flags of a matter have in common."""
    known = state.worded.get(matter.key)
    if known is None or known[0] is not matter:
        explained = orjson.Fragment(orjson.dumps(explanation_of(matter, rules)))
        known = matter, flag_id(state.subject, matter.rule, matter.instance), explained
        state.worded[matter.key] = known
    return known[1:]


def flag_id(subject: str, rule: str, instance: str) -> str:
    """Return the name of a matter: what all flags of one clock have in common."""
    return derived_id("flag", subject, rule, instance)


def _lateness(matter: Matter) -> int | None:
    clock = matter.shown_by
    if matter.phase != "late" or not isinstance(clock, Clock):
        return None
    done, due = clock.closed, clock.due_day
    return (done[0] - due).days if done and due else None


def _delay(matter: Matter) -> dict[str, Any] | None:
    """Say how long a fact that takes back a breach was on its way."""
    closed = matter.shown_by.closed if isinstance(matter.shown_by, Clock) else None
    return {"reported_days_later": (closed[1].arrived_day - closed[1].day).days} if closed else None


def vanished(cause: Cause, state: SubjectState, key: str, name: str, said: Said, rules: Rules) -> Output:
    """Take back what was said of a clock whose ground is gone: its opening was retracted or moved."""
    rule, _, instance = key.partition("\x1f")
    row = rules.periods.get(rule) or rules.triggers[rule]
    body: dict[str, Any] = {
        "rule": rule,
        "instance": instance,
        "subject": state.subject,
        "due_day": said.due_day.isoformat() if said.due_day else None,
        "owed_by": row.owed_by,
        "severity": row.severity,
        "sure": row.sure,
        "side": row.side,
        "on": cause.on.isoformat(),
        "flag_id": flag_id(state.subject, rule, instance),
        "explanation": {"rule": rule, "why": "retracted", "rules": rules.version},
        "evidence": [],
        "historic": said.stage == "historic",
        "reported": said.reported,
    }
    said_id = cause.names(state.subject, rule, instance, name)
    return _said(cause, FLAGS, state.subject, ce_type(name, "flag"), said_id, body, said)


def lead(
    cause: Cause,
    state: SubjectState,
    matter: Matter,
    trigger: Trigger,
    evidence: Evidence,
    lead_id: str,
    rules: Rules,
) -> Output:
    """Word a lead. It is never a finding: `unverified` is always true."""
    body = {
        "trigger": trigger.id,
        "rule": matter.rule,
        "instance": matter.instance,
        "subject": state.subject,
        "lead_id": lead_id,
        "on": cause.on.isoformat(),
        "due_day": matter.due_day.isoformat() if matter.due_day else None,
        "side": matter.side,
        "ground": trigger.ground,
        "explanation": explanation_of(matter, rules)
        | ({"trigger": dict(evidence.why)} if evidence.why else {}),
        "evidence": list(dict.fromkeys((*matter.evidence, *evidence.events))),
        "answer": _answer(state, matter, rules),
        "rules": rules.version,
        "unverified": True,
    }
    said_id = cause.names(state.subject, matter.rule, matter.instance, trigger.id)
    return _said(cause, LEADS, state.subject, ce_type("LeadRaised", "lead"), said_id, body)


def _answer(state: SubjectState, matter: Matter, rules: Rules) -> dict[str, Any] | None:
    """Return the owner's last answer to the flag, as it stands."""
    answers = [
        fact
        for fact in state.look(rules).by_name.get("FlagAnswered", ())
        if fact.body.get("rule") == matter.rule and (fact.body.get("instance") or "") == matter.instance
    ]
    if not answers:
        return None
    fact = answers[-1]
    return {"answer": fact.body["answer"], "evidence": fact.body.get("evidence") or [], "event": fact.id}


def fact(cause: Cause, topics: Iterable[str], record: Record) -> list[Output]:
    """Pass on a recorded fact as it stands in the ledger, with its place there."""
    headers = [header for header in record.headers if header[0] not in _PRIVATE]
    headers += place(record.partition, record.offset)
    return [Output(cause.offset, topic, record.key, record.value, headers) for topic in topics]


def place(partition: int, offset: int) -> list[Header]:
    """Return the headers that name a place in the ledger."""
    return [("ledgerpartition", b"%d" % partition), ("ledgeroffset", b"%d" % offset)]


def receipt(cause: Cause, topic: str, subject: str, fact: Fact, status: str, where: str) -> Output:
    body = {
        "source": fact.source,
        "id": fact.id,
        "subject": subject,
        "status": status,
        "problems": [],
        "warnings": [],
        "ledger": where,
    }
    said_id = derived_id("receipt", fact.source, fact.id, fact.position, status)
    return _said(cause, topic, subject, ce_type(status.capitalize(), "receipt"), said_id, body)


def shared(state: SubjectState, changed: Iterable[str], rules: Rules) -> bytes | None:
    """Return what both sides may know of a subject, or None where that is nothing, or nothing new.

    *changed* are the keys of what has been said anew since the last call.
    """
    entries, is_new, is_sorted = state.entries, state.standing is None, True
    if entries is None:
        entries, changed = {}, state.said
    for key in changed:
        entry, before = _shared_clock(key, state.said[key], rules), entries.get(key)
        if entry == before:
            continue
        is_new = True
        if entry is None:
            del entries[key]
        else:
            entries[key] = entry
            is_sorted = is_sorted and before is not None
    state.entries = entries if is_sorted else dict(sorted(entries.items()))
    if state.standing is None:
        state.standing = _standing(state, rules)
    if not is_new or not (state.standing["facts"] or state.shared):
        return None
    clocks = orjson.Fragment(b"[%b]" % b",".join(state.entries.values()))
    return orjson.dumps({**state.standing, "clocks": clocks})


def _standing(state: SubjectState, rules: Rules) -> Mapping[str, Any]:
    """Say where a subject stands by the facts that both sides see."""
    view = state.look(rules)
    common = [fact for fact in view.facts if fact.name in rules.common]
    last = common[-1] if common else None
    body: dict[str, Any] = {
        "subject": state.subject,
        "kind": state.kind,
        "facts": len(common),
        "last_day": last.day.isoformat() if last else None,
        "stage": last.name if last else None,
        "clocks": [],
    }
    life = life_of(view, rules.common)
    return body if life is None else body | {"state": life.state, "beside": list(life.beside)}


def _shared_clock(key: str, said: Said, rules: Rules) -> bytes | None:
    """Return one clock of `shared`, if both sides may know of it, and without naming whom one must not."""
    rule, _, instance = key.partition("\x1f")
    if rule not in rules.open_to_both or said.stage == "withdrawn":
        return None
    period = rules.periods[rule]
    clock = {
        "rule": rule,
        "instance": "" if period.instance in rules.masked else instance,
        "owed_by": period.owed_by,
        "due_day": said.due_day.isoformat() if said.due_day else None,
        "status": _status(said),
    }
    return orjson.dumps(clock)


def _status(said: Said) -> str:
    """Whether a breach was escalated is for those who were told, not for everybody who reads the state."""
    if said.stage in ("overdue", "escalated", "historic", "moot"):
        return "overdue"
    return "open" if said.rank >= 0 and said.stage != "lapsed" else said.stage


def digest(cause: Cause, partition: int, digest: str, count: int) -> Output:
    """Mark in `case.state` what the partition's states add up to at a tick, for both sides to check."""
    body = {
        "partition": partition,
        "day": cause.on.isoformat(),
        "offset": cause.offset,
        "count": count,
        "digest": digest,
    }
    headers = place(partition, cause.offset)
    key = f"digest/{partition}".encode()
    return Output(cause.offset, CASE_STATE, key, orjson.dumps(body), headers, partition)
