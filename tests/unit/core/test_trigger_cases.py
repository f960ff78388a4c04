"""For each trigger a breach that it names, and near misses: a lead must never come for nothing."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from fajian.law.documents import load_rules
from tests.histories import APPLICATION, PROCURATORATE, SUPERVISION, Told, play, told, under

RULES = load_rules()

#: Both sides have accepted every row, so that what rests on an unverified one is tried like the rest.
ACCEPTED_ALL = under(
    approved=frozenset({*RULES.periods, *RULES.triggers}),
    leads_by_policy=frozenset(name for name, row in RULES.triggers.items() if not row.lead),
)


class Case(NamedTuple):
    """A history, the day to which it is played, and the leads that it must lead to."""

    trigger: str
    why: str
    events: Sequence[Told]
    until: str
    leads: Sequence[str] = ()


def _sup(name: str, day: str, **body: Any) -> Told:
    return told(name, day, subject=SUPERVISION, **body)


def _asked(day: str) -> Told:
    return _sup("ExplanationRequested", day, request_no="r", received_day=day)


def _received(day: str) -> Told:
    return _sup("SuggestionReceived", day, source="//court/皖1324", suggestion_no="s")


def _replied(day: str, **body: Any) -> Told:
    return _sup("CourtReplied", day, suggestion_no="s", **{"outcome": "adopted", **body})


APPLIED = told("ApplicationReceived", "2022-04-15", subject=APPLICATION, application_no="2022-0415")
DOCKETED = told("CaseDocketed", "2022-04-15")
SEIZED = told("SeizureTookEffect", "2022-06-01", seizure_no="1")
NOTIFIED = told("FinanceNotified", "2022-05-09", payment_ref="p")
LISTED = told("Listed", "2021-03-01", listing_no="1")
SATISFIED = told("SatisfactionRecorded", "2022-05-09")
OBJECTED = told("ObjectionReceived", "2022-05-09", objection_no="o", objection_kind="act")
ROUND_ENDED = told("RoundEnded", "2022-03-31", ruling_day="2022-03-31")
ACCEPTED = _sup("SupervisionAccepted", "2022-05-09", supervision_no="1")
DEFERRED: dict[str, Any] = {"payment_ref": "p", "ground": "allocation", "approver_role": "bureau-head"}

TOLD = told("ObjectionDocketed", "2022-05-10", objection_no="o")
CLUE = told("ClueProvided", "2022-05-09", clue_no="c")
CASH = told("CashTaken", "2022-05-09", receipt_no="r")
HANDED_OVER = _sup("SupervisionHandedOver", "2022-05-09")
INFORMED = _sup("PartyInformed", "2022-05-12", source=PROCURATORATE, what="acceptance")
TO_BE_SOLD = told("SeizureTookEffect", "2022-05-09", seizure_no="1", property="movable", to_be_sold=True)
PRICE_FIXED = told("ReferencePriceFixed", "2022-05-09", seizure_no="1")
FAILED = told("AuctionFailed", "2022-05-09", seizure_no="1", round=1)
PRICE_PAID = told("PricePaid", "2022-05-09", seizure_no="1")
APPEALED = told("ReconsiderationReceived", "2022-05-09", objection_no="o")
DETAINED = told("Detained", "2022-05-09T10:00:00+08:00", sanction_no="d")
REVIEWED = told("SanctionReviewApplied", "2022-05-09", sanction_no="d")


def fires(trigger: str, why: str, *events: Told, on: Sequence[str], until: str = "2022-12-31") -> Case:
    return Case(trigger, why, events, until, on)


def misses(trigger: str, why: str, *events: Told, until: str = "2022-12-31") -> Case:
    return Case(trigger, why, events, until)


CASES = [
    Case("T01", "neither docketed nor refused", [APPLIED], "2022-04-27", ["2022-04-26"]),
    Case(
        "T01",
        "docketed on the last day",
        [APPLIED, told("CaseDocketed", "2022-04-22", subject=APPLICATION, copy=True)],
        "2022-06-30",
    ),
    Case(
        "T01",
        "refused on the last day",
        [APPLIED, told("DocketRefused", "2022-04-22", subject=APPLICATION)],
        "2022-06-30",
    ),
    Case(
        "T02",
        "no notice",
        [told("CaseDocketed", "2022-04-18", application_day="2022-04-15")],
        "2022-05-10",
        ["2022-04-28"],
    ),
    Case(
        "T02",
        "notice and officer on the last day",
        [
            told("CaseDocketed", "2022-04-18", application_day="2022-04-15"),
            told("EnforcementNoticeIssued", "2022-04-25"),
            told("UndertakerAssigned", "2022-04-25"),
        ],
        "2022-06-30",
    ),
    Case(
        "T02",
        "refused in time",
        [APPLIED, told("DocketRefused", "2022-04-22", subject=APPLICATION)],
        "2022-06-30",
    ),
    Case("T04", "no officer", [DOCKETED], "2022-06-30", ["2022-04-26"]),
    Case(
        "T04", "officer on the last day", [DOCKETED, told("UndertakerAssigned", "2022-04-22")], "2022-06-30"
    ),
    Case(
        "T04",
        "case over in time",
        [DOCKETED, told("CaseClosed", "2022-04-22", mode="cancelled")],
        "2022-06-30",
    ),
    Case(
        "T07",
        "property is known",
        [DOCKETED, told("UndertakerAssigned", "2022-04-16"), SEIZED],
        "2022-12-31",
        ["2022-10-20"],
    ),
    Case(
        "T07",
        "property becomes known later",
        [
            DOCKETED,
            told("UndertakerAssigned", "2022-04-16"),
            told("NetworkQueried", "2022-05-01", query_no="1", found=False),
            told("ClueVerified", "2022-11-14", clue_no="1", found=True),
        ],
        "2022-12-31",
        ["2022-11-14"],
    ),
    Case(
        "T07",
        "no property is known",
        [
            DOCKETED,
            told("UndertakerAssigned", "2022-04-16"),
            told("NetworkQueried", "2022-05-01", query_no="1", found=False),
        ],
        "2022-12-31",
    ),
    Case(
        "T07",
        "an open stop before the end",
        [DOCKETED, told("UndertakerAssigned", "2022-04-16"), SEIZED, told("Suspended", "2022-10-17")],
        "2022-12-31",
    ),
    Case(
        "T07",
        "an open stop after the end",
        [DOCKETED, told("UndertakerAssigned", "2022-04-16"), SEIZED, told("Suspended", "2022-10-18")],
        "2022-12-31",
    ),
    Case(
        "T07",
        "extended in time",
        [
            DOCKETED,
            told("UndertakerAssigned", "2022-04-16"),
            SEIZED,
            told("ExtensionApproved", "2022-10-17", until_day="2023-01-17", approver_role="court-president"),
        ],
        "2022-12-31",
    ),
    Case("T15", "no check", [ROUND_ENDED], "2022-10-31", ["2022-10-10"]),
    Case(
        "T15",
        "result not told",
        [ROUND_ENDED, told("NetworkQueried", "2022-09-01", query_no="1")],
        "2022-10-31",
        ["2022-10-10"],
    ),
    Case(
        "T15",
        "queried and told on the last day",
        [
            ROUND_ENDED,
            told("NetworkQueried", "2022-09-30", query_no="1"),
            told("CheckResultTold", "2022-09-30", query_no="1"),
        ],
        "2022-12-31",
    ),
    Case("T15", "restored in time", [ROUND_ENDED, told("EnforcementRestored", "2022-09-30")], "2023-12-31"),
    Case("T20", "not paid out", [NOTIFIED], "2022-08-31", ["2022-06-13"]),
    Case(
        "T20",
        "paid on the last day",
        [NOTIFIED, told("MoneyPaid", "2022-06-08", payment_ref="p")],
        "2022-08-31",
    ),
    Case(
        "T20",
        "deferred on the last day",
        [NOTIFIED, told("PayoutDeferralApproved", "2022-06-08", **DEFERRED)],
        "2022-08-31",
    ),
    Case(
        "T21",
        "not paid after the deferral",
        [
            NOTIFIED,
            told("PayoutDeferralApproved", "2022-06-08", **DEFERRED),
            told("DeferralCauseEnded", "2022-08-01", payment_ref="p"),
        ],
        "2022-08-31",
        ["2022-08-16"],
    ),
    Case("T23", "still listed", [LISTED, SATISFIED], "2022-06-30", ["2022-05-17"]),
    Case(
        "T23",
        "removed on the last day",
        [LISTED, SATISFIED, told("ListingRemoved", "2022-05-12", listing_no="1")],
        "2022-06-30",
    ),
    Case(
        "T23",
        "listed for a fixed term",
        [told("Listed", "2021-03-01", listing_no="1", term_until="2023-03-01"), SATISFIED],
        "2022-06-30",
    ),
    Case(
        "T23",
        "only the round ended",
        [LISTED, told("CaseClosed", "2022-05-09", mode="round-ended")],
        "2022-06-30",
    ),
    Case("T27", "no ruling", [OBJECTED, TOLD], "2022-06-30", ["2022-05-27"]),
    Case(
        "T27",
        "ruled on the last day",
        [OBJECTED, TOLD, told("ObjectionRuled", "2022-05-24", objection_no="o")],
        "2022-06-30",
    ),
    Case(
        "T27",
        "an objection of a third party",
        [told("ObjectionReceived", "2022-05-09", objection_no="o", objection_kind="third-party"), TOLD],
        "2022-06-30",
    ),
    Case("T33", "no explanation", [_asked("2022-05-09")], "2022-06-30", ["2022-05-27"]),
    Case(
        "T33",
        "explained on the last day",
        [_asked("2022-05-09"), _sup("ExplanationReceived", "2022-05-24", request_no="r")],
        "2022-06-30",
    ),
    Case(
        "T33",
        "received later than it was sent",
        [_sup("ExplanationRequested", "2022-05-09", request_no="r", received_day="2022-05-20")],
        "2022-06-08",
    ),
    Case("T34", "no reply", [_received("2022-04-15")], "2022-09-30", ["2022-07-20"]),
    Case("T34", "replied on the last day", [_received("2022-04-15"), _replied("2022-07-15")], "2022-09-30"),
    Case(
        "T34",
        "extended on the last day, replied on the new one",
        [
            _received("2022-04-15"),
            _sup("ReplyExtensionApproved", "2022-07-15", suggestion_no="s", approver_role="court-president"),
            _replied("2022-08-15"),
        ],
        "2022-09-30",
    ),
    Case(
        "T34",
        "no seal",
        [_received("2022-04-15"), _replied("2022-05-09", sealed=False)],
        "2022-09-30",
        ["2022-05-12"],
    ),
    Case(
        "T34",
        "no rulings, and refused without reasons",
        [
            _received("2022-04-15"),
            _replied("2022-05-09", outcome="rejected", reasons_given=False, rulings_attached=False),
        ],
        "2022-09-30",
        ["2022-05-12"],
    ),
    Case(
        "T34",
        "adopted, so it needs no reasons",
        [_received("2022-04-15"), _replied("2022-05-09", sealed=True, reasons_given=False)],
        "2022-09-30",
    ),
    Case(
        "T34",
        "nothing is known of its form",
        [_received("2022-04-15"), _replied("2022-05-09", outcome="rejected")],
        "2022-09-30",
    ),
    Case(
        "T36",
        "neither notice nor conclusion",
        [ACCEPTED, HANDED_OVER],
        "2022-09-30",
        ["2022-05-17", "2022-08-12"],
    ),
    Case(
        "T36",
        "notice and conclusion on the last day",
        [
            ACCEPTED,
            HANDED_OVER,
            INFORMED,
            _sup("ReviewConcluded", "2022-08-09", decision="suggestion"),
            _sup("SuggestionSent", "2022-08-24", suggestion_no="s"),
            _sup("SuggestionFiled", "2022-08-29", suggestion_no="s"),
        ],
        "2022-09-30",
    ),
    Case(
        "T36",
        "files on their way",
        [
            ACCEPTED,
            HANDED_OVER,
            INFORMED,
            _sup("FilesRequested", "2022-05-16", request_no="f"),
        ],
        "2022-12-31",
    ),
    fires("T05", "not verified", CLUE, on=["2022-05-19"]),
    misses("T05", "verified on the last day", CLUE, told("ClueVerified", "2022-05-16", clue_no="c")),
    misses("T05", "case over in time", CLUE, told("CaseClosed", "2022-05-16", mode="fulfilled")),
    fires("T17", "no valuation", TO_BE_SOLD, on=["2022-06-13"]),
    fires("T17", "no sale", PRICE_FIXED, on=["2022-05-24"]),
    fires("T17", "no second auction", FAILED, on=["2022-06-13"]),
    misses(
        "T17", "valued on the last day", TO_BE_SOLD, told("ValuationStarted", "2022-06-08", seizure_no="1")
    ),
    misses("T17", "released in time", TO_BE_SOLD, told("SeizureReleased", "2022-06-08", seizure_no="1")),
    misses("T17", "paid before the sale", PRICE_FIXED, told("SatisfactionRecorded", "2022-05-19")),
    misses("T17", "taken for the debt", FAILED, told("PropertyTakenForDebt", "2022-06-08", seizure_no="1")),
    fires("T19", "ruling not served", PRICE_PAID, on=["2022-05-24"]),
    misses(
        "T19",
        "served on the last day, handed over on the last day",
        PRICE_PAID,
        told("SaleRulingServed", "2022-05-19", seizure_no="1"),
        told("PropertyHandedOver", "2022-06-06", seizure_no="1"),
    ),
    misses("T19", "paid in part only", told("AuctionHeld", "2022-05-09", seizure_no="1")),
    misses(
        "T21",
        "paid in time",
        NOTIFIED,
        told("PayoutDeferralApproved", "2022-06-08", **DEFERRED),
        told("DeferralCauseEnded", "2022-08-01", payment_ref="p"),
        told("MoneyPaid", "2022-08-11", payment_ref="p"),
    ),
    misses(
        "T21",
        "the ground of the deferral stands",
        NOTIFIED,
        told("PayoutDeferralApproved", "2022-06-08", **DEFERRED),
    ),
    fires("T22", "cash kept", CASH, on=["2022-05-13"]),
    misses("T22", "handed over on the next day", CASH, told("CashHandedOver", "2022-05-10", receipt_no="r")),
    misses(
        "T22",
        "taken on a journey, handed over on return",
        told("CashTaken", "2022-05-09", receipt_no="r", returned_day="2022-05-12"),
        told("CashHandedOver", "2022-05-13", receipt_no="r"),
    ),
    fires(
        "T27",
        "not docketed",
        OBJECTED,
        told("ObjectionRuled", "2022-05-24", objection_no="o"),
        on=["2022-05-17"],
    ),
    fires("T30", "file not sent up", APPEALED, on=["2022-05-19"]),
    misses(
        "T30",
        "sent on the last day",
        APPEALED,
        told("ReconsiderationFileSent", "2022-05-16", objection_no="o"),
    ),
    misses(
        "T30",
        "no reconsideration asked for",
        OBJECTED,
        told("ObjectionRuled", "2022-05-09", objection_no="o", served_day="2022-05-09"),
    ),
    fires("T31", "family not told", DETAINED, on=["2022-05-13"]),
    fires("T31", "review not decided", REVIEWED, on=["2022-05-19"]),
    misses(
        "T31",
        "family told within the hours",
        DETAINED,
        told("DetaineeFamilyTold", "2022-05-10T11:00:00+08:00", sanction_no="d"),
        told("DetentionEnded", "2022-05-20", sanction_no="d"),
    ),
    misses(
        "T31",
        "review decided on the last day",
        REVIEWED,
        told("SanctionReviewed", "2022-05-16", sanction_no="d"),
    ),
]


#: Found in single facts: `test_triggers.py` tries them act by act.
ELSEWHERE = {"T14", "T38"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.trigger} {case.why}")
def test_a_breach_leads_to_a_lead_and_a_near_miss_to_none(case: Case) -> None:
    bench = play(*case.events, until=case.until, rules=ACCEPTED_ALL)

    raised = [lead for lead in bench.triggers() if lead.partition(" ")[0] == case.trigger]
    assert raised == [f"{case.trigger} {day}" for day in case.leads]


def test_every_bundled_trigger_has_a_breach_and_two_near_misses_here() -> None:
    fired = {case.trigger for case in CASES if case.leads}
    missed = Counter(case.trigger for case in CASES if not case.leads)

    assert fired == set(RULES.triggers) - ELSEWHERE
    assert {name for name, count in missed.items() if count >= 2} >= fired
