"""What no single subject shows: one fault in many cases, one title under two numbers, how many soft breaches.

Casework tells what patterns are made of (leads, titles, counts, ends of days) in the order of its partition,
all into the one partition of the topic `patterns`. A day is judged when every partition of the ledger has
closed it, from sets, so neither the order of arrival nor a repetition decides anything. Who is in charge of a
case is told under a pseudonym, and only where both sides have agreed on patterns about single officers.
"""

import re
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, MutableMapping, MutableSequence, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import orjson

from fajian.core.brake import HELD
from fajian.core.facts import RETRACTED, Fact
from fajian.core.ports import Folded, Header, Output, Record, Store
from fajian.core.routing import DISCIPLINE, ESCALATED, OFFICE, PROCURATORATE, addressees_of_flag
from fajian.core.rules import LONGEST_WINDOW, Rules, SameFault, Trigger
from fajian.errors import RulesMissingError
from schemas.names import ce_type, derived_id
from schemas.topics import FLAGS, LEADS, PATTERNS, feed

SOURCE = "//hub/patterns"
DOCKETED = "CaseDocketed"
ASSIGNED = "UndertakerAssigned"
COUNTED = "SoftBreachesCounted"

CLOSED = b"closed/"  #: partition -> the last day that it has closed
OPEN = b"open/"  #: day -> rules version, until it is judged
LEAD = b"lead/"  #: court, trigger, day, subject -> lead
RAISED = b"raised/"  #: court, trigger -> the day on which the pattern was last raised
TITLE = b"title/"  #: title, source, id -> docketing
NEW = b"new/"  #: day, title: what a day has to look at
GONE = b"gone/"  #: source, id of a docketing that was corrected or retracted -> the day of that
PAIR = b"pair/"  #: title, creditor -> all cases that were told of
OFFICER = (
    b"officer/"  #: case, day, source, id -> day of its arrival, pseudonym of who is in charge from then on
)
COUNT = b"count/"  #: day, partition -> its soft breaches

#: Who hears how many there are, and of no single one.
COUNTED_FOR = (OFFICE, PROCURATORATE, DISCIPLINE)
_SOFT = b'"severity":"soft"'  #: as the fold writes it
_TYPES = {ce_type(name, "flag").encode(): name for name in (ESCALATED, "Withdrawn")}

Tally = MutableMapping[str, list[int]]  #: court, rule, side -> breaches that stood, and those taken back

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


def count_soft(outputs: Sequence[Output], first: int, tally: Tally, rules: Rules) -> None:
    """Add to *tally* the soft breaches among *outputs* from *first* on that only their owner is told of.

    A breach counts when its owner's answer window has ended, as it would be told then if it were a hard one.
    """
    if not rules.policy.signed:
        return
    for output in outputs[first:]:
        if output.topic != FLAGS or _SOFT not in (output.value or b""):
            continue
        headers = dict(output.headers)
        name = _TYPES.get(headers["ce_type"])
        if name is None or HELD in headers:
            continue
        body = orjson.loads(output.value or b"{}")
        if body["historic"] or not rules.is_settled(body["rule"], body["sure"]):
            continue
        if body["rule"] not in rules.periods and body["rule"] not in rules.triggers:
            continue  # taken back because the law has the row no more
        if name == ESCALATED or body["reported"]:
            heard = addressees_of_flag(name, body, rules).posts
            if list(heard) == [body["side"]]:
                court = _COURT.match(body["subject"])
                key = _SEP.join((court[1] if court else "", body["rule"], body["side"]))
                tally.setdefault(key, [0, 0])[name != ESCALATED] += 1


def looks_at_officers(rules: Rules) -> bool:
    """Tell whether both sides have agreed on looking for what recurs with one officer."""
    return any(
        trigger.pattern == "same-officer" and rules.may_raise(trigger) for trigger in rules.triggers.values()
    )


def of_fact(fact: Fact, subject: str, offset: int, rules: Rules) -> Iterator[Output]:
    """Tell the patterns of a docketing with its title, or that an earlier fact no longer stands.

    Who is in charge of a case is told by agreement alone, and under a pseudonym.
    """
    if fact.linked or fact.name not in (DOCKETED, RETRACTED, ASSIGNED):
        return
    gone = fact.body.get("retracts") if fact.name == RETRACTED else fact.body.get("supersedes")
    if fact.name == ASSIGNED:
        if looks_at_officers(rules):
            yield _of_officer(fact, gone, subject, offset)
        return
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


