"""Where two texts differ (chapter 12 of the catalogue), and counting rules about facts (R9 to R16)."""

import pytest

from fajian.core.clocks import Clock, clocks_of
from fajian.core.rules import Period
from fajian.law.documents import load_rules
from tests.histories import SUPERVISION, Told, play, told, view

RULES = load_rules()


def _clock(rule: str, *events: Told) -> Clock:
    [clock] = clocks_of(RULES.periods[rule], view(*events), RULES)
    return clock


def _due(rule: str, *events: Told) -> str:
    return str(_clock(rule, *events).due_day)


def test_12_1_the_courts_suggestion_is_answered_in_one_month_with_a_second_line_at_three() -> None:
    asked = told("CourtCounterSuggested", "2024-03-04", subject=SUPERVISION, request_no="r")

    assert (_due("sup-answer-court", asked), _due("sup-answer-court-joint", asked)) == (
        "2024-04-07",
        "2024-06-04",
    )
    assert RULES.periods["sup-answer-court"].side == "procuratorate"


def test_12_2_every_enforcement_suggestion_is_answered_in_three_months_whatever_the_form_says() -> None:
    received = told("SuggestionReceived", "2024-03-04", subject=SUPERVISION, suggestion_no="s")

    assert _due("crt-reply", received) == "2024-06-04"
    assert RULES.periods["advice-general"].opened_by.isdisjoint({"SuggestionReceived"})


def test_12_3_of_three_lines_for_the_notice_only_those_of_the_interpretations_are_breaches() -> None:
    rows = {
        name: RULES.periods[name] for name in ("enf-notice", "enf-notice-undertaker", "enf-notice-urgent")
    }

    assert {name: (row.severity, row.can_be_broken) for name, row in rows.items()} == {
        "enf-notice": ("hard", True),
        "enf-notice-undertaker": ("soft", False),
        "enf-notice-urgent": ("hard", True),
    }


def _is_warning_before(row: Period, breach: Period) -> bool:
    return row.nature == "warning" and row.line_of == breach.id


def test_12_4_a_clue_is_verified_in_seven_days_with_a_warning_at_five() -> None:
    row, breach = RULES.periods["clue-verify-mgmt"], RULES.periods["clue-verify"]

    assert _is_warning_before(row, breach)
    assert row.length is not None
    assert breach.length is not None
    assert (row.length.number, breach.length.number) == (5, 7)


def test_12_5_an_objection_is_ruled_on_in_fifteen_days() -> None:
    received = told("ObjectionReceived", "2024-03-01", objection_no="o", objection_kind="act")

    assert _due("obj-rule", received) == "2024-03-18"
    assert not RULES.periods["obj-internal-close"].can_be_broken


@pytest.mark.parametrize("post", ["court-president", "court-vice-president"])
def test_12_6_president_or_vice_president_extend_to_a_named_day(post: str) -> None:
    docketed = told("CaseDocketed", "2024-01-02", case_kind="first")
    approved = told("ExtensionApproved", "2024-06-03", until_day="2024-10-08", approver_role=post)

    assert _due("enf-close", docketed, approved) == "2024-10-08"


def test_12_6_nobody_else_extends() -> None:
    docketed = told("CaseDocketed", "2024-01-02", case_kind="first")
    approved = told("ExtensionApproved", "2024-06-03", until_day="2024-10-08", approver_role="bureau-head")

    assert _due("enf-close", docketed, approved) == "2024-07-02"


def test_12_7_the_six_months_of_the_court_and_of_the_creditor_have_their_own_anchors() -> None:
    assert RULES.periods["enf-close"].opened_by == {"CaseDocketed"}
    assert [cue.day for cue in RULES.periods["six-month-up"].opens if cue.event == "CaseDocketed"] == [
        "application_day"
    ]


def test_12_8_the_ground_of_an_ex_officio_case_is_recorded_with_it() -> None:
    started = told(
        "ExOfficioStarted", "2024-03-04", subject=SUPERVISION, supervision_no="x", ground="RULE 37(1)"
    )

    assert play(started, until="2024-03-04").feed("procuratorate")[0] == "ExOfficioStarted"
    assert RULES.events["ExOfficioStarted"].publishers == ("procuratorate",)


def test_12_9_the_rule_is_that_of_2021_and_not_the_trial_text() -> None:
    def due(day: str) -> str:
        return _due(
            "sup-monitor-reply", told("MonitoringNoticeReceived", day, subject=SUPERVISION, notice_no="n")
        )

    assert due("2021-08-02") == "2021-08-12"  # ten days
    assert due("2021-07-26") == "2021-08-02"  # five, and a roll over the weekend


# -- facts and time ----------------------------------------------------------------------------------------


def test_r9_a_paper_posted_in_time_is_in_time_whenever_it_comes() -> None:
    received = told("ReconsiderationReceived", "2024-03-11", arrives="2024-03-20", objection_no="o")
    ruled = told(
        "ObjectionRuled", "2024-03-01", objection_no="o", served_day="2024-03-01", objection_kind="act"
    )

    clock = _clock("recon-apply", ruled, received)

    assert (str(clock.due_day), clock.phase) == ("2024-03-11", "met")


def test_r10_relief_is_asked_for_within_ten_days_and_never_granted_by_the_bus() -> None:
    ended = told("ObstacleEnded", "2024-03-01", request_no="r")
    ruled = told(
        "ObjectionRuled", "2024-02-20", objection_no="o", served_day="2024-02-20", objection_kind="act"
    )

    assert _due("relief-time", ended) == "2024-03-11"
    assert _due("recon-apply", ruled) == _due(
        "recon-apply", ruled, ended, told("ReliefRequested", "2024-03-04", request_no="r")
    )


def test_r11_between_the_organs_the_day_of_receipt_counts() -> None:
    sent = told("SuggestionSent", "2024-03-01", subject=SUPERVISION, suggestion_no="s")
    received = told("SuggestionReceived", "2024-03-04", subject=SUPERVISION, suggestion_no="s")

    assert clocks_of(RULES.periods["crt-reply"], view(sent), RULES) == []
    assert _due("crt-reply", sent, received) == "2024-06-04"


def test_r16_what_parties_may_do_against_a_ruling_does_not_stop() -> None:
    rights = ("recon-apply", "obj-refuse-recon", "tp-suit", "dist-plan-suit", "end-object", "juris-object")

    assert [name for name in rights if RULES.periods[name].stops] == []
    assert not RULES.periods["sup-judgment-2y"].stops
