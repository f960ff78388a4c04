"""What is missing is said before the start, all of it; Faust would wait in silence."""

import pytest

from fajian.errors import AccessError, ClusterAwayError
from fajian.local.stack import StackInfo
from fajian.settings import Settings, load_settings
from fajian.streams import access
from fajian.streams.access import check_access
from fajian.streams.app import GROUP
from schemas.topics import CASE_EVENTS, HUB, inbox


def _settings(stack: StackInfo, principal: str, *, partitions: int | None = None) -> Settings:
    return load_settings(
        bootstrap_servers=stack.bootstrap,
        sasl_username=principal,
        sasl_password=stack.passwords[principal],
        partitions=partitions or stack.partitions,
    )


def test_the_hub_may_do_its_work(stack: StackInfo) -> None:
    check_access(_settings(stack, HUB), reads=[CASE_EVENTS, inbox("court")], group=GROUP)


def test_a_side_may_not_and_every_missing_right_is_named(stack: StackInfo) -> None:
    with pytest.raises(AccessError) as caught:
        check_access(_settings(stack, "court"), reads=[CASE_EVENTS, inbox("court")], group=GROUP)

    said = str(caught.value)
    assert ", as court:" in said
    assert "topic case.events: the right to WRITE and READ is missing" in said
    assert "topic court.inbox: the right to READ is missing" in said
    assert "topic deadlines.flags: the right to WRITE is missing" in said
    assert f"group {GROUP}: the right to READ is missing" in said


def test_a_topic_that_is_not_there_or_has_other_partitions_is_named(stack: StackInfo) -> None:
    settings = _settings(stack, HUB, partitions=stack.partitions + 1)

    with pytest.raises(AccessError) as caught:
        check_access(settings, reads=["nowhere"], group=GROUP)

    assert f"topic case.events: expected {stack.partitions + 1} partitions, found" in str(caught.value)
    assert "topic nowhere: " in str(caught.value)


def test_a_cluster_that_does_not_answer_is_named(stack: StackInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "ANSWER_WITHIN_SECONDS", 1.0)
    settings = _settings(stack, HUB).model_copy(update={"bootstrap_servers": "127.0.0.1:1"})

    with pytest.raises(ClusterAwayError, match=r"127\.0\.0\.1:1"):
        check_access(settings, reads=[], group=GROUP)
