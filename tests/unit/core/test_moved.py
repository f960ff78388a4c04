"""Adopting next year's calendar or another law over open subjects: what moves, and what is said of it."""

from dataclasses import replace
from datetime import date
from typing import Any

from fajian.core.counting import Length
from fajian.core.moved import moved
from fajian.core.rules import LocalPeriod, Rules
from fajian.core.subject_state import SubjectState
from fajian.law.documents import load_rules
from tests.histories import CASE, Bench, Told, told

RULES = load_rules()
HOLIDAY = date(2027, 3, 1)  # a Monday, on which a duty is due provisionally (W43 of the catalogue)
NEXT_YEAR = replace(
    RULES,
    version="rules-2027",
    calendar=replace(
        RULES.calendar,
        version="2027",
        known_until=date(2027, 12, 31),
        days_off=RULES.calendar.days_off | {HOLIDAY},
    ),
)
WITHOUT_ASSIGNMENT = replace(
    RULES,
    version="rules-less",
    periods={name: row for name, row in RULES.periods.items() if name != "enf-assign"},
)
DOCKETED = told("CaseDocketed", "2026-08-31", case_kind="first")


def _moved(after: Rules, *events: Told) -> dict[str, tuple[Any, Any]]:
    state = SubjectState(CASE, "case")
    for event in events:
        state.add(event.fact(), RULES)
    return {row["rule"]: (row["was"], row["becomes"]) for row in moved(state, RULES, after)}


def test_the_calendar_of_the_next_year_moves_what_was_provisional() -> None:
    found = _moved(NEXT_YEAR, DOCKETED)

    assert found["enf-close"] == (
        {"phase": "open", "due_day": "2027-03-01", "local_day": None, "provisional": True},
        {"phase": "open", "due_day": "2027-03-02", "local_day": None, "provisional": False},
    )
    assert "enf-assign" not in found


def test_a_local_period_moves_the_day_by_which_the_act_is_expected() -> None:
    local = replace(RULES.policy, local={"enf-assign": LocalPeriod(Length(3, "day"), "ND")})

    was, becomes = _moved(replace(RULES, version="local", policy=local), DOCKETED)["enf-assign"]

    assert (was["local_day"], becomes["local_day"]) == (None, "2026-09-03")
    assert was["due_day"] == becomes["due_day"] == "2026-09-07"


def test_a_row_that_the_law_no_longer_has_becomes_nothing() -> None:
    assert _moved(WITHOUT_ASSIGNMENT, DOCKETED) == {
        "enf-assign": (
            {"phase": "open", "due_day": "2026-09-07", "local_day": None, "provisional": False},
            None,
        )
    }


def test_the_same_rules_move_nothing() -> None:
    assert _moved(RULES, DOCKETED) == {}


def test_the_tick_that_brings_the_new_calendar_says_what_moved_and_nothing_else() -> None:
    bench = Bench(RULES, [NEXT_YEAR]).declare("2026-08-31").hear(DOCKETED).tick("2026-12-30")
    before = len(bench.flags())

    bench.tick("2026-12-31", NEXT_YEAR)

    said = [(row.type, row.rule, row.due_day) for row in bench.flags()[before:]]
    assert ("Extended", "enf-close", "2027-03-02") in said
    assert {row[0] for row in said} == {"Extended"}
