"""The expected days below were worked out by hand from the texts and a paper calendar, not by the bus."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
import pytest

from fajian.sim.published import SENT_IS_RECEIVED, Converted, convert, published_cases
from schemas.names import short_name
from schemas.registry import TYPES
from tests.published_review import GOLDEN, reviewed_cases

Told = tuple[str, str, str, str, str]

#: (on, type, rule, instance, due day) of every breach, its lead and its late end that the texts bear out
BY_HAND: Mapping[str, list[Told]] = {
    "R001": [  # 14 June 2017 is a Wednesday; three working days after it: 15, 16, 19
        ("2017-06-14", "Overdue", "crt-reply", "R001-1", "2017-06-14"),
        ("2017-06-19", "T34", "crt-reply", "R001-1", "2017-06-14"),
        ("2017-07-28", "Met", "crt-reply", "R001-1", "2017-06-14"),
        # 1 November 2018 is a Thursday; 2, 5, 6
        ("2018-11-01", "Overdue", "crt-reply", "R001-2", "2018-11-01"),
        ("2018-11-06", "T34", "crt-reply", "R001-2", "2018-11-01"),
        ("2019-01-25", "Met", "crt-reply", "R001-2", "2018-11-01"),
    ],
    "R002": [  # 13 July 2018 is a Friday; 16, 17, 18
        ("2018-06-06", "Met", "crt-advice-docket", "R002-1", "2018-04-20"),
        ("2018-07-13", "Overdue", "crt-reply", "R002-1", "2018-07-13"),
        ("2018-07-18", "T34", "crt-reply", "R002-1", "2018-07-13"),
        ("2018-11-08", "Met", "crt-reply", "R002-1", "2018-07-13"),
    ],
    "R007": [],
    "R008": [  # applied for on 30 November 2020: no end of the round before 1 March 2021
        ("2020-11-30", "Met", "enf-notice", "", "2020-12-10"),
        ("2021-01-25", "Breached", "T14", "", "2021-01-25"),
    ],
    "R009": [("2017-09-11", "Met", "enf-close", "", "2017-12-08")],
    "R011": [],
    "R013": [],
    "R015": [  # one day late, docketed within the answer window (3, 6 and 7 July 2009): no lead
        ("2009-07-02", "Overdue", "enf-docket", "", "2009-07-02"),
        ("2009-07-03", "Met", "enf-docket", "", "2009-07-02"),
    ],
    "R017": [],
    "R019": [  # received on Tuesday 25 August, ruled on the last day
        ("2020-09-09", "Met", "obj-internal-close", "（2020）琼01执异337号", "2020-09-25"),
        ("2020-09-09", "Met", "tp-obj-rule", "（2020）琼01执异337号", "2020-09-09"),
    ],
    "R021": [],
    "R023": [],
    "R025": [  # 27 May 2011 is a Friday; 30, 31 May, 1 June
        ("2011-05-27", "Overdue", "enf-docket", "", "2011-05-27"),
        ("2011-06-01", "T01", "enf-docket", "", "2011-05-27"),
        ("2012-01-09", "Met", "enf-docket", "", "2011-05-27"),
        ("2012-07-05", "Overdue", "recon-rule", "（2012）伊州执复字第00012号", "2012-07-05"),
        ("2013-03-21", "Met", "recon-rule", "（2012）伊州执复字第00012号", "2012-07-05"),
    ],
    "R027": [],
    "R029": [],
    "R031": [],
    "R033": [],
    "R035": [],
}


@cache
def cases() -> Mapping[str, Converted]:
    return {case.id: case for case in published_cases()}


@cache
def reviewed() -> Mapping[str, Mapping[str, Any]]:
    return {case["id"]: case for case in reviewed_cases()}


def events_of(case: str, name: str) -> list[Mapping[str, Any]]:
    return [event for event in cases()[case].events if short_name(event["type"]) == name]


def told(case: str) -> list[Told]:
    return [
        (row["on"], row["type"], row["rule"], row["instance"], row["due_day"])
        for row in reviewed()[case]["borne_out"]
        if row["type"] in ("Overdue", "Breached", "Met") or row["kind"] == "lead"
    ]


def test_the_data_are_facts_and_no_quoted_sentences() -> None:
    text = (files("fajian.sim") / "data" / "published_cases.jsonl").read_text("utf-8")

    facts = [fact for line in text.splitlines() for fact in orjson.loads(line)["facts"]]

    assert {key for fact in facts for key in fact} <= {
        "day", "precision", "act", "sub", "thread", "body", "assumed", "skip",
    }  # fmt: skip


def test_every_fact_is_an_event_or_is_skipped_with_its_reason() -> None:
    text = (files("fajian.sim") / "data" / "published_cases.jsonl").read_text("utf-8")
    for line in text.splitlines():
        raw = orjson.loads(line)
        case = cases()[raw["id"]]
        extra = len(events_of(case.id, "SuggestionReceived"))

        assert len(case.events) - extra + len(case.skipped) == len(raw["facts"])
        assert all(fact.reason for fact in case.skipped)
        assert case.source


def test_every_event_is_what_its_contract_says() -> None:
    for case in cases().values():
        for event in case.events:
            TYPES[event["type"]].model.model_validate_json(orjson.dumps(event["data"]))


def test_a_suggestion_is_taken_as_received_when_it_was_sent_and_says_so() -> None:
    sent, received = events_of("R001", "SuggestionSent"), events_of("R001", "SuggestionReceived")

    assert [event["time"][:10] for event in received] == ["2017-03-14", "2018-08-01"]
    assert [event["time"] for event in received] == [event["time"] for event in sent]
    assert {event["data"]["assumed"] for event in received} == {SENT_IS_RECEIVED}
    assert not any("assumed" in event["data"] for event in sent)


def test_a_reply_answers_the_latest_suggestion_without_an_answer() -> None:
    replies = events_of("R001", "CourtReplied")

    assert [(event["time"][:10], event["data"]["suggestion_no"]) for event in replies] == [
        ("2017-07-28", "R001-1"),
        ("2019-01-25", "R001-2"),
    ]


def test_a_second_reply_to_the_only_suggestion_answers_it_again() -> None:
    assert [event["data"]["suggestion_no"] for event in events_of("R002", "CourtReplied")] == ["R002-1"] * 2


def test_old_case_numbers_stay_as_they_are() -> None:
    assert events_of("R015", "CaseDocketed")[0]["subject"] == "（2009）闽执行字第99号"


def test_the_docketing_answers_the_last_of_several_applications() -> None:
    docketed = events_of("R025", "CaseDocketed")[0]

    assert docketed["data"]["application_no"] == "application/新4002/R025-3"
    assert docketed["data"]["application_day"] == "2011-05-20"


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({"day": "2017-03", "precision": "month", "act": "SupervisionApplied"}, "month"),
        ({"day": "2017-03-01", "precision": "day", "act": "other", "sub": "an inquiry"}, "an inquiry"),
        ({"day": "2017-03-01", "precision": "day", "act": "Sold", "skip": "not this case"}, "not this case"),
    ],
)
def test_what_cannot_be_an_event_is_skipped(fact: dict[str, str], reason: str) -> None:
    dated = {"day": "2018-01-01", "precision": "day", "act": "Sold"}

    converted = convert(
        {"id": "X", "title": "", "court": "", "court_code": "皖1324", "case_no": "（2017）皖1324执1号"}
        | {"threads": {}, "source": "made up", "facts": [fact, dated]}
    )

    assert len(converted.events) == 1
    assert reason in converted.skipped[0].reason


@pytest.mark.parametrize("case", ["R013", "R021", "R027", "R029", "R031", "R033", "R035"])
def test_a_text_without_a_usable_case_number_gives_no_events(case: str) -> None:
    assert cases()[case].events == ()


@pytest.mark.parametrize("case", BY_HAND)
def test_the_bus_says_what_was_worked_out_by_hand(case: str) -> None:
    said = [row for row in told(case) if row[1] != "T14"]

    assert said == BY_HAND[case]


def test_the_owner_of_an_early_round_end_has_three_working_days_from_the_next_morning() -> None:
    assert [row[0] for row in told("R008") if row[1] == "T14"] == ["2021-01-28"]  # 26, 27, 28


def test_what_the_bus_says_is_what_was_reviewed() -> None:
    assert reviewed_cases() == orjson.loads(GOLDEN.read_bytes())
