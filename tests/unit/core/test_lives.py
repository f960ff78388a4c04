"""Where a case stands: each arrow of the two life cycles, what lies beside them, and what is impossible."""

from dataclasses import replace
from typing import Any

import pytest

from fajian.core.enforcement_life import ENFORCEMENT
from fajian.core.facts import view_of
from fajian.core.life import Life, LifeCycle, State, Word
from fajian.core.lives import LIFE_CYCLES, impossible_in, life_of
from fajian.core.supervision_life import SUPERVISION
from fajian.law.documents import load_rules
from tests.histories import CASE, Told, play, told, view
from tests.histories import SUPERVISION as SUPERVISION_CASE

RULES = load_rules()
SUBJECT = {"case": CASE, "supervision": SUPERVISION_CASE}
ARROWS = [
    pytest.param(kind, state, word, then, id=f"{state}-{word}")
    for kind, cycle in LIFE_CYCLES.items()
    for state, row in cycle.transitions.items()
    for word, then in row.items()
]


def _of(kind: str, *words: Word) -> list[Told]:
    """Return facts of the days from 2024-01-02 on, one a day."""
    cycle, found = LIFE_CYCLES[kind], []
    for number, word in enumerate(words, start=2):
        name, _, value = word.partition(":")
        body: dict[str, Any] = {cycle.says[name]: value or "fulfilled"} if name in cycle.says else {}
        found.append(told(name, f"2024-01-{number:02}", subject=SUBJECT[kind], **body))
    return found


def _life(kind: str, *words: Word) -> Life:
    facts = [event.fact() for event in _of(kind, *words)]
    life = life_of(view_of(SUBJECT[kind], kind, facts, RULES))
    assert life is not None
    return life


def _way_to(cycle: LifeCycle, state: State) -> list[Word]:
    """Find a shortest way from the first state."""
    ways: dict[State, list[Word]] = {cycle.first: []}
    for at in (waiting := [cycle.first]):  # grows while it is read
        for word, then in cycle.transitions[at].items():
            if then not in ways:
                ways[then] = [*ways[at], word]
                waiting.append(then)
    return ways[state]


@pytest.mark.parametrize(("kind", "state", "word", "then"), ARROWS)
def test_every_arrow_leads_where_the_table_says(kind: str, state: State, word: Word, then: State) -> None:
    way = _way_to(LIFE_CYCLES[kind], state)

    assert _life(kind, *way).state == state
    assert _life(kind, *way, word).state == then


@pytest.mark.parametrize("cycle", LIFE_CYCLES.values(), ids=LIFE_CYCLES)
def test_the_tables_name_each_other_and_the_events_of_the_law(cycle: LifeCycle) -> None:
    assert cycle.transitions.keys() == cycle.states.keys()
    assert {then for row in cycle.transitions.values() for then in row.values()} <= cycle.states.keys()
    assert {word.partition(":")[0] for word in cycle.words} <= RULES.events.keys()
    assert cycle.beginnings <= cycle.words
    assert all(_way_to(cycle, state) for state in cycle.states if state != cycle.first)


def test_an_enforcement_case_goes_its_whole_way() -> None:
    words = [
        *("ApplicationReceived", "CaseDocketed", "UndertakerAssigned", "EnforcementNoticeIssued"),
        *("NetworkQueried", "SeizureTookEffect", "NetworkQueried", "SeizureTookEffect"),
        *("AuctionAnnounced", "NetworkQueried", "Sold", "FinanceNotified", "MoneyPaid", "CaseClosed"),
    ]

    states = [_life("case", *words[: number + 1]).state for number in range(len(words))]

    assert states == [
        *("applied", "docketed", "assigned", "noticed"),
        *("investigating", "controlling", "investigating", "controlling"),
        *("disposing", "disposing", "disposing", "paying", "paying", "closed"),
    ]


def test_a_case_closed_by_the_end_of_its_round_is_not_over() -> None:
    life = _life("case", "CaseDocketed", "RoundEnded", "CaseClosed:round-ended", "NetworkQueried")

    assert (life.state, life.impossible) == ("round-ended", {})


def test_a_restored_case_goes_on_under_its_own_number() -> None:
    assert _life("case", "CaseDocketed", "RoundEnded", "EnforcementRestored").state == "restored"
    assert _life("case", "CaseDocketed").state == "docketed"  # the 执恢 number begins anew


