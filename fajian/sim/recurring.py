"""The county's own count of what recurs: the same fault in five cases of its court within ninety days (T37).

Kept apart from `fajian/core/patterns.py` on purpose, like the periods: day by day, with nothing remembered.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

from fajian.sim.county import AGREEMENT, COURT_CODE
from fajian.sim.truth import Planted

CASES: Final = 5
DAYS: Final = 90
RULE: Final = "T37"
_OF_COURT: Final = (f"application/{COURT_CODE}/", "（")  #: subjects that carry the number of the court itself


class Raised(NamedTuple):
    """A lead that must come, and when."""

    day: date
    trigger: str
    subject: str


def recurring(leads: Iterable[Raised], last_day: date) -> Iterator[Planted]:
    """Yield the patterns in *leads*, each once in its window, and where one case was missing for one."""
    of_court = sorted(lead for lead in leads if lead.subject.startswith(_OF_COURT))
    for trigger in sorted({lead.trigger for lead in of_court}):
        yield from _of_trigger(trigger, [lead for lead in of_court if lead.trigger == trigger], last_day)


def _of_trigger(trigger: str, leads: list[Raised], last_day: date) -> Iterator[Planted]:
    told: date | None = None
    nearly: date | None = None
    for day in (leads[0].day + timedelta(days=n) for n in range((last_day - leads[0].day).days + 1)):
        window = {lead.subject for lead in leads if 0 <= (day - lead.day).days < DAYS}
        if len(window) >= CASES and (told is None or (day - told).days >= DAYS):
            told = day
            how = f"{trigger} in {len(window)} cases within {DAYS} days"
            yield Planted(AGREEMENT, RULE, _instance(trigger, day), day, "pattern", RULE, how)
        if len(window) == CASES - 1 and nearly is None:
            nearly = day
    if told is None and nearly is not None:
        how = f"{trigger} in no more than {CASES - 1} cases within {DAYS} days"
        yield Planted(AGREEMENT, RULE, _instance(trigger, nearly), nearly, "near-miss", None, how)


def _instance(trigger: str, day: date) -> str:
    return f"{COURT_CODE}/{trigger}/{day.isoformat()}"
