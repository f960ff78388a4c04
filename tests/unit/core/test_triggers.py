"""For each trigger a breach that it names, and near misses: a lead must never come for nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from fajian.core.facts import View
from fajian.core.rules import Rules
from fajian.core.triggers import FINDERS, Finding
from fajian.law.documents import load_rules
from tests.histories import APPLICATION, CASE, PROCURATORATE, SUPERVISION, Told, play, told, under, view

RULES = load_rules()


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

CASES = [
    Case("T01", "neither docketed nor refused", [APPLIED], "2022-04-27", ["T01 2022-04-26"]),
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
        ["T02 2022-04-28", "T04 2022-04-28"],
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
    Case("T04", "no officer", [DOCKETED], "2022-06-30", ["T04 2022-04-26"]),
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
        ["T07 2022-10-20"],
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
        ["T07 2022-11-14"],
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
    Case("T15", "no check", [ROUND_ENDED], "2022-10-31", ["T15 2022-10-10"]),
    Case(
        "T15",
        "result not told",
        [ROUND_ENDED, told("NetworkQueried", "2022-09-01", query_no="1")],
        "2022-10-31",
        ["T15 2022-10-10"],
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
    Case("T20", "not paid out", [NOTIFIED], "2022-08-31", ["T20 2022-06-13"]),
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
        "T20",
        "not paid after the deferral",
        [
            NOTIFIED,
            told("PayoutDeferralApproved", "2022-06-08", **DEFERRED),
            told("DeferralCauseEnded", "2022-08-01", payment_ref="p"),
        ],
        "2022-08-31",
        ["T20 2022-08-16"],
    ),
    Case("T23", "still listed", [LISTED, SATISFIED], "2022-06-30", ["T23 2022-05-17"]),
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
    Case("T27", "no ruling", [OBJECTED], "2022-06-30", ["T27 2022-05-27"]),
    Case(
        "T27",
        "ruled on the last day",
        [OBJECTED, told("ObjectionRuled", "2022-05-24", objection_no="o")],
        "2022-06-30",
    ),
    Case(
        "T27",
        "an objection of a third party",
        [told("ObjectionReceived", "2022-05-09", objection_no="o", objection_kind="third-party")],
        "2022-06-30",
    ),
    Case("T33", "no explanation", [_asked("2022-05-09")], "2022-06-30", ["T33 2022-05-27"]),
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
    Case("T34", "no reply", [_received("2022-04-15")], "2022-09-30", ["T34 2022-07-20"]),
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
        ["T34 2022-05-12"],
    ),
    Case(
        "T34",
        "no rulings, and refused without reasons",
        [
            _received("2022-04-15"),
            _replied("2022-05-09", outcome="rejected", reasons_given=False, rulings_attached=False),
        ],
        "2022-09-30",
        ["T34 2022-05-12"],
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
        [ACCEPTED],
        "2022-09-30",
        ["T36 2022-05-17", "T36 2022-08-12"],
    ),
    Case(
        "T36",
        "notice and conclusion on the last day",
        [
            ACCEPTED,
            _sup("PartyInformed", "2022-05-12", source=PROCURATORATE, what="acceptance"),
            _sup("ReviewConcluded", "2022-08-09", decision="suggestion"),
        ],
        "2022-09-30",
    ),
    Case(
        "T36",
        "files on their way",
        [
            ACCEPTED,
            _sup("PartyInformed", "2022-05-12", source=PROCURATORATE, what="acceptance"),
            _sup("FilesRequested", "2022-05-16", request_no="f"),
        ],
        "2022-12-31",
    ),
    Case(
        "T38",
        "recorded late, by agreement only",
        [told("FileHandedOver", "2022-04-15", arrives="2022-06-01")],
        "2022-06-30",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.trigger} {case.why}")
def test_a_breach_leads_to_a_lead_and_a_near_miss_to_none(case: Case) -> None:
    bench = play(*case.events, until=case.until)

    assert bench.triggers() == list(case.leads)


def test_a_lead_says_its_ground_and_its_evidence_and_that_nobody_has_verified_it() -> None:
    seized = told("SeizureTookEffect", "2022-06-01", id="seized", seizure_no="1")
    docketed = told("CaseDocketed", "2022-04-15", id="docketed")

    lead = play(docketed, seized, until="2022-10-20").leads("enf-close")[0].body

    assert lead["unverified"] is True
    assert (lead["ground"], lead["side"], lead["subject"]) == ("RULE 106(3)", "court", CASE)
    assert lead["evidence"] == ["docketed", "seized"]
    assert lead["explanation"]["trigger"] == {"property_known_since": "2022-06-01"}
    assert lead["explanation"]["due_day"] == "2022-10-17"


# -- T14 -------------------------------------------------------------------------------------------------

ACTS = [
    told("EnforcementNoticeIssued", "2022-04-20"),
    told("PropertyReportOrdered", "2022-04-20"),
    told("ConsumptionRestricted", "2022-05-20", party_ref="d"),
    told("NetworkQueried", "2022-04-18", query_no="1"),
]


def _ended(day: str, **body: Any) -> Told:
    return told("RoundEnded", day, id=f"ended {day}", ruling_day=day, **body)


def _found(trigger: str, seen: View, rules: Rules = RULES) -> list[Finding]:
    row = rules.triggers[trigger]
    return list(FINDERS[row.finder or ""](row, seen, rules))


def _why(*events: Told) -> list[dict[str, Any]]:
    return [dict(finding.why) for finding in _found("T14", view(*events))]


def test_a_round_that_ended_after_more_than_three_months_with_every_act_is_in_order() -> None:
    assert _why(DOCKETED, *ACTS, _ended("2022-07-16")) == []
    assert _why(DOCKETED, *ACTS, _ended("2022-07-16", creditor_heard=True, approved=True)) == []


def test_a_round_that_ended_on_the_last_day_of_the_wait_is_too_early() -> None:
    why = _why(DOCKETED, *ACTS, _ended("2022-07-15"))

    assert why == [{"ruling_day": "2022-07-15", "lawful_from": "2022-07-16"}]


@pytest.mark.parametrize("left_out", range(4))
def test_a_round_that_ended_without_an_act_that_must_come_first_is_found(left_out: int) -> None:
    acts = [act for number, act in enumerate(ACTS) if number != left_out]

    why = _why(DOCKETED, *acts, _ended("2022-07-16"))

    assert why == [{"missing": [ACTS[left_out].fact().name]}]


def test_an_act_after_the_ruling_does_not_count() -> None:
    late = told("NetworkQueried", "2022-07-17", query_no="1")

    assert _why(DOCKETED, *ACTS[:3], late, _ended("2022-07-16")) == [{"missing": ["NetworkQueried"]}]


def test_service_of_the_notice_shows_that_it_was_issued() -> None:
    served = told("EnforcementNoticeServed", "2022-04-25")

    assert _why(DOCKETED, served, *ACTS[1:], _ended("2022-07-16")) == []


def test_a_creditor_who_was_not_heard_is_found() -> None:
    why = _why(DOCKETED, *ACTS, _ended("2022-07-16", creditor_heard=False, approved=False))

    assert why == [{"missing": ["creditor_heard", "approved"]}]


def test_missing_acts_are_not_judged_where_the_docketing_is_not_known() -> None:
    applied = told("ApplicationReceived", "2022-04-15", application_no="1")

    assert _why(_ended("2022-07-16")) == []
    assert _why(applied, _ended("2022-07-16")) == []
    assert _why(applied, _ended("2022-07-15"))[0]["lawful_from"] == "2022-07-16"
    assert _why(_ended("2022-07-16", creditor_heard=False)) == [{"missing": ["creditor_heard"]}]


def test_each_end_of_a_round_is_judged_by_itself() -> None:
    found = _found("T14", view(DOCKETED, *ACTS, _ended("2022-07-01"), _ended("2022-07-15")))

    assert [(finding.instance, str(finding.day)) for finding in found] == [
        ("", "2022-07-01"),
        ("2", "2022-07-15"),
    ]


def test_an_early_end_of_a_round_is_a_breach_that_its_owner_may_answer_first() -> None:
    bench = play(
        DOCKETED, *ACTS, told("UndertakerAssigned", "2022-04-16"), _ended("2022-07-01"), until="2022-08-31"
    )

    assert bench.stages("T14") == ["Breached 2022-07-01", "Escalated 2022-07-06"]
    assert bench.triggers() == ["T14 2022-07-06"]


def test_an_end_of_a_round_that_is_retracted_takes_its_breach_back() -> None:
    retracted = told("Retracted", "2022-07-04", source="//court/皖1324", retracts="ended 2022-07-01")

    bench = play(DOCKETED, *ACTS, _ended("2022-07-01"), retracted, until="2022-08-31")

    assert bench.stages("T14") == ["Breached 2022-07-01", "Withdrawn 2022-07-04"]


def test_rounds_before_the_rule_are_not_judged_by_it() -> None:
    docketed = told("CaseDocketed", "2016-10-17")

    assert play(docketed, _ended("2016-11-30"), until="2016-12-10").flags("T14") == []
    assert play(docketed, _ended("2016-12-01"), until="2016-12-10").types("T14") == ["Breached", "Escalated"]


# -- T38 -------------------------------------------------------------------------------------------------


def _records(*events: Told, rules: Rules = RULES) -> list[tuple[str | None, dict[str, Any]]]:
    return [(finding.side, dict(finding.why)) for finding in _found("T38", view(*events, rules=rules), rules)]


def test_a_record_within_the_days_of_the_policy_is_in_order() -> None:
    assert _records(told("FileHandedOver", "2022-04-15", arrives="2022-04-22")) == []


def test_a_record_after_them_is_late_and_belongs_to_the_side_that_reported_it() -> None:
    late = told("FileHandedOver", "2022-04-15", arrives="2022-04-23")
    own = told("PartyInformed", "2022-04-15", arrives="2022-04-23", source=PROCURATORATE, what="x")

    assert _records(late) == [("court", {"recorded_days_later": 8})]
    assert _records(own) == [("procuratorate", {"recorded_days_later": 8})]


def test_a_copy_is_not_late_a_second_time() -> None:
    assert _records(told("CourtReplied", "2022-04-15", arrives="2022-06-01", copy=True)) == []


def test_a_baseline_may_be_of_long_ago() -> None:
    assert (
        _records(told("BaselineImported", "2020-01-01", arrives="2022-06-01", as_of_day="2020-01-01")) == []
    )


def test_an_outage_explains_late_records_whether_the_policy_or_an_event_tells_of_it() -> None:
    late = told("FileHandedOver", "2022-04-15", arrives="2022-06-01")
    fact = late.fact()
    noted = told("OutageNoted", "2022-04-18", from_day="2022-04-15", to_day="2022-04-15")
    another = told("OutageNoted", "2022-04-18", from_day="2022-04-16", to_day="2022-05-15")

    assert _records(late, rules=under(outages=((fact.day, fact.day),))) == []
    assert _records(late, noted) == []
    assert len(_records(late, another)) == 1


@pytest.mark.parametrize(
    ("first", "then", "tie"),
    [
        ("CaseDocketed", "UndertakerAssigned", {}),
        ("FinanceNotified", "MoneyPaid", {"payment_ref": "p"}),
        ("ObjectionReceived", "ObjectionRuled", {"objection_no": "o"}),
        ("SuggestionReceived", "CourtReplied", {"suggestion_no": "s"}),
    ],
)
def test_what_happened_before_what_it_presupposes_is_found(
    first: str, then: str, tie: dict[str, Any]
) -> None:
    earlier = told(first, "2022-04-15", source="//court/皖1324", **tie)

    assert _records(earlier, told(then, "2022-04-15", **tie)) == []
    assert _records(earlier, told(then, "2022-04-14", **tie)) == [
        ("court", {"before": first, "which_happened_on": "2022-04-15"})
    ]
    assert _records(told(then, "2022-04-14", **tie)) == []


def test_order_is_judged_only_between_facts_of_the_same_thing() -> None:
    notified = told("FinanceNotified", "2022-04-15", payment_ref="p")

    assert _records(notified, told("MoneyPaid", "2022-04-14", payment_ref="q")) == []


def test_a_docketing_before_its_application_is_found_on_the_application() -> None:
    docketed = told("CaseDocketed", "2022-04-14", subject=APPLICATION, copy=True)

    assert _records(APPLIED, docketed) == [
        ("court", {"before": "ApplicationReceived", "which_happened_on": "2022-04-15"})
    ]


def test_of_two_copies_nothing_is_found_because_their_own_subject_tells() -> None:
    received = told("SuggestionReceived", "2022-04-15", suggestion_no="s", copy=True)
    replied = told("CourtReplied", "2022-04-14", suggestion_no="s", copy=True)

    assert _records(received, replied) == []


def test_a_late_record_goes_across_only_by_agreement() -> None:
    late = told("FileHandedOver", "2022-04-15", arrives="2022-06-01")
    by_agreement = under(leads_by_policy=frozenset({"T38"}), approved=frozenset({"T38"}))
    not_approved = under(leads_by_policy=frozenset({"T38"}))

    assert play(late, until="2022-06-30").types("T38") == ["Breached", "Escalated"]
    assert play(late, until="2022-06-30", rules=not_approved).triggers() == []
    assert play(late, until="2022-06-30", rules=by_agreement).triggers() == ["T38 2022-06-07"]


def test_every_bundled_trigger_is_tried_here() -> None:
    tried = {case.trigger for case in CASES} | {"T14"}

    assert tried == set(RULES.triggers)


def test_a_trigger_judges_nothing_before_its_text_was_in_force() -> None:
    row = replace(RULES.triggers["T34"], since=None)
    always = replace(RULES, triggers={**RULES.triggers, "T34": row})
    reply = _replied("2016-12-30", sealed=False)

    assert play(reply, until="2017-01-31").flags("T34") == []
    assert len(play(reply, until="2017-01-31", rules=always).flags("T34")) == 2
