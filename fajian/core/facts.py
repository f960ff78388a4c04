"""What has been reported of one subject. Facts are ordered by the law, never by their arrival."""

from bisect import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from fajian.core.calendar import SHANGHAI
from fajian.core.counting import shift
from fajian.core.ports import Header
from fajian.core.rules import Body, Cue, Rules
from fajian.errors import LedgerRecordError

RETRACTED = "Retracted"
BASELINE = "BaselineImported"
UNKNOWN_PRECEDENCE = 50  #: of a fact whose event the rules no longer have

Name = tuple[str, str]  #: source and id: what a fact is known by within its subject

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)
_SHANGHAI = 8 * 3600 * 1_000_000  #: the offset of Shanghai in microseconds; no summer time since 1991
DAY = 86_400_000_000  #: in microseconds


class Fact(NamedTuple):
    """One accepted event of a subject."""

    id: str  #: as its submitter named it
    source: str
    side: str  #: that submitted it
    name: str
    at: int  #: microseconds since 1970, the time of the fact
    sequence: int | None
    arrived: int  #: microseconds since 1970, the broker's arrival in the inbox
    hash: str  #: of everything that the submitter said
    position: str  #: where in the inbox it stood
    linked: bool  #: its primary subject is another one
    body: Body

    @property
    def day(self) -> date:
        return day_of(self.at)

    @property
    def arrived_day(self) -> date:
        return day_of(self.arrived)


def day_of(instant: int) -> date:
    """Return the day of Shanghai in which *instant* (microseconds since 1970) lies."""
    return _day(day_number(instant))


def day_number(instant: int) -> int:
    """Return the number of that day; days that follow on each other have numbers that do."""
    return (instant + _SHANGHAI) // DAY


@lru_cache(maxsize=8192)
def _day(number: int) -> date:
    return date.fromordinal(_EPOCH_ORDINAL + number)


def instant_of(text: str) -> int:
    """Return microseconds since 1970 of an RFC 3339 instant."""
    return microseconds(datetime.fromisoformat(text))


