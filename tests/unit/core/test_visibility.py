"""The table of who may see what, cell by cell: what must arrive, and what must not, or why there is nothing.

One story is folded from the ledger to the feeds. `CELLS` names for every row of the table and every side what
the side receives of it and what it does not; a cell that was left out fails.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import orjson
import pytest

from fajian.core.casework import Casework
from fajian.core.facts import view_of
from fajian.core.memory import Memory, fold_all
from fajian.core.ports import Output
from fajian.core.replay import MemoryRecord
from fajian.core.routing import MASKED, Router, hidden_from
from fajian.core.rules import Rules
from fajian.law.documents import load_rules, load_rules_under
from schemas.names import short_name
from schemas.topics import CASE_STATE, FLAGS, LEADS, SIDES, feed
from tests.histories import CASE, PROCURATORATE, SUPERVISION, Bench, Told, ledger, play, told, under
from tests.policies import sign_for, write_policy

RULES = load_rules()
OFFICE = "//office/泗县"


class Seen(NamedTuple):
    """One record in a feed."""

    name: str
    body: Mapping[str, Any]
    headers: Mapping[str, bytes]


def _feeds(*events: Told, until: str = "2022-05-10", rules: Rules = RULES) -> dict[str, list[Seen]]:
    """Fold *events* and route what follows; return what stands in each feed."""
    versions = {rules.version: rules}
    folded = fold_all(Casework(versions.__getitem__), ledger(events, until, rules), Memory())
    outputs = [output for one in folded for output in one.outputs]
    said = [output for output in outputs if output.topic in (FLAGS, LEADS)]
    records = [MemoryRecord(o.topic, 0, n, 0, o.key, o.value, tuple(o.headers)) for n, o in enumerate(said)]
    routed = Router(versions.__getitem__).fold(records, Memory()).outputs if records else []
    return {
        side: [_seen(output) for output in (*outputs, *routed) if output.topic == feed(side)]
        for side in SIDES
    }


def _seen(output: Output) -> Seen:
    headers = dict(output.headers)
    return Seen(short_name(headers["ce_type"].decode()), orjson.loads(output.value or b"{}"), headers)


def _court(name: str, **body: Any) -> Told:
    return told(name, "2022-05-09", subject=CASE, **body)


def _supervisor(name: str, subject: str = SUPERVISION, **body: Any) -> Told:
    return told(name, "2022-05-09", subject=subject, source=PROCURATORATE, **body)


NOTICE = _court("EnforcementNoticeIssued", party_ref="p-1")
SEIZURE = _court("SeizureTookEffect", seizure_no="s", kind="freeze", property="deposit", value="100")
QUERY = _court("NetworkQueried", found=True)
PAID = _court("MoneyPaid", payment_ref="m", amount="5", party_ref="p-1")
DEFERRED = _court(
    "PayoutDeferralApproved", payment_ref="m", ground="frozen-elsewhere", approver_role="court-president"
)
ASSIGNED = _court("UndertakerAssigned", undertaker_ref="u-1")
REPLIED = told("CourtReplied", "2022-05-09", subject=SUPERVISION, outcome="adopted", note="说明")
DISCLOSED = _court("CaseDisclosed", id="open", request_no="r")
OVERDUE = (_court("FinanceNotified", payment_ref="m"),)

#: One story with every kind of data in it; a lead follows from what is overdue.
STORY = (
    _court("CaseDocketed", creditor_ref="p-2"),
    NOTICE,
    SEIZURE,
    QUERY,
    PAID,
    DEFERRED,
    ASSIGNED,
    REPLIED,
    _court("MoneyReconciled", month="2022-04"),
    _court("FinanceNotified", payment_ref="late"),
    _supervisor("LeadScreened", subject=CASE, lead_id="l", decision="accept"),
    _supervisor("SupervisionApplied"),
    _supervisor("SupervisionAccepted", supervision_no="1"),
    _supervisor("ReviewConcluded", decision="suggestion"),
    _supervisor("SuggestionSent", suggestion_no="2"),
    _supervisor("IntegrityLeadReferred"),
)

Cell = tuple[str, str]

#: (row, side) -> (what must arrive, what must not), each an event, or one of its fields. `disclosed`: once
#: the case is. What must not arrive at a side that sees all of a row is of the same story, under another row.
CELLS: dict[Cell, tuple[str, str]] = {
    ("skeleton", "court"): ("NetworkQueried", "LeadRaised"),
    ("skeleton", "procuratorate"): ("NetworkQueried", "MoneyReconciled"),
    ("skeleton", "office"): ("Escalated", "NetworkQueried"),
    ("skeleton", "discipline"): ("Escalated", "NetworkQueried"),
    ("identity", "court"): ("EnforcementNoticeIssued.party_ref", "SupervisionApplied"),
    ("identity", "procuratorate"): (
        "disclosed EnforcementNoticeIssued.party_ref",
        "EnforcementNoticeIssued.party_ref",
    ),
    ("identity", "office"): ("CaseDocketed", "CaseDocketed.creditor_ref"),
    ("identity", "discipline"): ("Escalated", "EnforcementNoticeIssued.party_ref"),
    ("property", "court"): ("SeizureTookEffect.value", "LeadScreened"),
    ("property", "procuratorate"): ("disclosed SeizureTookEffect.value", "SeizureTookEffect.value"),
    ("property", "office"): ("Escalated", "SeizureTookEffect"),
    ("property", "discipline"): ("Escalated", "SeizureTookEffect"),
    ("money", "court"): ("MoneyPaid.party_ref", "LeadRaised"),
    ("money", "procuratorate"): ("MoneyPaid.amount", "MoneyPaid.party_ref"),
    ("money", "office"): ("Escalated", "MoneyPaid"),
    ("money", "discipline"): ("Escalated", "MoneyPaid"),
    ("money-approvals", "court"): ("PayoutDeferralApproved.approver_role", "IntegrityLeadReferred"),
    ("money-approvals", "procuratorate"): ("PayoutDeferralApproved.approver_role", "MoneyReconciled"),
    ("money-approvals", "office"): ("Escalated", "PayoutDeferralApproved"),
    ("money-approvals", "discipline"): ("PayoutDeferralApproved.approver_role", "MoneyPaid"),
    ("books", "court"): ("MoneyReconciled", "ReviewConcluded"),
    ("books", "procuratorate"): ("MoneyPaid", "MoneyReconciled"),
    ("books", "office"): ("Escalated", "MoneyReconciled"),
    ("books", "discipline"): ("PayoutDeferralApproved", "MoneyReconciled"),
    ("undertaker", "court"): ("UndertakerAssigned.undertaker_ref", "LeadRaised"),
    ("undertaker", "procuratorate"): ("UndertakerAssigned.undertaker_ref", "MoneyReconciled"),
    ("undertaker", "office"): ("Escalated.owed_by", "UndertakerAssigned.undertaker_ref"),
    ("undertaker", "discipline"): ("IntegrityLeadReferred", "UndertakerAssigned.undertaker_ref"),
    ("leads", "court"): ("Escalated", "LeadRaised"),
    ("leads", "procuratorate"): ("LeadRaised", "MoneyReconciled"),
    ("leads", "office"): ("Escalated", "LeadRaised"),
    ("leads", "discipline"): ("IntegrityLeadReferred", "LeadRaised"),
    ("complainant", "court"): ("SupervisionAccepted", "SupervisionApplied"),
    ("complainant", "procuratorate"): ("SupervisionApplied", "MoneyReconciled"),
    ("complainant", "office"): ("SupervisionAccepted", "SupervisionApplied"),
    ("complainant", "discipline"): ("SupervisionAccepted", "SupervisionApplied"),
    ("review", "court"): ("SuggestionSent", "ReviewConcluded"),
    ("review", "procuratorate"): ("ReviewConcluded", "MoneyReconciled"),
    ("review", "office"): ("SuggestionSent", "ReviewConcluded"),
    ("review", "discipline"): ("SuggestionSent", "ReviewConcluded"),
    ("papers", "court"): ("CourtReplied.note", "ReviewConcluded"),
    ("papers", "procuratorate"): ("CourtReplied.note", "MoneyReconciled"),
    ("papers", "office"): ("CourtReplied.outcome", "CourtReplied.note"),
    ("papers", "discipline"): ("CourtReplied.outcome", "CourtReplied.note"),
    ("integrity", "court"): ("SuggestionSent", "IntegrityLeadReferred"),
    ("integrity", "procuratorate"): ("IntegrityLeadReferred", "MoneyReconciled"),
    ("integrity", "office"): ("SuggestionSent", "IntegrityLeadReferred"),
    ("integrity", "discipline"): ("IntegrityLeadReferred", "LeadRaised"),
}

#: Rows of which the bus holds no data in any cell. Why, the table says itself.
NEVER = ("inner-file", "drafts", "audit")


@cache
def _story(*, disclosed: bool = False) -> dict[str, frozenset[str]]:
    """Return what stands in each feed: events, and `event.field` for all that a copy holds."""
    feeds = _feeds(*([DISCLOSED] if disclosed else []), *STORY, until="2022-06-20")
    return {
        side: frozenset(
            said for one in seen for said in (one.name, *(f"{one.name}.{field}" for field in one.body))
        )
        for side, seen in feeds.items()
    }


@pytest.mark.parametrize("cell", CELLS, ids="/".join)
def test_each_side_receives_its_kind_of_data(cell: Cell) -> None:
    what, side = CELLS[cell][0], cell[1]

    assert what.removeprefix("disclosed ") in _story(disclosed=what.startswith("disclosed "))[side]


@pytest.mark.parametrize("cell", CELLS, ids="/".join)
def test_no_side_receives_more_than_its_kind_of_data(cell: Cell) -> None:
    what, side = CELLS[cell][1], cell[1]

    assert any(what in seen for seen in _story().values()), "it is there to be seen"
    assert what not in _story()[side]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("row", NEVER)
def test_of_a_row_that_the_bus_holds_nothing_of_the_table_says_why(row: str, side: str) -> None:
    said = RULES.visibility[row]

    assert (said.events, said.fields) == ((), ())
    assert said.never
    assert said.fixed, "no annex may open it"
    assert side in said.access


def test_every_cell_of_the_table_is_tried_in_both_directions_or_holds_nothing() -> None:
    table = {(row, side) for row in RULES.visibility for side in SIDES}

    assert set(CELLS) | {(row, side) for row in NEVER for side in SIDES} == table
    assert not {row for row, _ in CELLS} & set(NEVER)


def test_a_copy_says_what_was_taken_out_of_it_and_the_ledger_keeps_all() -> None:
    feeds = _feeds(SEIZURE)

    [copy] = [one for one in feeds["procuratorate"] if one.name == "SeizureTookEffect"]
    [own] = [one for one in feeds["court"] if one.name == "SeizureTookEffect"]
    assert copy.headers[MASKED] == b"property,value"
    assert MASKED not in own.headers
    assert copy.headers["ce_id"] == own.headers["ce_id"]


@pytest.mark.parametrize("side", ["office", "discipline"])
def test_who_gets_no_facts_gets_the_list_of_what_is_overdue(side: str) -> None:
    feeds = _feeds(*OVERDUE, until="2022-06-20")

    assert [one.name for one in feeds[side]] == ["Escalated"]


def test_nobody_but_the_procuratorate_sees_a_lead_before_it_is_screened() -> None:
    feeds = _feeds(*OVERDUE, until="2022-06-20")

    assert {side for side in SIDES if "LeadRaised" in {one.name for one in feeds[side]}} == {"procuratorate"}


# -- disclosure --------------------------------------------------------------------------------------------


def _masked(*events: Told) -> dict[str, bytes]:
    """Return by name what was taken out of the procuratorate's copies."""
    return {one.name: one.headers.get(MASKED, b"") for one in _feeds(*events)["procuratorate"]}


