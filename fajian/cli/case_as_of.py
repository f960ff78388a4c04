"""One subject as it stood after a day, from what a side was told: for `fajian case --as-of`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from connectors.projection import Row
from fajian.cli.case_text import clock_lines, flag_line, standing
from fajian.core.as_of import Known, as_of
from fajian.core.facts import Fact, instant_of
from fajian.core.rules import Rules
from fajian.law.naming import named_type

KNOWN: Mapping[Known, str] = {
    "then": "当时所知 / what was known then",
    "now": "今日所知的当时 / what is known now of then",
}


class OfTheDay(NamedTuple):
    """By what a day is judged."""

    in_force: str | None  #: the version in force then; None where there was none, or the bus is away
    rules: Rules  #: that version where the bus still has it, else this release's


def shape_as_of(
    subject: str, told: Sequence[Row], day: date, known: Known, of_the_day: OfTheDay
) -> dict[str, Any] | None:
    """Return *subject* after *day*; None where the side knows nothing of it.

    `rules` is what its facts are judged by, `in_force` what was in force then. What the bus had said of a
    clock by then stands beside it, with the version that it was judged by.
    """
    facts = [_fact(row) for row in told if row["kind"] == "fact"]
    shape = as_of(subject, facts, of_the_day.rules, day, known)
    flags, leads = _latest(told, "flag", day), _latest(told, "lead", day)
    if not shape["facts"] and not flags:
        return None
    said = {(flag["rule"], flag["instance"] or ""): flag["body"] for flag in flags}
    for clock in shape["clocks"]:
        body = said.get((clock["rule"], clock["instance"]))
        clock["said"] = body and {"due_day": body["due_day"], "explanation": body["explanation"]}
    return shape | {
        "in_force": of_the_day.in_force,
        "flags": [_short(row, "type") for row in flags],
        "leads": [_short(row, "trigger") for row in leads],
    }


def _fact(row: Row) -> Fact:
    """Read a fact as the feed has it; what only the hub needs (hash, place in the inbox) is left empty."""
    headers, source = row["envelope"], row["ce_source"]
    sequence = headers.get("ce_sequence")
    return Fact(
        id=headers.get("ce_originid", row["ce_id"]),
        source=source,
        side=source.removeprefix("//").partition("/")[0],
        name=row["type"],
        at=instant_of(headers["ce_time"]),
        sequence=int(sequence) if sequence else None,
        arrived=instant_of(headers["ce_arrivedtime"]),
        hash="",
        position="",
        linked="ce_originid" in headers,
        body=row["body"],
    )


def _latest(told: Sequence[Row], kind: str, day: date) -> list[Row]:
    """Return of each flag or lead what was said of it last, up to *day*."""
    return list({row["matter"]: row for row in told if row["kind"] == kind and row["day"] <= day}.values())


def _short(row: Row, type_: str) -> dict[str, Any]:
    names = ("rule", "instance", "due_day", "day")
    return {"type": row[type_], **{name: row[name] for name in names}}


def _rules_text(rules: str, in_force: str | None) -> str:
    if rules == in_force:
        return f"{rules}（当日有效 / in force then）"
    return f"{rules}（本版软件 / of this release）；当日有效 in force then: {in_force or '未知 / unknown'}"


def lines_as_of(shape: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a person reads."""
    yield f"{shape['subject']}  {shape['as_of']} 终了时 / after that day  {KNOWN[shape['known']]}"
    yield f"状态 state {standing(shape)}"
    yield f"期限 / clocks  规则 rules {_rules_text(shape['rules'], shape['in_force'])}"
    for clock in shape["clocks"]:
        yield from clock_lines(clock)
        said = clock["said"]
        if said and said["explanation"]["rules"] != shape["rules"]:
            version = said["explanation"]["rules"]
            yield f"    当日所称，依 / said then, by {version}: {said['due_day'] or '-'}"
    for title, rows in (("预警 / flags", shape["flags"]), ("线索（未经核实） / leads", shape["leads"])):
        if rows:
            yield title
            for row in rows:
                yield flag_line(row, row["day"], row["type"])
    yield "事实 / facts"
    for fact in shape["facts"]:
        yield f"  {fact['day']}  {named_type(fact['type'], 'fact')}  {fact['id'][:12]}"
