"""What is missing is said before the start, all of it; Faust would wait in silence."""

import pytest
from typer.testing import CliRunner

from connectors import court
from fajian.cli.main import app
from fajian.errors import AccessError, ClusterAwayError
from fajian.local.stack import StackInfo
from fajian.settings import Settings, load_settings
from fajian.streams import access
from fajian.streams.access import check_access, check_connector_access, check_ticker_access
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


def test_the_ticker_may_end_days_as_the_hub_and_is_told_what_it_lacks_as_anybody_else(
    stack: StackInfo,
) -> None:
    check_ticker_access(_settings(stack, HUB))

    with pytest.raises(AccessError) as caught:
        check_ticker_access(_settings(stack, "office"))

    said = str(caught.value)
    assert "not ready for the ticker, as office:" in said
    assert "topic case.events: the right to WRITE and READ is missing" in said
    assert "topic progress: the right to WRITE and READ is missing" in said
    assert "topic court.inbox: the right to DESCRIBE is missing" in said
    assert "topic office.inbox" not in said


def test_a_connector_may_work_for_its_own_side_and_is_told_what_it_lacks_for_another(
    stack: StackInfo,
) -> None:
    writes, reads = [court.SENDS_TO], court.RECEIVES
    check_connector_access(_settings(stack, "court"), "court", writes=writes, reads=reads)

    with pytest.raises(AccessError) as caught:
        check_connector_access(_settings(stack, "office"), "court", writes=writes, reads=reads)

    said = str(caught.value)
    assert "not ready for the court's connector, as office:" in said
    assert "topic court.inbox: the right to WRITE is missing" in said
    assert "topic court.feed: the right to READ is missing" in said
    assert "case.state" not in said  # the office reads it as well


def test_a_connector_without_its_rights_ends_and_says_which(
    stack: StackInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_office = {"username": "office", "password": stack.passwords["office"]}
    variables = {**stack.environment("court"), "FAJIAN_COURT_KAFKA_PASSWORD": as_office["password"]}
    built = court.build(variables)
    built.config = built.config.model_copy(
        update={"kafka": built.config.kafka.model_copy(update={"username": "office"})}
    )
    monkeypatch.setattr(court, "build", lambda *_: built)

    said = CliRunner().invoke(app, ["connector", "court"])

    assert isinstance(said.exception, AccessError)
    assert "topic court.inbox: the right to WRITE is missing" in str(said.exception)
