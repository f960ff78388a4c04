"""The table of who may see what, cell by cell: what must arrive, and what must not, or why there is nothing.

Each case is folded from the ledger to the feeds. `CELLS` names for every row of the table and every side what
the side receives and what it does not; the last test makes sure that no cell was left out.
"""

from collections.abc import Mapping
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
from schemas.topics import FLAGS, LEADS, SIDES, feed
from tests.histories import CASE, PROCURATORATE, SUPERVISION, Told, ledger, told, under
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

#: What stands for each kind of data: events in the ledger, and what a copy of them holds.
Fields = tuple[str, ...]
NOTHING: Fields = ()

#: (row, side) -> (events, what arrives: name and fields, what does not: name, or name and fields)
CELLS: dict[tuple[str, str], tuple[Told, tuple[str, Fields] | None, tuple[str, Fields] | None]] = {
    ("skeleton", "court"): (QUERY, ("NetworkQueried", NOTHING), None),
    ("skeleton", "procuratorate"): (QUERY, ("NetworkQueried", NOTHING), None),
    ("skeleton", "office"): (QUERY, None, ("NetworkQueried", NOTHING)),
    ("skeleton", "discipline"): (QUERY, None, ("NetworkQueried", NOTHING)),
    ("identity", "court"): (NOTICE, ("EnforcementNoticeIssued", ("party_ref",)), None),
    ("identity", "procuratorate"): (
        NOTICE,
        ("EnforcementNoticeIssued", NOTHING),
        ("EnforcementNoticeIssued", ("party_ref",)),
    ),
    ("identity", "office"): (NOTICE, None, ("EnforcementNoticeIssued", ("party_ref",))),
    ("identity", "discipline"): (NOTICE, None, ("EnforcementNoticeIssued", ("party_ref",))),
    ("property", "court"): (SEIZURE, ("SeizureTookEffect", ("property", "value")), None),
    ("property", "procuratorate"): (
        SEIZURE,
        ("SeizureTookEffect", ("kind",)),
        ("SeizureTookEffect", ("property", "value")),
    ),
    ("property", "office"): (SEIZURE, None, ("SeizureTookEffect", NOTHING)),
    ("property", "discipline"): (SEIZURE, None, ("SeizureTookEffect", NOTHING)),
    ("money", "court"): (PAID, ("MoneyPaid", ("amount", "party_ref")), None),
    ("money", "procuratorate"): (PAID, ("MoneyPaid", ("amount",)), ("MoneyPaid", ("party_ref",))),
    ("money", "office"): (PAID, None, ("MoneyPaid", NOTHING)),
    ("money", "discipline"): (PAID, None, ("MoneyPaid", NOTHING)),
    ("money-approvals", "court"): (DEFERRED, ("PayoutDeferralApproved", ("approver_role",)), None),
    ("money-approvals", "procuratorate"): (DEFERRED, ("PayoutDeferralApproved", ("approver_role",)), None),
    ("money-approvals", "office"): (DEFERRED, None, ("PayoutDeferralApproved", NOTHING)),
    ("money-approvals", "discipline"): (DEFERRED, ("PayoutDeferralApproved", ("approver_role",)), None),
    ("undertaker", "court"): (ASSIGNED, ("UndertakerAssigned", ("undertaker_ref",)), None),
    ("undertaker", "procuratorate"): (ASSIGNED, ("UndertakerAssigned", ("undertaker_ref",)), None),
    ("undertaker", "office"): (ASSIGNED, None, ("UndertakerAssigned", ("undertaker_ref",))),
    ("undertaker", "discipline"): (ASSIGNED, None, ("UndertakerAssigned", ("undertaker_ref",))),
    ("papers", "court"): (REPLIED, ("CourtReplied", ("outcome", "note")), None),
    ("papers", "office"): (REPLIED, ("CourtReplied", ("outcome",)), ("CourtReplied", ("note",))),
    ("papers", "procuratorate"): (REPLIED, ("CourtReplied", ("outcome", "note")), None),
    ("papers", "discipline"): (REPLIED, ("CourtReplied", ("outcome",)), ("CourtReplied", ("note",))),
}

#: Rows whose events are governed as a whole: (row, an event, who receives it).
WHOLE = [
    ("books", _court("MoneyReconciled", month="2022-04"), {"court"}),
    (
        "leads",
        _supervisor("LeadScreened", subject=CASE, lead_id="l", decision="accept"),
        {"procuratorate"},
    ),
    ("complainant", _supervisor("SupervisionApplied"), {"procuratorate"}),
    ("review", _supervisor("ReviewConcluded", decision="suggestion"), {"procuratorate"}),
    ("integrity", _supervisor("IntegrityLeadReferred"), {"procuratorate", "discipline"}),
]


@pytest.mark.parametrize("cell", CELLS, ids="/".join)
def test_each_side_receives_its_kind_of_data_and_no_more(cell: tuple[str, str]) -> None:
    event, arrives, must_not = CELLS[cell]

    seen = {one.name: one for one in _feeds(event)[cell[1]]}

    if arrives is not None:
        name, fields = arrives
        assert set(fields) <= seen[name].body.keys()
    if must_not is not None:
        name, fields = must_not
        assert name not in seen or (fields and not set(fields) & seen[name].body.keys())


@pytest.mark.parametrize(("row", "event", "sides"), WHOLE, ids=[row for row, _, _ in WHOLE])
def test_what_is_for_some_sides_alone_reaches_nobody_else(row: str, event: Told, sides: set[str]) -> None:
    name = short_name(dict(event.headers)["ce_type"].decode())

    feeds = _feeds(event)

    assert name in RULES.visibility[row].events
    assert {side for side in SIDES if name in {one.name for one in feeds[side]}} == sides


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


def test_every_cell_is_tried_or_says_why_there_is_nothing() -> None:
    tried = {row for row, _ in CELLS} | {row for row, _, _ in WHOLE}
    without = {row.id for row in RULES.visibility.values() if row.never}

    assert {row for row, side in CELLS} == {row for row, _ in CELLS if all((row, s) in CELLS for s in SIDES)}
    assert tried | without == set(RULES.visibility)
    assert not tried & without
    for name in without:
        assert RULES.visibility[name].events == RULES.visibility[name].fields == ()


def test_what_both_sides_share_is_what_both_may_see(tmp_path: Any) -> None:
    annex = '[[visibility]]\nrow = "money"\nside = "procuratorate"\naccess = "none"\n'
    rules = load_rules_under(write_policy(tmp_path, tables=annex))

    assert "procuratorate" in RULES.seen_by["MoneyPaid"]
    assert ("MoneyPaid" in RULES.common, "MoneyPaid" in rules.common) == (True, False)
    assert rules.seen_by["MoneyPaid"] == ("court",)
    assert under().seen_by == RULES.seen_by