def _scoped(*rows: str) -> Told:
    return _court("CaseDisclosed", id="open", request_no="r", scope=list(rows))


def _ended(request_no: str | None = "r") -> Told:
    return _court("DisclosureEnded", id="end", **({"request_no": request_no} if request_no else {}))


def test_a_disclosure_shows_what_is_said_from_then_on() -> None:
    assert _masked(NOTICE, DISCLOSED, SEIZURE) == {
        "EnforcementNoticeIssued": b"party_ref",
        "CaseDisclosed": b"",
        "SeizureTookEffect": b"",
    }


def test_a_disclosure_may_open_one_kind_of_data_alone() -> None:
    found = _masked(_scoped("identity"), NOTICE, SEIZURE)

    assert (found["EnforcementNoticeIssued"], found["SeizureTookEffect"]) == (b"", b"property,value")


@pytest.mark.parametrize(
    ("number", "hidden"), [("r", b"property,value"), (None, b"property,value"), ("other", b"")]
)
def test_the_end_of_a_disclosure_takes_it_back(number: str | None, hidden: bytes) -> None:
    assert _masked(DISCLOSED, _ended(number), SEIZURE)["SeizureTookEffect"] == hidden


def test_one_disclosure_may_end_while_another_stands() -> None:
    second = _court("CaseDisclosed", id="second", request_no="r2", scope=["property"])

    found = _masked(_scoped("identity"), second, _ended("r"), NOTICE, SEIZURE)

    assert (found["EnforcementNoticeIssued"], found["SeizureTookEffect"]) == (b"party_ref", b"")


