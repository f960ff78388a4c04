"""Clocks that are no plain duty: effects, rights, hours, time counted back, variants, local agreements."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from fajian.core.clocks import Clock, clocks_of
from fajian.core.counting import Length
from fajian.core.rules import LocalPeriod, Rules
from fajian.law.documents import load_rules
from tests.histories import CASE, SUPERVISION, Bench, Told, play, told, under, view

RULES = load_rules()


def _clocks(rule: str, *events: Told, rules: Rules = RULES) -> list[Clock]:
    return clocks_of(rules.periods[rule], view(*events), rules)


def _clock(rule: str, *events: Told, rules: Rules = RULES) -> Clock:
    clocks = _clocks(rule, *events, rules=rules)
    assert len(clocks) == 1
    return clocks[0]


def _due(rule: str, *events: Told, rules: Rules = RULES) -> str:
    return str(_clock(rule, *events, rules=rules).due_day)


def _frozen(day: str, until: str | None = None, **more: Any) -> Told:
    fixed: dict[str, Any] = {"until_day": until} if until else {}
    return told("SeizureTookEffect", day, seizure_no="s", property="deposit", **fixed, **more)


# -- effects -----------------------------------------------------------------------------------------------


def test_an_effect_ends_on_the_day_that_the_notice_states() -> None:
    assert _due("freeze-deposit", _frozen("2024-02-29", "2025-02-27")) == "2025-02-27"
    assert _due("freeze-deposit", _frozen("2024-02-29")) == "2025-02-28"


def test_an_end_before_the_beginning_is_no_end() -> None:
    assert _due("freeze-deposit", _frozen("2024-02-29", "2024-02-01")) == "2025-02-28"


@pytest.mark.parametrize("rule", [row.id for row in RULES.periods.values() if row.runs and row.fixed_by])
def test_an_end_may_be_as_far_away_as_a_body_can_name(rule: str) -> None:
    row, latest = RULES.periods[rule], "2199-12-31"
    cue = row.opens[0]
    body: dict[str, Any] = {name: values[0] for name, values in cue.when.items()}
    subject = SUPERVISION if row.on == ("supervision",) else CASE
    body[str(row.fixed_by)] = latest

    assert _due(rule, told(cue.event, str(row.since), subject=subject, **body)) == latest


def test_a_renewal_in_time_prolongs_the_effect_to_its_day_or_by_its_length() -> None:
    frozen = _frozen("2024-03-01", "2025-02-28")
    dated = told("SeizureRenewed", "2025-02-20", seizure_no="s", until_day="2026-02-19")
    undated = told("SeizureRenewed", "2025-02-20", seizure_no="s")

    assert _due("freeze-deposit", frozen, dated) == "2026-02-19"
    assert _due("freeze-deposit", _frozen("2024-03-01"), undated) == "2026-02-20"


def test_a_renewal_after_the_end_renews_nothing() -> None:
    late = told("SeizureRenewed", "2025-03-03", seizure_no="s", until_day="2026-03-02", id="late")

    clock = _clock("freeze-deposit", _frozen("2024-03-01", "2025-02-28"), late)

    assert (str(clock.due_day), clock.extended_late) == ("2025-02-28", ("late",))


def test_an_effect_is_renewed_again_and_again() -> None:
    renewals = [
        told("SeizureRenewed", f"{year}-02-20", seizure_no="s", until_day=f"{year + 1}-02-20")
        for year in (2025, 2026, 2027)
    ]

    assert _due("freeze-deposit", _frozen("2024-02-29"), *renewals) == "2028-02-20"


def test_a_seizure_that_waits_has_no_effect_of_its_own() -> None:
    assert _clocks("freeze-deposit", _frozen("2024-02-29", waiting=True)) == []


def test_an_effect_that_lapses_is_told_and_is_no_breach() -> None:
    bench = play(_frozen("2024-02-29", "2025-02-28"), until="2025-04-30")

    assert bench.stages("freeze-deposit") == [
        "DeadlineOpened 2024-02-29",
        "DueSoon 2025-01-28",
        "DueSoon 2025-02-12",
        "DueSoon 2025-02-20",
        "DueSoon 2025-02-26",
        "DueToday 2025-02-27",
        "Lapsed 2025-02-28",
    ]
    assert {clock["status"] for clock in bench.state()["clocks"]} == {"lapsed"}


def test_a_renewal_moves_the_reminders() -> None:
    renewed = told("SeizureRenewed", "2025-02-20", seizure_no="s", until_day="2026-02-19")

    bench = play(_frozen("2024-02-29", "2025-02-28"), renewed, until="2025-04-30")

    assert bench.types("freeze-deposit")[-1] == "Extended"


def test_a_renewal_that_was_recorded_late_takes_the_lapse_back() -> None:
    renewed = told(
        "SeizureRenewed", "2025-02-20", seizure_no="s", until_day="2026-02-19", arrives="2025-03-10"
    )

    bench = play(_frozen("2024-02-29", "2025-02-28"), renewed, until="2025-04-30")

    assert bench.types("freeze-deposit")[-2:] == ["Lapsed", "Withdrawn"]


def test_a_released_seizure_lapses_no_more() -> None:
    released = told("SeizureReleased", "2024-06-03", seizure_no="s")
    partly = told("SeizureReleased", "2024-06-03", seizure_no="s", partial=True)

    assert _clock("freeze-deposit", _frozen("2024-02-29"), released).phase == "gone"
    assert _clock("freeze-deposit", _frozen("2024-02-29"), partly).phase == "open"


def test_the_end_of_a_round_ends_no_freeze() -> None:
    ended = told("RoundEnded", "2024-08-05", ruling_day="2024-08-05", served_day="2024-08-05")

    assert _clock("freeze-deposit", _frozen("2024-02-29"), ended).phase == "open"


# -- rights, warnings and duties without a number ----------------------------------------------------------

RULED = told("ObjectionRuled", "2024-03-04", objection_no="o", served_day="2024-03-05")


def test_a_right_that_is_used_too_late_has_lapsed() -> None:
    late = told("ReconsiderationReceived", "2024-03-20", objection_no="o")

    at_once = play(RULED, told("ReconsiderationReceived", "2024-03-06", objection_no="o"), until="2024-04-30")
    bench = play(RULED, late, until="2024-04-30")

    assert at_once.types("recon-apply")[-1] == "Met"
    assert bench.types("recon-apply")[-1] == "Lapsed"
    assert bench.leads("recon-apply") == []


def test_a_right_whose_late_use_comes_first_is_told_as_lapsed_at_once() -> None:
    late = told("ReconsiderationReceived", "2024-03-20", objection_no="o", arrives="2024-03-20")
    told_late = told(
        "ObjectionRuled", "2024-03-04", objection_no="o", served_day="2024-03-05", arrives="2024-03-25"
    )

    bench = play(late, told_late, until="2024-04-30")

    assert bench.types("recon-apply") == ["Lapsed"]


def test_an_order_fixes_the_day_and_without_one_there_is_no_clock() -> None:
    fixed = told("PropertyReportOrdered", "2024-03-04", party_ref="d", until_day="2024-03-16")
    longer = told("PropertyReportExtended", "2024-03-14", party_ref="d", until_day="2024-03-29")

    assert _due("debtor-report", fixed) == "2024-03-18"  # the 16th is a Saturday
    assert _due("debtor-report", fixed, longer) == "2024-03-29"
    assert _clocks("debtor-report", told("PropertyReportOrdered", "2024-03-04", party_ref="d")) == []


def test_a_warning_line_passes_and_the_duty_behind_it_breaks() -> None:
    clue = told("ClueProvided", "2024-03-04", clue_no="c")

    bench = play(clue, until="2024-03-31")

    assert "Overdue" not in bench.types("clue-verify-mgmt")
    assert bench.stages("clue-verify")[-2:] == ["Overdue 2024-03-11", "Escalated 2024-03-14"]


def test_a_warning_that_was_answered_late_is_met_and_nothing_else() -> None:
    clue = told("ClueProvided", "2024-03-04", clue_no="c")
    verified = told("ClueVerified", "2024-03-11", clue_no="c")

    assert play(clue, verified, until="2024-03-31").types("clue-verify-mgmt")[-1] == "Met"


def test_a_reminder_whose_ground_falls_away_late_is_taken_back_once_and_unsaid_ones_stay_unsaid() -> None:
    received = told("SuggestionReceived", "2024-03-04", subject=SUPERVISION, suggestion_no="s")
    withdrawn = told("SuggestionWithdrawn", "2024-03-25", subject=SUPERVISION, suggestion_no="s")

    bench = play(received, withdrawn, until="2024-04-30")
    silent = play(
        withdrawn,
        told(
            "SuggestionReceived", "2024-03-04", subject=SUPERVISION, suggestion_no="s", arrives="2024-03-26"
        ),
        until="2024-04-30",
    )

    assert bench.types("crt-advice-docket")[-1] == "Withdrawn"
    assert silent.types("crt-advice-docket") == []


# -- hours -------------------------------------------------------------------------------------------------

DETAINED = told("Detained", "2024-03-04T10:20:00+08:00", sanction_no="d")


def _told_at(instant: str) -> Told:
    return told("DetaineeFamilyTold", instant, sanction_no="d")


def test_hours_are_judged_by_the_hour() -> None:
    assert _clock("detain-family", DETAINED, _told_at("2024-03-05T10:59:00+08:00")).phase == "met"
    assert _clock("detain-family", DETAINED, _told_at("2024-03-05T11:01:00+08:00")).phase == "late"
    assert _clock("detain-family", DETAINED, _told_at("2024-03-06T08:00:00+08:00")).phase == "late"


def test_the_tick_of_the_day_on_which_the_hours_end_says_that_they_are_over() -> None:
    bench = play(DETAINED, until="2024-03-31")

    assert bench.stages("detain-family")[-2:] == ["Overdue 2024-03-05", "Escalated 2024-03-08"]


def test_hours_from_a_day_without_an_hour_run_from_midnight() -> None:
    applied = told("PreservationApplied", "2024-03-04", preservation_no="p", urgent=True)
    secured = told(
        "PreservationApplied", "2024-03-04", preservation_no="p", urgent=True, secured_day="2024-03-06"
    )

    assert _clock("pres-rule", applied).due.due_day.isoformat() == "2024-03-06T01:00:00+08:00"  # type: ignore[union-attr]
    assert _clock("pres-rule", secured).due.due_day.isoformat() == "2024-03-08T01:00:00+08:00"  # type: ignore[union-attr]


# -- time counted back -------------------------------------------------------------------------------------


def _announced(day: str, auction: str, **more: Any) -> Told:
    said = {"auction_no": "a", "auction_day": auction, "property": "movable", **more}
    return told("AuctionAnnounced", day, **said)


def test_a_notice_is_in_time_or_too_late_by_the_day_that_it_announces() -> None:
    assert _clock("auc-notice-mov", _announced("2024-03-04", "2024-03-19")).phase == "met"
    assert _clock("auc-notice-mov", _announced("2024-03-05", "2024-03-19")).phase == "late"


def test_a_notice_on_the_rest_day_of_its_limit_is_long_enough() -> None:
    sunday, monday = (
        _announced(day, "2025-07-15", property="immovable") for day in ("2025-06-15", "2025-06-16")
    )

    clock = _clock("auc-notice-imm", sunday)  # thirty days before

    assert (clock.due_day, clock.phase) == (date(2025, 6, 13), "met")
    assert _clock("auc-notice-imm", monday).phase == "late"


def test_who_acts_on_the_rest_day_of_a_limit_takes_back_what_was_said_on_the_prudent_day() -> None:
    asked = told("RenewalRequested", "2025-06-02", seizure_no="s", until_day="2025-06-16")  # limit: a Sunday
    renewed = told("SeizureRenewed", "2025-06-15", seizure_no="s", until_day="2026-06-16")

    bench = play(asked, renewed, until="2025-06-30")

    assert bench.stages("seize-renew")[-2:] == ["Overdue 2025-06-13", "Withdrawn 2025-06-15"]


def test_a_second_auction_has_its_own_shorter_notice() -> None:
    again = _announced("2024-03-05", "2024-03-12", round=2)

    assert _clocks("auc-notice-mov", again) == []
    clock = _clock("auc-again-notice", again)
    assert (clock.phase, clock.variant and clock.variant.name) == ("met", "movable")


def test_a_hearing_without_notice_is_overdue() -> None:
    held = told("HearingHeld", "2024-03-20", subject=SUPERVISION, hearing_no="h")

    assert play(held, until="2024-03-31").types("sup-hearing")[:2] == ["DeadlineOpened", "Overdue"]


def test_time_counted_back_reminds_from_the_day_on_which_it_is_known() -> None:
    asked = told("RenewalRequested", "2024-03-04", seizure_no="s", until_day="2024-03-20")

    bench = play(asked, until="2024-03-31")

    assert bench.stages("seize-renew") == [
        "DeadlineOpened 2024-03-04",
        "DueSoon 2024-03-11",
        "DueSoon 2024-03-15",
        "DueSoon 2024-03-17",
        "DueToday 2024-03-18",
        "Overdue 2024-03-19",
        "Escalated 2024-03-22",
    ]


def test_a_later_request_replaces_the_earlier_one_and_needs_an_answer_of_its_own() -> None:
    first = told("RenewalRequested", "2024-03-04", seizure_no="s", until_day="2024-03-20")
    renewed = told("SeizureRenewed", "2024-03-11", seizure_no="s", until_day="2025-03-10")
    second = told("RenewalRequested", "2025-02-20", seizure_no="s", until_day="2025-03-10")

    assert _clock("seize-renew", first, renewed).phase == "met"
    assert _clock("seize-renew", first, renewed, second).phase == "open"


# -- variants ----------------------------------------------------------------------------------------------


def test_what_is_urgent_is_due_sooner_and_says_so() -> None:
    urgent = told("ClueProvided", "2024-03-04", clue_no="c", urgent=True)

    body = play(urgent, until="2024-03-05").flags("clue-verify")[0].body

    assert (body["due_day"], body["explanation"]["variant"]) == ("2024-03-07", "urgent")
    assert body["explanation"]["basis"] == "PROP 2"


def test_a_variant_with_a_source_of_its_own_prints_it() -> None:
    notice = told("MonitoringNoticeReceived", "2021-07-30", subject=SUPERVISION, notice_no="n")

    body = play(notice, until="2021-07-31").flags("sup-monitor-reply")[0].body

    assert (body["due_day"], body["explanation"]["basis"]) == ("2021-08-04", "RULE2013")


def test_a_row_that_ends_with_a_day_judges_nothing_after_it() -> None:
    row = replace(RULES.periods["enf-assign"], until=RULES.calendar.known_from)
    ended = replace(RULES, periods={**RULES.periods, "enf-assign": row})

    assert _clocks("enf-assign", told("CaseDocketed", "2024-03-04"), rules=ended) == []


# -- local agreements --------------------------------------------------------------------------------------

ARRIVED = told("FinanceNotified", "2024-03-04", payment_ref="p")


def _local(length: Length, count: str) -> Rules:
    return under(local={"pay-out": LocalPeriod(length, count)})


def _said(bench: Bench) -> list[str]:
    return bench.stages("pay-out", "p")


def test_a_local_period_reminds_earlier_and_is_never_a_breach() -> None:
    rules = _local(Length(10, "working-day"), "WD")

    bench = play(ARRIVED, until="2024-04-02", rules=rules)

    assert _said(bench)[:2] == ["DeadlineOpened 2024-03-04", "DueSoon 2024-03-17"]
    assert [stage for stage in _said(bench) if stage.startswith("Overdue")] == []
    assert bench.flags("pay-out")[1].body["explanation"]["local"] == {
        "due_day": "2024-03-18",
        "policy": "model",
    }


def test_the_breach_line_stays_that_of_the_law() -> None:
    bench = play(ARRIVED, until="2024-04-30", rules=_local(Length(5, "day"), "ND"))

    assert "Overdue 2024-04-03" in _said(bench)


@pytest.mark.parametrize(("length", "count"), [(Length(31, "day"), "ND"), (Length(2, "month"), "M")])
def test_a_local_period_cannot_lengthen(length: Length, count: str) -> None:
    assert _clock("pay-out", ARRIVED, rules=_local(length, count)).local_day is None


def test_a_stopped_duty_has_no_local_day() -> None:
    rules = under(local={"enf-close": LocalPeriod(Length(4, "month"), "M")})
    docketed, suspended = told("CaseDocketed", "2024-03-04"), told("Suspended", "2024-04-01")

    assert _clock("enf-close", docketed, suspended, rules=rules).local_day is None
    assert str(_clock("enf-close", docketed, rules=rules).local_day) == "2024-07-04"
