from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import orjson
import pytest

from fajian.law.calendar_data import load_calendar
from fajian.sim import Run, Simulation, simulate
from fajian.sim.check import Checked, check
from schemas.names import short_name
from schemas.registry import TYPES

CASES, DAYS, START = 60, 420, date(2025, 1, 2)
SEEDS = (1, 2)

#: Duties that every run of this size breaks, and keeps by a hair.
COMMON = (
    "T14", "crt-explain", "crt-reply", "enf-ask-clues", "enf-assign", "enf-close", "enf-docket",
    "enf-handover", "enf-notice", "list-remove", "obj-rule", "pay-out", "sup-accept-notice", "sup-review",
    "T39-title",
)  # fmt: skip


@cache
def checked(seed: int) -> Checked:
    return check(CASES, DAYS, seed, START)


def county(seed: int) -> Simulation:
    return checked(seed).county


def recorded_day(event: Mapping[str, Any]) -> date:
    return datetime.fromisoformat(event["recordedtime"]).date()


def test_the_same_arguments_give_the_same_county_and_other_seeds_another() -> None:
    again = simulate(CASES, DAYS, 1, START)

    assert again == county(1)
    assert again != county(2)


def test_two_runs_share_no_event_id() -> None:
    ids = {event["id"] for event in county(1).events}

    assert ids.isdisjoint(event["id"] for event in county(2).events)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_event_is_what_its_contract_says(seed: int) -> None:
    for event in county(seed).events:
        assert event["specversion"] == "1.0"
        TYPES[event["type"]].model.model_validate_json(orjson.dumps(event["data"]))


@pytest.mark.parametrize("seed", SEEDS)
def test_intake_refuses_nothing(seed: int) -> None:
    assert checked(seed).rejected == ()


def test_an_event_is_handed_over_when_it_was_recorded_and_never_before_it_happened() -> None:
    seen: set[str] = set()
    for plan in county(1):
        for event in plan.events:
            happened = datetime.fromisoformat(event["time"])
            assert happened < datetime.fromisoformat(event["recordedtime"])
            assert recorded_day(event) == plan.day or event["id"] in seen
            seen.add(event["id"])


def test_offices_work_on_working_days_only() -> None:
    calendar = load_calendar()

    days = {datetime.fromisoformat(event["time"]).date() for event in county(1).events}

    assert all(calendar.is_working_day(day) for day in days)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_rule_is_broken_and_every_rule_is_kept_by_a_hair(seed: int) -> None:
    truth = county(seed).truth
    kinds = {(planted.rule, "near-miss" if planted.kind == "near-miss" else "breach") for planted in truth}

    assert {(rule, kind) for rule in COMMON for kind in ("breach", "near-miss")} <= kinds
    assert {("T34", "breach"), ("T37", "breach"), ("T38", "breach")} <= kinds


def test_records_come_late_twice_corrected_retracted_and_out_of_order() -> None:
    events = [event for seed in SEEDS for event in county(seed).events]
    handed_over = Counter(event["id"] for event in events)
    late = [event for event in events if recorded_day(event) > datetime.fromisoformat(event["time"]).date()]
    in_order = sorted(events, key=lambda event: (event["recordedtime"], event["time"]))

    assert 2 in handed_over.values()
    assert len(late) > 15
    assert any("supersedes" in event["data"] for event in events)
    assert any(short_name(event["type"]) == "Retracted" for event in events)
    assert in_order != sorted(events, key=lambda event: event["time"])


def test_some_last_days_were_rolled_over_holidays() -> None:
    calendar = load_calendar()

    last_days = [
        planted.due_day
        for seed in SEEDS
        for planted in county(seed).truth
        if planted.kind == "near-miss" and planted.how == "last day"
    ]

    assert any(calendar.is_rest_day(day - timedelta(days=1)) for day in last_days)
    assert all(calendar.is_working_day(day) for day in last_days)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bus_finds_what_was_planted_on_its_day_with_the_expected_leads_and_nothing_else(
    seed: int,
) -> None:
    found = checked(seed)

    assert [str(difference) for difference in found.verdict.differences] == []
    assert found.verdict.planted > 100


@pytest.mark.parametrize(("cases", "days"), [(1, 30), (25, 60), (40, 200), (20, 460)])
def test_a_run_of_any_size_is_judged_rightly(cases: int, days: int) -> None:
    found = check(cases, days, 7, date(2024, 9, 2))

    assert [str(difference) for difference in found.verdict.differences] == []


def test_a_run_hands_over_day_by_day_what_the_whole_simulation_holds() -> None:
    run = Run(CASES, DAYS, 1, START)
    days = run.plans()

    assert next(days) == county(1).plans[0]
    assert tuple(days) == county(1).plans[1:]
    assert run.truth == county(1).truth
