"""The ladder, cell by cell: stage, severity and topic of the row, side that owes the duty, and who hears.

The table below says what section 10 of the domain paper says, in posts; it is held against every row of the
law and every stage, so that a rung that is missing or too many shows.
"""

from dataclasses import replace
from typing import Any

import pytest

from fajian.core.routing import addressees_of_flag, addressees_of_lead
from fajian.core.rules import Period, Rules, Trigger
from fajian.law.documents import load_rules
from tests.histories import under

RULES = load_rules()

REMINDED = {"court": "undertaker", "procuratorate": "civil-division"}
DUE_TODAY = {"court": "undertaker bureau-head", "procuratorate": "civil-division case-management"}
FOUND = {"court": "trial-management bureau-head", "procuratorate": "case-management"}

#: Stages on which nobody but the owner hears, whatever the row.
OWNER_ONLY = {
    "DeadlineOpened": {"court": "", "procuratorate": ""},
    "Extended": {"court": "", "procuratorate": ""},
    "Paused": {"court": "", "procuratorate": ""},
    "Resumed": {"court": "", "procuratorate": ""},
    "Met": {"court": "", "procuratorate": ""},
    "Withdrawn": {"court": "", "procuratorate": ""},
    "DueSoon": REMINDED,
    "DueToday": DUE_TODAY,
    "Overdue": DUE_TODAY,
    "Breached": FOUND,
    "Lapsed": {"court": "undertaker bureau-head", "procuratorate": "civil-division"},
}

#: The end of the answer window: (side, severity, topic) -> who hears.
ESCALATED = {
    ("court", "soft", "case"): "court:",
    ("court", "soft", "record"): "court:",
    ("court", "hard", "case"): "court:bureau-head office:mechanism-office",
    ("court", "hard", "record"): "court:bureau-head office:mechanism-office",
    ("court", "hard", "money"): (
        "court:bureau-head,court-president office:mechanism-office discipline:discipline-team"
    ),
    ("court", "soft", "money"): (
        "court:bureau-head,court-president office:mechanism-office discipline:discipline-team"
    ),
    ("court", "hard", "credit"): "court:bureau-head office:mechanism-office discipline:discipline-team",
    ("court", "soft", "credit"): "court:bureau-head office:mechanism-office discipline:discipline-team",
    ("court", "hard", "answer"): (
        "court:bureau-head,court-president office:mechanism-office discipline:discipline-team"
    ),
    ("court", "soft", "answer"): "court:court-president office:mechanism-office discipline:discipline-team",
    ("procuratorate", "hard", "own"): (
        "procuratorate:case-management,chief-procurator office:mechanism-office discipline:discipline-team"
    ),
    ("procuratorate", "hard", "case"): (  # what a trigger finds, not a clock
        "procuratorate:case-management,chief-procurator office:mechanism-office discipline:discipline-team"
    ),
    ("procuratorate", "soft", "own"): (
        "procuratorate:case-management,chief-procurator office:mechanism-office discipline:discipline-team"
    ),
}

#: Beside it, where the owner contests the breach.
CONTESTED = {
    ("court", "soft"): "",
    ("court", "hard"): "office:mechanism-office discipline:discipline-team",
    ("procuratorate", "hard"): "office:mechanism-office discipline:discipline-team",
    ("procuratorate", "soft"): "office:mechanism-office discipline:discipline-team",
}

Cell = tuple[str, str, str]


def _posts(text: str) -> dict[str, set[str]]:
    cells = (cell.partition(":") for cell in text.split())
    return {side: set(filter(None, posts.split(","))) for side, _, posts in cells}


def _row(cell: Cell) -> tuple[Period, Rules]:
    """Return a row of that class, and rules that have it."""
    side, severity, topic = cell
    base = RULES.periods["pay-out" if side == "court" else "sup-review"]
    row = replace(base, severity=severity, topic=topic, side=side)  # type: ignore[arg-type]
    return row, replace(RULES, periods={**RULES.periods, row.id: row})


def _heard(stage: str, cell: Cell, **body: Any) -> dict[str, set[str]]:
    row, rules = _row(cell)
    said = {"rule": row.id, "side": cell[0], "historic": False, "reported": False, **body}
    posts = addressees_of_flag(stage, said, rules).posts
    return {side: set(names) for side, names in posts.items()}


