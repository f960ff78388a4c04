"""For each trigger a breach that it names, and near misses: a lead must never come for nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from fajian.core.facts import Fact
from fajian.core.triggers import FINDERS
from fajian.law.documents import load_rules
from tests.histories import APPLICATION, COURT, PROCURATORATE, SUPERVISION, Told, play, told, under, view

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


def _changed(day: str) -> Told:
    return _sup("SuggestionChanged", day, suggestion_no="s")


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


def fires(trigger: str, why: str, *events: Told, on: Sequence[str], until: str = "") -> Case:
    return Case(trigger, why, events, until or _year_end(events), on)


def misses(trigger: str, why: str, *events: Told, until: str = "") -> Case:
    return Case(trigger, why, events, until or _year_end(events))


def _year_end(events: Sequence[Told]) -> str:
    return f"{max(event.day for event in events).year}-12-31"


FOR_MONEY = told("CaseDocketed", "2022-04-15", money_claim=True)
NOTICE = told("EnforcementNoticeIssued", "2022-04-20")
ORDER = told("PropertyReportOrdered", "2022-04-20")
CAUSE_ENDED = told("SuspensionCauseEnded", "2022-05-09", suspension_no="z")
FROZEN = told("SeizureTookEffect", "2022-05-09", seizure_no="1", property="deposit", until_day="2022-08-09")
IMPOUNDED = told(
    "SeizureTookEffect", "2022-05-09", seizure_no="1", property="movable", until_day="2022-08-09"
)
CLAIM = told("CaseDocketed", "2022-04-15", claim_amount="100")
FOUND = told("PropertyFoundAfterRoundEnd", "2022-05-09")
RESTRICTED = told("ConsumptionRestricted", "2022-04-20", party_ref="d")
DEAD = told("DebtorDied", "2022-05-10", party_ref="d")
CLAIMED = told("ObjectionReceived", "2022-05-16", objection_no="o", objection_kind="third-party")
REJECTED = told("ObjectionRuled", "2022-06-01", objection_no="o", outcome="rejected", served_day="2022-06-06")
FAMILY = told("DetaineeFamilyTold", "2022-05-09T12:00:00+08:00", sanction_no="d")
PLAN = told("DistributionPlanServed", "2022-05-09", plan_no="v")
CLOSED = told("CaseClosed", "2022-05-09", mode="fulfilled")
ORGAN = told("OrganFailedToAssist", "2022-05-09", request_no="r", organ="登记机关")
REFERRED = told("RefusalOffenceReferred", "2025-09-08", request_no="r")


def _extended(day: str, until: str) -> Told:
    return told("ExtensionApproved", day, until_day=until, approver_role="court-president")


def _stayed(kind: str, **body: Any) -> Told:
    return told("Stayed", "2022-05-09", stay_no="s", kind=kind, **body)


def _sold(day: str) -> Told:
    return told("Sold", day, seizure_no="1")


def _worth(number: str, value: str, **body: Any) -> Told:
    return told("SeizureTookEffect", "2022-05-09", seizure_no=number, value=value, **body)


def _announced(day: str, **body: Any) -> Told:
    said = {"property": "movable", "auction_day": "2022-05-24", "auction_no": "a", **body}
    return told("AuctionAnnounced", day, **said)


def _unclaimed(name: str, day: str) -> Told:
    return told(name, day, subject="money/6228/1", payment_ref="p")


def _listed(**body: Any) -> Told:
    return told("Listed", "2022-05-09", listing_no="1", party_ref="d", **body)


def _panel(**body: Any) -> Told:
    return told("PanelFormed", "2022-05-09", objection_no="o", **body)


def _detained(day: str, number: str, act: str = "a") -> Told:
    return told("Detained", f"{day}T10:00:00+08:00", sanction_no=number, party_ref="d", act=act)


def _free(number: str) -> Told:
    return told("DetentionEnded", {"d": "2022-05-12", "e": "2022-06-13"}[number], sanction_no=number)


def _shared_out(day: str, **body: Any) -> Told:
    return told("DistributionMade", day, plan_no="v", **body)


def _arrived(day: str) -> Told:
    return told("MoneyArrived", day, payment_ref="p")


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
        "a fixed term by ground",
        [told("Listed", "2021-03-01", listing_no="1", ground="1(3)"), SATISFIED],
        "2022-06-30",
    ),
    Case(
        "T23",
        "two years by law are over",
        [told("Listed", "2022-02-10", listing_no="1", ground="1(3)")],
        "2024-06-30",
        ["2024-02-23"],
    ),
    Case(
        "T23",
        "removed in time when two years by law were over",
        [
            told("Listed", "2022-02-10", listing_no="1", ground="1(3)"),
            told("ListingRemoved", "2024-02-19", listing_no="1"),
        ],
        "2024-06-30",
    ),
    Case(
        "T23",
        "two years by law made longer",
        [
            told("Listed", "2022-02-10", listing_no="1", ground="1(3)"),
            told("ListingTermExtended", "2024-02-01", listing_no="1", until_day="2025-02-10"),
        ],
        "2024-06-30",
    ),
    Case(
        "T23",
        "another debtor has performed",
        [
            told("Listed", "2021-03-01", listing_no="1", party_ref="b"),
            told("SatisfactionRecorded", "2022-05-09", party_ref="a"),
        ],
        "2022-06-30",
    ),
    Case(
        "T23",
        "the debtor himself has performed, after another",
        [
            told("Listed", "2021-03-01", listing_no="1", party_ref="b"),
            told("SatisfactionRecorded", "2022-05-05", party_ref="a"),
            told("SatisfactionRecorded", "2022-05-09", party_ref="b"),
        ],
        "2022-06-30",
        ["2022-05-17"],
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
        "changed for another suggestion, which was answered in time",
        [
            _received("2022-04-15"),
            _sup("SuggestionChanged", "2022-05-09", suggestion_no="s", replaced_by="s2"),
            _sup("SuggestionReceived", "2022-05-10", source=COURT, suggestion_no="s2"),
            _sup("CourtReplied", "2022-08-10", suggestion_no="s2", outcome="adopted"),
        ],
        "2022-12-31",
    ),
    Case(
        "T34",
        "changed after its time was over",
        [_received("2022-04-15"), _changed("2022-07-25")],
        "2022-12-31",
        ["2022-07-20"],
    ),
    Case(
        "T34",
        "changed and delivered anew under its number",
        [
            _received("2022-04-15"),
            _replied("2022-05-06"),
            _changed("2022-05-09"),
            _received("2022-05-10"),
        ],
        "2022-12-31",
        ["2022-08-15"],
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
    fires(
        "T17",
        "only the first auction is on record",
        told("AuctionHeld", "2022-05-09", seizure_no="1"),
        told("AuctionFailed", "2022-05-09", seizure_no="1"),
        on=["2022-06-13"],
    ),
    fires(
        "T17",
        "the failure of the first auction was told twice",
        FAILED,
        told("AuctionFailed", "2022-05-11", seizure_no="1", round=1),
        on=["2022-06-13"],
    ),
    misses(
        "T17",
        "failed again, and nobody says which auction it was",
        told("AuctionFailed", "2022-05-09", seizure_no="1"),
        told("AuctionFailed", "2022-06-08", seizure_no="1"),
    ),
    misses(
        "T17",
        "held again offline, and nobody says which auction it was",
        told("AuctionFailed", "2022-05-09", seizure_no="1", online=False),
        told("AuctionHeld", "2022-07-08", seizure_no="1"),
    ),
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
    fires("T31", "family not told", DETAINED, _free("d"), on=["2022-05-13"]),
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
    # -- the findings
    fires("T03", "notice without the order", FOR_MONEY, NOTICE, on=["2022-04-25"]),
    misses("T03", "order on the same day", FOR_MONEY, NOTICE, ORDER),
    misses("T03", "not for money", told("CaseDocketed", "2022-04-15", money_claim=False), NOTICE),
    fires("T06", "no query", FOR_MONEY, on=["2022-05-19"]),
    misses("T06", "query on the last day", FOR_MONEY, told("NetworkQueried", "2022-05-16", query_no="q")),
    misses("T06", "closed on the last day", FOR_MONEY, told("CaseClosed", "2022-05-16", mode="fulfilled")),
    misses("T06", "a preservation", told("CaseDocketed", "2022-04-15", case_kind="preservation")),
    fires(
        "T08", "approved after the end", DOCKETED, _extended("2022-10-18", "2023-01-17"), on=["2022-10-21"]
    ),
    fires(
        "T08",
        "more than three months",
        DOCKETED,
        _extended("2022-10-17", "2023-02-17"),
        on=["2023-01-19"],
        until="2023-03-01",
    ),
    misses(
        "T08", "approved on the last day", DOCKETED, _extended("2022-10-17", "2023-01-16"), until="2023-03-01"
    ),
    misses(
        "T08",
        "on the high court's record",
        DOCKETED,
        _extended("2022-10-17", "2023-02-17"),
        told("ExtensionRecorded", "2023-01-16"),
        until="2023-03-01",
    ),
    misses(
        "T08",
        "closed within the three months",
        DOCKETED,
        _extended("2022-10-17", "2023-02-17"),
        told("CaseClosed", "2023-01-16", mode="fulfilled"),
        until="2023-03-01",
    ),
    misses(
        "T08", "suspended", DOCKETED, told("Suspended", "2022-10-14"), _extended("2022-10-18", "2023-02-17")
    ),
    misses(
        "T08",
        "three months after days that did not count",
        told("CaseDocketed", "2025-01-10"),
        told("Suspended", "2025-02-01", suspension_no="x"),
        told("Resumed", "2025-04-02", suspension_no="x"),
        _extended("2025-09-01", "2025-12-09"),
        until="2025-12-31",
    ),
    fires(
        "T08",
        "more than three months after days that did not count",
        told("CaseDocketed", "2025-01-10"),
        told("Suspended", "2025-02-01", suspension_no="x"),
        told("Resumed", "2025-04-02", suspension_no="x"),
        _extended("2025-09-01", "2025-12-10"),
        on=["2025-12-12"],
        until="2025-12-31",
    ),
    misses(
        "T08",
        "suspended before and after",
        told("CaseDocketed", "2025-01-10"),
        told("Suspended", "2025-02-01", suspension_no="x"),
        told("Resumed", "2025-04-02", suspension_no="x"),
        _extended("2025-09-01", "2025-12-09"),
        told("Suspended", "2025-10-01", suspension_no="y"),
        told("Resumed", "2025-10-15", suspension_no="y"),
        until="2026-03-01",
    ),
    fires("T09", "fixed for too long", _stayed("by-court", until_day="2022-08-10"), on=["2022-05-12"]),
    fires("T09", "no end in sight", _stayed("by-higher-court"), on=["2022-08-12"]),
    fires(
        "T09",
        "ended too late",
        _stayed("guarantee"),
        told("StayEnded", "2023-05-10", stay_no="s"),
        on=["2023-05-12"],
        until="2023-06-01",
    ),
    misses(
        "T09",
        "ended on the last day",
        _stayed("guarantee"),
        told("StayEnded", "2023-05-09", stay_no="s"),
        until="2023-06-01",
    ),
    misses("T09", "ends by itself", _stayed("by-court", until_day="2022-08-09")),
    misses(
        "T09",
        "three months more",
        _stayed("by-court", until_day="2022-08-09"),
        told("StayExtended", "2022-08-09", stay_no="s", until_day="2022-11-09"),
    ),
    misses(
        "T07",
        "stayed for six months",
        DOCKETED,
        SEIZED,
        _stayed("by-court", until_day="2022-08-09"),
        told("StayExtended", "2022-08-08", stay_no="s", until_day="2022-11-09"),
        told("CaseClosed", "2023-04-17", mode="fulfilled"),
        until="2023-06-01",
    ),
    fires(
        "T07",
        "a stay by the court lapsed after three months",
        DOCKETED,
        SEIZED,
        _stayed("by-court"),
        on=["2023-01-19"],
        until="2023-06-01",
    ),
    misses("T09", "a kind that nobody told", told("Stayed", "2022-05-09", stay_no="s")),
    fires("T10", "not resumed", CAUSE_ENDED, on=["2022-05-27"]),
    misses("T10", "resumed in time", CAUSE_ENDED, told("Resumed", "2022-05-24", suspension_no="z")),
    misses("T10", "closed in time", CAUSE_ENDED, told("CaseClosed", "2022-05-24", mode="terminated")),
    misses("T10", "the cause stands", told("Suspended", "2022-05-09", suspension_no="z")),
    fires("T11", "not renewed", FROZEN, on=["2022-08-12"]),
    fires(
        "T11",
        "a lapse that the court reports",
        told("SeizureLapsed", "2022-08-09", seizure_no="2"),
        on=["2022-08-12"],
    ),
    misses(
        "T11",
        "renewed on the last day",
        FROZEN,
        told("SeizureRenewed", "2022-08-09", seizure_no="1", until_day="2023-08-09"),
    ),
    misses("T11", "performed on the last day", FROZEN, told("SatisfactionRecorded", "2022-08-09")),
    misses("T11", "released", FROZEN, told("SeizureReleased", "2022-08-09", seizure_no="1")),
    fires(
        "T11",
        "released after it had lapsed",
        FROZEN,
        told("SeizureReleased", "2022-08-10", seizure_no="1"),
        on=["2022-08-12"],
    ),
    fires("T11", "sold after it had lapsed", IMPOUNDED, _sold("2022-08-11"), on=["2022-08-12"]),
    misses("T11", "sold on the last day", IMPOUNDED, _sold("2022-08-09")),
    misses("T11", "terminated", FROZEN, told("EnforcementTerminated", "2022-08-09")),
    misses(
        "T11",
        "a lapse after performance",
        told("SatisfactionRecorded", "2022-08-09"),
        told("SeizureLapsed", "2022-08-09", seizure_no="2"),
    ),
    misses(
        "T11",
        "a seizure that waits",
        told(
            "SeizureTookEffect",
            "2022-05-09",
            seizure_no="1",
            property="deposit",
            until_day="2022-08-09",
            waiting=True,
        ),
    ),
    fires("T12", "sold after the lapse", IMPOUNDED, _sold("2022-08-10"), on=["2022-08-15"]),
    fires(
        "T12",
        "sold after the release",
        IMPOUNDED,
        told("SeizureReleased", "2022-06-01", seizure_no="1"),
        _sold("2022-06-02"),
        on=["2022-06-08"],
    ),
    fires(
        "T12",
        "sold while it waited",
        told("SeizureTookEffect", "2022-05-09", seizure_no="1", waiting=True),
        _sold("2022-06-02"),
        on=["2022-06-08"],
    ),
    misses("T12", "sold on the last day", IMPOUNDED, _sold("2022-08-09")),
    misses(
        "T12",
        "renewed before the sale",
        IMPOUNDED,
        told("SeizureRenewed", "2022-08-09", seizure_no="1", until_day="2023-08-09"),
        _sold("2022-08-10"),
    ),
    misses("T12", "a seizure nobody knows", _sold("2022-08-10")),
    misses(
        "T12",
        "transferred after the sale",
        IMPOUNDED,
        _sold("2022-06-01"),
        told("SeizureReleased", "2022-06-02", seizure_no="1"),
        told("PropertyTransferred", "2022-06-08", seizure_no="1"),
    ),
    misses(
        "T12",
        "released in part",
        IMPOUNDED,
        told("SeizureReleased", "2022-06-01", seizure_no="1", partial=True),
        _sold("2022-06-02"),
    ),
    fires(
        "T13",
        "excess not released",
        told("OverSeizureFound", "2022-05-09", seizure_no="1"),
        on=["2022-05-27"],
    ),
    fires("T13", "one of two is enough", CLAIM, _worth("1", "120"), _worth("2", "50"), on=["2022-05-27"]),
    misses("T13", "a single object", CLAIM, _worth("1", "900")),
    misses("T13", "both are needed", CLAIM, _worth("1", "119.99"), _worth("2", "50")),
    misses(
        "T13",
        "released in time",
        CLAIM,
        _worth("1", "120"),
        _worth("2", "50"),
        told("SeizureReleased", "2022-05-24", seizure_no="2"),
    ),
    misses("T13", "one of them waits", CLAIM, _worth("1", "120"), _worth("2", "50", waiting=True)),
    fires("T16", "not restored", FOUND, on=["2022-05-27"]),
    misses("T16", "restored in time", FOUND, told("EnforcementRestored", "2022-05-24")),
    misses("T16", "nothing found", ROUND_ENDED),
    fires("T18", "a day too late", _announced("2022-05-10"), on=["2022-05-13"]),
    fires(
        "T18",
        "the second auction of land",
        _announced("2022-05-10", property="immovable", round=2),
        on=["2022-05-13"],
    ),
    misses("T18", "just in time", _announced("2022-05-09")),
    misses(
        "T18",
        "thirty days, the limit a Sunday",
        _announced("2025-06-15", property="immovable", auction_day="2025-07-15"),
    ),
    fires(
        "T18",
        "twenty-nine days, the limit a Sunday",
        _announced("2025-06-16", property="immovable", auction_day="2025-07-15"),
        on=["2025-06-19"],
    ),
    misses("T18", "the second auction of a movable", _announced("2022-05-17", round=2)),
    misses("T18", "not on line", _announced("2022-05-17", online=False)),
    fires(
        "T21",
        "deferred by the officer",
        NOTIFIED,
        told("PayoutDeferralApproved", "2022-05-10", **{**DEFERRED, "approver_role": "undertaker"}),
        on=["2022-05-13"],
    ),
    fires("T21-unclaimed", "nobody's money", _unclaimed("MoneyArrived", "2022-05-09"), on=["2022-06-13"]),
    misses(
        "T21-unclaimed",
        "its case is found",
        _unclaimed("MoneyArrived", "2022-05-09"),
        _unclaimed("MoneyAttributed", "2022-06-08"),
    ),
    misses(
        "T21-unclaimed",
        "paid back",
        _unclaimed("MoneyArrived", "2022-05-09"),
        _unclaimed("MoneyPaid", "2022-06-08"),
    ),
    fires("T24", "a minor", _listed(minor=True), on=["2022-05-12"]),
    fires("T24", "signed by the wrong post", _listed(signed_by="bureau-head"), on=["2022-05-12"]),
    fires("T24", "covered by security", _listed(secured=True, ground="1(1)"), on=["2022-05-12"]),
    misses("T24", "signed by the president", _listed(signed_by="court-president", minor=False)),
    misses("T24", "covered, but for another ground", _listed(secured=True, ground="1(2)")),
    misses(
        "T24",
        "taken back within the answer window",
        _listed(minor=True),
        told("ListingRevoked", "2022-05-11", listing_no="1"),
    ),
    fires("T25", "performed and restricted", RESTRICTED, SATISFIED, on=["2022-05-17"]),
    fires("T25", "dead, restricted and listed", RESTRICTED, _listed(), DEAD, on=["2022-05-18", "2022-05-18"]),
    misses(
        "T25",
        "lifted in time",
        RESTRICTED,
        SATISFIED,
        told("ConsumptionRestrictionLifted", "2022-05-12", party_ref="d"),
    ),
    misses("T25", "another debtor died", RESTRICTED, told("DebtorDied", "2022-05-10", party_ref="e")),
    misses(
        "T25",
        "dead, lifted and removed in time",
        RESTRICTED,
        _listed(),
        DEAD,
        told("ConsumptionRestrictionLifted", "2022-05-13", party_ref="d"),
        told("ListingRemoved", "2022-05-13", listing_no="1"),
    ),
    fires("T26", "listed alone", _listed(), on=["2022-05-17"]),
    misses("T26", "restricted before", RESTRICTED, _listed()),
    misses(
        "T26",
        "restricted on the last day",
        _listed(),
        told("ConsumptionRestricted", "2022-05-12", party_ref="d"),
    ),
    misses(
        "T26", "off the list on the last day", _listed(), told("ListingRemoved", "2022-05-12", listing_no="1")
    ),
    fires("T28", "sold while it was pending", IMPOUNDED, CLAIMED, _sold("2022-06-01"), on=["2022-06-07"]),
    fires(
        "T28",
        "sold within fifteen days",
        IMPOUNDED,
        CLAIMED,
        REJECTED,
        _sold("2022-06-21"),
        on=["2022-06-24"],
    ),
    fires(
        "T28",
        "sold within fifteen days of a rejection that nobody has said to be served",
        IMPOUNDED,
        CLAIMED,
        told("ObjectionRuled", "2022-06-01", objection_no="o", outcome="rejected"),
        _sold("2022-06-16"),
        on=["2022-06-21"],
    ),
    misses(
        "T28",
        "sold later than that",
        IMPOUNDED,
        CLAIMED,
        told("ObjectionRuled", "2022-06-01", objection_no="o", outcome="rejected"),
        _sold("2022-06-17"),
    ),
    misses("T28", "sold after fifteen days", IMPOUNDED, CLAIMED, REJECTED, _sold("2022-06-22")),
    misses("T28", "sold before", IMPOUNDED, CLAIMED, _sold("2022-05-12")),
    misses(
        "T28",
        "withdrawn",
        IMPOUNDED,
        CLAIMED,
        told("ObjectionRuled", "2022-06-01", objection_no="o", outcome="withdrawn"),
        _sold("2022-06-01"),
    ),
    misses(
        "T28",
        "the creditor gave security",
        IMPOUNDED,
        CLAIMED,
        told("ContinuationSecured", "2022-05-20", objection_no="o"),
        _sold("2022-06-01"),
    ),
    misses(
        "T28",
        "another object",
        IMPOUNDED,
        told("SeizureTookEffect", "2022-05-09", seizure_no="2"),
        CLAIMED,
        _sold("2022-06-01"),
    ),
    misses("T28", "an objection to an act", IMPOUNDED, OBJECTED, TOLD, _sold("2022-05-20")),
    fires("T29", "its own judge", _panel(includes_acting_officer=True), on=["2022-05-12"]),
    fires("T29", "one judge", _panel(judges=1), on=["2022-05-12"]),
    misses("T29", "three others", _panel(includes_acting_officer=False, judges=3)),
    misses("T29", "nothing is known of it", _panel()),
    fires(
        "T31",
        "sixteen days",
        DETAINED,
        FAMILY,
        told("DetentionEnded", "2022-05-25", sanction_no="d"),
        on=["2022-05-27"],
    ),
    fires(
        "T31",
        "a term too long",
        told("Detained", "2022-05-09T10:00:00+08:00", sanction_no="d", until_day="2022-05-25"),
        FAMILY,
        on=["2022-05-12"],
    ),
    fires(
        "T31",
        "twice for one act",
        _detained("2022-05-09", "d"),
        FAMILY,
        _free("d"),
        _detained("2022-06-09", "e"),
        told("DetaineeFamilyTold", "2022-06-09T11:00:00+08:00", sanction_no="e"),
        _free("e"),
        on=["2022-06-14"],
    ),
    misses("T31", "fifteen days", DETAINED, FAMILY, told("DetentionEnded", "2022-05-24", sanction_no="d")),
    misses(
        "T31",
        "for another act",
        _detained("2022-05-09", "d"),
        FAMILY,
        _free("d"),
        _detained("2022-06-09", "e", act="b"),
        told("DetaineeFamilyTold", "2022-06-09T11:00:00+08:00", sanction_no="e"),
        _free("e"),
    ),
    fires("T32", "within the fifteen days", PLAN, _shared_out("2022-05-24"), on=["2022-05-27"]),
    fires(
        "T32",
        "while an objection is told",
        PLAN,
        told("DistributionObjectionServed", "2022-05-30", plan_no="v"),
        _shared_out("2022-06-14"),
        on=["2022-06-17"],
    ),
    fires("T32", "without a plan", DOCKETED, told("DistributionMade", "2022-05-24"), on=["2022-05-27"]),
    misses("T32", "after the fifteen days", PLAN, _shared_out("2022-05-25")),
    misses(
        "T32", "the disputed share set aside", PLAN, _shared_out("2022-05-24", disputed_share_deposited=True)
    ),
    misses(
        "T32", "a case that the bus has not seen from its beginning", told("DistributionMade", "2022-05-24")
    ),
    fires("T35", "adopted, not corrected", _replied("2022-05-09"), on=["2022-06-13"]),
    misses(
        "T35",
        "corrected on the last day",
        _replied("2022-05-09"),
        _sup("CorrectionDone", "2022-06-08", source=COURT),
    ),
    misses("T35", "changed after it was adopted", _replied("2022-05-09"), _changed("2022-05-20")),
    fires(
        "T35",
        "changed before it was adopted",
        _changed("2022-05-02"),
        _replied("2022-05-09"),
        on=["2022-06-13"],
    ),
    misses("T35", "rejected", _replied("2022-05-09", outcome="rejected")),
    misses(
        "T35",
        "found satisfied",
        _replied("2022-05-09"),
        _sup("ResultChecked", "2022-06-08", source=PROCURATORATE, suggestion_no="s", result="satisfied"),
    ),
    fires(
        "T39",
        "restored without a parent",
        told("CaseDocketed", "2022-05-09", case_kind="restored"),
        on=["2022-05-12"],
    ),
    fires("T39", "money on a closed case", CLOSED, _arrived("2022-05-10"), on=["2022-05-13"]),
    misses(
        "T39",
        "restored, with its parent",
        told("CaseDocketed", "2022-05-09", case_kind="restored", parent_case="（2021）皖1324执5号"),
    ),
    misses("T39", "money on the day of closing", CLOSED, _arrived("2022-05-09")),
    misses(
        "T39",
        "money after a round that ended",
        told("CaseClosed", "2022-05-09", mode="round-ended"),
        _arrived("2022-05-10"),
    ),
    misses(
        "T39",
        "money after it was restored",
        CLOSED,
        told("EnforcementRestored", "2022-05-10"),
        _arrived("2022-05-10"),
    ),
    fires("T40", "no help", ORGAN, on=["2022-05-12"]),
    misses(
        "T40", "help within the answer window", ORGAN, told("OrganAssisted", "2022-05-11", request_no="r")
    ),
    misses("T40", "help as asked", told("OrganAssisted", "2022-05-11", request_no="r")),
    fires("T41", "no answer", REFERRED, on=["2025-09-18"]),
    fires("T41", "refused", REFERRED, told("PoliceRefused", "2025-09-11", request_no="r"), on=["2025-09-16"]),
    misses("T41", "a case on the last day", REFERRED, told("PoliceDocketed", "2025-09-15", request_no="r")),
    misses(
        "T41",
        "complex, a case on the last day",
        told("RefusalOffenceReferred", "2025-09-08", request_no="r", complex=True),
        told("PoliceDocketed", "2025-10-09", request_no="r"),
    ),
]


#: `test_triggers.py` tries single facts, `test_patterns.py` what is found across cases, and
#: `test_supervision_steps.py` the steps of the procuratorate.
ELSEWHERE = {"S01", "T14", "T38", *(row.id for row in RULES.triggers.values() if row.pattern)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.trigger} {case.why}")
def test_a_breach_leads_to_a_lead_and_a_near_miss_to_none(case: Case) -> None:
    bench = play(*case.events, until=case.until, rules=ACCEPTED_ALL)

    raised = [lead for lead in bench.triggers() if lead.partition(" ")[0] == case.trigger]
    assert raised == [f"{case.trigger} {day}" for day in case.leads]


class _Heard(dict[str, tuple[Fact, ...]]):
    """Remembers by which names it was asked."""

    def __init__(self, facts: Mapping[str, tuple[Fact, ...]]) -> None:
        super().__init__(facts)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.trigger} {case.why}")
def test_a_finder_looks_at_nothing_that_its_row_does_not_watch(case: Case) -> None:
    trigger = RULES.triggers[case.trigger]
    seen = view(*case.events)
    heard = _Heard(seen.by_name)

    if trigger.finder:
        list(FINDERS[trigger.finder](trigger, replace(seen, by_name=heard), RULES))

    waking = {name for name, rows in RULES.heard_by.items() if trigger.id in rows}
    assert heard.asked <= waking


def test_every_bundled_trigger_has_a_breach_and_two_near_misses_here() -> None:
    fired = {case.trigger for case in CASES if case.leads}
    missed = Counter(case.trigger for case in CASES if not case.leads)

    assert fired == set(RULES.triggers) - ELSEWHERE
    assert {name for name, count in missed.items() if count >= 2} >= fired
