"""Hold a replay against the truth: every planted breach on its day, every expected lead, nothing else."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Literal

import orjson

from fajian.core.replay import replay
from fajian.core.rules import Rules
from fajian.law.documents import load_rules, rules_from_document
from fajian.law.intake import load_intake
from fajian.sim.simulation import simulate
from fajian.sim.truth import Planted, Simulation

Key = tuple[str, str, str]  #: subject, rule, instance
Row = Mapping[str, Any]

RAISED = ("Overdue", "Breached")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the simulator knows and the bus does not, or the other way round."""

    kind: Literal["missed", "false", "day"]
    what: str  #: `flag`, or the trigger of a lead
    subject: str
    rule: str
    instance: str
    expected: str  #: day or trigger; empty where nothing was expected
    said: str  #: what was said of the matter, in the order in which it was said
    how: str  #: the tale

    @property
    def key(self) -> Key:
        return self.subject, self.rule, self.instance

    def as_json(self) -> dict[str, str]:
        return asdict(self)

    def __str__(self) -> str:
        words = {"missed": "漏 missed", "false": "误 false", "day": "日期不同 another day"}
        instance = f"（{self.instance}）" if self.instance else ""
        expected = f"，应 expected {self.expected}" if self.expected else ""
        return (
            f"{words[self.kind]} {self.what}: {self.rule}{instance} {self.subject}{expected}；"
            f"实际 said: {self.said or '—'}；{self.how}"
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """How what was said compares with what was planted."""

    planted: int
    differences: tuple[Difference, ...]
    periods: frozenset[str]  #: rows of the law whose breach was said
    triggers: frozenset[str]  #: triggers whose breach or lead was said

    @property
    def missed(self) -> int:
        return sum(one.kind != "false" for one in self.differences)

    @property
    def false(self) -> int:
        return sum(one.kind == "false" for one in self.differences)

    @property
    def found(self) -> int:
        """Return how many breaches were found on their day, with the lead that was expected."""
        return self.planted - len({one.key for one in self.differences if one.kind != "false"})

    def as_json(self) -> dict[str, int]:
        return {
            "planted": self.planted,
            "found": self.found,
            "missed": self.missed,
            "false": self.false,
        }


def judge(truth: Iterable[Planted], rows: Iterable[Row], triggers: Container[str]) -> Verdict:
    """Compare *truth* with *rows*, flags and leads in the order in which each subject's were said.

    A flag has `kind` flag and its name as `type`, a lead `kind` lead and its trigger. A flag that was
    withdrawn since stands no longer; a planted breach with a trigger needs its lead too. A pattern needs its
    lead alone.
    """
    comparison = _Comparison(truth, rows)
    seen = {key[1] for key in comparison.raised} | {trigger for _, trigger in comparison.leads}
    return Verdict(
        len(comparison.breaches) + len(comparison.patterns),
        tuple(comparison.differences()),
        frozenset(row for row in seen if row not in triggers),
        frozenset(row for row in seen if row in triggers),
    )


def judge_said(truth: Iterable[Planted], flags: Iterable[Row], leads: Iterable[Row]) -> Verdict:
    """Compare *truth* with what stands in the topics: bodies of *flags* with their `type`, and of *leads*.

    Patterns are left out: the model policy approves none of them.
    """
    truth = [planted for planted in truth if planted.kind != "pattern"]
    rows = [{**flag, "kind": "flag"} for flag in flags]
    rows += [{**lead, "kind": "lead", "type": lead["trigger"]} for lead in leads]
    return judge(truth, rows, load_rules().triggers)


class _Comparison:
    def __init__(self, truth: Iterable[Planted], rows: Iterable[Row]) -> None:
        self.breaches: dict[Key, Planted] = {}
        self.patterns: dict[Key, Planted] = {}
        self._tales: dict[Key, str] = {}
        for planted in truth:
            key = (planted.subject, planted.rule, planted.instance)
            self._tales[key] = planted.how
            if planted.kind == "breach":
                self.breaches[key] = planted
            elif planted.kind == "pattern":
                self.patterns[key] = planted
        self.raised: set[Key] = set()
        self._standing: dict[Key, str] = {}
        self.leads: set[tuple[Key, str]] = set()
        self._said: dict[Key, list[str]] = {}
        for row in rows:
            self._hear(row)

    def _hear(self, row: Row) -> None:
        key = (row["subject"], row["rule"], row["instance"])
        self._said.setdefault(key, []).append(f"{row['on']} {row['type']} {row.get('due_day') or ''}".strip())
        if row["kind"] == "lead":
            self.leads.add((key, row["type"]))
        elif row["type"] in RAISED:
            self.raised.add(key)
            self._standing[key] = str(row["due_day"])
        elif row["type"] == "Withdrawn":
            self._standing.pop(key, None)

    def differences(self) -> Iterator[Difference]:
        expected = {
            (key, planted.trigger)
            for key, planted in (self.breaches | self.patterns).items()
            if planted.trigger is not None
        }
        for key, planted in sorted(self.breaches.items()):
            day = planted.due_day.isoformat()
            if key not in self._standing:
                yield self._different("missed", "flag", key, day)
            elif self._standing[key] != day:
                yield self._different("day", "flag", key, day)
        for key in sorted(self._standing.keys() - self.breaches.keys()):
            yield self._different("false", "flag", key, "")
        for key, trigger in sorted(expected - self.leads):
            yield self._different("missed", trigger, key, trigger)
        for key, trigger in sorted(self.leads - expected):
            yield self._different("false", trigger, key, "")

    def _different(
        self, kind: Literal["missed", "false", "day"], what: str, key: Key, expected: str
    ) -> Difference:
        said = "; ".join(self._said.get(key, ()))
        return Difference(kind, what, *key, expected, said, self._tales.get(key, ""))


@dataclass(frozen=True, slots=True)
class Checked:
    """One simulated county under the bundled law."""

    seed: int
    county: Simulation
    rejected: tuple[Row, ...]  #: receipts of what intake refused
    verdict: Verdict


def patterns_approved() -> Rules:
    """Return the bundled rules as if both sides had approved what recurs across cases, marked D."""
    document = orjson.loads(load_rules().document)
    document["policy"]["approved"] = ["T37", "T39-title"]
    return rules_from_document(orjson.dumps(document, option=orjson.OPT_SORT_KEYS))


def check(cases: int, days: int, seed: int, start: date) -> Checked:
    """Simulate a county, replay its events and hold the one against the other, patterns approved."""
    rules = patterns_approved()
    county = simulate(cases, days, seed, start)
    replayed = replay(county.events, start + timedelta(days=days - 1), rules, load_intake(simulated=True))
    return Checked(seed, county, tuple(replayed.rejected), judge(county.truth, replayed.rows, rules.triggers))
