"""One subject as casework keeps it: its facts, what was said of it, and what both sides last saw."""

from collections.abc import Iterable
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
    matters: dict[str, list[Matter]] = field(default_factory=dict)  #: by rule; derived, not kept
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

    def judge(self, rules: Rules, heard: Iterable[str] | None = None) -> list[str]:
        """Derive matters anew, of all rows or the *heard* ones, and return the ids that were judged."""
        view = self.look(rules)
        since = live_since(view, rules)
        periods = rules.periods_on.get(self.kind, ())
        finders = rules.finders_on.get(self.kind, ())
        wanted = None if heard is None else frozenset(heard)
        if wanted is None:
            self.matters = {}  # a row that the law no longer has shows nothing
        judged = []
        if wanted is None:  # rows that nothing has opened need no look, unless something was said of them
            said = {key.partition("\x1f")[0] for key in self.said}
            names = view.by_name.keys()
            periods = tuple(p for p in periods if p.id in said or not names.isdisjoint(p.opened_by))
        for period in periods:
            if wanted is None or period.id in wanted:
                clocks = clocks_of(period, view, rules)
                self.matters[period.id] = [matter_of_clock(clock, period, since) for clock in clocks]
                judged.append(period.id)
        for trigger in finders:
            if wanted is None or trigger.id in wanted:
                found = FINDERS[trigger.finder or ""](trigger, view, rules)
                self.matters[trigger.id] = [
                    matter_of_finding(finding, trigger, since)
                    for finding in found
                    if trigger.since is None or finding.day >= trigger.since
                ]
                judged.append(trigger.id)
        return judged
