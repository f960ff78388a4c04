"""Who may see what, and who must act: one decision for feeds, console and `fajian visible`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from fajian.core.brake import HELD, Verdict
from fajian.core.facts import Fact, View
from fajian.core.ports import Folded, Header, Output, Record, Store
from fajian.core.rules import Period, Rules, Trigger
from fajian.core.words import LEAD, OVERTAKEN
from fajian.errors import HeldError, RulesMissingError
from schemas.names import short_name
from schemas.topics import LEADS, feed

COURT, PROCURATORATE, OFFICE, DISCIPLINE = "court", "procuratorate", "office", "discipline"
ANY = "any"

ESCALATED, CONTESTED, LEAD_RAISED = "Escalated", "Contested", "LeadRaised"  #: stages of the ladder

MASKED = "ce_masked"  #: header: body fields that were taken out of this copy

#: What everybody who heard of a breach must hear too.
_AFTER_THE_BREACH = ("Met", "Withdrawn")


Heard = dict[str, tuple[str, ...]]  #: side -> posts


@dataclass(frozen=True, slots=True)
class Addressees:
    """The sides that receive something, each with the posts whose turn it is; no post: for the record."""

    posts: Mapping[str, tuple[str, ...]]
    why: str


def sides_of_fact(fact: Fact, rules: Rules) -> tuple[str, ...]:
    """Return the sides that see a recorded fact: those of the law, and whoever said it."""
    visible = rules.seen_by[fact.name]
    return visible if fact.side in visible else (*visible, fact.side)


def hidden_from(side: str, fact: Fact, view: Callable[[], View], rules: Rules) -> tuple[str, ...]:
    """Return the body fields of *fact* that *side* may not see. *view* gives the facts of its subject."""
    veiled = rules.veiled_from.get(side, {})
    if side == fact.side or not (found := [name for name in veiled if fact.body.get(name) is not None]):
        return ()
    opened = disclosed_rows(view(), rules)
    return tuple(
        name for name in found if not (veiled[name].access[side] == "disclosed" and veiled[name].id in opened)
    )


def disclosed_rows(view: View, rules: Rules) -> frozenset[str]:
    """Return the rows of the visibility table that are disclosed of a subject, as its facts stand.

    A disclosure without a scope opens all of them; an end without a number ends every disclosure before it.
    """
    standing: dict[str | None, frozenset[str]] = {}
    for fact in view.facts:
        number = fact.body.get("request_no")
        if fact.name == "CaseDisclosed":
            standing[number] = frozenset(fact.body.get("scope") or rules.visibility)
        elif fact.name == "DisclosureEnded" and number is None:
            standing.clear()
        elif fact.name == "DisclosureEnded":
            standing.pop(number, None)
    return frozenset().union(*standing.values())


def veil(output: Output, hidden: tuple[str, ...]) -> Output:
    """Take the *hidden* fields out of a copy, and say which."""
    if not hidden:
        return output
    body = {name: said for name, said in orjson.loads(output.value or b"{}").items() if name not in hidden}
    headers = [*output.headers, (MASKED, ",".join(hidden).encode())]
    return output._replace(value=orjson.dumps(body), headers=headers)


def addressees_of_type(name: str, rules: Rules) -> Addressees:
    """Return who sees recorded facts of the type *name*. Raises `KeyError` where there is none."""
    row = rules.events[name]
    rows = "、".join(one.zh for one in rules.visibility.values() if name in one.events)
    return Addressees(dict.fromkeys(rules.seen_by[name], ()), f"{row.zh}{f'（{rows}）' if rows else ''}")


def addressees_of_flag(
    name: str, body: Mapping[str, Any], rules: Rules, *, raised: bool = False
) -> Addressees:
    """Return who hears of a flag: the owner always, others by the ladder once the answer window is over.

    *raised*: its breach was raised as a lead, so the procuratorate hears what becomes of it.
    """
    owner = body["side"]
    row = row_of(body["rule"], rules)
    if body["historic"]:
        return Addressees({owner: ()}, "a breach from before the agreement: for the owner's report only")
    heard = _climb(name, owner, row, rules)
    if name == ESCALATED and (body.get("answer") or {}).get("answer") == "contested":
        heard = _together(heard, _climb(CONTESTED, owner, row, rules))
    heard.setdefault(owner, ())
    if name in _AFTER_THE_BREACH and body["reported"]:
        for side in (*_climb(ESCALATED, owner, row, rules), *((PROCURATORATE,) if raised else ())):
            heard.setdefault(side, ())
    if not rules.policy.signed:
        return Addressees({owner: heard[owner]}, "the policy is not signed by both sides: own duties only")
    if not rules.is_settled(row.id, row.sure):
        return Addressees(
            {owner: heard[owner]}, f"the row is marked {row.sure} and not approved: own side only"
        )
    return Addressees(heard, "owner, and the ladder of escalation")


def _climb(stage: str, owner: str, row: Period | Trigger, rules: Rules) -> Heard:
    """Return the posts of all rungs of *stage* that match *row*, by side."""
    heard: Heard = {}
    for rung in rules.ladder:
        if (
            rung.stage == stage
            and rung.side == owner
            and rung.severity in (ANY, row.severity)
            and rung.topic in (ANY, row.topic)
        ):
            for post in rung.posts:
                heard = _together(heard, {rules.posts[post]: (post,)})
    return heard


def _together(one: Heard, other: Heard) -> Heard:
    """Return both, each post once."""
    return {side: tuple(dict.fromkeys((*one.get(side, ()), *other.get(side, ())))) for side in (*one, *other)}


def addressees_of_lead(body: Mapping[str, Any], rules: Rules) -> Addressees:
    """Return who hears of a lead: the procuratorate alone, until a prosecutor has screened it."""
    if not rules.policy.signed:
        return Addressees({}, "the policy is not signed by both sides: no reports across")
    heard = _climb(LEAD_RAISED, body["side"], row_of(body["rule"], rules), rules)
    return Addressees(
        {PROCURATORATE: heard.get(PROCURATORATE, ())}, "an unverified lead is seen by the procuratorate alone"
    )


def row_of(rule: str, rules: Rules) -> Period | Trigger:
    return rules.periods.get(rule) or rules.triggers[rule]


Decision = Callable[[str, Rules], Verdict | None]  #: on the hold of a day, under the rules of that day


def _undecided(day: str, rules: Rules) -> None:
    """Nobody has decided on anything."""


class Router:
    """The folder behind `agents/routing.py`: flags and leads in, feeds out. It keeps nothing.

    *decision* finds what two people have decided on a tick that the brake holds. Without one routing stops
    there (`HeldError`): what is held stays where it is, and nothing of its partition overtakes it.
    """

    def __init__(self, rules: Callable[[str], Rules], decision: Decision = _undecided) -> None:
        self._rules_of = rules
        self._decision = decision

    def fold(self, records: Sequence[Record], store: Store) -> Folded:
        folded = Folded(records[-1].offset)
        for record in records:
            folded.outputs.extend(self._route(record))
        return folded

    def _route(self, record: Record) -> list[Output]:
        body = orjson.loads(record.value or b"{}")
        rules = self._rules(body["explanation"]["rules"], record)
        headers = dict(record.headers)
        if HELD in headers and not self._may_pass(headers[HELD].decode(), rules, record):
            return []
        if OVERTAKEN in headers:  # the last stage of a catch-up is shown, and no other
            return []
        if record.topic == LEADS:
            to = addressees_of_lead(body, rules)
        else:
            name = short_name(headers["ce_type"].decode())
            to = addressees_of_flag(name, body, rules, raised=LEAD in headers)
        return [
            Output(record.offset, feed(side), record.key, record.value, _headers(record.headers, side, posts))
            for side, posts in to.posts.items()
        ]

    def _may_pass(self, day: str, rules: Rules, record: Record) -> bool:
        """Tell what becomes of a record that the brake holds, once that is decided."""
        match self._decision(day, rules):
            case "release":
                return True
            case "discard":
                return False
        where = f"{record.topic}/{record.partition}/{record.offset}"
        raise HeldError(
            f"the flags of {day} are many times the usual number: from {where} on they wait until two people "
            f"decide (fajian hold show {day})"
        )

    def _rules(self, version: str, record: Record) -> Rules:
        try:
            return self._rules_of(version)
        except KeyError as error:
            where = f"{record.topic}/{record.partition}/{record.offset}"
            raise RulesMissingError(
                f"expected rules version {version} for {where}, and it is not there"
            ) from error


def _headers(headers: Sequence[Header], side: str, posts: tuple[str, ...]) -> list[Header]:
    hidden = (HELD,) if side == PROCURATORATE else (HELD, LEAD)
    kept = [header for header in headers if header[0] not in hidden]
    return [*kept, ("ce_posts", ",".join(posts).encode())] if posts else kept
