"""What is said of a duty on which day: reminders, breach, answer window, and what takes them back."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest

from fajian.core.counting import Length
from fajian.core.matters import Said, decode_said, encode_said, unsay
from fajian.core.rules import Cue, Period, Rules
from fajian.law.documents import load_rules
from tests.histories import APPLICATION, CASE, PROCURATORATE, SUPERVISION, Bench, Told, play, told, under

RULES = load_rules()


class Duty(NamedTuple):
    """One period as it runs: what opens it, what fulfils it on a day, and its last day."""

    rule: str
    opens: Sequence[Told]
    fulfil: Callable[[str], Sequence[Told]]
    due_day: str
    trigger: str
    instance: str = ""
    begins: str = ""  #: day on which it is first heard of, if it is not that of the first event


def _of(name: str, subject: str = CASE, **body: Any) -> Callable[[str], Sequence[Told]]:
    return lambda day: [told(name, day, subject=subject, **body)]


def _checked(day: str) -> Sequence[Told]:
    return [told("NetworkQueried", day, query_no="1"), told("CheckResultTold", day, query_no="1")]


# Every last day has been rolled, or lies on a working weekend (`domain/periods` has the calendar's days off).
DUTIES = [
    Duty(
        "enf-docket",
        _of("ApplicationReceived", APPLICATION, application_no="1")("2022-01-27"),
        _of("CaseDocketed", APPLICATION, copy=True),
        "2022-02-07",
        "T01",
    ),
    Duty(
        "enf-notice",
        _of("CaseDocketed", application_day="2022-01-21")("2022-01-25"),
        _of("EnforcementNoticeIssued"),
        "2022-02-07",
        "T02",
    ),
    Duty("enf-assign", _of("CaseDocketed")("2022-04-24"), _of("UndertakerAssigned"), "2022-05-05", "T04"),
    Duty(
        "enf-close",
        [
            told("CaseDocketed", "2022-04-15"),
            told("UndertakerAssigned", "2022-04-15"),
            told("SeizureTookEffect", "2022-05-09", seizure_no="1"),
        ],
        _of("CaseClosed", mode="fulfilled"),
        "2022-10-17",
        "T07",
    ),
    Duty(
        "pay-out",
        _of("FinanceNotified", payment_ref="p")("2024-01-11"),
        _of("MoneyPaid", payment_ref="p"),
        "2024-02-18",
        "T20",
        "p",
    ),
    Duty(
        "pay-out-after-defer",
        _of("DeferralCauseEnded", payment_ref="p")("2023-04-19"),
        _of("MoneyPaid", payment_ref="p"),
        "2023-05-04",
        "T21",
        "p",
    ),
    Duty(
        "zb-check",
        _of("RoundEnded", ruling_day="2022-04-01")("2022-04-01"),
        _checked,
        "2022-10-08",
        "T15",
        "1",
    ),
    Duty(
        "list-remove",
        [told("Listed", "2021-12-01", listing_no="l"), told("SatisfactionRecorded", "2022-01-28")],
        _of("ListingRemoved", listing_no="l"),
        "2022-02-07",
        "T23",
        "l",
        "2022-01-28",
    ),
    Duty(
        "obj-rule",
        _of("ObjectionReceived", objection_no="o", objection_kind="act")("2026-09-16"),
        _of("ObjectionRuled", objection_no="o"),
        "2026-10-08",
        "T27",
        "o",
    ),
    Duty(
        "sup-accept-notice",
        _of("SupervisionAccepted", SUPERVISION)("2023-06-21"),
        _of("PartyInformed", SUPERVISION, source=PROCURATORATE, what="acceptance"),
        "2023-06-25",
        "T36",
    ),
    Duty(
        "sup-review",
        _of("SupervisionAccepted", SUPERVISION)("2025-07-08"),
        _of("ReviewConcluded", SUPERVISION, decision="suggestion"),
        "2025-10-09",
        "T36",
    ),
    Duty(
        "crt-explain",
        _of("ExplanationRequested", SUPERVISION, request_no="r", received_day="2025-09-23")("2025-09-22"),
        _of("ExplanationReceived", SUPERVISION, request_no="r"),
        "2025-10-09",
        "T33",
        "r",
    ),
    Duty(
        "crt-reply",
        _of("SuggestionReceived", SUPERVISION, suggestion_no="s")("2022-07-01"),
        _of("CourtReplied", SUPERVISION, suggestion_no="s", outcome="adopted"),
        "2022-10-08",
        "T34",
        "s",
    ),
]
each_duty = pytest.mark.parametrize("duty", DUTIES, ids=lambda duty: duty.rule)


def _after(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def _end_of_window(day: str, rules: Rules = RULES) -> str:
    return rules.calendar.add_working_days(date.fromisoformat(day), rules.policy.answer_window).isoformat()


def _clock(bench: Bench, rule: str) -> dict[str, Any]:
    clocks: list[dict[str, Any]] = bench.state(SUPERVISION)["clocks"]
    return next(clock for clock in clocks if clock["rule"] == rule)


def _played(duty: Duty, until: str, *more: Told, rules: Rules = RULES) -> Bench:
    return play(*duty.opens, *more, until=until, rules=rules)


def test_the_periods_tried_here_are_duties_of_the_bundled_law() -> None:
    running = {period.id for period in RULES.periods.values() if period.can_be_broken}

    assert {duty.rule for duty in DUTIES} <= running


# -- each duty through its stages --------------------------------------------------------------------------


@each_duty
def test_a_duty_opens_when_it_is_heard_of_and_is_due_on_its_last_day(duty: Duty) -> None:
    bench = _played(duty, duty.due_day)

    opened = bench.flags(duty.rule, duty.instance)[0]

    assert (opened.type, opened.due_day) == ("DeadlineOpened", duty.due_day)
    assert opened.on == (duty.begins or duty.opens[0].day.isoformat())


@each_duty
def test_a_duty_is_due_today_on_the_morning_of_its_last_day_and_overdue_the_morning_after(duty: Duty) -> None:
    bench = _played(duty, duty.due_day)

    today, overdue = bench.stages(duty.rule, duty.instance)[-2:]

    assert today == f"DueToday {_after(duty.due_day, -1)}"
    assert overdue == f"Overdue {duty.due_day}"


@each_duty
def test_a_duty_that_is_fulfilled_on_its_last_day_was_met(duty: Duty) -> None:
    bench = _played(duty, _after(duty.due_day, 30), *duty.fulfil(duty.due_day))

    types = bench.types(duty.rule, duty.instance)

    assert types[-2:] == ["DueToday", "Met"]
    assert "Overdue" not in types
    assert bench.flags(duty.rule, duty.instance)[-1].body["lateness_days"] is None
    assert bench.leads(duty.rule) == []


@each_duty
def test_a_breach_that_is_cured_within_the_answer_window_leads_to_no_lead(duty: Duty) -> None:
    cured = _end_of_window(duty.due_day)

    bench = _played(duty, _after(cured, 30), *duty.fulfil(cured))

    assert bench.stages(duty.rule, duty.instance)[-2:] == [f"Overdue {duty.due_day}", f"Met {cured}"]
    met = bench.flags(duty.rule, duty.instance)[-1].body
    assert met["lateness_days"] == (date.fromisoformat(cured) - date.fromisoformat(duty.due_day)).days
    assert met["reported"] is False
    assert bench.leads(duty.rule) == []


@each_duty
def test_a_breach_is_a_lead_once_three_working_days_have_passed(duty: Duty) -> None:
    end = _end_of_window(duty.due_day)
    cured = _after(end, 5)

    bench = _played(duty, _after(end, 30), *duty.fulfil(cured))

    assert bench.stages(duty.rule, duty.instance)[-2:] == [f"Escalated {end}", f"Met {cured}"]
    assert [(row.type, row.on, row.due_day) for row in bench.leads(duty.rule)] == [
        (duty.trigger, end, duty.due_day)
    ]
    assert bench.flags(duty.rule, duty.instance)[-1].body["reported"] is True


@each_duty
def test_a_duty_that_was_met_in_time_and_reported_late_takes_its_alarm_back(duty: Duty) -> None:
    reported = _after(_end_of_window(duty.due_day), 8)
    facts = [_arriving(fact, reported) for fact in duty.fulfil(duty.due_day)]

    bench = _played(duty, _after(reported, 5), *facts)

    withdrawn = bench.flags(duty.rule, duty.instance)[-1]
    assert (withdrawn.type, withdrawn.on) == ("Withdrawn", reported)
    assert withdrawn.body["reported"] is True
    delay = (date.fromisoformat(reported) - date.fromisoformat(duty.due_day)).days
    assert withdrawn.body["explanation"]["reported_days_later"] == delay


def _arriving(event: Told, day: str) -> Told:
    headers = {**dict(event.headers), "ce_arrivedtime": f"{day}T10:00:00+08:00".encode()}
    return event._replace(day=date.fromisoformat(day), headers=tuple(headers.items()))


@each_duty
def test_a_duty_whose_opening_is_retracted_takes_all_back(duty: Duty) -> None:
    last = _after(duty.due_day, 1)
    opening = duty.opens[-1 if duty.rule == "list-remove" else 0].fact()
    retracted = told(
        "Retracted", last, subject=duty.opens[0].subject, source=opening.source, retracts=opening.id
    )

    bench = _played(duty, _after(last, 30), retracted)

    assert bench.stages(duty.rule, duty.instance)[-1] == f"Withdrawn {last}"
    assert bench.leads(duty.rule) == []
    clocks = bench.state(duty.opens[0].subject)["clocks"]
    assert duty.rule not in {clock["rule"] for clock in clocks}


@each_duty
def test_a_breach_from_before_the_agreement_is_told_once_and_to_its_owner_alone(duty: Duty) -> None:
    rules = under(go_live=date.fromisoformat(_after(duty.due_day, 1)))

    bench = _played(duty, _after(duty.due_day, 30), rules=rules)

    last = bench.flags(duty.rule, duty.instance)[-1]
    assert (last.type, last.on, last.body["historic"]) == ("Overdue", duty.due_day, True)
    assert bench.leads(duty.rule) == []


@each_duty
def test_a_breach_on_the_day_of_the_agreement_counts(duty: Duty) -> None:
    rules = under(go_live=date.fromisoformat(duty.due_day))

    assert len(_played(duty, _after(duty.due_day, 30), rules=rules).leads(duty.rule)) == 1


@each_duty
def test_nothing_goes_across_under_a_policy_that_is_not_signed(duty: Duty) -> None:
    bench = _played(duty, _after(duty.due_day, 30), rules=under(signed=False))

    assert bench.types(duty.rule, duty.instance)[-1] == "Escalated"
    assert bench.leads() == []


@each_duty
def test_nothing_goes_across_by_a_row_that_nobody_has_verified(duty: Duty) -> None:
    row = replace(RULES.periods[duty.rule], sure="M")
    rules = replace(under(), periods={**RULES.periods, duty.rule: row})
    approved = replace(under(approved=frozenset({duty.rule})), periods=rules.periods)

    assert _played(duty, _after(duty.due_day, 30), rules=rules).leads(duty.rule) == []
    assert len(_played(duty, _after(duty.due_day, 30), rules=approved).leads(duty.rule)) == 1


# -- reminders -------------------------------------------------------------------------------------------

REPLY = next(duty for duty in DUTIES if duty.rule == "crt-reply")


def test_the_owner_is_reminded_seven_three_and_one_days_before() -> None:
    bench = _played(REPLY, "2022-10-08")

    assert bench.stages("crt-reply") == [
        "DeadlineOpened 2022-07-01",
        "DueSoon 2022-09-30",
        "DueSoon 2022-10-04",
        "DueSoon 2022-10-06",
        "DueToday 2022-10-07",
        "Overdue 2022-10-08",
    ]


def test_a_short_period_has_no_reminder_before_its_first_day() -> None:
    bench = play(*_of("SupervisionAccepted", SUPERVISION)("2022-05-09"), until="2022-05-12")

    assert bench.stages("sup-accept-notice") == [
        "DeadlineOpened 2022-05-09",
        "DueSoon 2022-05-10",
        "DueToday 2022-05-11",
        "Overdue 2022-05-12",
    ]


def test_a_duty_that_is_heard_of_late_starts_at_the_stage_that_it_has() -> None:
    soon = _of("SuggestionReceived", SUPERVISION, suggestion_no="s", arrives="2022-07-13")("2022-04-15")
    over = _of("SuggestionReceived", SUPERVISION, suggestion_no="s", arrives="2022-08-01")("2022-04-15")

    assert play(*soon, until="2022-07-13").stages("crt-reply") == [
        "DeadlineOpened 2022-07-13",
        "DueSoon 2022-07-13",
        "DueSoon 2022-07-13",
    ]
    assert play(*over, until="2022-08-04").stages("crt-reply") == [
        "DeadlineOpened 2022-08-01",
        "Overdue 2022-08-01",
        "Escalated 2022-08-04",
    ]


def test_a_duty_that_is_heard_of_and_done_late_is_told_without_a_lead() -> None:
    opens = _of("SuggestionReceived", SUPERVISION, suggestion_no="s", arrives="2022-08-01")("2022-04-15")
    done = _of("CourtReplied", SUPERVISION, suggestion_no="s", outcome="adopted")("2022-07-30")
    reply_first = [*done, *opens]

    assert (
        play(*reply_first, until="2022-08-31").stages("crt-reply")
        == [
            "DeadlineOpened 2022-08-01",
            "Overdue 2022-08-01",
            "Met 2022-08-01",
        ][1:]
    )


def test_the_answer_window_of_what_shows_during_a_day_begins_the_next_morning() -> None:
    opens = _of("SuggestionReceived", SUPERVISION, suggestion_no="s", arrives="2022-07-22")("2022-04-15")

    bench = play(*opens, until="2022-08-01")

    assert bench.stages("crt-reply")[1:] == ["Overdue 2022-07-22", "Escalated 2022-07-27"]


def _received(day: str, name: str, **more: Any) -> Told:
    return told("SuggestionReceived", day, id=name, subject=SUPERVISION, suggestion_no="s", **more)


def _replied(day: str, name: str, **more: Any) -> Told:
    body = {"suggestion_no": "s", "outcome": "adopted", **more}
    return told("CourtReplied", day, id=name, subject=SUPERVISION, **body)


def _extended(day: str, name: str = "x", **more: Any) -> Told:
    body = {"suggestion_no": "s", "approver_role": "court-president", **more}
    return told("ReplyExtensionApproved", day, id=name, subject=SUPERVISION, **body)


# -- stops and extensions --------------------------------------------------------------------------------

DOCKETED = told("CaseDocketed", "2022-06-20")


def test_an_open_stop_pauses_the_clock_and_its_end_resumes_it() -> None:
    stopped = [told("Suspended", "2022-08-01"), told("Resumed", "2022-09-01")]

    bench = play(DOCKETED, *stopped, until="2023-01-20")

    assert bench.stages("enf-close")[:3] == [
        "DeadlineOpened 2022-06-20",
        "Paused 2022-08-01",
        "Resumed 2022-09-01",
    ]
    paused, resumed = bench.flags("enf-close")[1:3]
    assert (paused.due_day, resumed.due_day) == (None, "2023-01-20")
    assert paused.body["explanation"]["suspended_since"] == "2022-08-01"
    assert bench.stages("enf-close")[-1] == "Overdue 2023-01-20"


def test_a_paused_clock_is_never_overdue() -> None:
    bench = play(DOCKETED, told("Suspended", "2022-08-01"), until="2024-01-01")

    assert bench.types("enf-close") == ["DeadlineOpened", "Paused"]


def test_a_clock_that_is_first_heard_of_while_it_is_stopped_says_both() -> None:
    docketed = told("CaseDocketed", "2022-06-20", arrives="2022-08-02")

    bench = play(told("Suspended", "2022-08-01"), docketed, until="2022-08-02")

    assert bench.types("enf-close") == ["DeadlineOpened", "Paused"]


def test_a_stop_that_is_reported_after_the_breach_takes_the_breach_back() -> None:
    bench = play(DOCKETED, told("Suspended", "2022-12-01", arrives="2022-12-23"), until="2023-03-01")

    assert bench.stages("enf-close")[-3:] == [
        "Overdue 2022-12-20",
        "Withdrawn 2022-12-23",
        "Paused 2022-12-23",
    ]


def test_a_stop_that_is_over_when_it_is_reported_extends() -> None:
    stopped = told("Stayed", "2022-08-01", until_day="2022-08-10", arrives="2022-08-11")

    bench = play(DOCKETED, stopped, until="2022-08-11")

    extended = bench.flags("enf-close")[-1]
    assert (extended.type, extended.due_day) == ("Extended", "2022-12-30")


def test_an_extension_moves_the_due_day_and_the_reminders_begin_anew() -> None:
    approved = _extended("2022-10-05")

    bench = _played(REPLY, "2022-11-01", approved)

    assert bench.stages("crt-reply")[3:] == [
        "Extended 2022-10-05",
        "DueSoon 2022-10-24",
        "DueSoon 2022-10-28",
        "DueSoon 2022-10-30",
        "DueToday 2022-10-31",
        "Overdue 2022-11-01",
    ]


def test_an_extension_that_came_too_late_is_named_in_the_explanation() -> None:
    approved = _extended("2022-10-10", "too-late")

    bench = _played(REPLY, "2022-10-31", approved)

    assert "Extended" not in bench.types("crt-reply")
    assert bench.leads()[0].body["explanation"]["extended_late"] == ["too-late"]


def test_an_extension_in_time_that_is_reported_after_the_breach_withdraws_it() -> None:
    approved = _extended("2022-10-05", arrives="2022-10-20")

    bench = _played(REPLY, "2022-11-01", approved)

    assert (
        bench.stages("crt-reply")[-6:]
        == [
            "Escalated 2022-10-12",
            "Withdrawn 2022-10-20",
            "DueSoon 2022-10-24",
            "DueSoon 2022-10-28",
            "DueSoon 2022-10-30",
            "DueToday 2022-10-31",
        ]
        or bench.stages("crt-reply")[-1] == "Overdue 2022-11-01"
    )


def test_a_shorter_time_by_a_correction_is_opened_anew() -> None:
    wrong = _received("2022-07-01", "1")
    right = _received("2022-06-01", "2", arrives="2022-07-04", supersedes="1")

    bench = play(wrong, right, until="2022-07-04")

    assert [(row.type, row.due_day) for row in bench.flags("crt-reply")] == [
        ("DeadlineOpened", "2022-10-08"),
        ("DeadlineOpened", "2022-09-01"),
    ]


def test_a_breach_whose_due_day_moves_and_is_still_over_stays_a_breach() -> None:
    wrong = _received("2022-04-15", "1")
    right = _received("2022-04-18", "2", arrives="2022-07-22", supersedes="1")

    bench = play(wrong, right, until="2022-08-31")

    assert bench.stages("crt-reply")[-2:] == ["Overdue 2022-07-15", "Escalated 2022-07-20"]
    assert _clock(bench, "crt-reply")["due_day"] == "2022-07-18"


# -- corrections of what was said ------------------------------------------------------------------------


def test_a_fulfilment_that_is_retracted_opens_the_duty_again() -> None:
    retracted = told("Retracted", "2022-09-01", subject=SUPERVISION, source="//court/皖1324", retracts="r")

    bench = _played(REPLY, "2022-09-01", _replied("2022-08-01", "r"), retracted)

    assert bench.stages("crt-reply") == [
        "DeadlineOpened 2022-07-01",
        "Met 2022-08-01",
        "DeadlineOpened 2022-09-01",
    ]


def test_a_late_fulfilment_that_is_corrected_into_a_timely_one_takes_the_breach_back_everywhere() -> None:
    corrected = _replied("2022-10-08", "r2", arrives="2022-10-25", supersedes="r1")

    bench = _played(REPLY, "2022-10-31", _replied("2022-10-20", "r1"), corrected)

    assert bench.stages("crt-reply")[-3:] == [
        "Escalated 2022-10-11",
        "Met 2022-10-20",
        "Withdrawn 2022-10-25",
    ]
    assert [row.body["reported"] for row in bench.flags("crt-reply")[-3:]] == [False, True, True]


def test_a_timely_fulfilment_that_is_corrected_into_a_late_one_is_a_breach_that_is_over() -> None:
    corrected = _replied("2022-10-20", "r2", supersedes="r1")

    bench = _played(REPLY, "2022-12-31", _replied("2022-10-08", "r1"), corrected)

    assert bench.stages("crt-reply")[-3:] == ["Met 2022-10-08", "Overdue 2022-10-20", "Met 2022-10-20"]
    assert bench.leads() == []


def test_a_duty_that_fell_away_is_withdrawn_and_a_breach_of_it_stays_said() -> None:
    withdrawn = told("SuggestionWithdrawn", "2022-10-05", subject=SUPERVISION, suggestion_no="s")
    later = told("SuggestionWithdrawn", "2022-10-09", subject=SUPERVISION, suggestion_no="s")

    assert _played(REPLY, "2022-12-31", withdrawn).stages("crt-reply")[-1] == "Withdrawn 2022-10-05"
    bench = _played(REPLY, "2022-12-31", later)
    assert bench.stages("crt-reply")[-1] == "Overdue 2022-10-08"
    assert bench.leads() == []


def test_a_duty_that_fell_away_after_a_breach_nobody_had_heard_of_is_told_once() -> None:
    opens = _of("SuggestionReceived", SUPERVISION, suggestion_no="s", arrives="2022-08-02")("2022-04-15")
    withdrawn = told("SuggestionWithdrawn", "2022-08-01", subject=SUPERVISION, suggestion_no="s")

    assert play(withdrawn, *opens, until="2022-08-31").stages("crt-reply") == ["Overdue 2022-08-02"]


def test_a_duty_that_fell_away_before_it_was_heard_of_is_not_worth_a_word() -> None:
    opens = _of("SuggestionReceived", SUPERVISION, suggestion_no="s", arrives="2022-05-02")("2022-04-15")
    withdrawn = told("SuggestionWithdrawn", "2022-05-01", subject=SUPERVISION, suggestion_no="s")

    assert play(withdrawn, *opens, until="2022-12-31").stages("crt-reply") == []


# -- history from before the agreement -------------------------------------------------------------------

LIVE = under(go_live=date(2022, 10, 11))


def test_a_historic_breach_that_is_cured_later_is_told_to_its_owner_alone() -> None:
    bench = _played(REPLY, "2022-12-31", _replied("2022-10-20", "r"), rules=LIVE)

    met = bench.flags("crt-reply")[-1]
    assert (met.type, met.on, met.body["historic"], met.body["reported"]) == (
        "Met",
        "2022-10-20",
        True,
        False,
    )
    assert _clock(bench, "crt-reply")["status"] == "late"


def test_a_historic_breach_that_was_none_is_withdrawn() -> None:
    bench = _played(REPLY, "2022-12-31", _replied("2022-10-08", "r", arrives="2022-10-20"), rules=LIVE)

    assert bench.types("crt-reply")[-2:] == ["Overdue", "Withdrawn"]
    assert bench.flags("crt-reply")[-1].body["historic"] is True


def test_a_historic_breach_that_was_cured_before_it_was_heard_of_is_not_worth_a_word() -> None:
    opens = _of("SuggestionReceived", SUPERVISION, suggestion_no="s", arrives="2022-10-24")("2022-07-01")

    bench = play(_replied("2022-10-20", "r"), *opens, until="2022-12-31", rules=LIVE)

    assert bench.stages("crt-reply") == []
    assert _clock(bench, "crt-reply")["status"] == "late"


def test_a_historic_breach_whose_due_day_moves_past_the_agreement_counts_again() -> None:
    approved = _extended("2022-10-05", arrives="2022-10-20")

    bench = _played(REPLY, "2022-11-30", approved, rules=LIVE)

    assert bench.stages("crt-reply")[5:] == [
        "Overdue 2022-10-08",
        "Extended 2022-10-20",
        "DueSoon 2022-10-24",
        "DueSoon 2022-10-28",
        "DueSoon 2022-10-30",
        "DueToday 2022-10-31",
        "Overdue 2022-11-01",
        "Escalated 2022-11-04",
    ]


def test_a_historic_breach_is_told_once_however_often_its_subject_is_judged() -> None:
    early = told("RoundEnded", "2022-07-01", ruling_day="2022-07-01")
    events = [told("CaseDocketed", "2022-04-15"), early, told("NetworkQueried", "2022-07-04", query_no="1")]

    bench = play(
        *events, told("RoundEnded", "2022-07-05", ruling_day="2022-07-05"), until="2022-08-31", rules=LIVE
    )

    assert bench.stages("T14", "") == ["Breached 2022-07-01"]
    assert bench.flags("T14", "")[0].body["historic"] is True


def test_a_baseline_makes_earlier_breaches_of_its_subject_historic() -> None:
    baseline = told("BaselineImported", "2022-10-09", subject=SUPERVISION, as_of_day="2022-10-09")

    bench = _played(REPLY, "2022-12-31", baseline)

    assert bench.leads() == []
    last = bench.flags("crt-reply")[-1]
    assert (last.type, last.body["historic"]) == ("Overdue", True)


def test_a_baseline_of_the_due_day_itself_leaves_the_breach_standing() -> None:
    baseline = told("BaselineImported", "2022-10-08", subject=SUPERVISION, as_of_day="2022-10-08")

    assert [row.type for row in _played(REPLY, "2022-12-31", baseline).leads()] == ["T34"]


# -- duties without a number, effects --------------------------------------------------------------------


def _with(period: Period) -> Rules:
    return replace(under(), periods={period.id: period}, triggers={})


def test_a_duty_without_a_number_reminds_and_is_never_overdue() -> None:
    at_once = replace(RULES.periods["enf-assign"], length=Length(15, "day"), count="IMM")

    bench = play(told("CaseDocketed", "2022-05-09"), until="2022-06-30", rules=_with(at_once))

    assert bench.types("enf-assign") == ["DeadlineOpened", "DueSoon", "DueSoon", "DueSoon", "DueToday"]


def test_an_effect_lapses_and_is_no_breach() -> None:
    freeze = replace(
        RULES.periods["enf-assign"],
        id="freeze",
        nature="effect",
        count="EXP",
        length=Length(1, "year"),
        opens=(Cue("SeizureTookEffect"),),
        closes=(),
        instance="seizure_no",
    )

    bench = play(
        told("SeizureTookEffect", "2022-05-09", seizure_no="7"), until="2023-06-30", rules=_with(freeze)
    )

    assert bench.types("freeze", "7")[-2:] == ["DueToday", "Lapsed"]


# -- what is kept ----------------------------------------------------------------------------------------


def test_what_was_said_is_the_same_after_it_was_kept() -> None:
    said = {
        "b": Said("escalated", date(2022, 5, 9), date(2022, 5, 9), date(2022, 5, 12), "lead", None, True),
        "a": Said("opened", date(2022, 5, 9), wake=date(2022, 5, 1)),
    }

    kept = encode_said(said)

    assert decode_said(kept) == said
    assert list(kept) == ["a", "b"]


def test_what_was_settled_in_silence_is_taken_back_in_silence() -> None:
    assert unsay(Said("met")) == unsay(Said("gone")) == unsay(Said("withdrawn")) == ([], Said("withdrawn"))
    assert unsay(Said("late")) == unsay(Said("moot")) == (["Withdrawn"], Said("withdrawn"))
