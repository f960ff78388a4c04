"""The periods as the county's officers know them by heart.

Kept apart from `fajian/law/periods.toml` on purpose: a slip in the one shows as a difference to the other.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from fajian.core.calendar import Calendar
from fajian.core.counting import Length, Stop, count_due

PERIODS: Final[Mapping[str, tuple[Length, str]]] = {
    "enf-docket": (Length(7, "day"), "ND"),
    "enf-notice": (Length(10, "day"), "ND"),
    "enf-assign": (Length(7, "day"), "ND"),
    "enf-close": (Length(6, "month"), "M"),
    "pay-out": (Length(30, "day"), "ND"),
    "pay-out-after-defer": (Length(10, "day"), "ND"),
    "zb-check": (Length(6, "month"), "M"),
    "list-remove": (Length(3, "working-day"), "WD"),
    "obj-rule": (Length(15, "day"), "ND"),
    "sup-accept-notice": (Length(3, "day"), "ND"),
    "sup-review": (Length(3, "month"), "M"),
    "crt-explain": (Length(15, "day"), "ND"),
    "crt-reply": (Length(3, "month"), "M"),
}

#: The lead that follows a breach which the owner leaves unanswered.
LEADS: Final[Mapping[str, str]] = {
    "enf-docket": "T01",
    "enf-notice": "T02",
    "enf-assign": "T04",
    "enf-close": "T07",
    "pay-out": "T20",
    "pay-out-after-defer": "T20",
    "zb-check": "T15",
    "obj-rule": "T27",
    "list-remove": "T23",
    "crt-explain": "T33",
    "crt-reply": "T34",
    "sup-accept-notice": "T36",
    "sup-review": "T36",
}

ROUND_END_WAIT: Final = Length(3, "month")
ANSWER_WINDOW: Final = 3  #: working days before a breach becomes a lead
LATE_DAYS: Final = 7  #: a record this long after its fact is still in order


def due_day(
    rule: str,
    start: date,
    calendar: Calendar,
    *,
    stops: Sequence[Stop] = (),
    extra: int = 0,
    extended_to: date | None = None,
    extension_from: date | None = None,
    nth: int = 1,
) -> date:
    """Return the last day of *rule*; a stop that is open has no business here."""
    length, code = PERIODS[rule]
    due = count_due(
        start,
        length,
        code,
        calendar,
        stops=stops,
        extra=extra,
        extended_to=extended_to,
        extension_from=extension_from,
        nth=nth,
    ).due_day
    assert due is not None
    return due


def earliest_round_end(docketed: date, calendar: Calendar) -> date:
    """Return the first day on which a round may be ended (ZB 1: more than three months)."""
    lawful = count_due(docketed, ROUND_END_WAIT, "MIN", calendar).lawful_from
    assert lawful is not None
    return lawful