def microseconds(moment: datetime) -> int:
    """Return *moment* as facts keep it."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(instant: int) -> datetime:
    """Return *instant* (microseconds since 1970) on the clocks of Shanghai."""
    return (_EPOCH + _MICROSECOND * instant).astimezone(SHANGHAI)


def read_fact(
    headers: Sequence[Header], value: bytes | None, *, names: Mapping[str, str], where: str
) -> Fact:
    """Read a ledger record. Intake has checked it, so whatever cannot be read is a fault of ours.

    *names* maps `ce_type` to the short name. Raises `LedgerRecordError`.
    """
    try:
        said = {name: text.decode() for name, text in headers}
        body = orjson.loads(value or b"{}")
        sequence = said.get("ce_sequence")
        id_ = said["ce_id"]
        return Fact(
            id=said.get("ce_originid", id_),
            source=said["ce_source"],
            side=said["ce_submittedby"],
            name=names[said["ce_type"]],
            at=instant_of(said["ce_time"]),
            sequence=int(sequence) if sequence else None,
            arrived=instant_of(said["ce_arrivedtime"]),
            hash=_hash(said, value),
            position=said.get("ce_inboxposition", ""),
            linked="ce_originid" in said,
            body=body,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LedgerRecordError(where=where, reason=f"{type(error).__name__}: {error}") from error


def _hash(said: Mapping[str, str], value: bytes | None) -> str:
    digest = blake2b(digest_size=12)
    for name in ("ce_type", "ce_time"):
        digest.update(said[name].encode() + b"\0")
    digest.update(value or b"")
    return digest.hexdigest()


def encode_fact(fact: Fact) -> list[Any]:
    return list(fact)


def decode_fact(row: list[Any]) -> Fact:
    return Fact._make(row)


def order_of(rules: Rules) -> Callable[[Fact], tuple[int, int, str, int, str]]:
    """Return what facts are sorted by: time, precedence on equal time, source, sequence, id."""

    def key(fact: Fact) -> tuple[int, int, str, int, str]:
        return fact.at, precedence_of(fact.name, rules), fact.source, fact.sequence or 0, fact.id

    return key


def precedence_of(name: str, rules: Rules) -> int:
    """Return what comes first on equal time: the smaller number."""
    event = rules.events.get(name)
    return event.precedence if event else UNKNOWN_PRECEDENCE


def day_order_of(rules: Rules) -> Callable[[Fact], tuple[int, int, int, str, int, str]]:
    """Return what `View.by_day` is sorted by: the hour of a fact counts only after its precedence."""

    def key(fact: Fact) -> tuple[int, int, int, str, int, str]:
        first = precedence_of(fact.name, rules)
        return day_number(fact.at), first, fact.at, fact.source, fact.sequence or 0, fact.id

    return key


def in_order(facts: Iterable[Fact], rules: Rules) -> list[Fact]:
    return sorted(facts, key=order_of(rules))


def standing(facts: Sequence[Fact]) -> list[Fact]:
    """Leave out what a later word of the same source superseded or retracted, in whatever order they came.

    What was superseded stays so when its correction is corrected in turn, and stands again when that
    correction is retracted. A retraction that itself fell does nothing, and words that name each other in a
    circle do nothing to each other.
    """
    if not any(map(_removes, facts)):
        return list(facts)
    named = {(fact.source, fact.id): fact for fact in facts}
    against: dict[Name, list[Name]] = {}
    for name, fact in named.items():
        if (target := _removes(fact)) in named:
            against.setdefault(target, []).append(name)
    if not against:
        return list(facts)
    in_turn = _last_word_first(named, against)
    settled, standing_, living = frozenset(in_turn), set(), set()
    for name in (*in_turn, *(name for name in named if name not in settled)):
        removers = [remover for remover in against.get(name, ()) if remover in settled]
        retracted = any(named[one].name == RETRACTED and one in standing_ for one in removers)
        corrected = any(named[one].name != RETRACTED and one in living for one in removers)
        if corrected or not retracted:
            living.add(name)  # itself or a later version of it
        if not (corrected or retracted):
            standing_.add(name)
    return [fact for fact in facts if (fact.source, fact.id) in standing_]


def _last_word_first(named: Mapping[Name, Fact], against: Mapping[Name, Sequence[Name]]) -> list[Name]:
    """Return every fact after all that are against it. Those in a circle are left out."""
    waiting = {name: len(removers) for name, removers in against.items()}
    in_turn = [name for name in named if name not in waiting]
    for name in in_turn:  # grows while it is read
        target = _removes(named[name])
        if target in waiting:
            waiting[target] -= 1
            if not waiting[target]:
                in_turn.append(target)
    return in_turn


def _removes(fact: Fact) -> Name | None:
    """Return what *fact* retracts or supersedes."""
    named = fact.body.get("retracts") if fact.name == RETRACTED else fact.body.get("supersedes")
    return (fact.source, named) if named and named != fact.id else None


@dataclass(frozen=True, slots=True)
class View:
    """A subject's standing facts in the order of the law."""

    subject: str
    kind: str
    facts: tuple[Fact, ...]
    by_name: Mapping[str, tuple[Fact, ...]]
    by_day: tuple[Fact, ...]  #: by day and on one day by the law: most facts are known by their day only
    against: frozenset[Name] = frozenset()  #: what some fact removes, be it there or not
    walks: dict[frozenset[str] | None, Any] = field(default_factory=dict, compare=False)  #: of `lives`
    clocks: dict[tuple[str, str], Any] = field(default_factory=dict, compare=False)  #: of `clocks`, by row
    told: dict[str, dict[Cue, list[tuple[date, Fact]]]] = field(
        default_factory=dict, compare=False
    )  #: by event

    def named(self, *names: str) -> tuple[Fact, ...]:
        return tuple(fact for name in names for fact in self.by_name.get(name, ()))

    def heard(self, cue: Cue) -> list[tuple[date, Fact]]:
        """Return the facts that *cue* hears, each with the day that counts."""
        named = self.by_name.get(cue.event)
        if not named:
            return []
        known = self.told.setdefault(cue.event, {})
        heard = known.get(cue)
        if heard is None:
            heard = known[cue] = [
                (cue_day(cue, fact), fact)
                for fact in named
                if cue.side in (None, fact.side) and cue.hears(fact.body, self.kind)
            ]
        return heard

    def grown(self, fact: Fact, rules: Rules) -> "View | None":
        """Return the view with one more fact; None where it changes which others stand, or does not stand."""
        if (fact.source, fact.id) in self.against or _removes(fact):
            return None
        key = order_of(rules)
        place, among = key(fact), self.by_name.get(fact.name, ())
        at, within = bisect(self.facts, place, key=key), bisect(among, place, key=key)
        by_name = {**self.by_name, fact.name: (*among[:within], fact, *among[within:])}
        facts = (*self.facts[:at], fact, *self.facts[at:])
        day_key = day_order_of(rules)
        at = bisect(self.by_day, day_key(fact), key=day_key)
        by_day = (*self.by_day[:at], fact, *self.by_day[at:])
        walks = dict(self.walks) if by_day[-1] is fact else {}
        told = {event: heard for event, heard in self.told.items() if event != fact.name}
        return View(self.subject, self.kind, facts, by_name, by_day, self.against, walks, told=told)


def cue_day(cue: Cue, fact: Fact) -> date:
    named = fact.body.get(cue.day) if cue.day else None
    day = date.fromisoformat(named) if named else fact.day
    return shift(day, cue.plus.number, cue.plus.unit) if cue.plus else day


def view_of(subject: str, kind: str, facts: Iterable[Fact], rules: Rules) -> View:
    """Order *facts* and take out what no longer stands."""
    known = in_order(facts, rules)
    ordered = standing(known)
    by_name: dict[str, list[Fact]] = {}
    for fact in ordered:
        by_name.setdefault(fact.name, []).append(fact)
    against = frozenset(target for fact in known if (target := _removes(fact)))
    named = {name: tuple(some) for name, some in by_name.items()}
    by_day = tuple(sorted(ordered, key=day_order_of(rules)))
    return View(subject, kind, tuple(ordered), named, by_day, against)
