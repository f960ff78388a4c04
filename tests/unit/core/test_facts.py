"""What has been reported of a subject, in the order of the law, and which of it still stands."""

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from fajian.core.facts import (
    Fact,
    day_of,
    decode_fact,
    encode_fact,
    in_order,
    instant_of,
    read_fact,
    standing,
)
from fajian.core.rules import Cue
from fajian.errors import LedgerRecordError
from fajian.law.documents import load_rules
from tests.histories import CASE, PROCURATORATE, Told, told, view

RULES = load_rules()


def _standing_ids(*events: Told) -> set[str]:
    """Return what stands, which must be the same in every order of arrival."""
    facts = [event.fact() for event in events]
    found = {frozenset(fact.id for fact in standing(order)) for order in permutations(facts)}
    assert len(found) == 1
    return set(found.pop())


def _paid(name: str, day: str = "2022-05-01", **body: Any) -> Told:
    return told("MoneyPaid", day, id=name, payment_ref="p", amount="1", **body)


def _retracted(name: str, retracts: str) -> Told:
    return told("Retracted", "2022-05-09", id=name, source="//court/皖1324", retracts=retracts)


def test_the_day_of_a_fact_is_that_of_shanghai() -> None:
    assert day_of(instant_of("2022-04-15T16:00:00Z")) == date(2022, 4, 16)
    assert day_of(instant_of("2022-04-15T15:59:59.999999Z")) == date(2022, 4, 15)
    assert day_of(instant_of("1969-12-31T15:59:59Z")) == date(1969, 12, 31)


def test_a_ledger_record_is_read_with_all_that_it_says() -> None:
    event = told(
        "MoneyPaid", "2022-04-15T09:30:00+08:00", id="7", arrives="2022-04-18", sequence=3, amount="1.00"
    )

    fact = event.fact()

    assert (fact.name, fact.id, fact.source, fact.sequence) == ("MoneyPaid", "7", "//court/皖1324", 3)
    assert (fact.day, fact.arrived_day) == (date(2022, 4, 15), date(2022, 4, 18))
    assert (fact.position, fact.linked, fact.body) == ("inbox/7", False, {"amount": "1.00"})


def test_a_copy_goes_by_the_id_that_was_submitted() -> None:
    fact = told("CaseDocketed", "2022-04-15", subject="application/皖1324/1", id="7", copy=True).fact()

    assert (fact.id, fact.linked) == ("7", True)


def test_a_fact_is_the_same_after_it_was_kept() -> None:
    fact = told("MoneyPaid", "2022-04-15", amount="1.00").fact()

    assert decode_fact(encode_fact(fact)) == fact


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ce_type", "cn.fajian.enforcement.money-eaten.v1"),
        ("ce_time", "2022-04-15"),
        ("ce_time", "2022-04-15T00:00:00"),
        ("ce_time", None),
        ("ce_sequence", "second"),
        ("ce_arrivedtime", None),
        ("ce_id", None),
    ],
)
def test_a_ledger_record_that_cannot_be_read_is_a_fault_that_says_where(
    header: str, value: str | None
) -> None:
    headers = dict(told("MoneyPaid", "2022-04-15", sequence=1).headers)
    if value is None:
        del headers[header]
    else:
        headers[header] = value.encode()

    with pytest.raises(LedgerRecordError, match=r"case\.events/3/17"):
        read_fact(list(headers.items()), b"{}", names=RULES.names, where="case.events/3/17")


def test_a_ledger_record_that_is_no_json_is_a_fault() -> None:
    headers = told("MoneyPaid", "2022-04-15").headers

    with pytest.raises(LedgerRecordError, match="JSONDecodeError"):
        read_fact(headers, b"{", names=RULES.names, where="case.events/3/17")


def test_facts_order_by_time_then_precedence_then_source_then_sequence_then_id() -> None:
    in_turn = [
        told("EnforcementNoticeIssued", "2022-04-14"),
        told("ApplicationReceived", "2022-04-15"),
        told("CaseDocketed", "2022-04-15", id="a", sequence=2),
        told("CaseDocketed", "2022-04-15", id="b", sequence=10),
        told("CaseDocketed", "2022-04-15", id="c", sequence=10),
        told("CaseDocketed", "2022-04-15", id="a", source="//court/皖1325", sequence=1),
        told("EnforcementNoticeIssued", "2022-04-15"),
    ]
    facts = [event.fact() for event in in_turn]

    assert in_order(reversed(facts), RULES) == facts


