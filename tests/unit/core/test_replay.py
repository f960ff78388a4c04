"""A file of events is folded with the ticks of its days: the order of its lines decides nothing."""

from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fajian.core.replay import Adopted, Replayed, replay
from fajian.core.rules import Rules
from fajian.law.documents import load_rules
from fajian.law.intake import load_intake
from tests.histories import APPLICATION, CASE, COURT, PROCURATORATE, SUPERVISION

RULES = load_rules()


def _event(name: str, day: str, subject: str = CASE, source: str = COURT, **data: Any) -> dict[str, Any]:
    """Word one CloudEvent as structured JSON; *recordedtime* and *id* are attributes of it."""
    attributes: dict[str, Any] = {key: data.pop(key) for key in ("recordedtime", "id") if key in data}
    return {
        "specversion": "1.0",
        "id": f"{name} {day} {subject}",
        "source": source,
        "type": RULES.events[name].ce_type,
        "time": f"{day}T00:00:00+08:00",
        "subject": subject,
        **attributes,
        "data": data,
    }


EVENTS = [
    _event("ApplicationReceived", "2022-04-15", APPLICATION, application_no="2022-0415"),
    _event("CaseDocketed", "2022-04-20", application_no="2022-0415", application_day="2022-04-15"),
    _event("UndertakerAssigned", "2022-05-05", recordedtime="2022-05-06T09:00:00+08:00"),
    _event("FinanceNotified", "2022-05-09", payment_ref="p", amount="10.00"),
    _event("ExplanationRequested", "2022-05-09", SUPERVISION, PROCURATORATE, request_no="r"),
    _event("ExplanationReceived", "2022-05-24", SUPERVISION, COURT, request_no="r"),
]


def _replayed(events: list[dict[str, Any]], until: str = "2022-06-30") -> Replayed:
    return replay(events, date.fromisoformat(until), RULES, load_intake(simulated=True))


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-23:59"])
def test_an_event_of_a_year_that_cannot_be_is_refused_and_the_rest_is_played(time: str) -> None:
    odd = {**_event("UndertakerAssigned", "2022-05-05"), "time": time}

    replayed = _replayed([odd, *EVENTS[3:4]])

    assert [receipt["problems"][0]["type"] for receipt in replayed.rejected] == ["urn:fajian:problem:time"]
    assert "pay-out" in {row["rule"] for row in replayed.rows}


def test_flags_and_leads_come_in_the_shape_that_others_rely_on() -> None:
    rows = _replayed(EVENTS).rows

    flag = next(row for row in rows if row["rule"] == "pay-out" and row["type"] == "Overdue")
    lead = next(row for row in rows if row["rule"] == "pay-out" and row["kind"] == "lead")
    assert (flag["kind"], flag["subject"], flag["instance"], flag["on"]) == ("flag", CASE, "p", "2022-06-08")
    assert (flag["due_day"], flag["historic"]) == ("2022-06-08", False)
    assert flag["evidence"] == [f"FinanceNotified 2022-05-09 {CASE}"]
    assert flag["explanation"]["nominal_end"] == "2022-06-08"
    assert (lead["type"], lead["on"], lead["ground"], lead["answer"]) == (
        "T20",
        "2022-06-13",
        "RULE 106(2)",
        None,
    )


def test_rows_are_ordered_by_tick_flags_before_leads_subject_rule_and_instance() -> None:
    rows = _replayed(EVENTS).rows

    order = [(row["on"], row["kind"], row["subject"], row["rule"], row["instance"]) for row in rows]
    assert order == sorted(order)


def test_an_event_arrives_when_it_was_recorded() -> None:
    rows = _replayed(EVENTS).rows

    assert [row["on"] for row in rows if row["rule"] == "enf-assign" and row["type"] == "Met"] == [
        "2022-05-06"
    ]


@given(order=st.permutations(EVENTS))
def test_the_order_of_the_lines_decides_nothing(order: list[dict[str, Any]]) -> None:
    straight = orjson.dumps(_replayed(EVENTS, "2022-06-15").rows)

    assert orjson.dumps(_replayed(order, "2022-06-15").rows) == straight