@pytest.mark.parametrize(
    ("words", "beside"),
    [
        (["Stayed"], ("stayed",)),
        (["Stayed", "StayEnded"], ()),
        (["Suspended", "Stayed"], ("stayed", "suspended")),
        (["Suspended", "Stayed", "Resumed"], ("stayed",)),
        (["Suspended", "NetworkQueried"], ("suspended",)),
        (["Suspended", "CaseClosed"], ()),
    ],
)
def test_stays_and_suspensions_lie_beside_the_state(words: list[Word], beside: tuple[State, ...]) -> None:
    life = _life("case", "CaseDocketed", *words)

    assert life.beside == beside
    assert life.impossible == {}


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (["CaseDocketed", "CaseClosed", "SeizureTookEffect"], "closed"),
        (["CaseDocketed", "RoundEnded", "Sold"], "round-ended"),
        (["CaseDocketed", "CaseDocketed"], "docketed"),
        (["CaseDocketed", "Resumed"], "docketed"),
        (["ApplicationReceived", "DocketRefused", "Sold"], "refused"),
    ],
)
def test_what_contradicts_the_state_of_a_case_is_impossible_and_changes_nothing(
    words: list[Word], state: State
) -> None:
    events = _of("case", *words)

    assert impossible_in(view(*events)) == {events[-1].fact().id: state}
    assert _life("case", *words).state == state


def test_of_a_case_that_was_not_seen_from_its_beginning_nothing_is_impossible() -> None:
    life = _life("case", "NetworkQueried", "Resumed", "CaseDocketed")

    assert (life.state, life.whole, life.impossible) == ("investigating", False, {})


def test_a_case_whose_docketing_was_not_reported_was_docketed_all_the_same() -> None:
    life = _life("case", "ApplicationReceived", "EnforcementNoticeIssued", "CaseDocketed")

    assert (life.state, life.whole, life.impossible) == ("noticed", False, {})


def test_of_a_case_that_was_taken_over_nothing_is_impossible() -> None:
    events = _of("case", "CaseDocketed", "Resumed")

    assert impossible_in(view(*events))
    assert not impossible_in(view(told("BaselineImported", "2024-01-01", as_of_day="2024-01-01"), *events))


def test_on_one_day_the_law_orders_and_not_the_hour() -> None:
    events = [told("NetworkQueried", "2024-01-02"), told("CaseDocketed", "2024-01-02T15:00:00+08:00")]

    assert impossible_in(view(*events)) == {}


def test_rules_that_do_not_know_an_event_yet_leave_it_where_it_was_said() -> None:
    older = replace(RULES, events={name: row for name, row in RULES.events.items() if name != "Suspended"})
    events = [told("CaseDocketed", "2024-01-02"), told("Suspended", "2024-01-02T15:00:00+08:00")]

    life = life_of(view(*events, rules=older))

    assert life is not None
    assert life.beside == ("suspended",)


def test_an_impossible_fact_is_recorded_and_told_to_the_side_that_owns_the_data() -> None:
    sold = told("Sold", "2024-03-04", id="sold")

    bench = play(
        told("CaseDocketed", "2024-01-02"), told("CaseClosed", "2024-03-01", mode="fulfilled"), sold,
        until="2024-04-01",
    )  # fmt: skip

    assert set(bench.receipts()) == {"recorded"}
    flag = bench.flags("T38")[0]
    assert (flag.instance, flag.body["side"]) == ("sold", "court")
    assert flag.body["explanation"]["why"] == {"impossible_in": "closed"}
    assert bench.leads("T38") == []


def test_both_sides_see_where_a_case_stands() -> None:
    bench = play(told("CaseDocketed", "2024-01-02"), told("Suspended", "2024-01-03"), until="2024-01-03")

    state = bench.state()
    assert (state["state"], state["beside"]) == ("docketed", ["suspended"])


def test_a_subject_without_a_life_cycle_has_no_state() -> None:
    assert life_of(view_of("money/1", "money", [], RULES)) is None


# -- supervision -------------------------------------------------------------------------------------------


def test_a_supervision_case_goes_its_whole_way() -> None:
    words = [
        *("SupervisionApplied", "SupplementRequired", "Supplemented", "SupervisionAccepted"),
        *("ReviewConcluded:suggestion", "SuggestionSent", "SuggestionReceived", "CourtReplied"),
        *("ResultChecked", "SupervisionClosed"),
    ]

    states = [_life("supervision", *words[: number + 1]).state for number in range(len(words))]

    assert states == [
        *("applied", "supplementing", "applied", "reviewing", "decided", "sent", "answering", "replied"),
        *("checked", "closed"),
    ]


def test_a_suspended_review_stays_where_it_is() -> None:
    life = _life("supervision", "SupervisionAccepted", "ReviewSuspended")

    assert (life.state, life.beside) == ("reviewing", ("review-suspended",))
    assert _life("supervision", "SupervisionAccepted", "ReviewSuspended", "ReviewResumed").beside == ()


def test_the_tables_are_the_two_cycles() -> None:
    assert LIFE_CYCLES == {"case": ENFORCEMENT, "supervision": SUPERVISION}
