"""Names are functions of what they name; topics are described once."""

from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.names import FAMILIES, NAMESPACE, ce_type, derived_id, parse_ce_type, short_name
from schemas.registry import TYPES, find, suggest
from schemas.topics import FOR_EVER, HUB, PRINCIPALS, SIDES, TOPICS, dead, feed, inbox, receipts, side_of


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=4))
def test_a_derived_id_is_the_uuid5_of_its_parts(parts: list[str]) -> None:
    assert derived_id(*parts) == str(uuid5(NAMESPACE, "\x1f".join(parts)))


@pytest.mark.parametrize("type_", TYPES.values(), ids=lambda type_: type_.ce_type)
def test_ce_type_and_short_name_are_two_ways_to_say_the_same(type_: object) -> None:
    found = TYPES[type_.ce_type]  # type: ignore[attr-defined]

    assert ce_type(found.name, found.family) == found.ce_type
    assert parse_ce_type(found.ce_type) == (found.family, found.name, "v1")
    assert short_name(found.ce_type) == found.name
    assert found.family in FAMILIES
    assert find(found.ce_type) is find(f"{found.family}.{found.name}") is found


@pytest.mark.parametrize("text", ["", "MoneyPaid", "cn.fajian.x.Money.v1", "cn.fajian.lead.raised"])
def test_what_is_no_ce_type_of_ours_is_left_alone(text: str) -> None:
    assert parse_ce_type(text) is None
    assert short_name(text) == text


def test_a_short_name_that_two_families_have_means_the_fact() -> None:
    fact, flag = find("Resumed"), find("flag.Resumed")

    assert fact is not None
    assert flag is not None
    assert (fact.family, flag.family) == ("enforcement", "flag")
    assert find("Nothing") is None
    assert suggest("MoneyPayd") == "MoneyPaid"


def test_only_a_side_writes_its_inbox_and_only_it_reads_what_is_for_it() -> None:
    for side in SIDES:
        assert (TOPICS[inbox(side)].writers, TOPICS[inbox(side)].readers) == ((side,), (HUB,))
        for name in (receipts(side), dead(side), feed(side)):
            assert (TOPICS[name].writers, TOPICS[name].readers) == ((HUB,), (side,))
            assert side_of(name) == side


@pytest.mark.parametrize("name", ["case.events", "deadlines.flags", "supervision.leads"])
def test_no_side_reads_the_ledger_or_what_is_not_yet_routed(name: str) -> None:
    assert (TOPICS[name].writers, TOPICS[name].readers) == ((HUB,), (HUB,))


@pytest.mark.parametrize("name", ["case.events", "case.state", "patterns", "digests"])
def test_what_the_stores_of_agents_are_built_anew_from_is_kept_for_ever(name: str) -> None:
    assert TOPICS[name].retention_ms == FOR_EVER


def test_topics_that_must_meet_in_a_partition_have_as_many_as_the_ledger() -> None:
    counts = {topic.name: topic.partition_count(12) for topic in TOPICS.values()}

    assert {counts[name] for name in (*map(inbox, SIDES), *map(feed, SIDES))} == {12}
    assert {counts[name] for name in ("case.events", "case.state", "deadlines.flags")} == {12}
    assert {counts[name] for name in ("progress", "rules", "skips", "audit")} == {1}
    assert all(set(topic.writers) | set(topic.readers) <= set(PRINCIPALS) for topic in TOPICS.values())
    assert "discipline" not in TOPICS["case.state"].readers
