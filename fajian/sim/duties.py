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
    "enf-handover": (Length(3, "day"), "ND"),
    "enf-notice": (Length(10, "day"), "ND"),
    "enf-notice-urgent": (Length(3, "day"), "ND"),
    "enf-assign": (Length(7, "day"), "ND"),
    "enf-ask-clues": (Length(3, "day"), "ND"),
    "enf-entrust-formalities": (Length(1, "month"), "M"),
    "entr-docket": (Length(7, "day"), "ND"),
    "entr-tell-creditor": (Length(7, "day"), "ND"),
    "entr-supplement": (Length(30, "day"), "ND"),
    "entr-start": (Length(15, "day"), "ND"),
    "entr-report": (Length(30, "day"), "ND"),
    "entr-6m": (Length(6, "month"), "M"),
    "enf-close": (Length(6, "month"), "M"),
    "enf-close-nonlit": (Length(3, "month"), "M"),
    "court-approval": (Length(7, "day"), "ND"),
    "clue-verify": (Length(7, "day"), "ND"),
    "inv-start": (Length(10, "day"), "ND"),
    "inv-complete": (Length(1, "month"), "M"),
    "audit-decide": (Length(10, "day"), "ND"),
    "reward-decide": (Length(10, "day"), "ND"),
    "bank-objection-reply": (Length(15, "day"), "ND"),
    "pres-rule": (Length(5, "day"), "ND"),
    "pres-exec": (Length(5, "day"), "ND"),
    "pres-release": (Length(5, "day"), "ND"),
    "pres-review": (Length(10, "day"), "ND"),
    "seize-renew": (Length(1, "day"), "BACK"),
    "over-seize-equity": (Length(7, "day"), "ND"),
    "val-start": (Length(30, "day"), "ND"),
    "val-agency-pick": (Length(10, "day"), "ND"),
    "val-serve": (Length(3, "day"), "ND"),
    "sale-start": (Length(10, "day"), "ND"),
    "auc-notice-mov": (Length(15, "day"), "BACK"),
    "auc-notice-imm": (Length(30, "day"), "BACK"),
    "auc-tell-parties": (Length(3, "day"), "BACK"),
    "auc-again": (Length(30, "day"), "ND"),
    "auc-again-notice": (Length(15, "day"), "BACK"),
    "auc-again-offline": (Length(60, "day"), "ND"),
    "auc-sale-notice": (Length(7, "day"), "ND"),
    "auc-resume": (Length(5, "day"), "ND"),
    "auc-ruling-serve": (Length(10, "day"), "ND"),
    "auc-handover": (Length(15, "day"), "ND"),
    "reg-assist": (Length(5, "day"), "ND"),
    "pay-arrival-notice": (Length(3, "day"), "ND"),
    "pay-out": (Length(30, "day"), "ND"),
    "pay-out-after-defer": (Length(10, "day"), "ND"),
    "pay-cash-handover": (Length(1, "day"), "ND"),
    "pay-thing-handout": (Length(30, "day"), "ND"),
    "pay-thing-return": (Length(10, "day"), "ND"),
    "pay-monthly-check": (Length(1, "month"), "M"),
    "zb-check": (Length(6, "month"), "M"),
    "zb-db": (Length(7, "day"), "ND"),
    "zb-db-fix": (Length(3, "day"), "ND"),
    "zb-db-block": (Length(3, "day"), "ND"),
    "bankr-answer": (Length(30, "day"), "ND"),
    "list-decide": (Length(15, "day"), "ND"),
    "list-remove": (Length(3, "working-day"), "WD"),
    "list-remove-term": (Length(3, "working-day"), "WD"),
    "list-revoke": (Length(3, "working-day"), "WD"),
    "list-review": (Length(15, "day"), "ND"),
    "list-review-correct": (Length(3, "working-day"), "WD"),
    "list-recon": (Length(15, "day"), "ND"),
    "cons-review": (Length(15, "day"), "ND"),
    "cons-review-correct": (Length(3, "working-day"), "WD"),
    "cons-recon": (Length(15, "day"), "ND"),
    "obj-docket": (Length(3, "day"), "ND"),
    "obj-notify": (Length(3, "day"), "ND"),
    "obj-rule": (Length(15, "day"), "ND"),
    "obj-internal": (Length(15, "day"), "ND"),
    "obj-internal-hearing": (Length(10, "day"), "ND"),
    "obj-internal-after-hearing": (Length(5, "day"), "ND"),
    "tp-obj-rule": (Length(15, "day"), "ND"),
    "recon-forward": (Length(5, "day"), "ND"),
    "recon-rule": (Length(30, "day"), "ND"),
    "change-party-rule": (Length(60, "day"), "ND"),
    "change-party-recon": (Length(60, "day"), "ND"),
    "exit-ban-recon": (Length(15, "day"), "ND"),
    "notar-recon": (Length(30, "day"), "ND"),
    "detain-family": (Length(24, "hour"), "H"),
    "fine-recon": (Length(5, "day"), "ND"),
    "petition-log": (Length(5, "working-day"), "WD"),
    "petition-close": (Length(30, "working-day"), "WD"),
    "serve-entrusted": (Length(10, "day"), "ND"),
    "file-up": (Length(10, "day"), "ND"),
    "sup-accept-notice": (Length(3, "day"), "ND"),
    "sup-handover": (Length(3, "day"), "ND"),
    "sup-cm-log": (Length(3, "day"), "ND"),
    "sup-cm-notice": (Length(3, "day"), "ND"),
    "sup-recuse": (Length(3, "day"), "ND"),
    "sup-recuse-recon": (Length(3, "day"), "ND"),
    "sup-hearing": (Length(3, "day"), "BACK"),
    "sup-entrusted-inv": (Length(15, "day"), "ND"),
    "sup-monitor-reply": (Length(10, "day"), "ND"),
    "sup-answer-court": (Length(1, "month"), "M"),
    "sup-answer-court-joint": (Length(3, "month"), "M"),
    "sup-review": (Length(3, "month"), "M"),
    "sup-send-advice": (Length(15, "day"), "ND"),
    "sup-advice-file": (Length(5, "day"), "ND"),
    "sup-no-support": (Length(15, "day"), "ND"),
    "files-return": (Length(3, "month"), "M"),
    "crt-explain": (Length(15, "day"), "ND"),
    "crt-reply": (Length(3, "month"), "M"),
    "crt-reply-upper": (Length(3, "month"), "M"),
    "advice-investigate": (Length(2, "month"), "M"),
}

