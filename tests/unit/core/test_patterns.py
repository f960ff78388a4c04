"""Patterns across cases: found from sets of ids, whatever arrived first."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fajian.core.memory import Memory
from fajian.core.patterns import Patterns, of_day
from fajian.core.ports import Output
from fajian.core.replay import MemoryRecord, replay
from fajian.core.rules import Rules, SameFault
from fajian.errors import RulesMissingError
from fajian.law.documents import load_rules
from fajian.law.intake import load_intake
from schemas.registry import find
from schemas.topics import LEADS, PATTERNS, feed
from tests.histories import CASE, COURT, PROCURATORATE, Bench, Told, play, told, under

RULES = load_rules()
ACCEPTED = under(approved=frozenset({"T37", "T39-title", "T20"}))
FIRST = date(2022, 5, 9)


def _case(number: int, court: str = "皖1324") -> str:
    return f"（2022）{court}执{number}号"


def _lead(subject: str, day: date = FIRST, **said: Any) -> Output:
    body = {"what": "lead", "trigger": "T20", "subject": subject, "on": day.isoformat(), "side": "court"}
    lead_id = f"lead of {subject} {day}"
    body |= {"instance": "", "lead_id": lead_id, **said}
    return Output(0, PATTERNS, lead_id.encode(), orjson.dumps(body))


def _closed(day: date, partition: int = 0, rules: Rules = ACCEPTED) -> Output:
    return of_day(partition, day, rules.version, 0)


def _records(outputs: Iterable[Output]) -> list[MemoryRecord]:
    return [
        MemoryRecord(PATTERNS, 0, offset, 0, output.key, output.value, output.headers)
        for offset, output in enumerate(outputs)
    ]


def _found(
    *outputs: Output, partitions: int = 1, rules: Rules = ACCEPTED, whole: bool = False
) -> list[dict[str, Any]]:
    """Fold *outputs*, one batch each or as a whole, and return the leads that follow."""
    store, patterns = Memory(), Patterns({rules.version: rules}.__getitem__, partitions)
    records = _records(outputs)
    found = []
    for batch in [records] if whole else [[record] for record in records]:
        folded = patterns.fold(batch, store)
        store.apply(folded.writes)
        found += folded.outputs
    assert {output.topic for output in found} <= {LEADS}
    return [orjson.loads(output.value or b"") for output in found]


FIVE = [_lead(_case(number)) for number in range(1, 6)]


def test_the_same_fault_in_five_cases_of_one_court_is_a_pattern() -> None:
    found = _found(*FIVE, _closed(FIRST))

    assert [(lead["trigger"], lead["subject"], lead["instance"]) for lead in found] == [
        ("T37", "agreement/model", "皖1324/T20/2022-05-09")
    ]
    assert found[0]["evidence"] == [f"lead of {_case(number)} {FIRST}" for number in range(1, 6)]
    assert found[0]["explanation"]["why"]["cases"] == [_case(number) for number in range(1, 6)]
    assert found[0]["unverified"] is True


@pytest.mark.parametrize(
    "leads",
    [
        FIVE[:4],
        [*FIVE[:4], _lead(_case(1), instance="2")],  # twice in one case
        [*FIVE[:4], _lead(_case(5, "皖1302"))],  # another court
        [*FIVE[:4], _lead(_case(5), trigger="T21")],  # another fault
        [*FIVE[:4], _lead(_case(5), side="procuratorate")],
        [*FIVE[:4], _lead("supervision/泗检民执监〔2022〕1号")],  # no court's own number
        [*FIVE[:4], _lead(_case(5), FIRST - timedelta(days=90))],  # too long ago
        [*FIVE[:4], _lead(_case(5), FIRST + timedelta(days=1))],  # of a day that is not over
    ],
)
def test_a_near_miss_is_no_pattern(leads: Sequence[Output]) -> None:
    assert _found(*leads, _closed(FIRST)) == []


def test_a_pattern_is_raised_once_in_its_window_and_again_after_it() -> None:
    later, much_later = FIRST + timedelta(days=60), FIRST + timedelta(days=91)
    again = [_lead(_case(number), later) for number in range(11, 16)]

    found = _found(*FIVE, _closed(FIRST), *again, _closed(later), _closed(much_later))

    assert [lead["on"] for lead in found] == ["2022-05-09", "2022-08-08"]


def test_a_day_is_judged_when_every_partition_has_closed_it_and_once() -> None:
    assert _found(*FIVE, _closed(FIRST, 0), partitions=2) == []
    assert len(_found(_closed(FIRST, 0), *FIVE, _closed(FIRST, 1), partitions=2)) == 1
    assert len(_found(*FIVE, *FIVE, _closed(FIRST), _closed(FIRST), *FIVE)) == 1


def test_nothing_goes_across_before_both_sides_have_approved_it() -> None:
    assert _found(*FIVE, _closed(FIRST, rules=RULES), rules=RULES) == []


def test_a_rules_version_that_is_not_there_stops_the_partition() -> None:
    with pytest.raises(RulesMissingError, match=RULES.version):
        _found(*FIVE, _closed(FIRST, rules=RULES))


def test_the_agreement_may_have_figures_of_its_own_and_the_lead_says_whose_they_are() -> None:
    three_in_ten = under(ACCEPTED, same_fault=SameFault(cases=3, days=10))
    closed = _closed(FIRST, rules=three_in_ten)
    old = [_lead(_case(3), FIRST - timedelta(days=10))]

    found = _found(*FIVE[:3], closed, rules=three_in_ten)

    why = found[0]["explanation"]["why"]
    assert (why["at_least"], why["in_days"], why["limits"]) == (3, 10, "agreement/model")
    assert _found(*FIVE[:2], *old, closed, rules=three_in_ten) == []
    assert _found(*FIVE, _closed(FIRST))[0]["explanation"]["why"]["limits"] == "T37"


def test_a_longer_window_that_is_agreed_later_still_sees_the_leads_before_it() -> None:
    year = under(ACCEPTED, same_fault=SameFault(cases=5, days=366))
    later = FIRST + timedelta(days=200)
    store, patterns = Memory(), Patterns({r.version: r for r in (ACCEPTED, year)}.__getitem__, 1)
    told_of = [
        *FIVE[:4],
        _closed(later - timedelta(days=1)),
        _lead(_case(5), later),
        _closed(later, rules=year),
    ]

    found = patterns.fold(_records(told_of), store).outputs

    assert [orjson.loads(output.value or b"")["trigger"] for output in found] == ["T37"]


def test_leads_older_than_any_window_are_forgotten() -> None:
    store, patterns = Memory(), Patterns({ACCEPTED.version: ACCEPTED}.__getitem__, 1)
    for batch in ([*FIVE, _closed(FIRST)], [_closed(FIRST + timedelta(days=366))]):
        store.apply(patterns.fold(_records(batch), store).writes)

    assert list(store.scan(b"lead/", b"lead/\xff")) == []


def test_a_lead_on_a_pattern_can_be_screened_like_any_other() -> None:
    lead = _found(*FIVE, _closed(FIRST))[0]
    screened = {
        "specversion": "1.0",
        "id": "screened",
        "source": PROCURATORATE,
        "type": "cn.fajian.supervision.lead-screened.v1",
        "time": "2022-05-16T09:00:00+08:00",
        "subject": lead["subject"],
        "data": {"lead_id": lead["lead_id"], "decision": "accept", "reason": "类案，拟提出社会治理检察建议"},
    }

    replayed = replay([screened], date(2022, 5, 17), ACCEPTED, load_intake(simulated=True))

    assert replayed.rejected == []


# -- patterns about single officers ------------------------------------------------------------------------

OFFICER_ROW = "T37-officer"
AGREED = under(
    approved=frozenset({OFFICER_ROW, "T20"}),
    leads_by_policy=frozenset({OFFICER_ROW}),
    same_fault=SameFault(cases=3, days=90),
)


def _assigned(number: int, officer: str = "O-1", on: str = "2022-05-09", **body: Any) -> Told:
    said = {"id": f"assigned {number} {on}", "undertaker_ref": officer, **body}
    return told("UndertakerAssigned", on, subject=_case(number), **said)


def _of_officers(rules: Rules, *events: Told, leads: Sequence[Output] = FIVE[:3]) -> list[dict[str, Any]]:
    """Let casework tell of *events*, and the patterns judge them with *leads* at the end of 12 May 2022."""
    bench = Bench(rules).declare("2022-05-09").hear(*events)
    material = [output for output in bench.outputs if output.topic == PATTERNS]
    day = FIRST + timedelta(days=3)
    return _found(*material, *leads, _closed(day, rules=rules), rules=rules)


def test_the_same_fault_in_many_cases_of_one_officer_is_a_pattern_that_names_nobody() -> None:
    found = _of_officers(AGREED, *[_assigned(number) for number in (1, 2, 3)])

    assert [(lead["trigger"], lead["subject"]) for lead in found] == [(OFFICER_ROW, "agreement/model")]
    assert found[0]["explanation"]["why"]["cases"] == [_case(number) for number in (1, 2, 3)]
    assert "O-1" not in str(found)


@pytest.mark.parametrize(
    "rules",
    [
        RULES,
        under(AGREED, leads_by_policy=frozenset()),
        under(AGREED, approved=frozenset({"T20"})),
        under(AGREED, signed=False),
    ],
)
def test_unless_both_sides_have_agreed_nothing_about_officers_leaves_casework(rules: Rules) -> None:
    bench = Bench(rules).declare("2022-05-09").hear(*[_assigned(number) for number in (1, 2, 3)])

    assert [output for output in bench.outputs if output.topic == PATTERNS] == []
    assert [lead["trigger"] for lead in _of_officers(rules) if lead["trigger"] == OFFICER_ROW] == []


def test_the_topic_patterns_holds_a_pseudonym_and_no_reference_of_an_officer() -> None:
    bench = Bench(AGREED).declare("2022-05-09").hear(_assigned(1))

    (said,) = [output for output in bench.outputs if output.topic == PATTERNS]
    assert b"O-1" not in (said.value or b"") + (said.key or b"")


@pytest.mark.parametrize(
    "third",
    [
        (_assigned(3, "O-2"),),
        (),
        (_assigned(3), _assigned(3, "O-2", on="2022-05-11")),  # somebody else took over
        (_assigned(3), _assigned(3, "O-2", id="corrected", supersedes="assigned 3 2022-05-09")),
        (
            _assigned(3),
            told("Retracted", "2022-05-10", subject=_case(3), retracts="assigned 3 2022-05-09", source=COURT),
        ),
        (_assigned(3, on="2022-05-13"),),  # known when the day was over
    ],
)
def test_a_case_of_another_officer_or_of_nobody_does_not_count(third: Sequence[Told]) -> None:
    assert _of_officers(AGREED, _assigned(1), _assigned(2), *third) == []


# -- soft breaches in numbers ------------------------------------------------------------------------------


def _docketed_in(*numbers: int) -> list[Told]:
    """Return cases whose file is not handed over in three days: a soft duty (enf-handover)."""
    return [told("CaseDocketed", "2022-05-09", subject=_case(number)) for number in numbers]


def _counts(*benches: Bench, rules: Rules = RULES) -> list[tuple[str, dict[str, Any]]]:
    """Let the patterns add up what casework told in several partitions; return feed and body."""
    store, patterns = Memory(), Patterns({rules.version: rules}.__getitem__, len(benches))
    said = []
    for number, bench in enumerate(benches):
        of_days = [(one, orjson.loads(one.value or b"")) for one in bench.outputs if one.topic == PATTERNS]
        said += [
            output._replace(value=orjson.dumps(body | {"partition": number}))
            for output, body in of_days
            if body["what"] == "closed"
        ]
    found = patterns.fold(_records(said), store).outputs
    return [(output.topic, orjson.loads(output.value or b"")) for output in found if output.topic != LEADS]


def test_soft_breaches_are_told_in_numbers_to_those_who_hear_of_no_single_one() -> None:
    benches = [play(*_docketed_in(*numbers), until="2022-05-31") for numbers in ((1, 2), (3,))]

    counts = [(to, body) for to, body in _counts(*benches) if body["rule"] == "enf-handover"]

    assert [to for to, _ in counts] == [feed(side) for side in ("office", "procuratorate", "discipline")]
    for _, body in counts:
        found = find("SoftBreachesCounted")
        assert found
        found.model.model_validate_json(orjson.dumps(body))
        assert (body["on"], body["court"], body["breaches"], body["taken_back"]) == (
            "2022-05-17",
            "皖1324",
            3,
            0,
        )
        assert not any(_case(number) in str(body) for number in (1, 2, 3))


def test_a_soft_breach_that_later_knowledge_takes_back_is_told_in_numbers_too() -> None:
    in_time = told("FileHandedOver", "2022-05-11", arrives="2022-05-25", subject=_case(1))

    bench = play(*_docketed_in(1), in_time, until="2022-05-31")

    counts = [body for to, body in _counts(bench) if to == feed("office") and body["rule"] == "enf-handover"]
    assert [(body["on"], body["breaches"], body["taken_back"]) for body in counts] == [
        ("2022-05-17", 1, 0),
        ("2022-05-25", 0, 1),
    ]


def test_what_the_ladder_tells_one_by_one_is_not_counted_and_neither_is_what_may_not_cross() -> None:
    hard = told("FinanceNotified", "2022-05-09", payment_ref="p")
    unsigned, historic = under(signed=False), under(go_live=date(2022, 6, 1))

    assert all(body["rule"] != "pay-out" for _, body in _counts(play(hard, until="2022-07-31")))
    for rules in (unsigned, historic):
        assert _counts(play(*_docketed_in(1), until="2022-05-31", rules=rules), rules=rules) == []


def test_what_was_said_once_is_counted_once_whatever_is_delivered_again() -> None:
    bench = play(*_docketed_in(1, 2), until="2022-05-31")
    bench.outputs += bench.outputs

    counts = [body for to, body in _counts(bench) if to == feed("office") and body["rule"] == "enf-handover"]
    assert [body["breaches"] for body in counts] == [2]


# -- one title, two numbers --------------------------------------------------------------------------------


def _docketed(number: int, *, on: str = "2022-05-09", **body: Any) -> Told:
    said = {"id": f"docketed {number}", "title_no": "（2021）皖1324民初9号", **body}
    return told("CaseDocketed", on, subject=_case(number), **said)


def _titles(*events: Told) -> list[dict[str, Any]]:
    """Let casework tell of *events*, and the patterns find."""
    bench = Bench(ACCEPTED).declare("2022-05-09").hear(*events).tick("2022-05-09").tick("2022-05-10")
    return _found(*[output for output in bench.outputs if output.topic == PATTERNS])


def test_one_title_under_two_numbers_is_found_on_the_later_case() -> None:
    found = _titles(_docketed(1), _docketed(2))

    assert [(lead["trigger"], lead["subject"], lead["instance"]) for lead in found] == [
        ("T39-title", _case(2), "（2021）皖1324民初9号")
    ]
    assert found[0]["evidence"] == ["docketed 1", "docketed 2"]


@pytest.mark.parametrize(
    "second",
    [
        _docketed(2, title_no="（2021）皖1324民初10号"),
        _docketed(2, case_kind="restored"),
        _docketed(2, case_kind="preservation"),
        _docketed(2, parent_case=_case(1)),
        _docketed(2, creditor_ref="another"),
        told("CaseDocketed", "2022-05-09", subject=_case(2)),
    ],
)
def test_another_title_stage_or_creditor_is_no_second_number(second: Told) -> None:
    assert _titles(_docketed(1), second) == []


def test_a_docketing_that_was_retracted_or_corrected_is_no_second_number() -> None:
    retracted = told("Retracted", "2022-05-09", subject=_case(2), source=COURT, retracts="docketed 2")
    corrected = told(
        "CaseDocketed",
        "2022-05-09",
        subject=_case(2),
        source=COURT,
        title_no="other",
        supersedes="docketed 2",
    )

    assert _titles(_docketed(1), _docketed(2), retracted) == []
    assert _titles(_docketed(1), _docketed(2), corrected) == []


def test_a_title_is_looked_at_when_the_day_of_its_arrival_is_over() -> None:
    bench = Bench(ACCEPTED).declare("2022-05-09").hear(_docketed(1), _docketed(2, on="2022-05-10"))
    material = [output for output in bench.outputs if output.topic == PATTERNS]
    today, tomorrow = _closed(FIRST), _closed(FIRST + timedelta(days=1))

    assert _found(*material, today) == []
    assert [lead["on"] for lead in _found(*material, today, tomorrow)] == ["2022-05-10"]


def test_a_third_number_is_told_as_well() -> None:
    found = _titles(_docketed(1), _docketed(2)) + _titles(_docketed(1), _docketed(2), _docketed(3))

    assert [lead["explanation"]["why"]["cases"] for lead in found] == [
        [_case(1), _case(2)],
        [_case(1), _case(2), _case(3)],
    ]


@pytest.mark.parametrize(
    "later",
    [
        _docketed(1, on="2022-05-12", id="corrected", supersedes="docketed 1", source=COURT),
        _docketed(2, on="2022-05-12", id="corrected", supersedes="docketed 2", source=COURT),
        told("Retracted", "2022-05-12", subject=_case(3), source=COURT, retracts="docketed 3"),
    ],
)
def test_numbers_that_were_told_are_not_told_again_when_one_is_corrected_or_retracted(later: Told) -> None:
    first = [_docketed(number, on=f"2022-05-{8 + number:02}") for number in (1, 2, 3)]
    again = _docketed(2, on="2022-05-13", id="and again")

    bench = play(*first, later, again, until="2022-05-13", rules=ACCEPTED)

    found = _found(*[output for output in bench.outputs if output.topic == PATTERNS])
    assert [lead["subject"] for lead in found] == [_case(2), _case(3)]


# -- order and replay --------------------------------------------------------------------------------------

DAYS = [FIRST + timedelta(days=n) for n in range(4)]
stories = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 2)), max_size=40)


@given(story=stories, data=st.data())
def test_neither_the_order_of_partitions_nor_batches_nor_repetitions_decide(
    story: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    def partition(number: int) -> list[Output]:
        """Tell each day's leads of one partition, then its end."""
        out: list[Output] = []
        for n, day in enumerate(DAYS):
            mine = [case for at, case, part in story if at == n and part == number]
            out += [_lead(_case(10 * number + case), day) for case in mine]
            out.append(_closed(day, number))
        return out

    queues = [partition(number) for number in range(3)]
    in_turn = _found(*[output for queue in queues for output in queue], partitions=3, whole=True)
    mixed: list[Output] = []
    while any(queues):
        queue = data.draw(st.sampled_from([queue for queue in queues if queue]))
        mixed.append(queue.pop(0))
        if data.draw(st.booleans()):
            mixed.append(mixed[-1])

    assert _found(*mixed, partitions=3) == in_turn


def test_a_replay_shows_patterns_too() -> None:
    events = [
        {
            "specversion": "1.0",
            "id": f"notified {number}",
            "source": COURT,
            "type": "cn.fajian.enforcement.finance-notified.v1",
            "time": "2022-05-09T09:00:00+08:00",
            "recordedtime": "2022-05-09T09:00:00+08:00",
            "subject": CASE.replace("123", str(number)),
            "data": {"payment_ref": "p"},
        }
        for number in range(1, 6)
    ]

    rows = replay(events, date(2022, 6, 30), ACCEPTED, load_intake(simulated=True)).rows

    assert [(row["type"], row["on"]) for row in rows if row["type"] == "T37"] == [("T37", "2022-06-13")]
