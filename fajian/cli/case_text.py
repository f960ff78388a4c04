"""One subject as a side knows it: for `fajian case`, as JSON and as text."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.projection import Projection, Row
from fajian.cli.due_text import UNITS, named_stop
from fajian.core.lives import LIFE_CYCLES
from fajian.law.naming import named_basis, named_post, named_rule, named_type

_HIDDEN = ("seq", "subject", "matter")


async def case_shape(projection: Projection, subject: str) -> dict[str, Any] | None:
    """Gather state, flags, leads and time line; None where nothing is known."""
    states = await projection.fetch("subject", subject=subject)
    timeline = await projection.fetch("timeline", subject=subject)
    if not states and not timeline:
        return None
    of_subject = {"subject": subject, "rule": None, "type": None, "since": None, "after": 0, "limit": 10_000}
    flags = await projection.fetch("flags", **of_subject)
    leads = await projection.fetch("leads", **of_subject)
    state = states[0] if states else {}
    return {
        "subject": subject,
        "kind": state.get("kind"),
        "stage": state.get("stage"),
        "last_day": state.get("last_day"),
        "state": (state.get("state") or {}).get("state"),
        "beside": (state.get("state") or {}).get("beside", []),
        "ledger": _ledger(state),
        "clocks": _explained((state.get("state") or {}).get("clocks", []), flags),
        "flags": [_without(row, "body") | {"explanation": row["body"].get("explanation")} for row in flags],
        "leads": [_without(row, "body") | {"lead": row["body"]} for row in leads],
        "timeline": [_without(row, *_HIDDEN) for row in timeline],
    }


def _ledger(state: Row) -> str | None:
    """Name the ledger record that the state rests on."""
    if not state:
        return None
    return f"case.events/{state['ledger_partition']}/{state['ledger_offset']}"


def _explained(clocks: Sequence[Mapping[str, Any]], flags: Sequence[Row]) -> list[dict[str, Any]]:
    """Put to each clock the explanation that came with the last flag about it, where this side got one.

    Of the clock of a party the shared state does not say whose it is: there the rule and the due day tell.
    """
    by_name, by_day = dict[tuple[str, str], Any](), dict[tuple[str, str], Any]()
    for flag in flags:
        explained = flag["body"].get("explanation")
        by_name[flag["rule"], flag["instance"] or ""] = explained
        by_day[flag["rule"], str(flag["due_day"])] = explained
    found = []
    for clock in clocks:
        explained = by_name.get((clock["rule"], clock["instance"]))
        if explained is None and not clock["instance"]:
            explained = by_day.get((clock["rule"], str(clock["due_day"])))
        found.append({**clock, "explanation": explained})
    return found


def _without(row: Row, *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def case_lines(shape: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a person reads."""
    last = named_type(shape["stage"], "fact") if shape["stage"] else "-"
    yield (
        f"{shape['subject']}  状态 state {standing(shape)}  最近 last {last}  "
        f"总账 ledger {shape['ledger'] or '-'}"
    )
    if shape["clocks"]:
        yield "期限 / clocks"
        for clock in shape["clocks"]:
            yield from clock_lines(clock)
    for title, rows, stage in (
        ("预警 / flags", shape["flags"], "stage"),
        ("线索（未经核实） / leads (unverified)", shape["leads"], "trigger"),
    ):
        if rows:
            yield title
            for row in rows:
                yield flag_line(row, row["on_day"], row[stage])
    yield "时间线 / time line"
    for row in shape["timeline"]:
        about = what_of(row)
        due = f"  到期 due {row['due_day']}" if row["due_day"] else ""
        said = f"{row['kind']:<5} {named_type(row['type'], row['kind'])}"
        yield f"  {row['day']}  {said}  {about}{due}  {row['ce_id'][:12]}".rstrip()


def flag_line(row: Mapping[str, Any], day: object, stage: str) -> str:
    """Return one flag, at its stage, or one lead, by its trigger."""
    return f"  {day}  {padded(named_type(stage, 'flag'))}  {what_of(row)}  到期 due {row['due_day'] or '-'}"


def what_of(row: Mapping[str, Any]) -> str:
    """Return what a row is about: its rule by name, and the instance."""
    return " ".join(filter(None, (named_rule(row["rule"]) if row["rule"] else "", row["instance"])))


def padded(text: str, width: int = 19) -> str:
    """Return *text* filled up to *width* columns of a terminal, where a Chinese character takes two."""
    return text + " " * (width - len(text) - sum(char > "\u2e80" for char in text))


def standing(shape: Mapping[str, Any]) -> str:
    """Return where the case stands, in Chinese and as the tables name it."""
    cycle = LIFE_CYCLES.get(shape["kind"])
    if cycle is None or not shape["state"]:
        return "-"
    beside = [f"{cycle.beside[name].zh} {name}" for name in shape["beside"]]
    return "，".join((f"{cycle.states[shape['state']]} {shape['state']}", *beside))


def clock_lines(clock: Mapping[str, Any]) -> Iterator[str]:
    """Yield one clock, and how its day came about."""
    owed_by = named_post(clock["owed_by"])
    yield f"  {what_of(clock)}  {clock['status']}  到期 due {clock['due_day'] or '-'}  {owed_by}"
    found = clock["explanation"] or {}
    if found.get("basis"):
        zh, en = UNITS.get(str(found.get("unit")), ("", found.get("unit")))
        length = f"{found.get('length')} {zh} ({en}, {found.get('count')})"
        first = found.get("first_day") or found.get("start_day")
        yield (
            f"    依据 basis {named_basis(found['basis'])}；起算 from {first}；"
            f"期间 length {length}；届满 nominal end {found.get('nominal_end')}"
        )
        for stop in found.get("stops", ()):
            yield f"    扣除 stop {named_stop(stop['kind'])} {stop['from']} – {stop.get('to') or '…'}"
        if found.get("rolled_over"):
            yield f"    顺延 rolled over {', '.join(found['rolled_over'])}"