#: The lead that follows a breach which the owner leaves unanswered. Where no text has the number of days
#: (T06, T10, T13, T16, T25, T35, T39, T41, unclaimed money) none follows until both sides approve the row.
LEADS: Final[Mapping[str, str]] = {
    "enf-docket": "T01",
    "enf-notice": "T02",
    "enf-notice-urgent": "T02",
    "enf-assign": "T04",
    "enf-close": "T07",
    "enf-close-nonlit": "T07",
    "pay-out": "T20",
    "pay-out-after-defer": "T21",
    "pay-cash-handover": "T22",
    "clue-verify": "T05",
    "val-start": "T17",
    "sale-start": "T17",
    "auc-again": "T17",
    "auc-again-offline": "T17",
    "auc-ruling-serve": "T19",
    "auc-handover": "T19",
    "zb-check": "T15",
    "obj-docket": "T27",
    "obj-rule": "T27",
    "recon-forward": "T30",
    "fine-recon": "T31",
    "detain-family": "T31",
    "list-remove": "T23",
    "list-remove-term": "T23",
    "crt-explain": "T33",
    "crt-reply": "T34",
    "sup-accept-notice": "T36",
    "sup-handover": "T36",
    "sup-review": "T36",
    "sup-send-advice": "T36",
    "sup-no-support": "T36",
    "sup-advice-file": "T36",
    "files-return": "T36",
    "T03": "T03",
    "T08": "T08",
    "T09": "T09",
    "T11": "T11",
    "T12": "T12",
    "T14": "T14",
    "T18": "T18",
    "T21": "T21",
    "T24": "T24",
    "T26": "T26",
    "T28": "T28",
    "T29": "T29",
    "T31": "T31",
    "T32": "T32",
    "T34": "T34",
    "T40": "T40",
}

#: Further times: how long one waits for an act, and how long a thing may last.
SPANS: Final[Mapping[str, tuple[Length, str]]] = {
    "report-order": (Length(1, "day"), "ND"),
    "query": (Length(1, "month"), "M"),
    "stay": (Length(3, "month"), "EXP"),
    "resume": (Length(15, "day"), "ND"),
    "restore": (Length(15, "day"), "ND"),
    "excess": (Length(15, "day"), "ND"),
    "objection-suit": (Length(15, "day"), "ND"),
    "plan-objection": (Length(15, "day"), "ND"),
    "detention": (Length(15, "day"), "EXP"),
    "police": (Length(7, "day"), "ND"),
    "restrict": (Length(3, "working-day"), "WD"),
    "lift": (Length(3, "working-day"), "WD"),
    "correction": (Length(30, "day"), "ND"),
    "attribution": (Length(30, "day"), "ND"),
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
    length: Length | None = None,
) -> date:
    """Return the last day of *rule*; a stop that is open has no business here."""
    usual, code = PERIODS[rule]
    due = count_due(
        start,
        length or usual,
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


def last_day(what: str, start: date, calendar: Calendar) -> date:
    """Return the last day of one of the further times."""
    length, code = SPANS[what]
    last = count_due(start, length, code, calendar).due_day
    assert isinstance(last, date)
    return last


def earliest_round_end(docketed: date, calendar: Calendar) -> date:
    """Return the first day on which a round may be ended (ZB 1: more than three months)."""
    lawful = count_due(docketed, ROUND_END_WAIT, "MIN", calendar).lawful_from
    assert lawful is not None
    return lawful
