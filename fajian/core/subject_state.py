"""One subject as casework keeps it: its facts, what was said of it, and what both sides last saw."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from fajian.core.clocks import clocks_of
from fajian.core.facts import BASELINE, Fact, View, decode_fact, encode_fact, view_of
from fajian.core.matters import (
    Matter,
    Said,
    decode_said,
    encode_said,
    live_since,
    matter_of_clock,
    matter_of_finding,
)
from fajian.core.rules import Period, Rules, Trigger
from fajian.core.triggers import FINDERS


@dataclass(slots=True)
class SubjectState:
    """Facts and what follows from them do not depend on arrival; what was said naturally does."""

    subject: str
    kind: str
    facts: dict[tuple[str, str], Fact] = field(default_factory=dict)  #: by source and id
    said: dict[str, Said] = field(default_factory=dict)  #: by rule and instance
    shared: str = ""  #: digest of what `case.state` last held; empty: nothing
    # Derived and not kept; what follows from facts is derived anew where a fact or the rules may change it.
    view: View | None = None
    matters: dict[str, list[Matter]] = field(default_factory=dict)  #: by rule
    worded: dict[str, tuple[Matter, str, orjson.Fragment]] = field(default_factory=dict)  #: by `Matter.key`
    entries: dict[str, bytes] | None = (
        None  #: what `case.state` says of each matter, in order of `Matter.key`
    )
    standing: Mapping[str, Any] | None = None  #: what `case.state` says of the facts
    keys: dict[str, list[str]] | None = None  #: of what was said, by rule
    wakes: dict[str, date] = field(default_factory=dict)  #: ticks with something to say, by key of *said*
    wake: date | None = None  #: the first of *wakes*

    def settle(self) -> None:
        """Bring `wake` in line with `wakes`."""
        self.wake = min(self.wakes.values(), default=None)

    def forget(self) -> None:
        """Forget what was derived: other rules are in force."""
        self.view = self.entries = self.standing = self.keys = None
        self.matters, self.worded = {}, {}

    def encode(self) -> bytes:
        facts = [encode_fact(self.facts[name]) for name in sorted(self.facts)]
        return orjson.dumps([self.kind, facts, encode_said(self.said), self.shared])

    @classmethod
    def decode(cls, subject: str, raw: bytes) -> "SubjectState":
        kind, facts, said, shared = orjson.loads(raw)
        known = (decode_fact(row) for row in facts)
        by_name = {(fact.source, fact.id): fact for fact in known}
        state = cls(subject, kind, by_name, decode_said(said), shared)
        state.wakes = {key: said.wake for key, said in state.said.items() if said.wake}
        state.settle()
        return state

    def add(self, fact: Fact, rules: Rules) -> tuple[str, ...]:
        """Take *fact* in; return the rules about which there may be something new to say."""
        self.facts[fact.source, fact.id] = fact
        self.view = self.view.grown(fact, rules) if self.view else None
        if self.view is None or fact.name in rules.common:
            self.standing = None
        if fact.name == BASELINE or fact.body.get("supersedes") or fact.body.get("retracts"):
            self.matters = {}
            return tuple(rules.rows_on.get(self.kind, ()))
        changed = rules.heard_on(self.kind, fact.name)
        for rule in changed:
            self.matters.pop(rule, None)
        return changed

    def remember(self, key: str, said: Said) -> None:
        """Take in what has been said of the matter of *key*."""
        if self.keys is not None and key not in self.said:
            self.keys.setdefault(rule_of(key), []).append(key)
        self.said[key] = said
        if said.wake:
            self.wakes[key] = said.wake
        else:
            self.wakes.pop(key, None)

    def lose(self, key: str) -> Said:
        """Take out what was said of a matter that the law no longer knows, and return it."""
        self.keys = None
        self.wakes.pop(key, None)
        return self.said.pop(key)

    def said_under(self, rules: Iterable[str]) -> list[str]:
        """Return the keys of all that was ever said under *rules*, in their order as text."""
        if self.keys is None:
            self.keys = {}
            for key in self.said:
                self.keys.setdefault(rule_of(key), []).append(key)
        keys = self.keys
        return sorted([key for rule in rules for key in keys.get(rule, ())])

    def look(self, rules: Rules) -> View:
        if self.view is None:
            self.view = view_of(self.subject, self.kind, self.facts.values(), rules)
        return self.view

    def awake(self, day: date, rules: Rules) -> list[str]:
        """Return the rules that have something to say at the tick of *day*, in the order of the law."""
        due = {rule_of(key) for key, wake in self.wakes.items() if wake <= day}
        rows = rules.rows_on.get(self.kind, {})
        return [*due] if len(due) == 1 and due <= rows.keys() else [rule for rule in rows if rule in due]

    def judge(self, rules: Rules, wanted: Collection[str] | None = None) -> dict[str, list[Matter]]:
        """Return the matters of the *wanted* rows, or of all: for each of them what the facts show now."""
        rows, matters = rules.rows_on.get(self.kind, {}), self.matters
        if wanted is None:
            wanted = rows
        if unknown := [rule for rule in wanted if rule not in matters]:
            view = self.look(rules)
            since = live_since(view, rules)
            for rule in unknown:
                matters[rule] = _derived(rows[rule], view, since, rules)
        return {rule: matters[rule] for rule in wanted}


def _derived(row: Period | Trigger, view: View, since: date, rules: Rules) -> list[Matter]:
    if isinstance(row, Trigger):
        return [
            matter_of_finding(finding, row, since)
            for finding in FINDERS[row.finder or ""](row, view, rules)
            if row.since is None or finding.day >= row.since
        ]
    if view.by_name.keys().isdisjoint(row.opened_by):
        return []
    return [matter_of_clock(clock, row, since) for clock in clocks_of(row, view, rules)]


def rule_of(key: str) -> str:
    """Return the rule of a key of `SubjectState.said`."""
    return key.partition("\x1f")[0]
