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
from fajian.core.citations import Instrument, Version, read_citations
from fajian.core.counting import Length, Unit
from fajian.core.events import EventRow
from fajian.core.rules import (
    Brake,
    Cue,
    Extension,
    LocalPeriod,
    Period,
    Policy,
    Rules,
    Rung,
    SameFault,
    StopKind,
    StopLife,
    Trigger,
    Variant,
    Visibility,
)
from fajian.errors import LawError
from fajian.law.calendar_data import load_calendar
from fajian.law.events import load_events
from fajian.law.policy import PolicyFile, parse_policy, read_policy, standing_of
from fajian.law.policy_check import problems_with
from fajian.law.signatures import Signature

FOLD = 5  #: raised when the fold itself judges differently; part of every rules version

MODEL = "model"  #: in the place of signatures: the bundled model policy, which nobody signs

VIEWERS = ("court", "procuratorate", "office", "discipline")  #: columns of the visibility table

Row = Mapping[str, Any]
Instruments = Mapping[str, Instrument]

#: How a length is counted where the row does not say it otherwise.
COUNT_OF_UNIT: Mapping[Unit, str] = {"day": "ND", "working-day": "WD", "month": "M", "year": "Y", "hour": "H"}


@cache
def load_rules() -> Rules:
    """Return the rules that this release ships, under the model policy."""
    return rules_from_document(bundled_document())


def load_rules_under(path: Path | None) -> Rules:
    """Return the rules that this release ships, under the policy in *path*; without one, under the model.

    Raises `PolicyError` where the policy cannot be read or asks for what the law does not have.
    """
    return rules_under(read_policy(path)) if path else load_rules()


def rules_under(policy: PolicyFile) -> Rules:
    """Return the rules that this release ships, under *policy*."""
    rules = rules_from_document(bundled_document(policy))
    if problems := list(problems_with(policy.said, rules, load_rules().visibility)):
        raise policy.complaint(problems)
    return rules


def model_policy() -> PolicyFile:
    """Return the model policy: nobody signed it, it stands for one that both sides have signed."""
    return parse_policy(model_text(), name="model_policy.toml")


def model_text() -> str:
    """Return the model policy with its comments, for a county to begin from."""
    return (files("fajian.law") / "model_policy.toml").read_text("utf-8")


def bundled_document(policy: PolicyFile | None = None) -> bytes:
    """Return the bundled law and calendar with a policy and its signatures, as canonical JSON."""
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
        "visibility": _table("visibility.toml")["row"],
        "instruments": _table("instruments.toml")["instrument"],
        "calendar": {
            "version": calendar.version,
            "known_from": calendar.known_from,
            "known_until": calendar.known_until,
            "days_off": sorted(calendar.days_off),
            "make_up_days": sorted(calendar.make_up_days),
            "make_up_days_work": calendar.make_up_days_work,
        },
        "policy": (policy or model_policy()).table,
        "signatures": _signatures(policy),
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def _signatures(policy: PolicyFile | None) -> Any:
    if policy is None:
        return MODEL
    return {side: signature._asdict() for side, signature in policy.signatures.items()}


def is_signed(document: Row) -> bool:
    """Tell whether both sides have signed the policy of a rules document; the model counts as signed."""
    if document["signatures"] == MODEL:
        return True
    signatures = {side: Signature(**row) for side, row in document["signatures"].items()}
    return all(standing == "valid" for standing in standing_of(document["policy"], signatures).values())


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((files("fajian.law") / name).read_text("utf-8"))


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
    instruments = {row["short"]: _read(_instrument, row) for row in table["instruments"]}
    return Rules(
        version=version,
        document=raw,
        calendar=_calendar(table["calendar"]),
        policy=_read(_policy, table["policy"], is_signed(table)),
        events={row["name"]: _read(_event, row) for row in table["events"]},
        periods={row["id"]: _read(_period, row, posts, instruments) for row in table["periods"]},
        triggers={row["id"]: _read(_trigger, row, posts, instruments) for row in table["triggers"]},
        stops={row["kind"]: _read(_stop, row) for row in table["stops"]},
        posts=posts,
        ladder=_ladder(table["ladder"], table["policy"].get("escalation", ())),
        instruments=instruments,
        visibility={
            row["id"]: _read(_visibility, row, table["policy"].get("visibility", ()))
            for row in table.get("visibility", ())
        },
        impossible=tuple((row["first"], row["then"], row.get("tie")) for row in table["impossible"]),
    )


