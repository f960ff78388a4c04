"""Ten rules of supervision that are easily got wrong, by their numbers, and what the bus says of each."""

from datetime import date
from typing import Any

import pytest

from fajian.core.clocks import clocks_of
from fajian.core.triggers.steps import pending_remedies, supervision_steps
from fajian.law.documents import load_rules
from schemas.topics import SIDES
from tests.histories import APPLICATION, CASE, SUPERVISION, Told, play, told, view

RULES = load_rules()
S01 = RULES.triggers["S01"]


def _sup(name: str, day: str, **body: Any) -> Told:
    return told(name, day, subject=SUPERVISION, **body)


def _why(*events: Told) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for finding in supervision_steps(S01, view(*events), RULES):
        found |= finding.why
    return found


ACCEPTED = _sup("SupervisionAccepted", "2024-03-08", supervision_no="x")
EX_OFFICIO = _sup("ExOfficioStarted", "2024-03-08", supervision_no="x", ground="public-interest")


def _applied(**body: Any) -> Told:
    return _sup("SupervisionApplied", "2024-03-01", **body)


def _concluded(decision: str, **body: Any) -> Told:
    return _sup("ReviewConcluded", "2024-05-06", decision=decision, **body)


@pytest.mark.parametrize(
    ("applicant", "why"),
    [
        ("party", {}),
        ("interested-party", {}),
        ("third-party", {}),
        (None, {}),
        ("other", {"complaint_taken_as_application": "RULE 19, 35; JOINT 5"}),
    ],
)
def test_1_parties_may_apply_and_everybody_else_may_only_complain(applicant: str | None, why: Any) -> None:
    assert _why(_applied(**{"applicant": applicant} if applicant else {}), ACCEPTED) == why


def test_2_a_case_that_was_handed_down_is_referred_up_and_not_decided_here() -> None:
    handed = _sup("SupervisionAccepted", "2024-03-08", supervision_no="x", handed_down=True)

    assert _why(handed, _concluded("suggestion")) == {"refer_up_instead": "RULE 107"}
    assert _why(handed, _concluded("refer-up")) == {}
    assert _why(ACCEPTED, _concluded("suggestion")) == {}


OBJECTION = told("ObjectionReceived", "2024-03-01", objection_no="o", objection_kind="act")  # due 2024-03-18


def _accepted_on(day: str) -> Told:
    return told("SupervisionAccepted", day, supervision_no="x", copy=True)


IN_TIME = {"obj-rule": "2024-03-18"}


def _ruled(day: str) -> Told:
    return told("ObjectionRuled", day, objection_no="o")


def _applied_here(**body: Any) -> Told:
    return told("SupervisionApplied", "2024-03-02", copy=True, **{"objection_no": "o", **body})


@pytest.mark.parametrize(
    ("events", "pending"),
    [
        ([_applied_here(), _accepted_on("2024-03-08")], None),
        ([OBJECTION, _accepted_on("2024-03-08")], None),  # it may be about another act
        ([OBJECTION, _applied_here(objection_no="p"), _accepted_on("2024-03-08")], None),
        ([OBJECTION, _applied_here(), _accepted_on("2024-03-08")], IN_TIME),
        ([OBJECTION, _applied_here(), _accepted_on("2024-03-18")], IN_TIME),
        (
            [OBJECTION, _applied_here(), _accepted_on("2024-03-19")],
            None,
        ),  # the court is late: the door is open
        ([OBJECTION, _applied_here(), _ruled("2024-03-07"), _accepted_on("2024-03-08")], None),
        ([OBJECTION, _applied_here(), _ruled("2024-03-11"), _accepted_on("2024-03-08")], IN_TIME),
        ([OBJECTION, _applied_here(misconduct=True), _accepted_on("2024-03-08")], None),
        ([OBJECTION, _applied_here(good_reason=True), _accepted_on("2024-03-08")], None),
    ],
)
def test_3_a_pending_remedy_bars_supervision_until_the_court_is_late(
    events: list[Told], pending: dict[str, str] | None
) -> None:
    assert _why(*events).get("remedy_pending") == pending


def test_3_before_an_objection_is_made_it_bars_nothing() -> None:
    assert pending_remedies(["obj-rule"], "o", date(2024, 2, 29), view(OBJECTION), RULES) == {}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"remedies": "used"}, {}),
        ({"remedies": "none-given"}, {}),
        ({"remedies": "not-used"}, {"remedy_not_used": "RULE 28(1)"}),
        ({"remedies": "not-used", "good_reason": True}, {}),
        ({"remedies": "not-used", "misconduct": True}, {}),
    ],
)
def test_3_remedies_come_first_unless_there_is_good_reason_or_misconduct(
    body: dict[str, Any], why: dict[str, str]
) -> None:
    assert _why(_applied(**body), ACCEPTED) == why


def test_3_what_bars_is_told_to_the_procuratorate_itself_and_to_nobody_else() -> None:
    bench = play(OBJECTION, _applied_here(), _accepted_on("2024-03-08"), until="2024-03-31")

    assert [(row.type, row.body["side"], row.body["owed_by"]) for row in bench.flags("S01")] == [
        ("Breached", "procuratorate", "case-management"),
        ("Escalated", "procuratorate", "case-management"),
    ]
    assert bench.leads("S01") == []