def test_a_disclosure_of_one_case_opens_no_other() -> None:
    other = told("SeizureTookEffect", "2022-05-09", subject="（2022）皖1324执9号", seizure_no="s", value="1")

    assert _masked(DISCLOSED, other)["SeizureTookEffect"] == b"value"


def test_a_disclosure_opens_nothing_to_the_office_or_the_discipline_team() -> None:
    fact = NOTICE.fact()

    def disclosed() -> Any:
        return view_of(CASE, "case", [DISCLOSED.fact()], RULES)

    assert hidden_from("procuratorate", fact, disclosed, RULES) == ()
    for side in ("office", "discipline"):
        assert hidden_from(side, fact, disclosed, RULES) == ("party_ref",)


def test_nothing_is_hidden_from_who_said_it() -> None:
    fact = told(
        "SanctionImposed", "2022-05-09", subject=CASE, sanction_no="1", sanction="fine", party_ref="p"
    ).fact()

    assert hidden_from("court", fact, lambda: pytest.fail("nothing to look up"), RULES) == ()


# -- the annex ---------------------------------------------------------------------------------------------


def test_the_annex_of_a_signed_policy_takes_an_event_from_a_side(tmp_path: Any) -> None:
    annex = '[[visibility]]\nrow = "money-approvals"\nside = "discipline"\naccess = "listed"\n'
    path = write_policy(tmp_path, tables=annex)
    sign_for(path, "court", "procuratorate")

    feeds = _feeds(DEFERRED, rules=load_rules_under(path))

    assert [one.name for one in feeds["discipline"]] == []
    assert "PayoutDeferralApproved" in {one.name for one in feeds["procuratorate"]}