def _read(read: Any, row: Row, *more: Any) -> Any:
    try:
        return read(row, *more)
    except (KeyError, ValueError, TypeError) as error:
        name = row.get("id") or row.get("kind") or row.get("short")
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
        after=row.get("after", False),
        later=row.get("later", False),
        side=row.get("side"),
        plus=_span(row.get("plus")),
    )


def _span(row: Row | None) -> Length | None:
    return Length(row["length"], row["unit"]) if row else None


def _cues(row: Row, name: str) -> tuple[Cue, ...]:
    return tuple(_cue({"event": item} if isinstance(item, str) else item) for item in row.get(name, ()))


def _extension(row: Row | None) -> Extension | None:
    if row is None:
        return None
    return Extension(
        row["event"],
        tuple(row.get("by", ())),
        row.get("add", 0),
        row.get("until"),
        row.get("max", 1),
        row.get("anew", False),
    )


def _day(value: str | date | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _instrument(row: Row) -> Instrument:
    versions = tuple(
        Version(version["name"], date.fromisoformat(str(version["since"]))) for version in row["versions"]
    )
    return Instrument(row["short"], row["zh"], versions, row["sure"], row.get("moved", {}))


def _length(row: Row) -> tuple[Length | None, str]:
    """Return length and count code. A row whose text has no number names its code alone."""
    if "length" not in row:
        return None, row["count"]
    unit = row.get("unit", "day")
    return Length(row["length"], unit), row.get("count") or COUNT_OF_UNIT[unit]


def _variant(row: Row, instruments: Instruments) -> Variant:
    length, count = _length(row)
    assert length is not None
    basis = row.get("basis", "")
    return Variant(
        name=row["name"],
        zh=row["zh"],
        length=length,
        count=count,
        when={name: tuple(values) for name, values in row.get("when", {}).items()},
        since=_day(row.get("since")),
        until=_day(row.get("until")),
        basis=basis,
        cites=read_citations(basis, instruments) if basis else (),
    )


#: What takes every duty of a case away that was not yet broken.
_CASE_ENDS = (Cue("CaseClosed", timely=True), Cue("EnforcementTerminated", timely=True))


def _period(row: Row, posts: Mapping[str, str], instruments: Instruments) -> Period:
    length, count = _length(row)
    cites = read_citations(row["basis"], instruments)
    first = instruments.get(cites[0].instrument)
    return Period(
        id=row["id"],
        zh=row["zh"],
        en=row["en"],
        on=tuple(row.get("on", ("case",))),
        owed_by=row["owed_by"],
        side=posts[row["owed_by"]],
        opens=_cues(row, "opens"),
        closes=_cues(row, "closes"),
        closes_all=_cues(row, "closes_all"),
        ends=_cues(row, "ends") + (_CASE_ENDS if row.get("ends_with_case") else ()),
        per=_cue(row["per"]) if "per" in row else None,
        tie=row.get("tie"),
        renewed_by=_cue(row["renewed_by"]) if "renewed_by" in row else None,
        instance=row.get("instance"),
        length=length,
        count=count,
        variants=tuple(_variant(variant, instruments) for variant in row.get("variant", ())),
        fixed_by=row.get("fixed_by"),
        latest=row.get("latest", False),
        line_of=row.get("line_of", ""),
        rungs=tuple(row.get("rungs", (7, 3, 1))),
        basis=row["basis"],
        cites=cites,
        sure=row["sure"],
        severity=row["severity"],
        nature=row.get("nature", "duty"),
        stops=tuple(row.get("stops", ())),
        extension=_extension(row.get("extension")),
        repeat=row.get("repeat", 1),
        since=_day(row.get("since")) or (first.since if first else None),
        until=_day(row.get("until")),
        topic=row.get("topic", "case"),
        overdue=row.get("overdue", ""),
    )


def _trigger(row: Row, posts: Mapping[str, str], instruments: Instruments) -> Trigger:
    owed_by = row.get("owed_by", "")
    cites = read_citations(row["basis"], instruments)
    first = instruments.get(cites[0].instrument) if cites else None
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
        pattern=row.get("pattern"),
        reads=tuple(row.get("reads", ())),
        owed_by=owed_by,
        side=posts[owed_by] if owed_by else "",
        watches=tuple(row.get("watches", ())),
        since=_day(row.get("since")) or (first.since if first else None),
        topic=row.get("topic", "case"),
        lead=row.get("lead", True),
        params=row.get("params", {}),
        cites=cites,
    )