def test_what_intake_refuses_is_told_with_its_reasons_and_changes_nothing() -> None:
    refused = [
        _event("FinanceNotified", "2022-05-09", id="no-ref"),
        _event("SuggestionSent", "2022-05-09", SUPERVISION, COURT, id="wrong-side", suggestion_no="1"),
        _event("MoneyPaid", "2022-05-09", id="no-zone", payment_ref="p", amount="1")
        | {"time": "2022-05-09T00:00:00"},
        _event("MoneyPaid", "2022-05-09", id="no-time", payment_ref="p", amount="1") | {"time": None},
        _event("MoneyPaid", "2022-05-09", source="//nobody/x", id="nobody", payment_ref="p", amount="1"),
        {"id": "nothing"},
    ]

    result = _replayed([*EVENTS, *refused])

    assert result.rows == _replayed(EVENTS).rows
    assert sorted(receipt["id"] for receipt in result.rejected) == [
        "no-ref",
        "no-time",
        "no-zone",
        "nobody",
        "nothing",
        "wrong-side",
    ]
    assert all(receipt["problems"] for receipt in result.rejected)


def test_what_arrives_after_the_last_day_is_left_out_and_counted() -> None:
    late = _event(
        "MoneyPaid", "2022-05-10", recordedtime="2022-07-01T09:00:00+08:00", payment_ref="p", amount="10.00"
    )

    result = _replayed([*EVENTS, late])

    assert result.later == 1
    assert result.rows == _replayed(EVENTS).rows


def test_a_file_without_events_up_to_the_last_day_says_nothing() -> None:
    assert _replayed([]) == Replayed()
    assert _replayed(EVENTS[:2], "2022-04-14") == Replayed(later=2)


def test_a_duplicate_in_the_file_changes_nothing() -> None:
    assert _replayed([*EVENTS, EVENTS[3]]).rows == _replayed(EVENTS).rows


# -- rules of the day ------------------------------------------------------------------------------------

CALENDAR = RULES.calendar
BEFORE_THE_NOTICE = replace(
    RULES,
    version="without 2026",
    calendar=replace(
        CALENDAR,
        known_until=date(2025, 12, 31),
        days_off=frozenset(day for day in CALENDAR.days_off if day.year < 2026),
        make_up_days=frozenset(day for day in CALENDAR.make_up_days if day.year < 2026),
    ),
)
PAYMENT = [
    _event("CaseDocketed", "2025-12-01", application_no="2025-1201", application_day="2025-12-01"),
    _event("FinanceNotified", "2025-12-02", payment_ref="p", amount="10.00"),
]


def _payout(adopted: Rules | Adopted, until: str) -> list[tuple[str, str, str, str]]:
    rows = replay(PAYMENT, date.fromisoformat(until), adopted, load_intake(simulated=True)).rows
    return [
        (row["on"], row["type"], row["due_day"], row["explanation"]["rules"])
        for row in rows
        if row["kind"] == "flag" and row["rule"] == "pay-out"
    ]


def test_the_notice_of_next_year_moves_a_day_at_the_tick_that_brings_it() -> None:
    adopted = Adopted(BEFORE_THE_NOTICE, {date(2025, 12, 15): RULES})

    rows = _payout(adopted, "2026-01-05")

    assert rows[:2] == [
        ("2025-12-02", "DeadlineOpened", "2026-01-01", "without 2026"),
        ("2025-12-15", "Extended", "2026-01-04", RULES.version),
    ]
    assert rows[2:] == _payout(RULES, "2026-01-05")[1:]
    assert _payout(adopted, "2025-12-14") == _payout(BEFORE_THE_NOTICE, "2025-12-14")


def test_days_before_another_policy_are_judged_as_if_it_had_never_come() -> None:
    unsigned = replace(RULES, version="unsigned", policy=replace(RULES.policy, signed=False))
    adopted = Adopted(unsigned, {date(2026, 1, 10): RULES})

    leads = [
        [
            (row["on"], row["type"])
            for row in replay(PAYMENT, date(2026, 1, 31), rules, load_intake(simulated=True)).rows
            if row["kind"] == "lead" and row["rule"] == "pay-out"
        ]
        for rules in (unsigned, RULES, adopted)
    ]

    assert leads == [[], [("2026-01-07", "T20")], [("2026-01-10", "T20")]]