def test_the_annex_may_show_a_field_at_once_or_never(tmp_path: Any) -> None:
    def masked(access: str) -> bytes:
        annex = f'[[visibility]]\nrow = "property"\nside = "procuratorate"\naccess = "{access}"\n'
        rules = load_rules_under(write_policy(tmp_path, tables=annex))
        feeds = _feeds(DISCLOSED, SEIZURE, rules=rules)["procuratorate"]
        return next(one.headers.get(MASKED, b"") for one in feeds if one.name == "SeizureTookEffect")

    assert (masked("full"), masked("masked"), masked("disclosed")) == (b"", b"property,value", b"")


# -- the table as a whole ----------------------------------------------------------------------------------


def test_what_both_sides_share_is_what_both_may_see(tmp_path: Any) -> None:
    annex = '[[visibility]]\nrow = "money"\nside = "procuratorate"\naccess = "none"\n'
    rules = load_rules_under(write_policy(tmp_path, tables=annex))

    assert "procuratorate" in RULES.seen_by["MoneyPaid"]
    assert ("MoneyPaid" in RULES.common, "MoneyPaid" in rules.common) == (True, False)
    assert rules.seen_by["MoneyPaid"] == ("court",)
    assert under().seen_by == RULES.seen_by


# -- what both sides share ---------------------------------------------------------------------------------

#: What the court sees of a supervision, with all that it owes in it done.
SEEN_BY_THE_COURT = (
    _supervisor("SupervisionAccepted", supervision_no="1"),
    _supervisor("FilesRequested", request_no="r"),
    told("FilesReceived", "2022-05-10", subject=SUPERVISION, request_no="r"),
    _supervisor("SuggestionSent", suggestion_no="s"),
    told("SuggestionReceived", "2022-05-10", subject=SUPERVISION, suggestion_no="s"),
    told("SuggestionDocketed", "2022-05-11", subject=SUPERVISION, suggestion_no="s"),
    told("CourtReplied", "2022-05-12", subject=SUPERVISION, suggestion_no="s", outcome="adopted"),
    told(
        "ResultChecked",
        "2022-05-13",
        subject=SUPERVISION,
        source=PROCURATORATE,
        suggestion_no="s",
        result="wrong",
    ),
)
UNSEEN_BY_THE_COURT = sorted(
    name
    for name, sides in RULES.seen_by.items()
    if "court" not in sides and "procuratorate" in RULES.events[name].publishers
)


