"""What no single subject shows: the same fault in many cases of one court, one title under two numbers.

Casework tells what patterns are made of (leads, titles, ends of days) in the order of its partition, all into
the one partition of the topic `patterns`. A day is judged when every partition of the ledger has closed it,
from sets, so neither the order of arrival nor a repetition decides anything. Patterns about single officers
are not looked for.
"""

import re
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, MutableSequence, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import orjson

from fajian.core.brake import HELD
from fajian.core.facts import RETRACTED, Fact
from fajian.core.ports import Folded, Output, Record, Store
from fajian.core.rules import Rules, Trigger
from fajian.errors import RulesMissingError
from schemas.names import ce_type, derived_id
from schemas.topics import LEADS, PATTERNS

SOURCE = "//hub/patterns"
DOCKETED = "CaseDocketed"

CLOSED = b"closed/"  #: partition -> the last day that it has closed
OPEN = b"open/"  #: day -> rules version, until it is judged
LEAD = b"lead/"  #: court, trigger, day, subject -> lead
RAISED = b"raised/"  #: court, trigger -> the day on which the pattern was last raised
TITLE = b"title/"  #: title, source, id -> docketing
NEW = b"new/"  #: day, title: what a day has to look at
GONE = b"gone/"  #: source, id of a docketing that was corrected or retracted -> the day of that
PAIR = b"pair/"  #: title, creditor -> all cases that were told of

_COURT = re.compile(r"^(?:application/|（[0-9]{4}）)(最高法|[^0-9/]{1}(?:[0-9]{4}|[0-9]{2})?)(?=[^0-9])")
_SEP = "\x1f"


# -- what casework tells


def follow_leads(outputs: MutableSequence[Output], first: int) -> None:
    """Tell of every lead among *outputs* from *first* on, right behind it, however a tick is cut into slices.

    What the brake holds makes no pattern.
    """
    for place in range(len(outputs) - 1, first - 1, -1):
        one = outputs[place]
        if one.topic == LEADS and HELD not in dict(one.headers):
            outputs.insert(place + 1, _of_lead(one.cause, orjson.loads(one.value or b"{}")))


def _of_lead(cause: int, body: Mapping[str, Any]) -> Output:
    said = {name: body[name] for name in ("trigger", "subject", "on", "lead_id", "side", "instance")}
    return _told(cause, f"lead/{body['lead_id']}", {"what": "lead", **said})


def of_fact(fact: Fact, subject: str, offset: int) -> Iterator[Output]:
    """Tell the patterns of a docketing with its title, or that an earlier one no longer stands."""
    if fact.linked or fact.name not in (DOCKETED, RETRACTED):
        return
    gone = fact.body.get("retracts") if fact.name == RETRACTED else fact.body.get("supersedes")
    title = fact.body.get("title_no") if fact.name == DOCKETED else None
    if not gone and not title:
        return
    said = {
        "what": "title",
        "title": title,
        "gone": gone,
        "subject": subject,
        "source": fact.source,
        "id": fact.id,
        "arrived": fact.arrived_day.isoformat(),
        "kind": fact.body.get("case_kind"),
        "parent": fact.body.get("parent_case"),
        "creditor": fact.body.get("creditor_ref"),
    }
    yield _told(offset, f"title/{fact.source}/{fact.id}", said)


def of_day(partition: int, day: date, rules: str, offset: int) -> Output:
    """Tell the patterns that a partition has closed a day."""
    said = {"what": "closed", "partition": partition, "day": day.isoformat(), "rules": rules}
    return _told(offset, f"closed/{partition}/{day.isoformat()}", said)


def _told(cause: int, key: str, said: Mapping[str, Any]) -> Output:
    return Output(cause, PATTERNS, key.encode(), orjson.dumps(said), (), 0)


# -- what follows


class Told(NamedTuple):
    """One pattern that is there on a day."""

    subject: str
    instance: str
    evidence: tuple[str, ...]
    why: Mapping[str, Any]


