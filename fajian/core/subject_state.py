"""One subject as casework keeps it: its facts, what was said of it, and what both sides last saw."""

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import date

import orjson

from fajian.core.clocks import clocks_of
from fajian.core.facts import Fact, View, decode_fact, encode_fact, view_of
from fajian.core.matters import (
    Matter,
    Said,
    decode_said,
    encode_said,
    live_since,
    matter_of_clock,
    matter_of_finding,
)
from fajian.core.rules import Rules
from fajian.core.triggers import FINDERS


@dataclass(slots=True)
class SubjectState:
    """Facts and what follows from them do not depend on arrival; what was said naturally does."""

    subject: str
    kind: str
    facts: dict[tuple[str, str], Fact] = field(default_factory=dict)  #: by source and id
    said: dict[str, Said] = field(default_factory=dict)  #: by rule and instance
    shared: str = ""  #: digest of what `case.state` last held; empty: nothing
    view: View | None = None  #: derived, not kept

    @property
    def wake(self) -> date | None:
        return min((said.wake for said in self.said.values() if said.wake), default=None)

    def encode(self) -> bytes:
        facts = [encode_fact(self.facts[name]) for name in sorted(self.facts)]
        return orjson.dumps([self.kind, facts, encode_said(self.said), self.shared])

    @classmethod
    def decode(cls, subject: str, raw: bytes) -> "SubjectState":
        kind, facts, said, shared = orjson.loads(raw)
        known = (decode_fact(row) for row in facts)
        by_name = {(fact.source, fact.id): fact for fact in known}
        return cls(subject, kind, by_name, decode_said(said), shared)

    def add(self, fact: Fact) -> None:
        self.facts[fact.source, fact.id] = fact
        self.view = None

    def look(self, rules: Rules) -> View:
        if self.view is None:
            self.view = view_of(self.subject, self.kind, self.facts.values(), rules)
        return self.view

    def awake(self, day: date) -> frozenset[str]:
        """Return the rules that have something to say at the tick of *day*."""
        due = (key for key, said in self.said.items() if said.wake and said.wake <= day)
        return frozenset(key.partition("\x1f")[0] for key in due)

    def judge(self, rules: Rules, wanted: Container[str] | None = None) -> dict[str, list[Matter]]:
        """Derive the matters of the *wanted* rows, or of all: for each of them what the facts show now."""
        view = self.look(rules)
        since = live_since(view, rules)
        shown: dict[str, list[Matter]] = {}
        for period in rules.periods_on.get(self.kind, ()):
            if wanted is None or period.id in wanted:
                clocks = clocks_of(period, view, rules)
                shown[period.id] = [matter_of_clock(clock, period, since) for clock in clocks]
        for trigger in rules.finders_on.get(self.kind, ()):
            if wanted is None or trigger.id in wanted:
                found = FINDERS[trigger.finder or ""](trigger, view, rules)
                shown[trigger.id] = [
                    matter_of_finding(finding, trigger, since)
                    for finding in found
                    if trigger.since is None or finding.day >= trigger.since
                ]
        return shown