def _of_officer(fact: Fact, gone: str | None, subject: str, offset: int) -> Output:
    ref = fact.body.get("undertaker_ref")
    said = {
        "what": "officer",
        "gone": gone,
        "subject": subject,
        "source": fact.source,
        "id": fact.id,
        "day": fact.day.isoformat(),
        "arrived": fact.arrived_day.isoformat(),
        "officer": derived_id("officer", fact.source, ref) if ref else "",
    }
    return _told(offset, f"officer/{fact.source}/{fact.id}", said)


def of_day(partition: int, day: date, rules: str, offset: int, tally: Tally | None = None) -> Output:
    """Tell the patterns that a partition has closed a day, and how many soft breaches it has had in it."""
    said: dict[str, Any] = {"what": "closed", "partition": partition, "day": day.isoformat(), "rules": rules}
    if tally:
        said["soft"] = [[*key.split(_SEP), *counts] for key, counts in sorted(tally.items())]
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
        """Forget a *key* that is there: one the store never had leaves no trace; a batch may hold years."""
        if self._store.get(key) is not None:
            self.put(key, None)
        else:
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
                case "officer":
                    _keep_officer(said, kept)
                case _:
                    folded.outputs.extend(self._close(said, kept, record))
        return folded

    def _close(self, said: Mapping[str, Any], kept: _Kept, record: Record) -> Iterator[Output]:
        key, day = CLOSED + b"%05d" % said["partition"], said["day"].encode()
        if day <= (kept.get(key) or b""):
            return  # told before
        kept.put(key, day)
        kept.put(OPEN + day, said["rules"].encode())
        if "soft" in said:
            kept.put(COUNT + day + b"/%05d" % said["partition"], orjson.dumps(said["soft"]))
        closed = [value for _, value in kept.under(CLOSED)]
        if len(closed) < self._partitions:
            return
        for name, version in kept.under(OPEN):
            if (judged := name.removeprefix(OPEN)) <= min(closed):
                kept.drop(name)
                rules = self._rules(version.decode(), record)
                yield from _judge(date.fromisoformat(judged.decode()), kept, rules, record.offset)
                yield from _add_up(judged.decode(), kept, rules, record.offset)

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


def _keep_officer(said: Mapping[str, Any], kept: _Kept) -> None:
    if said["gone"]:
        kept.put(GONE + f"{said['source']}{_SEP}{said['gone']}".encode(), said["arrived"].encode())
    key = _SEP.join((said["subject"], said["day"], said["source"], said["id"]))
    kept.put(OFFICER + key.encode(), orjson.dumps([said["arrived"], said["officer"]]))


def _judge(day: date, kept: _Kept, rules: Rules, cause: int) -> Iterator[Output]:
    """Yield the leads of the patterns that are there at the end of *day*."""
    for trigger in rules.triggers.values():
        found = PATTERNS_BY_NAME.get(trigger.pattern or "")
        if found is not None:
            told = list(found(trigger, day, kept, rules))  # what is not to be told is remembered as well
            if rules.may_raise(trigger):
                yield from (_lead(trigger, pattern, day, rules, cause) for pattern in told)


def same_fault(trigger: Trigger, day: date, kept: _Kept, rules: Rules) -> Iterator[Told]:
    """T37: the same trigger in so many cases of one court within the window; raised once in a window."""
    groups: dict[tuple[str, ...], dict[str, str]] = {}
    for court, fault, subject, lead in _leads_within(trigger, day, kept, rules):
        groups.setdefault((court, fault), {}).setdefault(subject, lead)
    yield from _recurring(trigger, groups, day, kept, rules)


def same_officer(trigger: Trigger, day: date, kept: _Kept, rules: Rules) -> Iterator[Told]:
    """T37-officer: the same within the cases of one officer, who is not named. Only by agreement."""
    if not looks_at_officers(rules):
        return
    groups: dict[tuple[str, ...], dict[str, str]] = {}
    for court, fault, subject, lead in _leads_within(trigger, day, kept, rules):
        if officer := _in_charge(subject, day.isoformat(), kept):
            groups.setdefault((court, fault, officer), {}).setdefault(subject, lead)
    yield from _recurring(trigger, groups, day, kept, rules)