class _Kept:
    """The store with the writes of this batch on top, in the order of their keys."""

    def __init__(self, store: Store, writes: dict[bytes, bytes | None]) -> None:
        self._store = store
        self._writes = writes
        self._keys = sorted(writes)

    def get(self, key: bytes) -> bytes | None:
        return self._writes[key] if key in self._writes else self._store.get(key)

    def put(self, key: bytes, value: bytes | None) -> None:
        if key not in self._writes:
            insort(self._keys, key)
        self._writes[key] = value

    def drop(self, key: bytes) -> None:
        """Forget *key*: what the store never had leaves no trace, for a batch may hold years of days."""
        if self._store.get(key) is not None:
            self.put(key, None)
        elif key in self._writes:
            del self._writes[key]
            del self._keys[bisect_left(self._keys, key)]

    def under(self, prefix: bytes) -> list[tuple[bytes, bytes]]:
        end = prefix + b"\xff"
        found: dict[bytes, bytes | None] = dict(self._store.scan(prefix, end))
        written = self._keys[bisect_left(self._keys, prefix) : bisect_left(self._keys, end)]
        found |= {key: self._writes[key] for key in written}
        return [(key, value) for key, value in sorted(found.items()) if value is not None]


class Patterns:
    """The folder behind `agents/patterns.py`: what casework tells in, leads out, over *partitions*."""

    def __init__(self, rules: Callable[[str], Rules], partitions: int) -> None:
        self._rules_of = rules
        self._partitions = partitions

    def fold(self, records: Sequence[Record], store: Store) -> Folded:
        folded = Folded(records[-1].offset)
        kept = _Kept(store, folded.writes)
        for record in records:
            said = orjson.loads(record.value or b"{}")
            match said["what"]:
                case "lead":
                    _keep_lead(said, kept)
                case "title":
                    _keep_title(said, kept)
                case _:
                    folded.outputs.extend(self._close(said, kept, record))
        return folded

    def _close(self, said: Mapping[str, Any], kept: _Kept, record: Record) -> Iterator[Output]:
        key, day = CLOSED + b"%05d" % said["partition"], said["day"].encode()
        if day <= (kept.get(key) or b""):
            return  # told before
        kept.put(key, day)
        kept.put(OPEN + day, said["rules"].encode())
        closed = [value for _, value in kept.under(CLOSED)]
        if len(closed) < self._partitions:
            return
        for name, version in kept.under(OPEN):
            if (judged := name.removeprefix(OPEN)) <= min(closed):
                kept.drop(name)
                rules = self._rules(version.decode(), record)
                yield from _judge(date.fromisoformat(judged.decode()), kept, rules, record.offset)

    def _rules(self, version: str, record: Record) -> Rules:
        try:
            return self._rules_of(version)
        except KeyError as error:
            raise RulesMissingError(
                f"expected rules version {version} for {record.topic}/{record.offset}, and it is not there"
            ) from error


def _keep_lead(said: Mapping[str, Any], kept: _Kept) -> None:
    if (court := _COURT.match(said["subject"])) and said["side"] == "court":
        names = (court[1], said["trigger"], said["on"], said["subject"], said["instance"])
        kept.put(LEAD + _SEP.join(names).encode(), said["lead_id"].encode())


def _keep_title(said: Mapping[str, Any], kept: _Kept) -> None:
    if said["gone"]:
        kept.put(GONE + f"{said['source']}{_SEP}{said['gone']}".encode(), said["arrived"].encode())
    if said["title"]:
        key = _SEP.join((said["title"], said["source"], said["id"]))
        kept.put(TITLE + key.encode(), orjson.dumps(said))
        kept.put(NEW + _SEP.join((said["arrived"], said["title"])).encode(), b"")


def _judge(day: date, kept: _Kept, rules: Rules, cause: int) -> Iterator[Output]:
    """Yield the leads of the patterns that are there at the end of *day*."""
    for trigger in rules.triggers.values():
        found = PATTERNS_BY_NAME.get(trigger.pattern or "")
        if found is not None:
            told = list(found(trigger, day, kept, rules))  # what is not to be told is remembered as well
            if rules.policy.signed and rules.is_settled(trigger.id, trigger.sure):
                yield from (_lead(trigger, pattern, day, rules, cause) for pattern in told)


