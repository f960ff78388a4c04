"""The rows of events.toml fit the models, the stops and the rest of the law."""

import tomllib
from importlib.resources import files

from fajian.core.subjects import KINDS
from fajian.law.events import load_events
from schemas.registry import TYPES
from schemas.topics import SIDES


def test_every_event_of_the_ledger_has_a_model_and_every_model_of_one_has_a_row() -> None:
    held = {type_.ce_type for type_ in TYPES.values() if type_.family not in ("flag", "receipt")}

    assert {row.ce_type for row in load_events().values()} == held


def test_rows_name_only_sides_kinds_and_marks_that_exist() -> None:
    for row in load_events().values():
        assert set(row.publishers) | set(row.visible) <= set(SIDES), row.name
        assert row.subjects, row.name
        assert set(row.subjects) <= set(KINDS), row.name
        assert row.sure in ("V", "V2", "M", "D"), row.name
        assert TYPES[row.ce_type].zh == row.zh


def test_facts_have_a_publisher_and_what_the_bus_itself_says_has_none() -> None:
    without = {row.name for row in load_events().values() if not row.publishers}

    assert without == {"ClockTicked", "LedgerDeclared", "SoftBreachesCounted"}


def test_a_court_does_not_send_suggestions_and_a_procuratorate_does_not_pay() -> None:
    rows = load_events()

    assert rows["SuggestionSent"].publishers == ("procuratorate",)
    assert rows["MoneyPaid"].publishers == ("court",)
    assert rows["AlarmHandlingSeen"].publishers == ("discipline",)


def test_the_court_sees_no_lead_before_it_is_told() -> None:
    rows = load_events()
    inner = [
        "LeadRaised",
        "LeadScreened",
        "SupervisionApplied",
        "ExOfficioStarted",
        "ReviewConcluded",
        "Retracted",
    ]

    assert [name for name in inner if "court" in rows[name].visible] == []


def test_rows_and_the_table_of_stops_agree() -> None:
    table = tomllib.loads((files("fajian.law") / "stops.toml").read_text("utf-8"))
    begins: dict[str, set[str]] = {}
    ends: dict[str, set[str]] = {}
    for stop in table["stop"]:
        for cue in stop["begins"]:
            begins.setdefault(cue["event"], set()).add(stop["kind"])
        for cue in stop["ends"]:
            ends.setdefault(cue["event"], set()).add(stop["kind"])

    assert {row.name: set(row.begins_stop) for row in load_events().values() if row.begins_stop} == begins
    assert {row.name: set(row.ends_stop) for row in load_events().values() if row.ends_stop} == ends


def test_on_one_day_what_opens_stands_before_what_closes() -> None:
    order = {row.name: row.precedence for row in load_events().values()}

    assert order["ApplicationReceived"] < order["CaseDocketed"] < order["EnforcementNoticeIssued"]
    assert (
        order["FinanceNotified"] < order["PayoutDeferralApproved"] < order["MoneyPaid"] < order["CaseClosed"]
    )
    assert order["SuggestionSent"] < order["SuggestionReceived"] < order["CourtReplied"]
