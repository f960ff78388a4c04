"""Clocks follow from the standing facts and a row of the law alone."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from fajian.core.clocks import Clock, as_day, clocks_of, stops_of
from fajian.core.counting import Length
from fajian.core.rules import Cue, Extension
from fajian.law.documents import load_rules
from tests.histories import APPLICATION, CASE, COURT, PROCURATORATE, SUPERVISION, Told, told, view

RULES = load_rules()
DOCKETED = told("CaseDocketed", "2022-06-20")


def _clocks(rule: str, *events: Told) -> dict[str, Clock]:
    """Return the clocks of *rule* by instance."""
    clocks = clocks_of(RULES.periods[rule], view(*events), RULES)
    by_instance = {clock.instance: clock for clock in clocks}
    assert len(by_instance) == len(clocks)
    return by_instance


def _clock(rule: str, *events: Told) -> Clock:
    clocks = _clocks(rule, *events)
    assert len(clocks) == 1
    return next(iter(clocks.values()))


def _due(rule: str, *events: Told) -> str | None:
    due_day = _clock(rule, *events).due_day
    return due_day.isoformat() if due_day else None


def _received(day: str, number: str = "s") -> Told:
    return told("SuggestionReceived", day, subject=SUPERVISION, source="//court/皖1324", suggestion_no=number)


def _replied(day: str, number: str = "s") -> Told:
    return told("CourtReplied", day, subject=SUPERVISION, suggestion_no=number, outcome="adopted")


# -- opening ---------------------------------------------------------------------------------------------


def test_nothing_runs_before_something_opens_it() -> None:
    assert _clocks("enf-close", told("UndertakerAssigned", "2022-06-20")) == {}


def test_a_minimum_wait_is_no_clock() -> None:
    assert _clocks("zb-min", DOCKETED) == {}


def test_a_text_does_not_govern_what_began_before_it_was_in_force() -> None:
    assert _clocks("pay-out", told("FinanceNotified", "2017-04-30", payment_ref="p")) == {}
    assert len(_clocks("pay-out", told("FinanceNotified", "2017-05-01", payment_ref="p"))) == 1


def test_papers_completed_later_open_the_decision_to_docket() -> None:
    applied = told("ApplicationReceived", "2022-04-11", subject=APPLICATION, complete_day="2022-04-15")

    assert _due("enf-docket", applied) == "2022-04-22"


def test_the_notice_is_due_from_the_application_on_either_subject() -> None:
    applied = told("ApplicationReceived", "2022-01-21", subject=APPLICATION)
    docketed = told("CaseDocketed", "2022-01-26", application_day="2022-01-21")

    assert _due("enf-notice", applied) == _due("enf-notice", docketed) == "2022-02-07"


def test_without_the_day_of_the_application_the_case_has_no_clock_for_the_notice() -> None:
    assert _clocks("enf-notice", DOCKETED) == {}


def test_preservation_cases_have_no_six_months() -> None:
    assert _clocks("enf-close", told("CaseDocketed", "2022-06-20", case_kind="preservation")) == {}
    assert len(_clocks("enf-close", told("CaseDocketed", "2022-06-20", case_kind="restored"))) == 1


def test_each_arrival_of_money_has_its_own_clock_and_a_repetition_opens_none() -> None:
    clocks = _clocks(
        "pay-out",
        told("FinanceNotified", "2024-01-11", payment_ref="p1"),
        told("FinanceNotified", "2024-01-20", payment_ref="p1", amount="2"),
        told("FinanceNotified", "2024-03-04", payment_ref="p2"),
        told("MoneyPaid", "2024-01-25", payment_ref="p1", amount="1"),
    )

    assert {name: (clock.phase, clock.due_day) for name, clock in clocks.items()} == {
        "p1": ("met", date(2024, 2, 18)),
        "p2": ("open", date(2024, 4, 3)),
    }


def test_every_listing_must_be_removed_but_not_one_that_runs_for_a_fixed_term() -> None:
    clocks = _clocks(
        "list-remove",
        told("Listed", "2021-03-01", listing_no="1"),
        told("Listed", "2021-03-02", listing_no="2", term_until="2023-03-01"),
        told("Listed", "2021-03-03", listing_no="3"),
        told("Listed", "2021-03-04", listing_no="3"),
        told("SatisfactionRecorded", "2022-01-28"),
        told("ListingRemoved", "2022-02-07", listing_no="3"),
    )

    assert {name: (clock.phase, clock.due_day) for name, clock in clocks.items()} == {
        "1": ("open", date(2022, 2, 7)),
        "3": ("met", date(2022, 2, 7)),
    }


def test_a_listing_after_the_ground_of_removal_has_its_time_from_the_listing() -> None:
    satisfied = told("SatisfactionRecorded", "2022-01-28")

    assert _due("list-remove", satisfied, told("Listed", "2022-09-30", listing_no="1")) == "2022-10-10"


@pytest.mark.parametrize("ground", ["1(2)", "1(3)", "1(4)", "1(5)", "1(6)"])
def test_a_listing_on_a_ground_with_a_term_is_removed_when_its_two_years_are_over(ground: str) -> None:
    listed = told("Listed", "2022-02-10", listing_no="1", ground=ground)
    early = told("SatisfactionRecorded", "2022-05-12")

    assert _clocks("list-remove", listed, early) == {}
    assert _due("list-remove-term", listed, early) == "2024-02-20"  # the 10th to the 17th are days off


def test_a_term_that_was_named_or_extended_counts_before_the_two_years() -> None:
    listed = told("Listed", "2022-02-10", listing_no="1", ground="1(3)")
    named = told("Listed", "2022-02-10", listing_no="1", ground="1(3)", term_until="2023-02-10")
    extended = told("ListingTermExtended", "2024-02-01", listing_no="1", until_day="2025-02-10")

    assert _due("list-remove-term", named) == "2023-02-15"
    assert _due("list-remove-term", listed, extended) == "2025-02-13"


@pytest.mark.parametrize("ground", ["1(1)", None])
def test_a_listing_on_another_ground_has_no_term(ground: str | None) -> None:
    said: dict[str, Any] = {"ground": ground} if ground else {}
    listed = told("Listed", "2022-02-10", listing_no="1", **said)

    assert _clocks("list-remove-term", listed) == {}
    assert _due("list-remove", listed, told("SatisfactionRecorded", "2022-05-12")) == "2022-05-17"


def test_who_has_performed_is_taken_off_the_list_and_nobody_else() -> None:
    parties = [told("Listed", "2022-02-10", listing_no=who, party_ref=who) for who in ("a", "b")]
    parties.append(told("Listed", "2022-02-10", listing_no="?"))
    performed = told("SatisfactionRecorded", "2022-05-12", party_ref="a")

    assert _clocks("list-remove", *parties, performed).keys() == {"a", "?"}
    assert len(_clocks("list-remove", *parties, told("SatisfactionRecorded", "2022-05-12"))) == 3


def test_who_has_performed_may_spend_again_and_nobody_else() -> None:
    parties = [told("ConsumptionRestricted", "2022-02-10", party_ref=who) for who in ("a", "b")]
    performed = told("SatisfactionRecorded", "2022-05-12", party_ref="a")
    closed = told("CaseClosed", "2022-06-01", mode="fulfilled")

    assert _clocks("cons-lift", *parties, performed).keys() == {"a"}
    assert _clocks("cons-lift", *parties, performed, closed).keys() == {"a", "b"}


@pytest.mark.parametrize("rule", ["petition-log", "petition-close"])
def test_a_petition_to_the_procuratorate_owes_the_court_nothing(rule: str) -> None:
    def received(source: str) -> Told:
        return told("PetitionReceived", "2025-02-10", source=source, petition_no="p")

    assert _clocks(rule, received(PROCURATORATE)) == {}
    assert _clock(rule, received(COURT)).phase == "open"


def test_the_procuratorate_does_not_deal_with_a_petition_to_the_court() -> None:
    received = told("PetitionReceived", "2025-02-10", petition_no="p")
    closed = told("PetitionClosed", "2025-02-11", source=PROCURATORATE, petition_no="p")

    assert _clock("petition-close", received, closed).phase == "open"


def test_the_end_of_a_round_is_no_ground_to_remove_a_listing() -> None:
    closed = told("CaseClosed", "2022-01-28", mode="round-ended")

    assert _clocks("list-remove", told("Listed", "2021-03-01", listing_no="1"), closed) == {}


# -- closing and ending ----------------------------------------------------------------------------------


def test_a_clock_is_met_on_its_last_day_and_late_on_the_next() -> None:
    docketed = told("CaseDocketed", "2022-04-24")

    met = _clock("enf-assign", docketed, told("UndertakerAssigned", "2022-05-05"))
    late = _clock("enf-assign", docketed, told("UndertakerAssigned", "2022-05-06"))

    assert (met.phase, late.phase, met.due_day) == ("met", "late", date(2022, 5, 5))


def test_the_evidence_is_what_opened_and_what_closed() -> None:
    clock = _clock(
        "enf-assign",
        told("CaseDocketed", "2022-04-24", id="a"),
        told("UndertakerAssigned", "2022-05-05", id="c"),
        told("UndertakerAssigned", "2022-05-04", id="b"),
    )

    assert clock.evidence == ["a", "b"]


def test_a_duty_that_falls_away_in_time_is_gone_and_after_it_moot() -> None:
    applied = told("ApplicationReceived", "2022-01-21", subject=APPLICATION)

    gone = _clock("enf-notice", applied, told("DocketRefused", "2022-01-28", subject=APPLICATION))
    moot = _clock("enf-notice", applied, told("DocketRefused", "2022-02-08", subject=APPLICATION))

    assert (gone.phase, moot.phase) == ("gone", "moot")


def test_of_an_act_and_the_end_of_the_duty_the_earlier_counts() -> None:
    received = _received("2022-04-15")
    withdrawn = told("SuggestionWithdrawn", "2022-05-01", subject=SUPERVISION, suggestion_no="s")

    assert _clock("crt-reply", received, withdrawn, _replied("2022-05-01")).phase == "met"
    assert _clock("crt-reply", received, withdrawn, _replied("2022-05-02")).phase == "gone"


def test_the_end_of_a_case_takes_away_only_duties_that_were_still_in_time() -> None:
    docketed = told("CaseDocketed", "2022-04-24")

    gone = _clock("enf-assign", docketed, told("CaseClosed", "2022-05-05", mode="cancelled"))
    still = _clock("enf-assign", docketed, told("CaseClosed", "2022-05-06", mode="cancelled"))

    assert (gone.phase, still.phase) == ("gone", "open")


def test_part_of_the_money_does_not_settle_a_payment() -> None:
    notified = told("FinanceNotified", "2024-01-11", payment_ref="p")
    part = told("MoneyPaid", "2024-01-25", payment_ref="p", amount="1", partial=True)

    assert _clock("pay-out", notified, part).phase == "open"
    assert (
        _clock("pay-out", notified, part, told("MoneyDeposited", "2024-01-26", payment_ref="p")).phase
        == "met"
    )


def test_a_reply_to_another_suggestion_closes_nothing() -> None:
    assert _clock("crt-reply", _received("2022-04-15"), _replied("2022-05-01", "other")).phase == "open"


def test_a_fact_that_names_no_instance_speaks_of_all_of_them() -> None:
    received = [_received("2022-04-15", "1"), _received("2022-04-15", "2")]
    withdrawn = told("SuggestionWithdrawn", "2022-05-01", subject=SUPERVISION)

    clocks = _clocks("crt-reply", *received, withdrawn)

    assert [clock.phase for clock in clocks.values()] == ["gone", "gone"]


def test_a_round_that_ended_concludes_the_case_with_service_on_the_creditor() -> None:
    unserved = told("RoundEnded", "2022-10-01", ruling_day="2022-10-01")
    served = told("RoundEnded", "2022-10-01", ruling_day="2022-10-01", served_day="2022-12-21")
    recorded = told("CaseClosed", "2022-10-01", mode="round-ended")

    assert _clock("enf-close", DOCKETED, unserved, recorded).phase == "open"
    assert _clock("enf-close", DOCKETED, served, recorded).phase == "late"


# -- repetition ------------------------------------------------------------------------------------------

ROUND_ENDED = told("RoundEnded", "2022-03-31", ruling_day="2022-03-31")


def test_checks_after_a_round_count_from_the_same_anchor() -> None:
    clocks = _clocks("zb-check", ROUND_ENDED)

    assert list(clocks) == [str(nth) for nth in range(1, 11)]
    days = [str(clocks[nth].due_day) for nth in ("1", "2", "10")]
    assert days == ["2022-09-30", "2023-03-31", "2027-03-31"]
    assert clocks["10"].due.provisional


def test_a_check_is_met_when_the_query_was_made_and_its_result_told() -> None:
    queried = told("NetworkQueried", "2022-08-01", query_no="1")

    assert _clocks("zb-check", ROUND_ENDED, queried)["1"].phase == "open"
    both = _clocks("zb-check", ROUND_ENDED, queried, told("CheckResultTold", "2022-08-05", query_no="1"))
    assert (both["1"].phase, both["2"].phase) == ("met", "open")
    assert str(both["1"].closed and both["1"].closed[0]) == "2022-08-05"


def test_a_late_check_satisfies_the_earliest_that_is_unmet() -> None:
    clocks = _clocks(
        "zb-check",
        ROUND_ENDED,
        told("NetworkQueried", "2022-10-08", query_no="1"),
        told("CheckResultTold", "2022-10-08", query_no="1"),
    )

    assert (clocks["1"].phase, clocks["2"].phase) == ("late", "open")


def test_a_query_up_to_the_ruling_itself_is_no_check() -> None:
    before = [
        told("NetworkQueried", "2022-03-31", query_no="1"),
        told("CheckResultTold", "2022-04-01", query_no="1"),
    ]

    assert _clocks("zb-check", ROUND_ENDED, *before)["1"].phase == "open"


def test_a_restored_case_ends_the_checks() -> None:
    clocks = _clocks("zb-check", ROUND_ENDED, told("EnforcementRestored", "2022-10-08"))

    assert (clocks["1"].phase, clocks["2"].phase, clocks["10"].phase) == ("moot", "gone", "gone")


# -- stops -----------------------------------------------------------------------------------------------


def test_a_stop_moves_the_end_by_its_days() -> None:
    stopped = [told("Suspended", "2022-08-01"), told("Resumed", "2022-09-01")]

    clock = _clock("enf-close", DOCKETED, *stopped)

    assert (clock.phase, clock.due_day) == ("open", date(2023, 1, 20))


def test_an_open_stop_leaves_no_due_day() -> None:
    clock = _clock("enf-close", DOCKETED, told("Suspended", "2022-08-01"))

    assert (clock.phase, clock.due_day, clock.due.suspended_since) == ("paused", None, date(2022, 8, 1))


def test_a_case_that_is_closed_while_it_is_stopped_is_met() -> None:
    closed = told("CaseClosed", "2023-03-01", mode="terminated")

    assert _clock("enf-close", DOCKETED, told("Suspended", "2022-08-01"), closed).phase == "met"


def test_a_stop_after_the_due_day_changes_nothing() -> None:
    assert _due("enf-close", DOCKETED, told("Suspended", "2022-12-21")) == "2022-12-20"


def test_files_on_their_way_stop_the_review() -> None:
    def of(name: str, day: str, **body: Any) -> Told:
        return told(name, day, subject=SUPERVISION, **body)

    due = _due(
        "sup-review",
        of("SupervisionAccepted", "2025-07-08", supervision_no="1"),
        of("FilesRequested", "2025-07-10", request_no="a"),
        of("FilesReceived", "2025-07-20", request_no="a"),
    )

    assert due == "2025-10-20"  # nominal 2025-10-08 and 10 days, a Saturday, rolls


def _stops(kind: str, *events: Told) -> list[tuple[str, str | None]]:
    stops = stops_of(RULES.stops[kind], view(*events), RULES.calendar)
    return [(str(stop.begin), str(stop.end) if stop.end else None) for stop in stops]


def test_what_ends_a_stop_answers_the_beginning_that_it_names() -> None:
    stops = _stops(
        "auction",
        told("AuctionAnnounced", "2022-08-01", auction_no="1"),
        told("AuctionAnnounced", "2022-08-02", auction_no="2"),
        told("AuctionFailed", "2022-09-01", auction_no="2"),
        told("Sold", "2022-10-01", auction_no="1"),
    )

    assert stops == [("2022-08-01", "2022-10-01"), ("2022-08-02", "2022-09-01")]


def test_an_end_that_names_none_answers_all_and_one_before_the_beginning_none() -> None:
    stops = _stops(
        "suspended",
        told("Resumed", "2022-07-01"),
        told("Suspended", "2022-08-01", suspension_no="1"),
        told("Resumed", "2022-09-01"),
        told("Suspended", "2022-10-01"),
    )

    assert stops == [("2022-08-01", "2022-09-01"), ("2022-10-01", None)]


def test_a_stop_ends_by_itself_after_its_own_last_day() -> None:
    assert _stops("stayed", told("Stayed", "2022-08-01", until_day="2022-10-31")) == [
        ("2022-08-01", "2022-11-01")
    ]
    assert _stops("stayed", told("Stayed", "2022-08-01", until_day="2022-07-01")) == [
        ("2022-08-01", "2022-08-01")
    ]


def test_expert_work_of_the_procuratorate_stops_its_review_and_no_time_of_the_court() -> None:
    work = told("ExpertWorkStarted", "2022-08-01", subject=SUPERVISION, source=PROCURATORATE, cases=[CASE])
    copy = told("ExpertWorkStarted", "2022-08-01", source=PROCURATORATE, cases=[CASE], copy=True)
    accepted = told("SupervisionAccepted", "2022-07-08", subject=SUPERVISION, supervision_no="1")

    assert _clock("sup-review", accepted, work).phase == "paused"
    assert _due("enf-close", DOCKETED, copy) == "2022-12-20"
    assert _clock("enf-close", DOCKETED, told("ProcedureStarted", "2022-08-01", procedure="expert")).due.stops


def _priced(method: str | None) -> list[Told]:
    how: dict[str, Any] = {"method": method} if method else {}
    return [
        told("ValuationStarted", "2022-08-01", valuation_no="v", **how),
        told("ReferencePriceFixed", "2022-08-11", valuation_no="v"),
    ]


@pytest.mark.parametrize("method", ["agreement", "fixed-price", "network-inquiry"])
def test_a_price_that_nobody_appraises_stops_nothing(method: str) -> None:
    assert _stops("appraisal", *_priced(method)) == []
    assert _due("enf-close", DOCKETED, *_priced(method)) == "2022-12-20"


@pytest.mark.parametrize("method", ["appraisal", None])
def test_a_valuation_ends_with_its_report_or_with_the_price_that_is_fixed(method: str | None) -> None:
    started, fixed = _priced(method)
    reported = told("ValuationReported", "2022-08-06", valuation_no="v")

    assert _stops("appraisal", started) == [("2022-08-01", None)]
    assert _stops("appraisal", started, fixed) == [("2022-08-01", "2022-08-11")]
    assert _stops("appraisal", started, reported, fixed) == [("2022-08-01", "2022-08-06")]
    assert _due("enf-close", DOCKETED, started, fixed) == "2022-12-30"


def _stayed(kind: str, until: str | None = None) -> Told:
    fixed: dict[str, Any] = {"until_day": until} if until else {}
    return told("Stayed", "2022-08-01", stay_no="s", kind=kind, **fixed)


def _stay_extended(day: str, until: str, number: str | None = "s") -> Told:
    of: dict[str, Any] = {"stay_no": number} if number else {}
    return told("StayExtended", day, until_day=until, **of)


@pytest.mark.parametrize(
    ("kind", "until", "end"),
    [
        ("by-court", None, "2022-11-02"),
        ("by-court", "2022-10-01", "2022-10-02"),
        ("by-court", "2023-02-01", "2022-11-02"),  # STAY 10: three months
        ("by-higher-court", None, "2022-11-02"),
        ("by-higher-court", "2023-02-01", "2023-02-02"),  # ER 77: three months as a rule
        ("by-higher-court", "2024-02-01", "2024-02-02"),
        ("guarantee", None, "2023-08-02"),
        ("guarantee", "2022-10-01", "2022-10-02"),
        ("guarantee", "2024-02-01", "2023-08-02"),  # CPL-I 467: a year
    ],
)
def test_each_kind_of_stay_ends_by_itself_after_its_own_time(kind: str, until: str | None, end: str) -> None:
    assert _stops("stayed", _stayed(kind, until)) == [("2022-08-01", end)]


@pytest.mark.parametrize(
    ("kind", "until", "end"),
    [
        ("by-court", "2022-12-15", "2022-12-16"),
        ("by-court", "2023-06-01", "2023-02-02"),  # STAY 10: three months more
        ("by-higher-court", "2023-06-01", "2023-06-02"),
        ("guarantee", "2023-06-01", "2023-06-02"),
        ("guarantee", "2024-06-01", "2023-08-02"),
        ("by-court", "2022-10-01", "2022-11-02"),  # an extension that would shorten is none
    ],
)
def test_a_stay_that_is_extended_in_time_lasts_as_long_as_its_kind_may(
    kind: str, until: str, end: str
) -> None:
    stayed = _stayed(kind, "2022-11-01")

    assert _stops("stayed", stayed, _stay_extended("2022-11-01", until)) == [("2022-08-01", end)]
    assert _stops("stayed", stayed, _stay_extended("2022-11-01", until, None)) == [("2022-08-01", end)]


@pytest.mark.parametrize(
    "extended",
    [
        _stay_extended("2022-11-02", "2022-12-15"),  # the stay is over
        _stay_extended("2022-07-29", "2022-12-15"),  # before it began
        _stay_extended("2022-11-01", "2022-12-15", "another"),
    ],
)
def test_an_extension_of_no_running_stay_adds_nothing(extended: Told) -> None:
    assert _stops("stayed", _stayed("by-court", "2022-11-01"), extended) == [("2022-08-01", "2022-11-02")]


def test_a_stay_is_extended_from_the_end_that_an_earlier_extension_gave() -> None:
    twice = [_stay_extended("2022-10-31", "2022-12-01"), _stay_extended("2022-12-01", "2023-01-15")]

    assert _stops("stayed", _stayed("by-court", "2022-11-01"), *twice) == [("2022-08-01", "2023-01-16")]


def test_an_extended_stay_is_taken_out_and_one_without_an_end_lapses_after_three_months() -> None:
    docketed = told("CaseDocketed", "2025-01-10")
    stayed = told("Stayed", "2025-03-03", stay_no="s", kind="by-court", until_day="2025-06-03")
    open_end = told("Stayed", "2025-03-03", stay_no="s", kind="by-court")

    extended = _stay_extended("2025-06-02", "2025-09-03")

    assert _due("enf-close", docketed, stayed, extended) == "2026-01-12"
    assert _due("enf-close", docketed, open_end) == "2025-10-11"


def test_a_stay_of_a_kind_that_nobody_told_ends_by_itself_after_a_year() -> None:
    assert _stops("stayed", told("Stayed", "2022-08-01")) == [("2022-08-01", "2023-08-02")]
    long = told("Stayed", "2022-08-01", until_day="2025-01-01")
    assert _stops("stayed", long, told("StayEnded", "2022-12-01")) == [("2022-08-01", "2022-12-01")]
    assert _stops("stayed", long) == [("2022-08-01", "2023-08-02")]


# -- extensions and deferrals ----------------------------------------------------------------------------


def _extended(day: str, until: str, by: str = "court-president", **body: Any) -> Told:
    return told("ExtensionApproved", day, id=f"x{day}", until_day=until, approver_role=by, **body)


def test_a_timely_extension_replaces_the_end() -> None:
    clock = _clock("enf-close", DOCKETED, _extended("2022-12-20", "2023-03-20"))

    assert (clock.due_day, clock.extended_late) == (date(2023, 3, 20), ())


def test_a_later_extension_counts_from_the_end_that_an_earlier_one_gave() -> None:
    first, second = _extended("2022-12-20", "2023-03-20"), _extended("2023-03-20", "2023-06-20")

    assert _due("enf-close", DOCKETED, first, second) == "2023-06-20"


def test_stops_after_an_extension_are_added_to_it() -> None:
    stopped = [told("Suspended", "2023-01-02"), told("Resumed", "2023-01-12")]

    assert _due("enf-close", DOCKETED, _extended("2022-12-01", "2023-03-20"), *stopped) == "2023-03-30"


def test_an_extension_after_the_due_day_does_not_cure() -> None:
    clock = _clock("enf-close", DOCKETED, _extended("2022-12-21", "2023-03-20"))

    assert (clock.due_day, clock.extended_late) == (date(2022, 12, 20), ("x2022-12-21",))


def test_an_extension_by_the_wrong_post_counts_for_nothing() -> None:
    clock = _clock("enf-close", DOCKETED, _extended("2022-12-01", "2023-03-20", "bureau-head"))

    assert (clock.due_day, clock.extended_late) == (date(2022, 12, 20), ("x2022-12-01",))


def test_an_extension_that_would_shorten_the_period_is_none() -> None:
    clock = _clock("enf-close", DOCKETED, _extended("2022-12-01", "2022-12-10"))

    assert (clock.due_day, clock.extended_late) == (date(2022, 12, 20), ("x2022-12-01",))


def test_an_extension_of_another_period_is_none_of_this_one() -> None:
    clock = _clock("enf-close", DOCKETED, _extended("2022-12-01", "2023-03-20", period="enf-assign"))

    assert (clock.due_day, clock.extended_late) == (date(2022, 12, 20), ())


def _longer(day: str, by: str = "court-president") -> Told:
    approved: dict[str, Any] = {"suggestion_no": "s", "approver_role": by}
    return told("ReplyExtensionApproved", day, id=f"x{day}", subject=SUPERVISION, **approved)


def test_a_reply_may_be_extended_by_a_month_from_the_same_anchor() -> None:
    assert _due("crt-reply", _received("2022-10-31"), _longer("2023-01-31")) == "2023-02-28"


def test_a_reply_is_extended_once() -> None:
    clock = _clock("crt-reply", _received("2022-10-31"), _longer("2023-01-10"), _longer("2023-01-20"))

    assert (clock.due_day, clock.extended_late) == (date(2023, 2, 28), ("x2023-01-20",))


def test_a_reply_extended_late_or_by_another_post_stays_due() -> None:
    received = _received("2022-10-31")

    assert _due("crt-reply", received, _longer("2023-02-01")) == "2023-01-31"
    assert _due("crt-reply", received, _longer("2023-01-10", "court-vice-president")) == "2023-01-31"


def test_an_extension_without_approvers_in_the_law_may_come_from_anybody() -> None:
    period = replace(RULES.periods["crt-reply"], extension=Extension("ReplyExtensionApproved", add=1))

    clocks = clocks_of(period, view(_received("2022-10-31"), _longer("2023-01-10", "undertaker")), RULES)

    assert clocks[0].due_day == date(2023, 2, 28)


def _suggestion(name: str, day: str, **body: Any) -> Told:
    said: dict[str, Any] = {"outcome": "adopted"} if name == "CourtReplied" else {}
    return told(name, day, subject=SUPERVISION, suggestion_no="s", **said, **body)


RECEIVED = _suggestion("SuggestionReceived", "2025-03-03")
ANEW = [
    RECEIVED,
    _suggestion("SuggestionChanged", "2025-05-20", id="changed"),
    _suggestion("SuggestionReceived", "2025-05-21"),
]


@pytest.mark.parametrize("rule", ["crt-reply", "crt-advice-docket"])
def test_a_suggestion_that_is_changed_asks_for_nothing_any_more(rule: str) -> None:
    changed = _suggestion("SuggestionChanged", "2025-03-03")

    assert _clock(rule, RECEIVED, changed).phase == "gone"


def test_a_changed_suggestion_of_the_same_number_has_its_time_from_its_own_receipt() -> None:
    clock = _clock("crt-reply", *ANEW)

    assert (clock.phase, clock.due_day) == ("open", date(2025, 8, 21))
    assert "changed" in clock.evidence


def test_a_changed_suggestion_that_is_received_on_the_day_of_the_change_waits_for_its_reply() -> None:
    clock = _clock("crt-reply", *ANEW[:2], _suggestion("SuggestionReceived", "2025-05-20"))

    assert (clock.phase, clock.due_day) == ("open", date(2025, 8, 20))


def test_what_was_said_before_the_change_counts_no_more() -> None:
    more = _suggestion("ReplyExtensionApproved", "2025-05-15", approver_role="court-president")
    replied = _suggestion("CourtReplied", "2025-05-16")

    clock = _clock("crt-reply", *ANEW, more, replied)

    assert (clock.phase, clock.due_day) == ("open", date(2025, 8, 21))


def test_what_is_said_after_the_change_counts() -> None:
    more = _suggestion("ReplyExtensionApproved", "2025-08-20", approver_role="court-president")

    assert _due("crt-reply", *ANEW, more) == "2025-09-22"
    assert _clock("crt-reply", *ANEW, _suggestion("CourtReplied", "2025-08-21")).phase == "met"
    assert _clock("crt-reply", *ANEW, _suggestion("SuggestionChanged", "2025-06-03")).phase == "gone"


def test_a_receipt_that_is_told_again_moves_no_due_day() -> None:
    again = _suggestion("SuggestionReceived", "2025-03-10")

    assert _due("crt-reply", RECEIVED, again) == "2025-06-03"


def test_an_extension_lengthens_each_repetition_from_the_same_anchor() -> None:
    extension = Extension("ReplyExtensionApproved", add=1)
    period = replace(RULES.periods["crt-reply"], extension=extension, repeat=2)

    clocks = clocks_of(period, view(_received("2022-10-31"), _longer("2023-01-10")), RULES)

    assert [(clock.instance, str(clock.due_day)) for clock in clocks] == [
        ("s-1", "2023-02-28"),
        ("s-2", "2023-05-31"),
    ]


def _deferred(day: str, by: str = "bureau-head") -> Told:
    grounds: dict[str, Any] = {"payment_ref": "p", "ground": "allocation", "approver_role": by}
    return told("PayoutDeferralApproved", day, **grounds)


def test_a_timely_deferral_ends_the_payment_and_ten_days_run_from_the_end_of_its_cause() -> None:
    notified = told("FinanceNotified", "2023-03-20", payment_ref="p")
    ended = told("DeferralCauseEnded", "2023-04-19", payment_ref="p")

    assert _clock("pay-out", notified, _deferred("2023-04-19"), ended).phase == "gone"
    assert _due("pay-out-after-defer", notified, _deferred("2023-04-19"), ended) == "2023-05-04"


def test_a_deferral_that_is_late_or_by_the_wrong_post_cures_nothing() -> None:
    notified = told("FinanceNotified", "2023-03-20", payment_ref="p")

    assert _clock("pay-out", notified, _deferred("2023-04-20")).phase == "open"
    assert _clock("pay-out", notified, _deferred("2023-04-19", "undertaker")).phase == "open"


# -- what the first rows do not need yet -----------------------------------------------------------------


def test_periods_in_hours_end_on_the_day_of_shanghai_of_their_last_hour() -> None:
    assert as_day(datetime(2022, 4, 15, 17, tzinfo=UTC)) == date(2022, 4, 16)
    assert as_day(None) is None


def test_a_further_row_of_the_law_needs_data_only() -> None:
    period = replace(
        RULES.periods["enf-assign"],
        id="serve",
        opens=(Cue("PublicNoticeStarted"),),
        closes=(Cue("PublicNoticeEnded"),),
        length=Length(30, "day"),
        instance="notice_no",
    )

    clocks = clocks_of(period, view(told("PublicNoticeStarted", "2022-05-09", notice_no="7")), RULES)

    assert [(clock.instance, str(clock.due_day)) for clock in clocks] == [("7", "2022-06-08")]
