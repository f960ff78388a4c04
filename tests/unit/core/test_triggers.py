"""What single facts show: ends of a round (T14), records (T38); and what a lead says."""

from dataclasses import replace
from typing import Any

import pytest

from fajian.core.facts import View
from fajian.core.rules import Rules
from fajian.core.triggers import FINDERS, Finding
from fajian.law.documents import load_rules
from tests.histories import APPLICATION, CASE, PROCURATORATE, SUPERVISION, Told, play, told, under, view

RULES = load_rules()
DOCKETED = told("CaseDocketed", "2022-04-15")


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


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({"approved": False, "creditor_signed": True}, []),
        ({"debtor_missing": True, "debtor_searched": False}, ["debtor_searched"]),
        ({"debtor_missing": True, "debtor_searched": True}, []),
        ({"debtor_missing": True}, []),
        ({"listing_due": True, "listed": False}, ["listed"]),
        ({"listing_due": False, "listed": False}, []),
    ],
)
def test_what_the_report_of_the_end_denies_is_found(said: dict[str, Any], missing: list[str]) -> None:
    why = _why(DOCKETED, *ACTS, _ended("2022-07-16", **said))

    assert why == ([{"missing": missing}] if missing else [])


def test_a_clue_that_nobody_checked_is_found() -> None:
    clue = told("ClueProvided", "2022-05-09", clue_no="c")
    checked = told("ClueVerified", "2022-07-16", clue_no="c")

    assert _why(DOCKETED, *ACTS, clue, _ended("2022-07-16")) == [{"missing": ["ClueVerified"]}]
    assert _why(DOCKETED, *ACTS, clue, checked, _ended("2022-07-16")) == []


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

    applied = told("ApplicationReceived", "2022-04-15", subject=APPLICATION, application_no="2022-0415")

    assert _records(applied, docketed) == [
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


def test_a_trigger_judges_nothing_before_its_text_was_in_force() -> None:
    row = replace(RULES.triggers["T34"], since=None)
    always = replace(RULES, triggers={**RULES.triggers, "T34": row})
    reply = told("CourtReplied", "2016-12-30", subject=SUPERVISION, outcome="adopted", sealed=False)

    assert play(reply, until="2017-01-31").flags("T34") == []
    assert len(play(reply, until="2017-01-31", rules=always).flags("T34")) == 2