def _states(bench: Bench, subject: str) -> list[bytes | None]:
    """Return all that `case.state` has ever held of *subject*."""
    return [o.value for o in bench.outputs if (o.topic, o.key) == (CASE_STATE, subject.encode())]


@pytest.mark.parametrize("name", UNSEEN_BY_THE_COURT)
def test_what_the_court_may_not_see_moves_nothing_that_it_is_shown(name: str) -> None:
    body: Mapping[str, Any] = {"subject": SUPERVISION, "source": PROCURATORATE, "decision": "suggestion"}
    hidden = [told(name, day, **body) for day in ("2022-05-14", "2022-05-19")]

    plain, more = (play(*SEEN_BY_THE_COURT, *events, until="2022-05-25") for events in ((), hidden))

    assert _states(more, SUPERVISION) == _states(plain, SUPERVISION) != []


@pytest.mark.parametrize("first", ["ExOfficioStarted", "SupervisionApplied", "ReviewSuspended"])
def test_no_clock_is_shared_that_a_private_fact_may_have_opened_or_stopped(first: str) -> None:
    bench = play(_supervisor(first), _supervisor("FilesRequested", request_no="r"), until="2022-05-16")

    assert [clock["rule"] for clock in bench.state(SUPERVISION)["clocks"]] == ["crt-files"]


def test_who_does_not_owe_a_shared_duty_sees_all_that_moves_it() -> None:
    others = {"court": "procuratorate", "procuratorate": "court"}
    moving = [(name, rule) for name, rules in RULES.heard_by.items() for rule in rules & RULES.open_to_both]

    unseen = [one for one in moving if others[RULES.periods[one[1]].side] not in RULES.seen_by[one[0]]]

    assert unseen == []
    assert {"enf-close", "pay-out", "crt-files", "crt-reply", "crt-explain"} <= RULES.open_to_both


def test_a_duty_that_falls_away_is_shared_where_its_owner_hears_of_it() -> None:
    requested = _supervisor("FilesRequested", request_no="r")
    closed = told("SupervisionClosed", "2022-05-10", subject=SUPERVISION, source=PROCURATORATE)

    bench = play(requested, closed, until="2022-05-11")

    assert bench.types("crt-files")[-1] == "Withdrawn"  # which the court is told
    [clock] = bench.state(SUPERVISION)["clocks"]
    assert clock["status"] == "gone"


PARTY = "party-77"


def test_no_party_is_named_in_what_both_sides_share() -> None:
    of_party = {"party_ref": PARTY}
    bench = play(
        _court("PropertyReportOrdered", until_day="2022-06-09", **of_party),
        _court("EnforcementNoticeServed", **of_party),
        _court("PropertyChanged", **of_party),
        _court("ConsumptionRestricted", **of_party),
        _court("ConsumptionRestricted", party_ref="party-78"),
        told("SatisfactionRecorded", "2022-05-10", subject=CASE),
        until="2022-05-11",
    )

    shared = [value or b"" for value in _states(bench, CASE)]
    assert PARTY in {row.instance for row in bench.flags()}
    assert not [value for value in shared if b"party-7" in value]
    rules = [clock["rule"] for clock in bench.state()["clocks"]]
    assert {"debtor-report", "debtor-report-change", "juris-object"} <= {*rules}
    assert rules.count("cons-lift") == 2, "each has a clock of its own all the same"


def test_what_tells_clocks_apart_is_shared_where_it_names_nobody() -> None:
    bench = play(*OVERDUE, until="2022-05-10")

    assert [clock["instance"] for clock in bench.state()["clocks"]] == ["m"]


def test_an_annex_may_hide_a_clock_from_what_both_sides_share(tmp_path: Any) -> None:
    annex = '[[visibility]]\nrow = "money"\nside = "procuratorate"\naccess = "none"\n'
    rules = load_rules_under(write_policy(tmp_path, tables=annex))

    assert ("pay-out" in RULES.open_to_both, "pay-out" in rules.open_to_both) == (True, False)
