"""What the bus says of a published case, divided into what its text bears out and what it is silent about.

A summary leaves acts out that may well have happened. So a flag on a duty is borne out only if the text also
states an event that fulfilled that very duty, in time or late; otherwise nobody can tell: it is no finding.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fajian.core.rules import Rules
from fajian.sim.published import Converted
from schemas.names import short_name

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The rows of a replay of one case."""

    borne_out: tuple[Row, ...]
    silent: tuple[Row, ...]


def review(case: Converted, rows: Iterable[Row], rules: Rules) -> Reviewed:
    """Divide *rows*, the flags and leads that a replay of *case* gave."""
    kept: list[Row] = []
    silent: list[Row] = []
    for row in rows:
        (kept if _is_borne_out(case, row, rules) else silent).append(row)
    return Reviewed(tuple(kept), tuple(silent))


def _is_borne_out(case: Converted, row: Row, rules: Rules) -> bool:
    period = rules.periods.get(row["rule"])
    if period is None:
        return not row["explanation"].get("awaited")  # else found in the facts themselves
    fulfilling = {cue.event for cue in (*period.closes, *period.closes_all)}
    for event in _standing_on(case, row["subject"]):
        named = event["data"].get(period.instance) if period.instance else None
        begun = row["explanation"]["start_day"] <= event["time"][: len("2017-03-14")]
        if begun and short_name(event["type"]) in fulfilling and named in (None, row["instance"]):
            return True
    return False


def _standing_on(case: Converted, subject: str) -> Iterator[Mapping[str, Any]]:
    for event in case.events:
        data = event["data"]
        links = (event["subject"], data.get("application_no"), f"supervision/{data.get('supervision_no')}")
        if subject in links or subject in data.get("cases", ()):
            yield event
