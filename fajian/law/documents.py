"""A rules version as one document: everything that decides a judgment, named after its content.

The document travels in the topic `rules`, so that a worker judges by what was adopted, not by what it ships.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from fajian.core.calendar import Calendar
from fajian.core.counting import Length
from fajian.core.events import EventRow
from fajian.core.rules import (
    Cue,
    Extension,
    Period,
    Policy,
    Rules,
    Rung,
    StopKind,
    Trigger,
)
from fajian.errors import LawError
from fajian.law.calendar_data import load_calendar
from fajian.law.events import load_events

FOLD = 1  #: raised when the fold itself judges differently; part of every rules version

Row = Mapping[str, Any]


@cache
def load_rules(policy: Path | None = None) -> Rules:
    """Return the rules that this release ships, under the model policy or the one in the file *policy*."""
    return rules_from_document(bundled_document(policy))


@cache
def bundled_document(policy: Path | None = None) -> bytes:
    """Return the bundled law and calendar with a policy, as canonical JSON."""
    calendar = load_calendar()
    document = {
        "fold": FOLD,
        "events": [asdict(row) for row in load_events().values()],
        "periods": _table("periods.toml")["period"],
        "stops": _table("stops.toml")["stop"],
        "triggers": _table("triggers.toml")["trigger"],
        "impossible": _table("triggers.toml")["impossible"],
        "posts": _table("posts.toml")["post"],
        "ladder": _table("escalation.toml")["rung"],
        "calendar": {
            "version": calendar.version,
            "known_from": calendar.known_from,
            "known_until": calendar.known_until,
            "days_off": sorted(calendar.days_off),
            "make_up_days": sorted(calendar.make_up_days),
            "make_up_days_work": calendar.make_up_days_work,
        },
        "policy": _policy_table(policy),
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((files("fajian.law") / name).read_text("utf-8"))


def _policy_table(path: Path | None) -> dict[str, Any]:
    if path is None:
        return _table("model_policy.toml")
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise LawError(f"expected a policy in TOML in {path}: {error}") from error


def rules_document(rules: Rules) -> bytes:
    """Return the document that *rules* were read from."""
    return rules.document


def rules_from_document(raw: bytes) -> Rules:
    """Read a rules version. Raises `LawError` where a row lacks something or names what does not exist."""
    table = orjson.loads(raw)
    version = f"rules-{sha256(raw).hexdigest()[:12]}"
    if table["fold"] != FOLD:
        raise LawError(f"rules {version} ask for fold {table['fold']}, this release has fold {FOLD}")
    posts = {row["id"]: row["side"] for row in table["posts"]}
    return Rules(
        version=version,
        document=raw,
        calendar=_calendar(table["calendar"]),
        policy=_read(_policy, table["policy"]),
        events={row["name"]: _read(_event, row) for row in table["events"]},
        periods={row["id"]: _read(_period, row, posts) for row in table["periods"]},
        triggers={row["id"]: _read(_trigger, row, posts) for row in table["triggers"]},
        stops={row["kind"]: _read(_stop, row) for row in table["stops"]},
        posts=posts,
        ladder=tuple(
            Rung(row["stage"], row["side"], row["severity"], row["topic"], tuple(row["posts"]))
            for row in table["ladder"]
        ),
        impossible=tuple((row["first"], row["then"], row.get("tie")) for row in table["impossible"]),
    )


def _read(read: Any, row: Row, *more: Any) -> Any:
    try:
        return read(row, *more)
    except (KeyError, ValueError, TypeError) as error:
        name = row.get("id") or row.get("kind")
        raise LawError(f"row {name!r} of the law cannot be read: {type(error).__name__} {error}") from error


def _event(row: Row) -> EventRow:
    lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
    return EventRow(**{**row, **lists})


def _cue(row: Row) -> Cue:
    unless = row.get("unless", {})
    excluded = dict.fromkeys(unless, ()) if isinstance(unless, Sequence) else unless
    return Cue(
        event=row["event"],
        day=row.get("anchor") or row.get("day"),
        strict=row.get("strict", False),
        when={name: tuple(values) for name, values in row.get("when", {}).items()},
        unless={name: tuple(values) for name, values in excluded.items()},
        on=row.get("on"),
        timely=row.get("timely", False),
    )


def _cues(row: Row, name: str) -> tuple[Cue, ...]:
    return tuple(_cue({"event": item} if isinstance(item, str) else item) for item in row.get(name, ()))


def _extension(row: Row | None) -> Extension | None:
    if row is None:
        return None
    return Extension(
        row["event"], tuple(row.get("by", ())), row.get("add", 0), row.get("until"), row.get("max", 1)
    )


def _day(value: str | date | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _period(row: Row, posts: Mapping[str, str]) -> Period:
    return Period(
        id=row["id"],
        zh=row["zh"],
        en=row["en"],
        on=tuple(row["on"]),
        owed_by=row["owed_by"],
        side=posts[row["owed_by"]],
        opens=_cues(row, "opens"),
        closes=_cues(row, "closes"),
        closes_all=_cues(row, "closes_all"),
        ends=_cues(row, "ends"),
        per=_cue(row["per"]) if "per" in row else None,
        instance=row.get("instance"),
        length=Length(row["length"], row["unit"]),
        count=row["count"],
        basis=row["basis"],
        sure=row["sure"],
        severity=row["severity"],
        nature=row.get("nature", "duty"),
        stops=tuple(row.get("stops", ())),
        extension=_extension(row.get("extension")),
        repeat=row.get("repeat", 1),
        since=_day(row.get("since")),
        topic=row.get("topic", "case"),
        overdue=row.get("overdue", ""),
    )


def _trigger(row: Row, posts: Mapping[str, str]) -> Trigger:
    owed_by = row.get("owed_by", "")
    return Trigger(
        id=row["id"],
        zh=row["zh"],
        en=row["en"],
        on=tuple(row["on"]),
        basis=row["basis"],
        sure=row["sure"],
        ground=row["ground"],
        severity=row.get("severity", "hard"),
        periods=tuple(row.get("periods", ())),
        predicate=row.get("predicate", "always"),
        finder=row.get("finder"),
        owed_by=owed_by,
        side=posts[owed_by] if owed_by else "",
        watches=tuple(row.get("watches", ())),
        since=_day(row.get("since")),
        topic=row.get("topic", "case"),
        lead=row.get("lead", True),
        params=row.get("params", {}),
    )


def _stop(row: Row) -> StopKind:
    cap = row.get("cap")
    return StopKind(
        kind=row["kind"],
        begins=_cues(row, "begins"),
        ends=_cues(row, "ends"),
        instance=row.get("instance"),
        until=row.get("until"),
        cap=Length(cap["length"], cap["unit"]) if cap else None,
    )


def _calendar(row: Row) -> Calendar:
    return Calendar(
        version=row["version"],
        days_off=frozenset(map(date.fromisoformat, row["days_off"])),
        make_up_days=frozenset(map(date.fromisoformat, row["make_up_days"])),
        known_from=date.fromisoformat(row["known_from"]),
        known_until=date.fromisoformat(row["known_until"]),
        make_up_days_work=row["make_up_days_work"],
    )


def _policy(row: Row) -> Policy:
    return Policy(
        id=row["id"],
        version=row["version"],
        answer_window=row["answer_window"],
        late_days=row["late_days"],
        go_live=_day(row.get("go_live")),
        signed=row["signed"],
        approved=frozenset(row.get("approved", ())),
        leads_by_policy=frozenset(row.get("leads_by_policy", ())),
        outages=tuple(
            (date.fromisoformat(str(first)), date.fromisoformat(str(last)))
            for first, last in row.get("outages", ())
        ),
    )