def limits_of(trigger: Trigger, rules: Rules) -> SameFault:
    """Return how many cases in how many days make a pattern: as agreed, else as the row says."""
    return rules.policy.same_fault or SameFault(**trigger.params)


def _leads_within(
    trigger: Trigger, day: date, kept: _Kept, rules: Rules
) -> Iterator[tuple[str, str, str, str]]:
    """Yield court, fault, subject and lead of the window that ends with *day*."""
    first = (day - timedelta(days=limits_of(trigger, rules).days)).isoformat()
    oldest = (day - timedelta(days=LONGEST_WINDOW)).isoformat()
    for key, lead in kept.under(LEAD):
        court, fault, on, subject, _ = key.removeprefix(LEAD).decode().split(_SEP)
        if on <= oldest:
            kept.drop(key)  # no agreement has so long a window
        elif first < on <= day.isoformat():
            yield court, fault, subject, lead.decode()


def _in_charge(subject: str, day: str, kept: _Kept) -> str:
    """Return who is in charge of a case as is known at the end of *day*; empty where nobody was named."""
    found = ""
    for key, value in kept.under(OFFICER + f"{subject}{_SEP}".encode()):
        since, named = key.removeprefix(OFFICER).decode().split(_SEP, 2)[1:]
        arrived, officer = orjson.loads(value)
        gone = kept.get(GONE + named.encode())
        if since <= day and arrived <= day and (gone is None or gone.decode() > day):
            found = officer
    return found


def _recurring(
    trigger: Trigger,
    groups: Mapping[tuple[str, ...], Mapping[str, str]],
    day: date,
    kept: _Kept,
    rules: Rules,
) -> Iterator[Told]:
    limits = limits_of(trigger, rules)
    first = (day - timedelta(days=limits.days)).isoformat()
    for names, leads in sorted(groups.items()):
        key = RAISED + _SEP.join(names).encode()
        raised = (kept.get(key) or b"").decode()
        if len(leads) >= limits.cases and raised <= first:
            kept.put(key, day.isoformat().encode())
            why = {
                "court": names[0],
                "trigger": names[1],
                "cases": sorted(leads),
                "since": first,
                "at_least": limits.cases,
                "in_days": limits.days,
                "limits": rules.policy.agreement if rules.policy.same_fault else trigger.id,
            }
            instance = "/".join((*names, day.isoformat()))
            yield Told(rules.policy.agreement, instance, _sorted(leads), why)


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
PATTERNS_BY_NAME: Mapping[str, Finder] = {
    "same-fault": same_fault,
    "same-officer": same_officer,
    "same-title": same_title,
}


def _add_up(day: str, kept: _Kept, rules: Rules, cause: int) -> Iterator[Output]:
    """Tell how many soft breaches a day has had in all partitions: once for each court, rule and side."""
    breaches, taken_back = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    for key, value in kept.under(COUNT + day.encode()):
        kept.drop(key)
        for *names, stood, fell in orjson.loads(value):
            breaches[tuple(names)] += stood
            taken_back[tuple(names)] += fell
    for court, rule, side in sorted(breaches):
        body = {
            "on": day,
            "court": court or None,
            "rule": rule,
            "side": side,
            "breaches": breaches[court, rule, side],
            "taken_back": taken_back[court, rule, side],
            "rules": rules.version,
        }
        subject = rules.policy.agreement
        said_id = derived_id("count", subject, day, court, rule, side)
        headers = _headers(COUNTED, "mechanism", said_id, subject, date.fromisoformat(day))
        for to in COUNTED_FOR:
            yield Output(cause, feed(to), subject.encode(), orjson.dumps(body), headers)


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
    headers = _headers("LeadRaised", "lead", said_id, told.subject, day)
    return Output(cause, LEADS, told.subject.encode(), orjson.dumps(body), headers)


def _headers(name: str, family: str, id_: str, subject: str, day: date) -> list[Header]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", id_.encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", ce_type(name, family).encode()),
        ("ce_time", f"{day + timedelta(days=1)}T00:00:00+08:00".encode()),
        ("ce_subject", subject.encode()),
        ("content-type", b"application/json"),
    ]