def test_what_is_superseded_or_retracted_stands_no_more_whichever_came_first() -> None:
    assert _standing_ids(_paid("1"), _paid("2", supersedes="1")) == {"2"}
    assert _standing_ids(_paid("1"), _retracted("2", "1")) == {"2"}


def test_a_correction_of_what_never_came_stands_alone() -> None:
    assert _standing_ids(_paid("2", supersedes="1")) == {"2"}


def test_of_a_chain_of_corrections_only_the_last_stands() -> None:
    chain = [_paid("1"), _paid("2", supersedes="1"), _paid("3", supersedes="2"), _paid("4", supersedes="3")]

    assert _standing_ids(*chain) == {"4"}


def test_a_fact_stands_again_when_its_correction_is_retracted() -> None:
    assert _standing_ids(_paid("1"), _paid("2", supersedes="1"), _retracted("3", "2")) == {"1", "3"}


def test_a_fact_stays_superseded_when_a_correction_in_the_middle_is_retracted() -> None:
    chain = [_paid("1"), _paid("2", supersedes="1"), _paid("3", supersedes="2"), _retracted("4", "2")]

    assert _standing_ids(*chain) == {"3", "4"}


def test_a_fact_stands_again_when_its_retraction_is_retracted_or_corrected() -> None:
    assert _standing_ids(_paid("1"), _retracted("2", "1"), _retracted("3", "2")) == {"1", "3"}
    assert _standing_ids(_paid("1"), _retracted("2", "1"), _paid("3", supersedes="2")) == {"1", "3"}


def test_words_that_name_each_other_in_a_circle_do_nothing_to_each_other() -> None:
    assert _standing_ids(_paid("1", supersedes="2"), _paid("2", supersedes="1")) == {"1", "2"}
    assert _standing_ids(_retracted("1", "2"), _retracted("2", "1")) == {"1", "2"}
    assert _standing_ids(_paid("1", supersedes="1")) == {"1"}


def test_a_word_from_outside_still_falls_upon_a_circle() -> None:
    circle = [_paid("1", supersedes="2"), _paid("2", supersedes="1")]

    assert _standing_ids(*circle, _retracted("3", "1")) == {"2", "3"}


def test_a_source_corrects_only_its_own_words() -> None:
    other = told("Retracted", "2022-05-09", id="2", source=PROCURATORATE, retracts="1")

    assert _standing_ids(_paid("1"), other) == {"1", "2"}


def test_a_cue_hears_facts_with_their_day_where_values_fit() -> None:
    cue = Cue("RoundEnded", day="served_day", strict=True, when={"approved": (True,)}, on="case")
    seen = view(
        told("RoundEnded", "2022-05-01", id="1", served_day="2022-05-04", approved=True),
        told("RoundEnded", "2022-05-01", id="2", approved=True),
        told("RoundEnded", "2022-05-01", id="3", served_day="2022-05-05", approved=False),
    )

    heard = seen.heard(cue)

    assert [(day.isoformat(), fact.id) for day, fact in heard] == [("2022-05-04", "1")]
    assert (seen.subject, seen.kind) == (CASE, "case")


def test_a_cue_of_another_kind_of_subject_hears_nothing() -> None:
    seen = view(told("CaseDocketed", "2022-05-01", subject="application/皖1324/1", copy=True))

    assert seen.heard(Cue("CaseDocketed", on="case")) == []
    assert len(seen.heard(Cue("CaseDocketed", on="application"))) == 1


def test_a_cue_leaves_out_facts_with_an_excluded_value_or_with_any_value() -> None:
    seen = view(
        told("CaseClosed", "2022-05-01", id="1", mode="round-ended"),
        told("CaseClosed", "2022-05-01", id="2", mode="fulfilled"),
        told("Listed", "2022-05-01", id="3", listing_no="1", term_until="2024-05-01"),
        told("Listed", "2022-05-01", id="4", listing_no="2"),
    )

    assert [f.id for _, f in seen.heard(Cue("CaseClosed", unless={"mode": ("round-ended",)}))] == ["2"]
    assert [f.id for _, f in seen.heard(Cue("Listed", unless={"term_until": ()}))] == ["4"]


def test_an_event_that_the_law_no_longer_knows_keeps_its_place_in_time() -> None:
    known = told("MoneyPaid", "2022-04-15").fact()
    strange = Fact(**{**known._asdict(), "name": "MoneyBurnt", "id": "x"})

    assert in_order([strange, known], RULES) == [strange, known]
