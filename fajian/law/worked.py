"""What each trigger finds in the facts of its examples: folded by the engine, so it is what the bus says."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

import orjson

from fajian.core.replay import replay
from fajian.core.rules import Rules, Trigger
from fajian.law.documents import load_rules
from fajian.law.examples import Facts, Told, load_facts
from fajian.law.intake import load_intake
from schemas.names import derived_id

WORDS: Final = {"Overdue": "逾期", "Breached": "违反规定", "Escalated": "升级"}
#: Figures of the engine that say nothing in an example.
_INNER: Final = frozenset({"since", "limits"})


def worked_facts(trigger: Trigger, rules: Rules) -> list[str]:
    """Return the examples of *trigger*, each from its facts to what the bus says of them."""
    return [_line(facts, trigger, rules) for facts in load_facts() if facts.trigger == trigger.id]


def found_in(facts: Facts, trigger: Trigger, rules: Rules) -> list[Mapping[str, Any]]:
    """Fold *facts* as if both sides had approved every row; return what is said of *trigger* and its periods.

    Raises `ValueError` where intake refuses one of the facts.
    """
    events = [event for told in facts.facts for event in _events(told, rules)]
    replayed = replay(events, facts.until, _approved(), load_intake(simulated=True))
    if replayed.rejected:
        raise ValueError(f"expected facts that intake takes for {trigger.id}, got {replayed.rejected}")
    return [
        row
        for row in replayed.rows
        if row["type"] == trigger.id
        or (row["type"] in WORDS and row["rule"] in (trigger.id, *trigger.periods))
    ]


@cache
def _approved() -> Rules:
    """Return the bundled rules as if both sides had approved every row, and patterns about officers."""
    rules = load_rules()
    approved = frozenset({*rules.periods, *rules.triggers})
    by_policy = frozenset(row.id for row in rules.triggers.values() if row.pattern)
    policy = replace(rules.policy, approved=approved, leads_by_policy=by_policy)
    return replace(rules, version=f"{rules.version}-approved", policy=policy)


def _events(told: Told, rules: Rules) -> Iterator[Mapping[str, Any]]:
    row = rules.events[told.event]
    side = row.publishers[0]
    for subject in told.subjects:
        yield {
            "specversion": "1.0",
            "id": derived_id("example", told.event, told.day, subject, orjson.dumps(told.data).decode()),
            "source": "//court/皖1324" if side == "court" else f"//{side}/泗检",
            "type": row.ce_type,
            "time": _instant(told.day, "00:00:00"),
            "recordedtime": _instant(told.recorded, "10:00:00"),
            "subject": subject,
            "data": dict(told.data),
        }


def _instant(text: str, hour: str) -> str:
    return text if "T" in text else f"{text}T{hour}+08:00"


def _line(facts: Facts, trigger: Trigger, rules: Rules) -> str:
    told = "；".join(_fact(one, rules) for one in facts.facts)
    rows = found_in(facts, trigger, rules)
    leads = any(row["kind"] == "lead" for row in rows)
    if not leads:
        across = "（只告知本方 told to its own side alone, no lead）"
    elif trigger.lead and rules.is_settled(trigger.id, trigger.sure):
        across = ""
    else:
        across = "（须双方认可该条 only once both sides have approved the row）"
    said = [_said(row, why=not leads) for row in rows if not (leads and row["type"] == "Escalated")]
    return " → ".join((told, *dict.fromkeys(said))) + across


def _fact(told: Told, rules: Rules) -> str:
    where = f" × {len(told.subjects)} 件 cases" if len(told.subjects) > 1 else ""
    late = f"记录于 recorded {told.recorded}" if told.recorded != told.day else ""
    data = ", ".join(f"{name} {_plain(value)}" for name, value in told.data.items())
    zh = rules.events[told.event].zh
    more = "，".join(filter(None, (data, late)))
    return f"{told.day} {zh} {told.event}{where}" + (f"（{more}）" if more else "")


def _said(row: Mapping[str, Any], *, why: bool) -> str:
    if row["kind"] == "lead":
        return f"**{row['on']} 线索 lead {row['type']}**{_why(row)}"
    rule = f" {row['rule']}" if row["type"] == "Overdue" else ""
    return f"{row['on']} {WORDS[row['type']]} {row['type']}{rule}" + (
        _why(row) if why and row["type"] == "Breached" else ""
    )


def _why(row: Mapping[str, Any]) -> str:
    why = {name: value for name, value in row["explanation"].get("why", {}).items() if name not in _INNER}
    return f"（{', '.join(f'{name} {_plain(value)}' for name, value in why.items())}）" if why else ""


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else orjson.dumps(value).decode()