@pytest.mark.parametrize("cell", ESCALATED)
@pytest.mark.parametrize("stage", OWNER_ONLY)
def test_before_the_answer_window_ends_the_owner_alone_hears(stage: str, cell: Cell) -> None:
    side = cell[0]

    assert _heard(stage, cell) == {side: set(OWNER_ONLY[stage][side].split())}


@pytest.mark.parametrize("cell", ESCALATED)
def test_when_it_has_ended_others_hear_by_severity_topic_and_side(cell: Cell) -> None:
    assert _heard("Escalated", cell) == _posts(ESCALATED[cell])


@pytest.mark.parametrize("cell", ESCALATED)
def test_a_breach_that_its_owner_contests_goes_to_the_joint_meeting_as_well(cell: Cell) -> None:
    expected = _posts(ESCALATED[cell])
    for side, posts in _posts(CONTESTED[cell[:2]]).items():
        expected[side] = expected.get(side, set()) | posts

    assert _heard("Escalated", cell, answer={"answer": "contested"}) == expected
    assert _heard("Escalated", cell, answer={"answer": "met"}) == _posts(ESCALATED[cell])
    assert _heard("Overdue", cell, answer={"answer": "contested"}) == _heard("Overdue", cell)


def test_every_class_of_row_that_the_law_has_stands_in_the_table() -> None:
    rows: list[Period | Trigger] = [*RULES.periods.values(), *RULES.triggers.values()]

    known = {(row.side, row.severity, row.topic) for row in rows if row.side}

    assert known <= set(ESCALATED)


@pytest.mark.parametrize(
    ("owner", "rule", "posts"),
    [
        ("court", "pay-out", {"civil-division"}),
        ("court", "T14", {"civil-division"}),
        ("procuratorate", "sup-review", {"case-management", "chief-procurator"}),
    ],
)
def test_a_lead_goes_to_the_procuratorate_alone_whoever_owes_the_duty(
    owner: str, rule: str, posts: set[str]
) -> None:
    heard = addressees_of_lead({"side": owner, "rule": rule}, RULES).posts

    assert {side: set(names) for side, names in heard.items()} == {"procuratorate": posts}


@pytest.mark.parametrize("cell", ESCALATED)
def test_without_both_signatures_the_owner_alone_hears(cell: Cell) -> None:
    row, rules = _row(cell)
    unsigned = replace(rules, policy=under(signed=False).policy)
    said = {"rule": row.id, "side": cell[0], "historic": False, "reported": True}

    for stage in (*OWNER_ONLY, "Escalated"):
        heard = addressees_of_flag(stage, {**said, "answer": {"answer": "contested"}}, unsigned, raised=True)
        assert set(heard.posts) == {cell[0]}


@pytest.mark.parametrize("cell", ESCALATED)
def test_an_unverified_row_is_told_to_its_owner_alone_until_both_sides_approve_it(cell: Cell) -> None:
    row, rules = _row(cell)
    unverified = replace(rules, periods={**rules.periods, row.id: replace(row, sure="D")})
    approved = replace(unverified, policy=under(approved=frozenset({row.id})).policy)
    alone = replace(approved, policy=under(approved=frozenset({row.id}), signed=False).policy)
    said = {"rule": row.id, "side": cell[0], "historic": False, "reported": False}

    assert set(addressees_of_flag("Escalated", said, unverified).posts) == {cell[0]}
    assert set(addressees_of_flag("Escalated", said, approved).posts) == set(_posts(ESCALATED[cell]))
    assert set(addressees_of_flag("Escalated", said, alone).posts) == {cell[0]}


@pytest.mark.parametrize("cell", ESCALATED)
def test_a_breach_from_before_the_agreement_stays_with_its_owner_without_asking_for_anything(
    cell: Cell,
) -> None:
    for stage in ("Overdue", "Breached", "Escalated"):
        assert _heard(stage, cell, historic=True) == {cell[0]: set()}


def test_the_policy_may_send_an_alarm_elsewhere_but_no_lead_to_anybody_but_the_procuratorate() -> None:
    rungs = [replace(rung, posts=("court-president",)) for rung in RULES.ladder if rung.stage == "LeadRaised"]
    rules = replace(RULES, ladder=(*RULES.ladder, *rungs))

    heard = addressees_of_lead({"side": "court", "rule": "pay-out"}, rules).posts

    assert heard == {"procuratorate": ("civil-division",)}
