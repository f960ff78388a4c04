"""Fold the ledger: facts in; states, flags and leads out. The same prefix gives the same bytes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from itertools import islice

import orjson

from fajian.core import brake, patterns, words
from fajian.core.calendar import SHANGHAI
from fajian.core.clocks import Clock
from fajian.core.facts import Fact, instant_of, read_fact
from fajian.core.matters import Matter, Said, speak, unsay
from fajian.core.ports import Folded, Output, Record, Store
from fajian.core.routing import hidden_from, sides_of_fact, veil
from fajian.core.rules import Rules, Trigger
from fajian.core.subject_state import SubjectState, rule_of
from fajian.core.subjects import kind_of
from fajian.core.triggers import PREDICATES, Evidence
from fajian.errors import LedgerRecordError, RulesMissingError
from schemas.names import derived_id
from schemas.topics import CASE_STATE, feed, receipts

META = b"m"
STATE = b"s"
DUE = b"d"
TICKED = "cn.fajian.clock.clock-ticked.v1"
DECLARED = "cn.fajian.clock.ledger-declared.v1"

#: Facts about the bus itself, many a day. `agents/sync.py` reads them in the ledger, no subject keeps them.
PASSED_ON = frozenset({"StateDigest"})

Shown = Mapping[str, Sequence[Matter]]  #: by rule

_MODULUS = 1 << 128
_CACHED = 512  #: decoded subjects of one partition that are kept between batches; each takes some 30 KB
SLICE = 1000  #: subjects judged at once where a tick concerns more: other partitions get their turn between


@dataclass(slots=True)
class Meta:
    """What one partition of the ledger has come to."""

    tick: str | None = None  #: the last day that has ended
    rules: str | None = None
    simulated: bool = False
    chain: str = ""  #: hash over all records so far
    digest: str = "0" * 32  #: sum over the subjects of what `case.state` holds
    subjects: int = 0  #: how many subjects `case.state` holds
    judging: str | None = None  #: a tick is under way, and has come to the subject of this key
    before: str | None = None  #: the rules that the tick under way replaces
    tally: brake.Tally = field(default_factory=brake.Tally)  #: how many flags its ticks yield
    soft: dict[str, list[int]] = field(default_factory=dict)  #: soft breaches since the last tick

    @property
    def tick_day(self) -> date:
        return date.fromisoformat(self.tick) if self.tick else date.min


@dataclass(slots=True)
class Session:
    """One batch under way: reads through to the store, writes kept until the batch is delivered."""

    store: Store
    meta: Meta
    folded: Folded
    partition: int
    states: dict[str, SubjectState] = field(default_factory=dict)
    wakes: dict[str, date | None] = field(default_factory=dict)  #: as the store's due index has them


class Casework:
    """The folder behind `agents/casework.py`. *rules* finds a rules version, or raises `KeyError`.

    A tick that concerns more than *slice_* subjects takes several calls, with the place that it has come to
    in the store. What comes out is the same, in the same order.
    """

    def __init__(self, rules: Callable[[str], Rules], *, slice_: int = SLICE) -> None:
        self._rules_of = rules
        self._slice = slice_
        self._cache: dict[str, tuple[bytes, SubjectState]] = {}

    def fold(self, records: Sequence[Record], store: Store) -> Folded:
        raw = store.get(META)
        meta = _read_meta(raw)
        folded = Folded(records[0].offset - 1)
        session = Session(store, meta, folded, records[0].partition)
        for record in records:
            if not self._take(record, session):
                break
            folded.applied = record.offset
        self._keep(session)
        folded.notes = {"chain": meta.chain, "tick": meta.tick or "", "rules": meta.rules or ""}
        return folded

    def _take(self, record: Record, session: Session) -> bool:
        """Fold one record, and tell whether it is done."""
        headers = dict(record.headers)
        type_ = headers.get("ce_type", b"").decode()
        if type_ == TICKED:
            return self._tick(record, headers, session)
        session.meta.chain = _chained(session.meta.chain, record)
        if type_ == DECLARED:
            self._declare(record, session)
        else:
            self._hear(record, headers, session)
        return True

    # -- the clock ---------------------------------------------------------------------------------------

    def _declare(self, record: Record, session: Session) -> None:
        if session.meta.tick is not None:
            return
        data = orjson.loads(record.value or b"{}")
        before = date.fromisoformat(data["from_day"]) - timedelta(days=1)
        session.meta.tick, session.meta.rules = before.isoformat(), data["rules"]
        session.meta.simulated = data["simulated"]

    def _tick(self, record: Record, headers: dict[str, bytes], session: Session) -> bool:
        """Judge the morning after a day, or a slice of its subjects; tell whether all are done."""
        meta, data = session.meta, orjson.loads(record.value or b"{}")
        day = date.fromisoformat(data["day"])
        due: list[str] = []
        if meta.judging is None:
            version = self._rules(session, record).version
            if _is_idle(day, data["incomplete"], meta, record):
                meta.chain = _chained(meta.chain, record)
                return True
            changed = data["rules"] != version
            if session.states:
                due = self._due(session, day)
                if changed or len(due) > self._slice:
                    return False  # slices read the store: what came before goes there first
            meta.chain = _chained(meta.chain, record)
            meta.tick, meta.rules, meta.judging = day.isoformat(), data["rules"], ""
            meta.before = version if changed else None
        rules = self._rules(session, record)
        before = self._rules_of(meta.before) if meta.before else None
        source, id_ = headers["ce_source"].decode(), headers["ce_id"].decode()
        late = None if meta.simulated else _caught_up_to(day, record)
        cause = words.Cause(source, id_, record.offset, day, words.end_of(day), late)
        subjects, is_last = (due, True) if session.states else self._next(session, day)
        out, first = session.folded.outputs, len(session.folded.outputs)
        for subject in subjects:
            state = self._state(subject, session)
            if before is not None:
                state.forget()
            shown = state.judge(rules, None if before else state.awake(day, rules))
            if before is not None:
                self._take_back(state, shown, before, cause, session)
            self._say(state, shown, rules, cause, session)
        brake.look(out, first, meta.tally, rules.policy.brake, day=day, partition=session.partition)
        patterns.count_soft(out, first, meta.soft, rules)
        patterns.follow_leads(out, first)
        if not is_last:
            session.folded.unfinished = True
            return False
        meta.judging = meta.before = None
        brake.close(meta.tally, rules.policy.brake)
        out.append(words.digest(cause, session.partition, meta.digest, meta.subjects))
        out.append(patterns.of_day(session.partition, day, rules.version, record.offset, meta.soft))
        meta.soft = {}
        return True

    def _next(self, session: Session, day: date) -> tuple[list[str], bool]:
        """Return whom the tick of *day* judges next by the store, and whether nobody is left then."""
        meta = session.meta
        first, end = (STATE, STATE + b"\xff") if meta.before else (DUE, _due_until(day))
        begin = f"{meta.judging}\0".encode() if meta.judging else first
        keys = [key for key, _ in islice(session.store.scan(begin, end), self._slice + 1)]
        taken = keys[: self._slice]
        meta.judging = taken[-1].decode() if taken else ""
        named_from = len(STATE) if meta.before else len(DUE) + len(day.isoformat())
        return [key[named_from:].decode() for key in taken], len(keys) == len(taken)

    def _due(self, session: Session, day: date) -> list[str]:
        """Return the subjects with something to say at the tick of *day*, in a fixed order."""
        found = {key[11:].decode(): key[1:11].decode() for key, _ in session.store.scan(DUE, _due_until(day))}
        for subject, state in session.states.items():
            found.pop(subject, None)
            if state.wake is not None and state.wake <= day:
                found[subject] = state.wake.isoformat()
        return sorted(found, key=lambda subject: (found[subject], subject))

    # -- the facts ---------------------------------------------------------------------------------------

    def _hear(self, record: Record, headers: dict[str, bytes], session: Session) -> None:
        rules = self._rules(session, record)
        where = f"{record.topic}/{record.partition}/{record.offset}"
        fact = read_fact(record.headers, record.value, names=rules.names, where=where)
        if record.key is None:
            raise LedgerRecordError(where=where, reason="expected a subject as key, got none")
        subject = record.key.decode()
        state = None if fact.name in PASSED_ON else self._state(subject, session)
        status = _status(fact, state) if state else "recorded"
        cause = words.Cause(
            fact.source,
            headers["ce_id"].decode(),
            record.offset,
            session.meta.tick_day + timedelta(days=1),
            headers["ce_arrivedtime"].decode(),
        )
        out = session.folded.outputs
        if status and not fact.linked:
            out.append(words.receipt(cause, receipts(fact.side), subject, fact, status, where))
        if state is None or status != "recorded":
            return
        sides = sides_of_fact(fact, rules)
        copies = words.fact(cause, [feed(side) for side in sides], record)
        for side, copy in zip(sides, copies, strict=True):
            out.append(veil(copy, hidden_from(side, fact, lambda: state.look(rules), rules)))
        first = len(out)
        shown = state.judge(rules, state.add(fact, rules))
        self._say(state, shown, rules, cause, session)
        out.extend(patterns.of_fact(fact, subject, record.offset, rules))
        patterns.count_soft(out, first, session.meta.soft, rules)
        patterns.follow_leads(out, first)

    # -- what follows ------------------------------------------------------------------------------------

    def _say(
        self, state: SubjectState, shown: Shown, rules: Rules, cause: words.Cause, session: Session
    ) -> None:
        """Publish the difference between what the facts show at the last tick and what was said."""
        tick, out = session.meta.tick_day, session.folded.outputs
        gone = dict.fromkeys(state.said_under(shown))
        changed = []
        for matter in [matter for matters in shown.values() for matter in matters]:
            key = matter.key
            gone.pop(key, None)
            said = state.said.get(key)
            flags, after = speak(matter, said, tick, rules, on=cause.heard_on)
            for name in flags:
                out.append(words.flag(cause, state, matter, name, after, rules))
            after = self._lead(state, matter, after, rules, cause, session)
            if after != said:
                state.remember(key, after)
                changed.append(key)
        for key in gone:
            said = state.said[key]
            flags, after = unsay(said)
            out.extend(words.vanished(cause, state, key, name, said, rules) for name in flags)
            if after != said:
                state.remember(key, after)
                changed.append(key)
        if changed:
            state.settle()
        self._share(state, changed, rules, cause, session)

    def _take_back(
        self, state: SubjectState, shown: Shown, before: Rules, cause: words.Cause, session: Session
    ) -> None:
        """Withdraw what was said under rows that the law no longer has for this subject."""
        for key in sorted(state.said):
            if rule_of(key) not in shown:
                said = state.lose(key)
                session.folded.outputs.extend(
                    words.vanished(cause, state, key, name, said, before) for name in unsay(said)[0]
                )
        state.settle()

    def _lead(
        self,
        state: SubjectState,
        matter: Matter,
        said: Said,
        rules: Rules,
        cause: words.Cause,
        session: Session,
    ) -> Said:
        """Raise one lead for a breach whose answer window is over, where a trigger names it."""
        if said.stage != "escalated" or said.lead:
            return said
        for trigger in _triggers(matter, rules):
            if (evidence := _evidence(trigger, matter, state, rules)) is not None:
                lead = derived_id("lead", state.subject, matter.rule, matter.instance)
                if _is_dismissed(lead, state, rules):
                    return said
                session.folded.outputs.append(
                    words.lead(cause, state, matter, trigger, evidence, lead, rules)
                )
                return said._replace(lead=lead)
        return said

    def _share(
        self, state: SubjectState, changed: Iterable[str], rules: Rules, cause: words.Cause, session: Session
    ) -> None:
        """Write `case.state` where its bytes change, and keep the digest of the partition in step."""
        value = words.shared(state, changed, rules)
        if value is None:
            return
        name = blake2b(state.subject.encode() + b"\0" + value, digest_size=16).hexdigest()
        if name == state.shared:
            return
        meta = session.meta
        before = int(state.shared, 16) if state.shared else 0
        meta.digest = f"{(int(meta.digest, 16) - before + int(name, 16)) % _MODULUS:032x}"
        meta.subjects += not state.shared
        state.shared = name
        session.folded.outputs.append(
            Output(
                cause.offset,
                CASE_STATE,
                state.subject.encode(),
                value,
                words.place(session.partition, cause.offset),
                session.partition,
            )
        )

    # -- reading and writing -----------------------------------------------------------------------------

    def _rules(self, session: Session, record: Record) -> Rules:
        version = session.meta.rules
        where = f"{record.topic}/{record.partition}/{record.offset}"
        if version is None:
            raise LedgerRecordError(
                where=where, reason="expected the ledger's declaration first, got an event"
            )
        try:
            return self._rules_of(version)
        except KeyError as error:
            raise RulesMissingError(
                f"expected rules version {version} for {where}, and it is not there"
            ) from error

    def _state(self, subject: str, session: Session) -> SubjectState:
        state = session.states.get(subject)
        if state is None:
            raw = session.store.get(STATE + subject.encode())
            cached = self._cache.pop(subject, None)
            if raw is None:
                state = SubjectState(subject, kind_of(subject))
            elif cached is not None and cached[0] == raw:
                state = cached[1]
            else:
                state = SubjectState.decode(subject, raw)
            session.states[subject] = state
            session.wakes[subject] = state.wake
        return state

    def _keep(self, session: Session) -> None:
        writes = session.folded.writes
        for subject, state in session.states.items():
            raw = state.encode()
            writes[STATE + subject.encode()] = raw
            before, now = session.wakes[subject], state.wake
            if before != now:
                if before is not None:
                    writes[_due_key(before, subject)] = None
                if now is not None:
                    writes[_due_key(now, subject)] = b""
            self._cache[subject] = (raw, state)
        while len(self._cache) > _CACHED:
            del self._cache[next(iter(self._cache))]
        meta = session.meta
        writes[META] = orjson.dumps(meta)


def _caught_up_to(day: date, record: Record) -> date | None:
    """Return the last day that had ended when the tick of *day* was written, if it is a later one."""
    written = datetime.fromtimestamp(record.timestamp / 1000, SHANGHAI).date() - timedelta(days=1)
    return written if written > day else None


def _read_meta(raw: bytes | None) -> Meta:
    if raw is None:
        return Meta()
    kept = orjson.loads(raw)
    return Meta(**kept | {"tally": brake.Tally(**kept.get("tally", {}))})


def _is_idle(day: date, is_incomplete: bool, meta: Meta, record: Record) -> bool:
    """Tell whether a tick judges nothing.

    It repeats, or comes late in the ledger; or facts of the day may be missing, and the next complete tick
    judges it; or the day had not ended when the tick was written, and time itself is not simulated.
    """
    early = not meta.simulated and instant_of(words.end_of(day)) > record.timestamp * 1000
    return day <= meta.tick_day or is_incomplete or early


def _due_until(day: date) -> bytes:
    return DUE + (day + timedelta(days=1)).isoformat().encode()


def _due_key(day: date, subject: str) -> bytes:
    return DUE + day.isoformat().encode() + subject.encode()


def _chained(head: str, record: Record) -> str:
    parts = [head.encode(), _framed(record.key or b""), _framed(record.value or b"")]
    for name, value in record.headers:
        parts += (_framed_name(name), len(value).to_bytes(4, "big"), value)
    return blake2b(b"".join(parts), digest_size=32).hexdigest()


def _framed(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


@lru_cache(maxsize=256)
def _framed_name(name: str) -> bytes:
    return _framed(name.encode())


def _status(fact: Fact, state: SubjectState) -> str:
    """Return what becomes of *fact*: empty for a repeat of the transport, which nobody submitted."""
    known = state.facts.get((fact.source, fact.id))
    if known is None:
        return "recorded"
    if known.position == fact.position:
        return ""
    return "duplicate" if known.hash == fact.hash else "conflict"


def _triggers(matter: Matter, rules: Rules) -> Iterator[Trigger]:
    named = rules.trigger_of.get(matter.rule)
    for trigger in named if named is not None else (rules.triggers[matter.rule],):
        if rules.may_raise(trigger) and rules.is_settled(matter.rule, matter.row.sure):
            yield trigger


def _is_dismissed(lead: str, state: SubjectState, rules: Rules) -> bool:
    """Tell whether the last word on *lead* dismisses it, whatever came and went since it was raised."""
    screened = state.look(rules).named("LeadScreened")
    decisions = [fact.body.get("decision") for fact in screened if fact.body.get("lead_id") == lead]
    return decisions[-1:] == ["dismissed"]


def _evidence(trigger: Trigger, matter: Matter, state: SubjectState, rules: Rules) -> Evidence | None:
    if not isinstance(matter.shown_by, Clock):
        return Evidence()
    return PREDICATES[trigger.predicate](state.look(rules), matter.shown_by, rules)
