"""The fold: what is recorded, what both sides may know of it, ticks, rules versions, and faults."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from hashlib import blake2b
from typing import Any

import orjson
import pytest

from fajian.core.casework import DECLARED, META, Casework
from fajian.core.memory import Memory
from fajian.core.ports import Output
from fajian.core.replay import MemoryRecord
from fajian.core.rules import Rules
from fajian.core.words import LEAD
from fajian.errors import LedgerRecordError, RulesMissingError
from fajian.law.documents import load_rules
from schemas.names import ce_type
from schemas.topics import CASE_STATE, FLAGS, LEADS, PATTERNS, SIDES, feed, receipts
from tests.histories import (
    APPLICATION,
    CASE,
    PROCURATORATE,
    SUPERVISION,
    Bench,
    declared,
    play,
    ticked,
    told,
    under,
)

RULES = load_rules()
NOTIFIED = told("FinanceNotified", "2022-05-09", id="n", payment_ref="p")
PAID = told("MoneyPaid", "2022-05-10", id="m", payment_ref="p", amount="100.00")


def _bench(first: str = "2022-05-09", rules: Rules = RULES, *others: Rules) -> Bench:
    return Bench(rules, others).declare(first)


def _headers(output: Output) -> Mapping[str, str]:
    return {name: value.decode() for name, value in output.headers}


# -- what is recorded ------------------------------------------------------------------------------------


def test_a_fact_is_recorded_with_a_receipt_to_the_side_that_submitted_it() -> None:
    bench = _bench().hear(NOTIFIED)

    receipt = next(output for output in bench.outputs if output.topic == receipts("court"))
    assert orjson.loads(receipt.value or b"") == {
        "source": "//court/皖1324",
        "id": "n",
        "subject": CASE,
        "status": "recorded",
        "problems": [],
        "warnings": [],
        "ledger": "case.events/0/1",
    }
    assert _headers(receipt)["ce_type"] == "cn.fajian.receipt.recorded.v1"


def test_a_copy_on_a_linked_subject_brings_no_second_receipt() -> None:
    copy = told("CaseDocketed", "2022-05-09", subject=APPLICATION, copy=True)

    assert _bench().hear(copy).receipts() == []


def test_a_repetition_by_the_transport_is_passed_over_in_silence() -> None:
    bench = _bench().hear(NOTIFIED)
    before = list(bench.outputs)

    bench.hear(NOTIFIED)

    assert bench.outputs == before


def test_the_same_event_submitted_again_is_a_duplicate_and_changes_nothing() -> None:
    again = told("FinanceNotified", "2022-05-09", id="n", payment_ref="p", position="inbox/9")

    bench = _bench().hear(NOTIFIED, again)

    assert bench.receipts() == ["recorded", "duplicate"]
    assert bench.types("pay-out") == ["DeadlineOpened"]


@pytest.mark.parametrize(
    "other",
    [
        told("FinanceNotified", "2022-05-09", id="n", payment_ref="q", position="inbox/9"),
        told("FinanceNotified", "2022-05-10", id="n", payment_ref="p", position="inbox/9"),
        told("MoneyArrived", "2022-05-09", id="n", payment_ref="p", position="inbox/9"),
    ],
    ids=["body", "time", "type"],
)
def test_the_same_id_with_another_content_is_a_conflict_and_changes_nothing(other: Any) -> None:
    bench = _bench().hear(NOTIFIED, other)

    assert bench.receipts() == ["recorded", "conflict"]
    assert bench.types("pay-out") == ["DeadlineOpened"]
    assert bench.state()["facts"] == 1


def test_two_sources_may_use_the_same_id() -> None:
    other = told("PartyInformed", "2022-05-09", id="n", source=PROCURATORATE, what="x")

    bench = _bench().hear(NOTIFIED, other)

    assert (bench.receipts(), bench.receipts("procuratorate")) == (["recorded"], ["recorded"])


def test_a_fact_goes_to_the_feeds_of_those_who_see_it_as_it_stands_in_the_ledger() -> None:
    bench = _bench().hear(NOTIFIED)

    seen = [side for side in SIDES if bench.feed(side)]
    output = next(output for output in bench.outputs if output.topic == feed("court"))
    assert tuple(seen) == RULES.events["FinanceNotified"].visible
    assert (output.key, output.value) == (CASE.encode(), NOTIFIED.value)
    headers = _headers(output)
    assert (headers["ce_id"], headers["ledgerpartition"], headers["ledgeroffset"]) == ("n", "0", "1")
    assert not {"ce_inboxposition", "ce_submittedby"} & headers.keys()


# -- what both sides may know ----------------------------------------------------------------------------


def test_the_shared_state_tells_facts_and_clocks_that_both_sides_see() -> None:
    bench = _bench().hear(NOTIFIED, PAID)

    assert bench.state() == {
        "subject": CASE,
        "kind": "case",
        "facts": 2,
        "last_day": "2022-05-10",
        "stage": "MoneyPaid",
        "clocks": [
            {
                "rule": "pay-out",
                "instance": "p",
                "owed_by": "undertaker",
                "due_day": "2022-06-08",
                "status": "met",
            }
        ],
        "state": "paying",
        "beside": [],
    }


def test_what_only_one_side_sees_is_in_no_shared_state() -> None:
    bench = _bench().hear(told("LeadScreened", "2022-05-09", lead_id="l", decision="accept"))

    assert not [output for output in bench.outputs if output.topic == CASE_STATE]


def test_the_shared_state_does_not_tell_whether_a_breach_was_escalated() -> None:
    bench = play(NOTIFIED, until="2022-06-30")

    assert bench.types("pay-out")[-1] == "Escalated"
    assert bench.state()["clocks"][0]["status"] == "overdue"


def test_the_shared_state_is_written_only_when_its_bytes_change() -> None:
    bench = _bench().hear(NOTIFIED)
    written = sum(output.topic == CASE_STATE for output in bench.outputs)

    bench.hear(told("FlagAcknowledged", "2022-05-10", flag_id="f"))

    assert sum(output.topic == CASE_STATE for output in bench.outputs) == written == 1


def test_a_subject_whose_only_common_fact_was_retracted_stays_written_without_it() -> None:
    retracted = told("Retracted", "2022-05-10", source="//court/皖1324", retracts="n")

    bench = _bench().hear(NOTIFIED, retracted)

    state = bench.state()
    assert (state["facts"], state["last_day"], state["stage"], state["clocks"]) == (0, None, None, [])


def test_the_digest_of_a_tick_is_the_sum_over_the_latest_states() -> None:
    other = told("CaseDocketed", "2022-05-09", subject="（2022）皖1324执124号")

    bench = _bench().hear(NOTIFIED, other, PAID).tick("2022-05-09")

    states = {out.key: out for out in bench.outputs if out.topic == CASE_STATE}
    marker = orjson.loads(states.pop(b"digest/0").value or b"")
    total = sum(
        int.from_bytes(blake2b((key or b"") + b"\0" + (out.value or b""), digest_size=16).digest())
        for key, out in states.items()
    )
    assert marker == {
        "partition": 0,
        "day": "2022-05-09",
        "offset": 4,
        "count": 2,
        "digest": f"{total % 2**128:032x}",
    }


# -- answers and leads -----------------------------------------------------------------------------------


def _answered(day: str, **more: Any) -> Any:
    body = {"flag_id": "f", "rule": "pay-out", "instance": "p", "answer": "contested", **more}
    return told("FlagAnswered", day, id=f"answer {day}", source="//court/皖1324", **body)


def test_the_last_answer_of_the_owner_travels_with_the_lead() -> None:
    answers = [_answered("2022-06-09", answer="met"), _answered("2022-06-10", evidence=["x"])]

    bench = play(NOTIFIED, *answers, until="2022-06-30")

    assert bench.leads()[0].body["answer"] == {
        "answer": "contested",
        "evidence": ["x"],
        "event": "answer 2022-06-10",
    }


def test_an_answer_to_another_flag_is_none_to_this_one() -> None:
    answers = [_answered("2022-06-09", instance="q"), _answered("2022-06-10", rule="enf-close")]

    assert play(NOTIFIED, *answers, until="2022-06-30").leads()[0].body["answer"] is None


def test_a_breach_is_raised_once_and_keeps_its_lead() -> None:
    seized = told("SeizureTookEffect", "2022-07-01", seizure_no="1")

    bench = play(NOTIFIED, seized, until="2022-08-31")

    assert len(bench.leads()) == 1


def test_a_breach_that_comes_back_is_the_same_lead() -> None:
    paid = told("MoneyPaid", "2022-06-20", id="m", payment_ref="p", amount="1")
    retracted = told("Retracted", "2022-07-01", source="//court/皖1324", retracts="m")

    bench = play(NOTIFIED, paid, retracted, until="2022-07-31")

    first, second = bench.leads()
    assert first.body["lead_id"] == second.body["lead_id"]
    ids = [_headers(output)["ce_id"] for output in bench.outputs if output.topic == LEADS]
    assert len(set(ids)) == 2


def _screened(day: str, decision: str, **more: Any) -> Any:
    said = {"decision": decision, "reason": "款项已另案提存", **more}
    return told("LeadScreened", day, id=f"screened {day}", source=PROCURATORATE, **said)


@pytest.mark.parametrize(
    ("screened", "raised"),
    [
        ((("2022-06-15", "dismissed"),), 1),
        ((("2022-06-15", "accept"), ("2022-06-16", "dismissed")), 1),
        ((("2022-06-15", "dismissed"), ("2022-06-16", "accept")), 2),
        ((("2022-06-15", "explain"),), 2),
    ],
)
def test_a_lead_that_was_dismissed_last_is_not_raised_again(
    screened: tuple[tuple[str, str], ...], raised: int
) -> None:
    lead = play(NOTIFIED, until="2022-06-14").leads()[0].body["lead_id"]
    paid = told("MoneyPaid", "2022-06-20", id="m", payment_ref="p", amount="1")
    retracted = told("Retracted", "2022-07-01", source="//court/皖1324", retracts="m")
    words = [_screened(day, decision, lead_id=lead) for day, decision in screened]

    bench = play(NOTIFIED, *words, paid, retracted, until="2022-07-31")

    assert len(bench.leads()) == raised
    assert bench.types("pay-out")[-1] == "Escalated"  # the duty itself is as late as before


def test_the_dismissal_of_one_lead_says_nothing_of_another() -> None:
    lead = play(NOTIFIED, until="2022-06-14").leads()[0].body["lead_id"]
    other = told("FinanceNotified", "2022-06-20", payment_ref="q")

    bench = play(NOTIFIED, _screened("2022-06-15", "dismissed", lead_id=lead), other, until="2022-08-31")

    assert [row.instance for row in bench.leads()] == ["p", "q"]


def test_a_dismissed_lead_is_raised_again_when_the_dismissal_itself_is_retracted() -> None:
    lead = play(NOTIFIED, until="2022-06-14").leads()[0].body["lead_id"]
    screened = _screened("2022-06-15", "dismissed", lead_id=lead)
    paid = told("MoneyPaid", "2022-06-20", id="m", payment_ref="p", amount="1")
    back = told("Retracted", "2022-07-01", source="//court/皖1324", retracts="m")
    reopened = told("Retracted", "2022-07-20", source=PROCURATORATE, retracts="screened 2022-06-15")

    assert len(play(NOTIFIED, screened, paid, back, reopened, until="2022-07-19").leads()) == 1
    assert len(play(NOTIFIED, screened, paid, back, reopened, until="2022-07-20").leads()) == 2


def test_a_dismissed_lead_stays_dismissed_when_its_row_leaves_the_law_and_comes_back() -> None:
    lead = play(NOTIFIED, until="2022-06-14").leads()[0].body["lead_id"]
    periods = {name: row for name, row in RULES.periods.items() if name != "pay-out"}
    without = replace(under(), periods=periods)
    bench = _bench("2022-05-09", RULES, without).hear(NOTIFIED)
    bench.tick("2022-06-08").tick("2022-06-13")
    bench.hear(_screened("2022-06-14", "dismissed", lead_id=lead))

    bench.tick("2022-06-14", without).tick("2022-06-15", RULES).tick("2022-07-31", RULES)

    assert bench.types("pay-out").count("Escalated") == 2
    assert len(bench.leads()) == 1


def test_what_becomes_of_a_breach_names_the_lead_for_those_who_see_leads() -> None:
    paid = told("MoneyPaid", "2022-06-20", payment_ref="p", amount="1")

    bench = play(NOTIFIED, paid, until="2022-06-30")

    flags = [_headers(output) for output in bench.outputs if output.topic == FLAGS]
    named = [headers["ce_type"] for headers in flags if LEAD in headers]
    assert named == [ce_type("Met", "flag")]
    assert flags[-1][LEAD] == bench.leads()[0].body["lead_id"]


def test_a_lead_whose_ground_is_retracted_is_named_where_it_is_taken_back() -> None:
    retracted = told("Retracted", "2022-06-20", source="//court/皖1324", retracts="n")

    bench = play(NOTIFIED, retracted, until="2022-06-30")

    last = [output for output in bench.outputs if output.topic == FLAGS][-1]
    body = orjson.loads(last.value or b"")
    assert (_headers(last)["ce_type"], body["reported"]) == (ce_type("Withdrawn", "flag"), True)
    assert body["explanation"] == {"rule": "pay-out", "why": "retracted", "rules": RULES.version}
    assert _headers(last)[LEAD] == bench.leads()[0].body["lead_id"]


def test_what_vanishes_together_is_taken_back_in_one_order_whether_remembered_or_read() -> None:
    ended = told("RoundEnded", "2022-05-09", id="e", ruling_day="2022-05-09")
    retracted = told("Retracted", "2022-05-10", source="//court/皖1324", retracts="e")
    remembered, read = _bench().hear(ended), _bench().hear(ended)
    read.casework = _bench().casework

    remembered.hear(retracted)
    read.hear(retracted)

    instances = [row.instance for row in read.flags("zb-check") if row.type == "Withdrawn"]
    assert len(instances) == 10
    assert read.outputs == remembered.outputs


def test_what_follows_is_named_after_the_source_of_its_cause_as_well() -> None:
    docketed = told("CaseDocketed", "2022-05-09", id="1")
    court = told("Suspended", "2022-05-10", id="2")
    resumed = told("Resumed", "2022-05-11", id="3")
    other = told("Suspended", "2022-05-12", id="2", source="//court/皖1325")

    bench = _bench().hear(docketed, court, resumed, other)

    ids = [_headers(output)["ce_id"] for output in bench.outputs if output.topic == FLAGS]
    assert bench.types("enf-close") == ["DeadlineOpened", "Paused", "Resumed", "Paused"]
    assert len(set(ids)) == len(ids)


# -- linked subjects -------------------------------------------------------------------------------------


def test_the_notice_moves_from_the_application_to_the_case_at_docketing() -> None:
    body: dict[str, Any] = {"application_no": "2022-0415", "application_day": "2022-04-15"}
    applied = told("ApplicationReceived", "2022-04-15", subject=APPLICATION, application_no="2022-0415")
    docketed = told("CaseDocketed", "2022-04-20", id="d", **body)
    copy = told("CaseDocketed", "2022-04-20", id="d", subject=APPLICATION, copy=True, **body)

    bench = play(applied, docketed, copy, until="2022-05-10")

    of_application = [row for row in bench.flags("enf-notice") if row.subject == APPLICATION]
    of_case = [row for row in bench.flags("enf-notice") if row.subject == CASE]
    assert (of_application[0].due_day, of_application[-1].type) == ("2022-04-25", "Withdrawn")
    assert (of_case[0].due_day, of_case[-1].type) == ("2022-04-25", "Escalated")
    assert bench.types("enf-docket")[-1] == "Met"


# -- ticks -----------------------------------------------------------------------------------------------


def test_a_repeated_or_earlier_tick_changes_nothing() -> None:
    bench = _bench("2022-06-01").hear(
        told("FinanceNotified", "2022-05-09", arrives="2022-06-01", payment_ref="p")
    )
    bench.tick("2022-06-08")
    before = list(bench.outputs)

    bench.tick("2022-06-08").tick("2022-06-07")

    assert bench.outputs == before


def test_a_second_declaration_changes_nothing() -> None:
    bench = _bench().tick("2022-05-09")

    bench.fold(declared(date(2022, 1, 1), under()))

    assert bench.fold(ticked(date(2022, 5, 10), RULES.version)).notes["rules"] == RULES.version


def test_after_missed_ticks_a_breach_is_told_at_the_next_one() -> None:
    bench = _bench().hear(NOTIFIED).tick("2022-06-20")

    assert bench.stages("pay-out") == ["DeadlineOpened 2022-05-09", "Overdue 2022-06-20"]


def test_an_incomplete_day_is_judged_by_the_next_complete_tick() -> None:
    bench = _bench().hear(NOTIFIED).tick("2022-06-07")

    bench.fold(ticked(date(2022, 6, 8), RULES.version, incomplete=True))

    assert bench.types("pay-out")[-1] == "DueToday"
    bench.hear(told("MoneyPaid", "2022-06-08", arrives="2022-06-09", payment_ref="p", amount="1"))
    bench.tick("2022-06-09")
    assert bench.types("pay-out")[-1] == "Met"
    assert "Overdue" not in bench.types("pay-out")


def test_a_tick_before_the_end_of_its_day_counts_only_in_simulated_time() -> None:
    early = ticked(date(2022, 6, 8), RULES.version, appended="2022-06-08")
    bench = Bench()
    bench.fold(declared(date(2022, 5, 9), RULES, simulated=False))
    bench.hear(NOTIFIED)

    bench.fold(early)

    assert "Overdue" not in bench.types("pay-out")
    bench.fold(ticked(date(2022, 6, 8), RULES.version, appended="2022-06-09"))
    assert bench.types("pay-out")[-1] == "Overdue"


def test_the_notes_tell_chain_tick_and_rules() -> None:
    bench = Bench()
    first = bench.fold(declared(date(2022, 5, 9), RULES)).notes
    second = bench.fold(NOTIFIED.record()).notes

    assert (first["tick"], first["rules"]) == ("2022-05-08", RULES.version)
    assert len(first["chain"]) == 64
    assert first["chain"] != second["chain"]


def test_the_chain_covers_key_value_and_headers_of_every_record() -> None:
    record = NOTIFIED.record()
    renamed = tuple(
        (name.replace("ce_specversion", "ce_Specversion"), value) for name, value in record.headers
    )
    changed = [
        record,
        replace(record, key="（2022）皖1324执124号".encode()),
        replace(record, value=b'{"payment_ref":"q"}'),
        replace(record, headers=(*record.headers, ("ce_more", b"1"))),
        replace(record, headers=renamed),
    ]

    chains = {_chain_after(one) for one in changed}

    assert len(chains) == len(changed)


def _chain_after(record: MemoryRecord) -> str:
    store = _bench().store
    return Casework({RULES.version: RULES}.__getitem__).fold([record], store).notes["chain"]


# -- rules versions --------------------------------------------------------------------------------------


def _with_assignment_in(days: int) -> Rules:
    row = RULES.periods["enf-assign"]
    assert row.length is not None
    shorter = replace(row, length=row.length._replace(number=days))
    return replace(under(answer_window=days), periods={**RULES.periods, "enf-assign": shorter})


def test_new_rules_judge_every_subject_anew_and_tell_only_what_differs() -> None:
    shorter = _with_assignment_in(3)
    other = told("FinanceNotified", "2022-05-09", subject="（2022）皖1324执124号", payment_ref="p")
    bench = _bench("2022-05-09", RULES, shorter).hear(told("CaseDocketed", "2022-05-09"), other)
    bench.tick("2022-05-09")
    before = len(bench.flags())

    bench.tick("2022-05-10", shorter)

    new = [row for row in bench.flags()[before:] if row.rule != "enf-handover"]  # reminded on that day anyway
    assert [(row.type, row.rule, row.due_day) for row in new] == [
        ("DeadlineOpened", "enf-assign", "2022-05-12"),
        ("DueSoon", "enf-assign", "2022-05-12"),
    ]
    assert new[0].body["rules"] == shorter.version
    bench.tick("2022-05-12", shorter)
    assert bench.types("enf-assign")[-1] == "Overdue"


def test_a_policy_that_is_signed_later_reports_what_still_stands() -> None:
    unsigned = under(signed=False)
    bench = _bench("2022-05-09", unsigned, RULES).hear(NOTIFIED)
    bench.tick("2022-06-08", unsigned).tick("2022-06-13", unsigned)
    assert bench.leads() == []

    bench.tick("2022-06-14", RULES)

    assert bench.triggers() == ["T20 2022-06-14"]


def test_what_was_said_under_a_row_that_is_no_longer_law_is_taken_back() -> None:
    periods = {name: row for name, row in RULES.periods.items() if name != "enf-assign"}
    without = replace(under(), periods=periods)
    paid = told("UndertakerAssigned", "2022-05-10", subject="（2022）皖1324执124号")
    docketed = told("CaseDocketed", "2022-05-09", subject="（2022）皖1324执124号")
    bench = _bench("2022-05-09", RULES, without).hear(told("CaseDocketed", "2022-05-09"), docketed, paid)

    bench.tick("2022-05-16", without)

    withdrawn = bench.flags("enf-assign")[-1]
    assert (withdrawn.type, withdrawn.subject) == ("Withdrawn", CASE)
    assert withdrawn.body["explanation"]["rules"] == RULES.version
    assert [row.type for row in bench.flags("enf-assign") if row.subject != CASE] == ["DeadlineOpened", "Met"]
    said = len(bench.flags("enf-assign"))
    bench.tick("2022-05-20", without)
    assert len(bench.flags("enf-assign")) == said


# -- faults ----------------------------------------------------------------------------------------------


def test_a_ledger_that_does_not_begin_with_its_declaration_is_a_fault() -> None:
    with pytest.raises(LedgerRecordError, match="declaration"):
        Bench().hear(NOTIFIED)
    with pytest.raises(LedgerRecordError, match="declaration"):
        Bench().tick("2022-05-09")


def test_an_unknown_rules_version_stops_the_fold_where_it_is_named() -> None:
    bench = _bench()

    with pytest.raises(RulesMissingError, match=r"rules-unknown.*case\.events/0/1"):
        bench.fold(ticked(date(2022, 5, 9), "rules-unknown"))


def test_an_event_without_a_subject_is_a_fault() -> None:
    with pytest.raises(LedgerRecordError, match="subject as key"):
        _bench().fold(replace(NOTIFIED.record(), key=None))


def test_an_event_that_does_not_say_who_submitted_it_is_a_fault() -> None:
    headers = tuple(header for header in NOTIFIED.headers if header[0] != "ce_submittedby")

    with pytest.raises(LedgerRecordError, match="ce_submittedby"):
        _bench().fold(replace(NOTIFIED.record(), headers=headers))


def test_an_event_of_an_unknown_type_is_a_fault() -> None:
    record = MemoryRecord("case.events", 0, 1, 0, b"x", b"{}", [("ce_type", b"cn.fajian.x.y.v1")])

    with pytest.raises(LedgerRecordError):
        _bench().fold(record)


def test_a_fold_that_failed_leaves_nothing_behind() -> None:
    bench = _bench().hear(NOTIFIED)
    batch = [PAID.record(2), replace(PAID.record(3), key=None)]

    with pytest.raises(LedgerRecordError):
        bench.casework.fold(batch, bench.store)
    bench.hear(PAID)

    assert bench.receipts() == ["recorded", "recorded"]
    assert bench.types("pay-out") == ["DeadlineOpened", "Met"]


def test_a_batch_that_was_not_delivered_is_folded_again_to_the_same() -> None:
    bench = _bench().hear(NOTIFIED)

    once = bench.casework.fold([PAID.record(2)], bench.store)
    again = bench.casework.fold([PAID.record(2)], bench.store)

    assert once == again


# -- what is kept ----------------------------------------------------------------------------------------


def test_the_due_index_holds_the_next_day_of_each_subject_that_has_one() -> None:
    other = told("SeizureReleased", "2022-05-09", subject="（2022）皖1324执124号", seizure_no="1")
    bench = _bench().hear(NOTIFIED, other)

    assert [key for key, _ in bench.store.scan(b"d", b"e")] == [f"d2022-05-31{CASE}".encode()]
    bench.tick("2022-05-31")
    assert [key for key, _ in bench.store.scan(b"d", b"e")] == [f"d2022-06-04{CASE}".encode()]
    bench.hear(PAID)
    assert [key for key, _ in bench.store.scan(b"d", b"e")] == []


def test_states_beyond_the_cache_are_read_from_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fajian.core.casework._CACHED", 1)
    subjects = [f"（2022）皖1324执{number}号" for number in (1, 2, 3)]
    bench = _bench().hear(*[told("CaseDocketed", "2022-05-09", subject=subject) for subject in subjects])

    assert len(bench.casework._cache) == 1
    bench.tick("2022-05-16")
    assert [row.subject for row in bench.flags("enf-assign") if row.type == "Overdue"] == subjects


def test_a_store_that_changed_behind_the_cache_is_believed() -> None:
    bench, other = _bench().hear(NOTIFIED), _bench().hear(NOTIFIED, PAID)
    bench.store = other.store

    bench.tick("2022-06-08")

    assert "Overdue" not in bench.types("pay-out")


def test_a_store_that_was_emptied_behind_the_cache_is_believed() -> None:
    bench = _bench().hear(NOTIFIED)
    bench.store = Memory()
    bench.store.apply({META: _bench().store.get(META)})

    bench.hear(NOTIFIED)

    assert bench.receipts() == ["recorded", "recorded"]


def test_the_clock_records_are_no_subjects() -> None:
    assert ce_type("LedgerDeclared", "clock") == DECLARED
    assert list(_bench().tick("2022-05-09").store.scan(b"s", b"t")) == []


def test_a_subject_without_duties_is_recorded_all_the_same() -> None:
    bench = _bench().hear(told("JointMeetingHeld", "2022-05-09", subject="agreement/a", source="//office/x"))

    bench.tick("2022-05-09")

    assert bench.receipts("office") == ["recorded"]
    assert bench.flags() == []


def test_a_supervision_case_has_its_own_clocks() -> None:
    accepted = told("SupervisionAccepted", "2022-05-09", subject=SUPERVISION, supervision_no="1")

    bench = play(accepted, until="2022-08-31")

    sides = {row.body["side"] for row in bench.flags("sup-review")}
    assert sides == {"procuratorate"}
    assert bench.state(SUPERVISION)["kind"] == "supervision"


def test_memory_forgets_what_is_deleted_and_scans_in_the_order_of_keys() -> None:
    memory = Memory()
    memory.apply({b"b": b"2", b"a": b"1", b"c": b"3"})
    memory.apply({b"b": None, b"x": None, b"a": b"9"})

    assert list(memory.scan(b"a", b"c")) == [(b"a", b"9")]
    assert list(memory.scan(b"a", b"d")) == [(b"a", b"9"), (b"c", b"3")]
    assert memory.get(b"b") is None


def test_a_casework_without_rules_for_a_version_says_so() -> None:
    def nothing(version: str) -> Rules:
        raise KeyError(version)

    with pytest.raises(RulesMissingError):
        Casework(nothing).fold([declared(date(2022, 5, 9), RULES), NOTIFIED.record(1)], Memory())


# -- a tick in slices ------------------------------------------------------------------------------------

CASES = [f"（2022）皖1324执{number}号" for number in range(1, 6)]
ADOPTED = under(answer_window=1)


def _five(*, slice_: int) -> Bench:
    """Return a partition with a breach in each of five cases, which judges *slice_* of them at once."""
    bench = Bench(RULES, [ADOPTED]).declare("2022-05-09")
    bench.casework = Casework({RULES.version: RULES, ADOPTED.version: ADOPTED}.__getitem__, slice_=slice_)
    for case in CASES:
        bench.hear(told("FinanceNotified", "2022-05-09", subject=case, payment_ref="p"))
    return bench


@pytest.mark.parametrize("rules", [RULES, ADOPTED], ids=["due", "new rules"])
@pytest.mark.parametrize("slice_", [1, 2, 4])
def test_a_tick_in_slices_says_the_same_in_the_same_order(rules: Rules, slice_: int) -> None:
    whole, sliced = _five(slice_=5), _five(slice_=slice_)

    whole.tick("2022-06-08", rules)
    sliced.tick("2022-06-08", rules)

    assert sliced.outputs == whole.outputs
    assert list(sliced.store.scan(b"", b"\xff")) == list(whole.store.scan(b"", b"\xff"))
    assert [row.subject for row in sliced.flags("pay-out")][-5:] == CASES


@pytest.mark.parametrize("slice_", [1, 2, 4])
def test_the_patterns_hear_of_a_lead_right_behind_it_however_the_tick_is_cut(slice_: int) -> None:
    whole, sliced = _five(slice_=5), _five(slice_=slice_)
    for bench in (whole, sliced):
        bench.tick("2022-06-08")
        bench.tick("2022-06-30")

    topics = [output.topic for output in whole.outputs]
    leads = [place for place, topic in enumerate(topics) if topic == LEADS]
    assert len(leads) >= 5
    assert {topics[place + 1] for place in leads} == {PATTERNS}
    assert sliced.outputs == whole.outputs


def test_a_tick_that_concerns_many_is_done_bit_by_bit_and_goes_on_where_it_was() -> None:
    bench = _five(slice_=2)
    tick = replace(ticked(date(2022, 6, 8), ADOPTED.version), offset=6)

    come_to: list[int] = []
    judged: list[int] = []
    while not come_to or come_to[-1] < 6:
        other = Casework({RULES.version: RULES, ADOPTED.version: ADOPTED}.__getitem__, slice_=2)
        folded = other.fold([tick], bench.store)
        bench.store.apply(folded.writes)
        come_to.append(folded.applied)
        judged.append(sum(output.topic == FLAGS for output in folded.outputs))
        assert folded.unfinished == (folded.applied < 6)

    assert come_to == [5, 5, 6]
    assert judged == [2, 2, 1]


def test_what_came_before_a_tick_with_many_is_kept_before_it_is_judged() -> None:
    bench = _five(slice_=2)
    paid = told("MoneyPaid", "2022-06-08", subject=CASES[0], payment_ref="p", amount="1.00")
    batch = [paid.record(6), replace(ticked(date(2022, 6, 8), RULES.version), offset=7)]

    folded = bench.casework.fold(batch, bench.store)

    assert (folded.applied, folded.unfinished) == (6, False)
