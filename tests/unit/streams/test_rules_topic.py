"""The topic `rules`: which version judges which day, whatever was adopted before and since."""

from datetime import date, timedelta

import pytest

from fajian.core.rules import Rules
from fajian.errors import RulesMissingError
from fajian.law.documents import bundled_document, load_rules, model_text, rules_from_document
from fajian.law.policy import parse_policy
from fajian.streams.memory import MemoryTopics
from fajian.streams.rules_topic import RulesTopic, publish_rules

FIRST, SECOND, THIRD = date(2026, 1, 1), date(2026, 6, 1), date(2026, 9, 1)
A = load_rules()
B = rules_from_document(bundled_document(parse_policy(model_text(), name="b.toml")))


async def _adopted(*adoptions: tuple[Rules, date]) -> RulesTopic:
    topics = MemoryTopics()
    for rules, day in adoptions:
        await publish_rules(topics, rules, effective_day=day)
    topic = RulesTopic(topics)
    await topic.refresh()
    return topic


async def test_a_version_that_comes_back_keeps_the_days_that_it_had_before() -> None:
    topic = await _adopted((A, FIRST), (B, SECOND), (A, THIRD))

    assert [topic.in_force(day) for day in (FIRST, SECOND, THIRD)] == [A.version, B.version, A.version]
    assert topic.adopted() == [(FIRST, A.version), (SECOND, B.version), (THIRD, A.version)]


async def test_of_two_versions_for_the_same_day_the_last_one_counts() -> None:
    topic = await _adopted((A, FIRST), (B, FIRST))
    again = await _adopted((A, FIRST), (B, FIRST), (A, FIRST))

    assert (topic.in_force(FIRST), again.in_force(FIRST)) == (B.version, A.version)
    assert len(again.adopted()) == 2  # of two keys, the later record of each


async def test_a_day_before_the_first_version_has_none() -> None:
    topic = await _adopted((A, FIRST))

    assert topic.before(FIRST - timedelta(days=1)) is None
    with pytest.raises(RulesMissingError, match="2025-12-31"):
        topic.in_force(FIRST - timedelta(days=1))


async def test_a_version_is_read_by_its_name() -> None:
    topic = await _adopted((A, FIRST), (B, SECOND))

    assert topic.get(B.version).version == B.version
    with pytest.raises(KeyError):
        topic.get("rules-of-nobody")
