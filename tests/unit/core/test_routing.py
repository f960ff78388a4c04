"""Who hears of what: the owner first, others when the answer window is over, the court never of leads."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson
import pytest

from fajian.core.memory import Memory
from fajian.core.ports import Output
from fajian.core.replay import MemoryRecord
from fajian.core.routing import (
    Router,
    addressees_of_flag,
    addressees_of_lead,
    addressees_of_type,
    sides_of_fact,
)
from fajian.core.rules import Rules
from fajian.core.words import LEAD
from fajian.errors import RulesMissingError
from fajian.law.documents import load_rules
from schemas.topics import FLAGS, LEADS, feed
from tests.histories import CASE, PROCURATORATE, SUPERVISION, Bench, declared, play, ticked, told, under

RULES = load_rules()


def _heard(name: str, rule: str, rules: Rules = RULES, **body: Any) -> Mapping[str, tuple[str, ...]]:
    said = {"rule": rule, "side": "court", "historic": False, "reported": False}
    raised = bool(body.pop("raised", False))
    return addressees_of_flag(name, {**said, **body}, rules, raised=raised).posts


# -- flags -----------------------------------------------------------------------------------------------


def test_a_reminder_goes_to_the_post_whose_turn_it_is() -> None:
    assert _heard("DueSoon", "pay-out") == {"court": ("undertaker",)}
    assert _heard("DueToday", "pay-out") == {"court": ("undertaker", "bureau-head")}


def test_a_breach_goes_to_its_owner_alone() -> None:
    assert _heard("Overdue", "pay-out") == {"court": ("undertaker", "bureau-head")}
    assert _heard("Breached", "T14") == {"court": ("trial-management", "bureau-head")}


def test_what_asks_for_nothing_goes_to_the_owner_for_the_record() -> None:
    assert _heard("DeadlineOpened", "pay-out") == {"court": ()}
    assert _heard("Paused", "enf-close") == {"court": ()}


@pytest.mark.parametrize("name", ["Met", "Withdrawn"])
def test_who_heard_of_a_breach_hears_of_its_end(name: str) -> None:
    assert _heard(name, "pay-out") == {"court": ()}
    assert _heard(name, "pay-out", reported=True) == {"court": (), "office": (), "discipline": ()}
    assert _heard(name, "pay-out", reported=True, raised=True) == {
        "court": (),
        "office": (),
        "discipline": (),
        "procuratorate": (),
    }


def test_a_historic_breach_is_for_the_record_of_its_owner() -> None:
    assert _heard("Overdue", "pay-out", historic=True) == {"court": ()}


def test_without_a_signed_policy_nobody_hears_of_a_lead() -> None:
    assert addressees_of_lead({"side": "court", "rule": "pay-out"}, under(signed=False)).posts == {}


def test_an_impossible_order_is_told_to_the_owner_of_the_record_only() -> None:
    assert _heard("Breached", "T38") == {"court": ("trial-management", "bureau-head")}
    assert set(_heard("Escalated", "T38", side="procuratorate")) == {"procuratorate"}


# -- facts and leads -------------------------------------------------------------------------------------


def test_a_recorded_fact_is_seen_by_the_sides_that_the_law_names() -> None:
    fact = told("MoneyPaid", "2022-05-09").fact()

    assert sides_of_fact(fact, RULES) == RULES.events["MoneyPaid"].visible
    assert tuple(addressees_of_type("MoneyPaid", RULES).posts) == RULES.events["MoneyPaid"].visible


def test_the_screening_of_a_lead_is_not_seen_by_the_court() -> None:
    assert tuple(addressees_of_type("LeadScreened", RULES).posts) == ("procuratorate",)


def test_nobody_is_named_for_a_type_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        addressees_of_type("MoneyBurnt", RULES)


# -- the agent's folder ----------------------------------------------------------------------------------


def _routed(bench: Bench, *others: Rules) -> list[Output]:
    """Route the flags and leads of *bench* in one batch."""
    versions = {rules.version: rules for rules in (bench.rules, *others)}
    said = [output for output in bench.outputs if output.topic in (FLAGS, LEADS)]
    records = [
        MemoryRecord(output.topic, 0, offset, 0, output.key, output.value, output.headers)
        for offset, output in enumerate(said)
    ]
    folded = Router(versions.__getitem__).fold(records, Memory())
    assert (folded.applied, folded.writes) == (len(records) - 1, {})
    return folded.outputs


def _ids(outputs: list[Output], side: str) -> list[str]:
    return [
        dict(output.headers)["ce_type"].decode().split(".")[-2]
        for output in outputs
        if output.topic == feed(side)
    ]


NOTIFIED = told("FinanceNotified", "2022-05-09", id="n", payment_ref="p")
BREACH = play(NOTIFIED, told("MoneyPaid", "2022-06-20", payment_ref="p", amount="1"), until="2022-06-30")


def test_flags_and_leads_reach_the_feeds_unchanged_with_the_posts_that_must_act() -> None:
    routed = _routed(BREACH)

    lead = next(output for output in routed if output.topic == feed("procuratorate"))
    raised = next(output for output in BREACH.outputs if output.topic == LEADS)
    assert (lead.key, lead.value, lead.partition) == (CASE.encode(), raised.value, -1)
    assert lead.headers == [*raised.headers, ("ce_posts", b"civil-division")]


def test_the_court_sees_its_flags_and_no_lead_nor_the_name_of_one() -> None:
    routed = _routed(BREACH)

    court = [output for output in routed if output.topic == feed("court")]
    assert _ids(routed, "court")[-3:] == ["overdue", "escalated", "met"]
    assert "lead-raised" not in _ids(routed, "court")
    lead_id = BREACH.leads()[0].body["lead_id"].encode()
    assert not [out for out in court if lead_id in (out.value or b"") or LEAD in dict(out.headers)]


def test_the_procuratorate_sees_the_lead_and_what_became_of_it() -> None:
    routed = _routed(BREACH)

    assert _ids(routed, "procuratorate") == ["lead-raised", "met"]
    met = [output for output in routed if output.topic == feed("procuratorate")][-1]
    assert dict(met.headers)[LEAD].decode() == BREACH.leads()[0].body["lead_id"]
    assert "ce_posts" not in dict(met.headers)


def test_the_end_of_a_breach_that_no_trigger_named_is_not_told_to_the_procuratorate() -> None:
    docketed = told("CaseDocketed", "2022-04-15")
    assigned = told("UndertakerAssigned", "2022-04-15")
    closed = told("CaseClosed", "2022-11-14", mode="terminated")

    routed = _routed(play(docketed, assigned, closed, until="2022-11-30"))

    assert _ids(routed, "procuratorate") == []
    assert _ids(routed, "office") == ["escalated", "met"]


def test_each_record_is_routed_by_the_rules_that_it_was_judged_by() -> None:
    unsigned = under(signed=False)
    bench = Bench(unsigned, (RULES,)).declare("2022-05-09").hear(NOTIFIED)
    bench.tick("2022-06-08", unsigned).tick("2022-06-13", RULES)

    routed = _routed(bench, RULES)

    assert _ids(routed, "discipline") == ["escalated"]
    assert _ids(routed, "procuratorate") == ["lead-raised"]


def test_a_record_of_an_unknown_rules_version_stops_the_routing() -> None:
    record = MemoryRecord(FLAGS, 2, 7, 0, b"x", orjson.dumps({"explanation": {"rules": "r-0"}}), [])
    nothing: dict[str, Rules] = {}

    with pytest.raises(RulesMissingError, match=r"r-0.*deadlines\.flags/2/7"):
        Router(nothing.__getitem__).fold([record], Memory())


def test_a_breach_of_the_procuratorate_itself_is_never_told_to_the_court() -> None:
    accepted = told("SupervisionAccepted", "2022-05-09", subject=SUPERVISION, supervision_no="1")
    informed = told(
        "PartyInformed", "2022-05-12", subject=SUPERVISION, source=PROCURATORATE, what="acceptance"
    )

    handed_over = told("SupervisionHandedOver", "2022-05-10", subject=SUPERVISION)

    routed = _routed(play(accepted, informed, handed_over, until="2022-08-31"))

    assert _ids(routed, "court") == []
    assert _ids(routed, "procuratorate")[-3:] == ["overdue", "escalated", "lead-raised"]
    assert _ids(routed, "office") == _ids(routed, "discipline") == ["escalated"]


def _caught_up(*days: tuple[str, str], simulated: bool = False) -> list[str]:
    """Judge *days*, each written on another one; return the stages that the court is shown."""
    bench = Bench()
    bench.fold(declared(date(2022, 5, 9), RULES, simulated=simulated))
    bench.hear(NOTIFIED)
    for day, appended in days:
        bench.fold(ticked(date.fromisoformat(day), RULES.version, appended=appended))
    return _ids(_routed(bench), "court")


def test_of_days_that_are_caught_up_with_only_the_last_stage_is_shown() -> None:
    late = [(f"2022-06-0{n}", "2022-06-10") for n in range(1, 9)]

    assert _caught_up(*late) == ["deadline-opened", "overdue"]


def test_who_hears_of_a_breach_in_a_catch_up_has_the_whole_window_to_answer_before_others_hear() -> None:
    days = [f"2022-06-{n:02}" for n in range(8, 17)]
    late = [(day, "2022-06-14") for day in days[:6]]  # the outage hides the breach of the 8th until then
    in_time = [(day, f"2022-06-{int(day[8:]) + 1:02}") for day in days[6:]]

    assert _caught_up(*late, *in_time[:2])[-1] == "overdue"
    assert _caught_up(*late, *in_time[:3])[-2:] == ["overdue", "escalated"]


def test_days_that_end_in_time_show_every_stage_and_simulated_ones_too() -> None:
    days = [(f"2022-06-0{n}", f"2022-06-{n + 1:02}") for n in range(1, 9)]
    simulated = [(day, "2030-01-01") for day, _ in days]

    stages = ["deadline-opened", "due-soon", "due-soon", "due-soon", "due-today", "overdue"]
    assert _caught_up(*days) == stages
    assert _caught_up(*simulated, simulated=True) == stages