def same_fault(trigger: Trigger, day: date, kept: _Kept, rules: Rules) -> Iterator[Told]:
    """T37: the same trigger in so many cases of one court within the window; raised once in a window."""
    first = (day - timedelta(days=trigger.params["days"])).isoformat()
    cases: dict[tuple[str, str], dict[str, str]] = {}
    for key, lead in kept.under(LEAD):
        court, fault, on, subject, _ = key.removeprefix(LEAD).decode().split(_SEP)
        if on <= first:
            kept.drop(key)  # no later day will ask for it
        elif on <= day.isoformat():
            cases.setdefault((court, fault), {}).setdefault(subject, lead.decode())
    for (court, fault), leads in sorted(cases.items()):
        key = RAISED + f"{court}{_SEP}{fault}".encode()
        raised = (kept.get(key) or b"").decode()
        if len(leads) >= trigger.params["cases"] and raised <= first:
            kept.put(key, day.isoformat().encode())
            why = {"court": court, "trigger": fault, "cases": sorted(leads), "since": first}
            yield Told(
                f"agreement/{rules.policy.id}", f"{court}/{fault}/{day.isoformat()}", _sorted(leads), why
            )


def same_title(trigger: Trigger, day: date, kept: _Kept, rules: Rules) -> Iterator[Told]:
    """T39, across cases: one title is enforced under two numbers.

    A restored or a preservation case, or one that names its parent, is no second number; neither is one
    of another creditor.
    """
    for key, _ in kept.under(NEW):
        arrived, title = key.removeprefix(NEW).decode().split(_SEP)
        if arrived <= day.isoformat():
            kept.drop(key)
            yield from _numbers_of(title, day.isoformat(), kept)


def _numbers_of(title: str, day: str, kept: _Kept) -> Iterator[Told]:
    cases: dict[str, dict[str, tuple[str, str]]] = {}
    for key, value in kept.under(TITLE + f"{title}{_SEP}".encode()):
        said = orjson.loads(value)
        gone = kept.get(GONE + key.removeprefix(TITLE).partition(_SEP.encode())[2])
        first = said["kind"] not in ("restored", "preservation") and not said["parent"]
        if first and said["arrived"] <= day and (gone is None or gone.decode() > day):
            of_creditor = cases.setdefault(said["creditor"] or "", {})
            of_creditor.setdefault(said["subject"], (said["arrived"], said["id"]))
    for creditor, docketed in sorted(cases.items()):
        numbers = sorted(docketed, key=lambda number: (docketed[number][0], number))
        key = PAIR + f"{title}{_SEP}{creditor}".encode()
        known = orjson.loads(kept.get(key) or b"[]")
        if len(numbers) > 1 and (new := [number for number in numbers if number not in known]):
            kept.put(key, orjson.dumps([*known, *new]))
            evidence = tuple(docketed[number][1] for number in numbers)
            yield Told(new[-1], title, evidence, {"title": title, "cases": numbers})


def _sorted(named: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(named[name] for name in sorted(named))


Finder = Callable[[Trigger, date, _Kept, Rules], Iterator[Told]]
PATTERNS_BY_NAME: Mapping[str, Finder] = {"same-fault": same_fault, "same-title": same_title}


def _lead(trigger: Trigger, told: Told, day: date, rules: Rules, cause: int) -> Output:
    explanation = {
        "rule": trigger.id,
        "basis": trigger.basis,
        "sure": trigger.sure,
        "severity": trigger.severity,
        "owed_by": trigger.owed_by,
        "day": day.isoformat(),
        "why": dict(told.why),
        "rules": rules.version,
    }
    body = {
        "trigger": trigger.id,
        "rule": trigger.id,
        "instance": told.instance,
        "subject": told.subject,
        "lead_id": derived_id("lead", told.subject, trigger.id, told.instance),
        "on": day.isoformat(),
        "due_day": None,
        "side": trigger.side,
        "ground": trigger.ground,
        "explanation": explanation,
        "evidence": list(told.evidence),
        "answer": None,
        "rules": rules.version,
        "unverified": True,
    }
    said_id = derived_id("pattern", told.subject, trigger.id, told.instance, day.isoformat())
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", said_id.encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", ce_type("LeadRaised", "lead").encode()),
        ("ce_time", f"{day + timedelta(days=1)}T00:00:00+08:00".encode()),
        ("ce_subject", told.subject.encode()),
        ("content-type", b"application/json"),
    ]
    return Output(cause, LEADS, told.subject.encode(), orjson.dumps(body), headers)
