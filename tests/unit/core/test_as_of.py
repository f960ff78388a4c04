"""A subject as it stood on a day: what was known then, and what is known now of then."""

from datetime import date
from typing import Any

import pytest

from fajian.core.as_of import Known, as_of
from fajian.law.documents import load_rules
from tests.histories import APPLICATION, CASE, Told, told

RULES = load_rules()
DOCKETED = told("CaseDocketed", "2022-01-04", id="d", case_kind="first")
NOTIFIED = told("FinanceNotified", "2022-05-09", id="n", payment_ref="p")
PAID = told("MoneyPaid", "2022-06-08", id="m", payment_ref="p", amount="1.00", arrives="2022-06-20")
UNDONE = told("Retracted", "2022-07-01", id="r", retracts="m")


def _on(day: str, known: Known, *events: Told, subject: str = CASE) -> dict[str, Any]:
    return as_of(subject, [event.fact() for event in events], RULES, date.fromisoformat(day), known)


def _clock(shape: dict[str, Any], rule: str) -> tuple[str, str | None]:
    [clock] = [clock for clock in shape["clocks"] if clock["rule"] == rule]
    return clock["status"], clock["due_day"]


@pytest.mark.parametrize(
    ("day", "known", "status"),
    [
        ("2022-06-07", "then", "open"),
        ("2022-06-08", "then", "overdue"),  # paid, but nobody had said so
        ("2022-06-19", "then", "overdue"),
        ("2022-06-20", "then", "met"),
        ("2022-06-07", "now", "open"),
        ("2022-06-08", "now", "met"),
    ],
)
def test_what_was_known_then_differs_from_what_is_known_now_of_then(
    day: str, known: Known, status: str
) -> None:
    assert _clock(_on(day, known, DOCKETED, NOTIFIED, PAID), "pay-out") == (status, "2022-06-08")


def test_what_was_retracted_since_stood_then_and_does_not_stand_now() -> None:
    events = [DOCKETED, NOTIFIED, PAID, UNDONE]

    assert _clock(_on("2022-06-25", "then", *events), "pay-out")[0] == "met"
    assert _clock(_on("2022-06-25", "now", *events), "pay-out")[0] == "overdue"


def test_the_state_of_the_case_is_that_of_the_day() -> None:
    events = [
        DOCKETED,
        NOTIFIED,
        told("Suspended", "2022-06-01"),
        told("CaseClosed", "2022-09-01", mode="fulfilled"),
    ]

    assert [
        _on(day, "then", *events)["state"] for day in ("2022-01-03", "2022-02-01", "2022-06-01", "2022-10-01")
    ] == [
        None,
        "docketed",
        "paying",
        "closed",
    ]
    assert _on("2022-06-01", "now", *events)["beside"] == ["suspended"]


def test_a_right_whose_time_is_over_has_lapsed() -> None:
    ruled = told(
        "ObjectionRuled", "2024-03-01", objection_no="o", served_day="2024-03-01", objection_kind="act"
    )

    assert _clock(_on("2024-03-11", "then", ruled), "recon-apply") == ("lapsed", "2024-03-11")


def test_each_clock_is_explained_by_the_rules_that_judge_it() -> None:
    shape = _on("2022-06-07", "then", DOCKETED, NOTIFIED)

    explained = next(clock["explanation"] for clock in shape["clocks"] if clock["rule"] == "pay-out")
    assert (explained["basis"], explained["rules"], shape["rules"]) == (
        "MONEY 10(1)",
        RULES.version,
        RULES.version,
    )
    assert shape["facts"][0] == {
        "day": "2022-01-04",
        "type": "CaseDocketed",
        "id": "d",
        "source": "//court/皖1324",
    }


def test_a_subject_without_a_life_cycle_has_clocks_and_no_state() -> None:
    shape = _on(
        "2022-04-20",
        "then",
        told("ApplicationReceived", "2022-04-15", subject=APPLICATION),
        subject=APPLICATION,
    )

    assert (shape["kind"], shape["state"], shape["beside"]) == ("application", None, [])
    assert _clock(shape, "enf-docket") == ("open", "2022-04-22")
