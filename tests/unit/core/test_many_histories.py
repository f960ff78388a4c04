"""Thousands of random histories over every event of the law: folding fact by fact is folding from scratch.

`make histories ARGS="--histories 50000"` tries more; a history that fails is named by its number.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, Final

import pytest

from fajian.core.facts import Fact
from fajian.core.matters import Matter
from fajian.core.rules import Cue
from fajian.core.subject_state import SubjectState
from fajian.core.subjects import kind_of
from fajian.law.documents import load_rules
from schemas.envelope import EARLIEST_YEAR
from tests.histories import APPLICATION, CASE, COURT, PROCURATORATE, SUPERVISION, told

RULES = load_rules()
FIRST = date(2024, 1, 2)
SUBJECTS = (CASE, SUPERVISION, APPLICATION, "money/a/1", "agreement/a")
DAY: Final = object()  #: a field that holds a day
BOUNDS: Final = ("1949-10-01", "2199-12-31")  #: the first and the last day that a body may name
GROUPS = 4  #: tests that share the histories


def _fields() -> dict[str, dict[str, list[Any]]]:
    """Return what the bodies may say, by event: everything that a row of the law listens to."""
    found: dict[str, dict[str, list[Any]]] = {name: {} for name in RULES.events}

    def hear(cue: Cue, instance: str | None) -> None:
        body = found[cue.event]
        if cue.day:
            body.setdefault(cue.day, []).append(DAY)
        for name, values in (*cue.when.items(), *cue.unless.items()):
            body.setdefault(name, []).extend([*values, "other"])
        if instance:
            body[instance] = ["1", "2"]

    for row in RULES.periods.values():
        for cue in (*row.opens, *row.closes, *row.closes_all, *row.ends, *((row.per,) if row.per else ())):
            hear(cue, row.instance)
            if row.fixed_by and cue in row.opens:
                found[cue.event][row.fixed_by] = [DAY]
        if row.extension:
            body = found[row.extension.event]
            body["approver_role"] = [*row.extension.by, "undertaker"]
            if row.extension.until:
                body[row.extension.until] = [DAY]
            if row.instance:
                body[row.instance] = ["1", "2"]
    for kind in RULES.stops.values():
        for cue in (*kind.begins, *kind.ends):
            hear(cue, kind.instance)
        if kind.until:
            for cue in kind.begins:
                found[cue.event][kind.until] = [DAY]
    found["BaselineImported"] = {"as_of_day": [DAY]}
    found["OutageNoted"] = {"from_day": [DAY], "to_day": [DAY]}
    found["ReviewConcluded"] |= {"decision": ["suggestion", "terminated", "not-supported"]}
    found["Retracted"] = {"retracts": [str(number) for number in range(1, 30)]}
    for body in found.values():
        body.update({field: [DAY] for field, values in body.items() if DAY in values})
    return found


FIELDS = _fields()
NAMES = {
    subject: [
        name
        for name, row in RULES.events.items()
        if kind_of(subject) in row.subjects and row.publishers and FIELDS[name]
    ]
    for subject in SUBJECTS
}
ALWAYS = {"as_of_day", "from_day", "to_day", "decision", "retracts", "ruling_day"}


def _day(random: Random) -> str:
    if random.random() < 0.05:
        return random.choice(BOUNDS)
    return (FIRST + timedelta(days=random.randrange(500))).isoformat()


def _history(number: int) -> tuple[str, list[Fact]]:
    """Return a subject and its facts in the order of arrival. The same number gives the same history."""
    random = Random(number)
    subject = random.choice(SUBJECTS)
    some = random.sample(NAMES[subject], k=min(len(NAMES[subject]), random.randint(1, 12)))
    return subject, [_fact(random, subject, random.choice(some)) for _ in range(random.randint(1, 30))]


def _fact(random: Random, subject: str, name: str) -> Fact:
    body: dict[str, Any] = {
        field: _day(random) if (value := random.choice(values)) is DAY else value
        for field, values in FIELDS[name].items()
        if field in ALWAYS or random.random() < 0.8
    }
    if name != "Retracted" and random.random() < 0.1:
        body["supersedes"] = str(random.randint(1, 30))
    day = FIRST + timedelta(days=random.randrange(500))
    if random.random() < 0.02:
        day = date(EARLIEST_YEAR, 1, 1)
    return told(
        name,
        day.isoformat(),
        id=str(random.randint(1, 30)),
        subject=subject,
        source=random.choice([COURT, COURT, PROCURATORATE]),
        arrives=(day + timedelta(days=random.choice([0, 0, 1, 40]))).isoformat(),
        **body,
    ).fact()


def _fact_by_fact(subject: str, facts: Sequence[Fact]) -> SubjectState:
    """Judge after every fact only what it can change, as casework does."""
    state = SubjectState(subject, kind_of(subject))
    state.judge(RULES)
    for fact in facts:
        if (fact.source, fact.id) not in state.facts:
            state.judge(RULES, state.add(fact, RULES))
    return state


def _from_scratch(state: SubjectState) -> dict[str, list[Matter]]:
    return SubjectState.decode(state.subject, state.encode()).judge(RULES)


@pytest.fixture
def numbers(request: pytest.FixtureRequest, group: int) -> range:
    many = request.config.getoption("--histories")
    return range(group * many // GROUPS, (group + 1) * many // GROUPS)


@pytest.mark.parametrize("group", range(GROUPS))
def test_fact_by_fact_is_from_scratch_in_any_order_of_arrival(numbers: range) -> None:
    for number in numbers:
        subject, facts = _history(number)
        unique = list({(fact.source, fact.id): fact for fact in facts}.values())
        other = Random(number + 1).sample(unique, k=len(unique))

        state, shuffled = _fact_by_fact(subject, unique), _fact_by_fact(subject, other)

        whole = _from_scratch(state)
        assert state.judge(RULES) == whole, f"history {number}"
        assert shuffled.judge(RULES) == whole, f"history {number}, in another order of arrival"


def test_the_histories_open_most_rows_of_the_law() -> None:
    judged: set[str] = set()
    for number in range(800):
        subject, facts = _history(number)
        judged |= {rule for rule, matters in _fact_by_fact(subject, facts).matters.items() if matters}

    rows = {row.id for row in RULES.periods.values() if row.runs}
    assert len(judged & rows) > 0.6 * len(rows)
