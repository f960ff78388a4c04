"""What a rules version would move, read from a ledger."""

from dataclasses import replace

from fajian.law.documents import load_rules
from fajian.streams.adoption import moved_subjects
from fajian.streams.memory import MemoryTopics
from schemas.topics import CASE_EVENTS
from tests.histories import CASE, ledger, told

RULES = load_rules()
LESS = replace(RULES, version="less", periods={n: p for n, p in RULES.periods.items() if n != "enf-assign"})


async def test_what_moves_is_told_by_subject_and_rule_from_the_facts_of_the_ledger() -> None:
    topics = MemoryTopics()
    docketed = told("CaseDocketed", "2024-01-02", case_kind="first")
    again = told("CaseDocketed", "2024-01-02", case_kind="first", position="inbox/2")
    passed = told("StateDigest", "2024-01-02", subject="agreement/a")
    for record in ledger([docketed, again, passed], "2024-01-03"):
        topics.append(CASE_EVENTS, key=record.key, value=record.value, headers=record.headers, partition=0)

    rows = [row async for row in moved_subjects(topics, partitions=1, before=RULES, after=LESS)]

    assert rows == [
        {
            "subject": CASE,
            "rule": "enf-assign",
            "instance": "",
            "was": {"phase": "open", "due_day": "2024-01-09", "local_day": None, "provisional": False},
            "becomes": None,
        }
    ]
