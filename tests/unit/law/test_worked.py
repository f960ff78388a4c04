"""Every trigger shows facts and what the bus finds in them, and it does find it."""

from dataclasses import replace

import pytest

from fajian.law.documents import load_rules
from fajian.law.examples import Facts, load_facts
from fajian.law.worked import found_in, worked_facts

RULES = load_rules()


def test_every_trigger_has_facts_and_no_other_row_has() -> None:
    assert {facts.trigger for facts in load_facts()} == set(RULES.triggers)


@pytest.mark.parametrize("facts", load_facts(), ids=lambda facts: facts.trigger)
def test_the_trigger_finds_in_its_facts_what_it_is_there_for(facts: Facts) -> None:
    trigger = RULES.triggers[facts.trigger]

    rows = found_in(facts, trigger, RULES)

    if trigger.lead or trigger.pattern:
        assert rows[-1]["type"] == trigger.id
        assert rows[-1]["on"] == facts.until.isoformat()
    else:
        assert [row["type"] for row in rows] == ["Breached", "Escalated"]
    assert all(row["kind"] == "lead" or row["rule"] in (trigger.id, *trigger.periods) for row in rows)


@pytest.mark.parametrize("facts", load_facts(), ids=lambda facts: facts.trigger)
def test_without_its_facts_nothing_is_found(facts: Facts) -> None:
    assert found_in(replace(facts, facts=()), RULES.triggers[facts.trigger], RULES) == []


def test_an_example_goes_from_the_facts_to_the_breach_and_the_lead() -> None:
    (late,) = worked_facts(RULES.triggers["T20"], RULES)

    fact = "2022-05-09 财务发出到账通知 FinanceNotified（payment_ref p）"
    assert late == f"{fact} → 2022-06-08 逾期 Overdue pay-out → **2022-06-13 线索 lead T20**"


def test_an_example_says_what_a_finder_found_and_whether_the_row_needs_approval() -> None:
    (early,) = worked_facts(RULES.triggers["T14"], RULES)
    (own,) = worked_facts(RULES.triggers["T38"], RULES)
    (pattern,) = worked_facts(RULES.triggers["T37"], RULES)

    assert early.endswith('**2022-06-08 线索 lead T14**（missing ["NetworkQueried"]）')
    assert own.endswith("（只告知本方 told to its own side alone, no lead）")
    assert pattern.endswith("（须双方认可该条 only once both sides have approved the row）")


def test_facts_that_intake_refuses_are_no_example() -> None:
    facts = next(one for one in load_facts() if one.trigger == "T20")
    refused = replace(facts, facts=(replace(facts.facts[0], data={}),))

    with pytest.raises(ValueError, match="expected facts that intake takes for T20"):
        found_in(refused, RULES.triggers["T20"], RULES)