def test_4_there_is_no_time_limit_to_apply_for_supervision_of_enforcement() -> None:
    late = [
        told("EnforcementNoticeIssued", "2010-03-01"),
        told("SupervisionApplied", "2024-03-01", applicant="party"),
        told("SupervisionAccepted", "2024-03-08", supervision_no="x"),
    ]

    assert _why(*late) == {}
    assert RULES.periods["sup-judgment-2y"].nature == "trap"
    assert clocks_of(RULES.periods["sup-judgment-2y"], view(*late), RULES) == []


@pytest.mark.parametrize(
    ("decider", "why"),
    [
        ("chief-procurator", {}),
        ("procuratorial-committee", {}),
        (None, {}),
        ("civil-division", {"decided_by": "civil-division; RULE 108"}),
    ],
)
def test_5_a_suggestion_is_decided_by_the_chief_procurator_or_the_committee(
    decider: str | None, why: dict[str, str]
) -> None:
    assert _why(ACCEPTED, _concluded("suggestion", **{"approver_role": decider} if decider else {})) == why


@pytest.mark.parametrize(
    ("begun", "concluded", "why"),
    [
        (ACCEPTED, _concluded("not-supported"), {}),
        (EX_OFFICIO, _concluded("terminated", ground="no-violation"), {}),
        (EX_OFFICIO, _concluded("not-supported"), {"terminate_instead": "JOINT 16"}),
        (
            ACCEPTED,
            _concluded("terminated", ground="no-violation"),
            {"not_a_ground_to_terminate": "JOINT 15, 16; RULE 73"},
        ),
    ],
)
def test_6_applications_end_unsupported_and_ex_officio_cases_by_termination(
    begun: Told, concluded: Told, why: dict[str, str]
) -> None:
    assert _why(begun, concluded) == why


def test_6_in_the_life_of_an_ex_officio_case_there_is_no_refusal_of_support() -> None:
    bench = play(EX_OFFICIO, _concluded("not-supported"), until="2024-05-10")

    assert bench.flags("T38")[0].body["explanation"]["why"] == {"impossible_in": "reviewing-ex-officio"}


@pytest.mark.parametrize("ground", ["withdrawn", "waived", "corrected", "party-gone"])
def test_7_a_settlement_alone_ends_no_review_but_a_withdrawal_or_waiver_does(ground: str) -> None:
    assert "not_a_ground_to_terminate" in _why(ACCEPTED, _concluded("terminated", ground="settled"))
    assert _why(ACCEPTED, _concluded("terminated", ground=ground)) == {}


def test_8_a_correction_is_delivered_to_both_sides_at_once() -> None:
    bench = play(ACCEPTED, _sup("CorrectionDone", "2024-04-08"), until="2024-04-08")

    assert all("CorrectionDone" in bench.feed(side) for side in SIDES[:2])
    assert bench.state(SUPERVISION)["beside"] == ["corrected"]


def test_8_a_court_that_has_corrected_already_gets_no_suggestion() -> None:
    corrected = _sup("CorrectionDone", "2024-04-08")

    assert _why(ACCEPTED, corrected, _concluded("suggestion")) == {"corrected_already": "RULE 73(1)"}
    assert _why(ACCEPTED, corrected, _concluded("terminated", ground="corrected")) == {}


SENT = [
    ACCEPTED,
    _concluded("suggestion", approver_role="chief-procurator"),
    _sup("SuggestionSent", "2024-05-08", suggestion_no="s"),
    _sup("SuggestionReceived", "2024-05-09", suggestion_no="s"),
]


def test_9_a_reply_is_no_correction() -> None:
    replied = _sup("CourtReplied", "2024-06-03", suggestion_no="s", outcome="adopted", sealed=True)

    bench = play(*SENT, replied, until="2024-06-04")

    state = bench.state(SUPERVISION)
    assert bench.types("crt-reply")[-1] == "Met"
    assert (state["state"], state["beside"]) == ("replied", [])


def test_10_one_class_suggestion_on_many_cases_owes_one_reply() -> None:
    cases = [CASE, "（2022）皖1324执124号"]
    copies = [
        told("SuggestionReceived", "2024-05-09", subject=case, suggestion_no="s", copy=True) for case in cases
    ]

    bench = play(*SENT, *copies, until="2024-06-04")

    assert {row.subject for row in bench.flags("crt-reply")} == {SUPERVISION}


def test_what_the_texts_allow_is_not_mentioned() -> None:
    assert _why(_applied(applicant="party", remedies="used"), *SENT) == {}
    assert _why(told("ApplicationReceived", "2024-01-02", subject=APPLICATION)) == {}


def test_a_step_is_told_once_and_not_again_on_every_case_that_it_concerns() -> None:
    concluded = _concluded("suggestion", approver_role="civil-division")
    copy = told(
        "ReviewConcluded", "2024-05-06", copy=True, decision="suggestion", approver_role="civil-division"
    )

    assert _why(concluded) == {"decided_by": "civil-division; RULE 108"}
    assert _why(copy) == {}