def _stop(row: Row) -> StopKind:
    return StopKind(
        kind=row["kind"],
        begins=_cues(row, "begins"),
        ends=_cues(row, "ends"),
        instance=row.get("instance"),
        until=row.get("until"),
        cap=_span(row.get("cap")),
        lives=tuple(
            StopLife(
                when={name: tuple(values) for name, values in life["when"].items()},
                usual=_span(life.get("usual")),
                cap=_span(life.get("cap")),
                extended=_span(life.get("extended")),
            )
            for life in row.get("life", ())
        ),
        extended_by=_cue(row["extended_by"]) if "extended_by" in row else None,
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


def _ladder(bundled: Sequence[Row], agreed: Sequence[Row]) -> tuple[Rung, ...]:
    """Return the bundled ladder with what the policy puts in the place of a rung, or adds."""
    rungs = {
        (rung.stage, rung.side, rung.severity, rung.topic): rung for rung in map(_rung, (*bundled, *agreed))
    }
    return tuple(rungs.values())


def _visibility(row: Row, annex: Sequence[Row]) -> Visibility:
    agreed: dict[str, str] = {one["side"]: one["access"] for one in annex if one["row"] == row["id"]}
    return Visibility(
        id=row["id"],
        zh=row["zh"],
        en=row["en"],
        access={side: agreed[side] if side in agreed else row[side] for side in VIEWERS},
        events=tuple(row.get("events", ())),
        fields=tuple(row.get("fields", ())),
        fixed=row.get("fixed", False),
        never=row.get("never", ""),
    )


def _rung(row: Row) -> Rung:
    return Rung(
        row["stage"], row["side"], row.get("severity", "any"), row.get("topic", "any"), tuple(row["posts"])
    )


def _policy(row: Row, signed: bool) -> Policy:
    return Policy(
        id=row["id"],
        version=row["version"],
        agreement=row["agreement"],
        answer_window=row["answer_window"],
        late_days=row["late_days"],
        go_live=_day(row.get("go_live")),
        signed=signed,
        approved=frozenset(row.get("approved", ())),
        leads_by_policy=frozenset(row.get("leads_by_policy", ())),
        outages=tuple(
            (date.fromisoformat(one["first"]), date.fromisoformat(one["last"]))
            for one in row.get("outage", ())
        ),
        local={one["period"]: LocalPeriod(*_local(one)) for one in row.get("local", ())},
        grace_minutes=row.get("grace_minutes", 60),
        brake=Brake(**row.get("brake", {})),
        same_fault=SameFault(**row["same_fault"]) if "same_fault" in row else None,
    )


def _local(row: Row) -> tuple[Length, str]:
    length, count = _length(row)
    if length is None:
        raise LawError(f"expected a length for the local period of {row['period']}, got none")
    return length, count
