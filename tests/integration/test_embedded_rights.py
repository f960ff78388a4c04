"""Who may do what on the embedded stack, tried with each side's own credentials."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, TopicAuthorizationFailedError

from fajian.local.admin import Grant, kafka_admin
from fajian.local.stack import StackInfo
from fajian.local.topics import ensure_bus, grants
from schemas.topics import PRINCIPALS, SIDES, TOPICS


def _options(stack: StackInfo, principal: str, password: str | None = None) -> dict[str, Any]:
    access = stack.access(principal)
    return {
        "bootstrap_servers": access.bootstrap,
        "security_protocol": access.security_protocol,
        "sasl_mechanism": access.mechanism,
        "sasl_plain_username": access.username,
        "sasl_plain_password": password or access.password,
    }


@asynccontextmanager
async def _producer(stack: StackInfo, principal: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**_options(stack, principal), enable_idempotence=True)
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


async def _read(stack: StackInfo, principal: str, topic: str, group: str | None = None) -> None:
    """Join and leave; raises what Kafka says to that."""
    options = _options(stack, principal)
    consumer = AIOKafkaConsumer(topic, **options, group_id=group, auto_offset_reset="earliest")
    try:
        await consumer.start()
        await consumer.getmany(timeout_ms=200)
    finally:
        await consumer.stop()


@pytest.mark.parametrize("side", SIDES)
async def test_a_side_may_write_its_own_inbox(stack: StackInfo, side: str) -> None:
    async with _producer(stack, side) as producer:
        written = await producer.send_and_wait(f"{side}.inbox", b"{}", partition=0)

    assert written.timestamp_type == 1, "the broker's time, not the client's"


@pytest.mark.parametrize(
    "topic", ["procuratorate.inbox", "case.events", "deadlines.flags", "court.feed", "rules"]
)
async def test_the_court_may_write_nowhere_else(stack: StackInfo, topic: str) -> None:
    async with _producer(stack, "court") as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(topic, b"{}")


@pytest.mark.parametrize(
    "topic",
    ["supervision.leads", "deadlines.flags", "case.events", "procuratorate.feed", "procuratorate.inbox"],
)
async def test_the_court_may_not_read_what_is_not_meant_for_it(stack: StackInfo, topic: str) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        await _read(stack, "court", topic)


@pytest.mark.parametrize("topic", ["court.feed", "court.receipts", "court.dead", "case.state", "rules"])
async def test_the_court_may_read_what_is_meant_for_it(stack: StackInfo, topic: str) -> None:
    await _read(stack, "court", topic, group="court.reader")


async def test_the_court_sees_no_other_topics_in_a_listing(stack: StackInfo) -> None:
    with kafka_admin(stack.access("court")) as admin:
        seen = set(admin.topics())

    wanted = {name for name, topic in TOPICS.items() if "court" in (*topic.writers, *topic.readers)}
    assert seen == wanted


async def test_a_side_may_not_join_the_groups_of_another(stack: StackInfo) -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        await _read(stack, "court", "case.state", group="procuratorate.reader")


@pytest.mark.parametrize(("principal", "password"), [("court", "guessed"), ("stranger", "guessed")])
async def test_nobody_comes_in_with_a_wrong_password(stack: StackInfo, principal: str, password: str) -> None:
    options = _options(stack, "court", password) | {"sasl_plain_username": principal}
    producer = AIOKafkaProducer(**options)

    with pytest.raises(KafkaConnectionError):
        await producer.start()
    await producer.stop()


def test_doing_it_again_changes_nothing_and_takes_away_what_nobody_described(stack: StackInfo) -> None:
    surplus = Grant("court", "READ", "TOPIC", "supervision.leads")
    with kafka_admin(stack.access()) as admin:
        admin.ensure_grants([*grants(), surplus])

    ensure_bus(
        stack.access(),
        passwords={name: stack.passwords[name] for name in PRINCIPALS},
        partitions=stack.partitions,
    )

    with kafka_admin(stack.access()) as admin:
        assert admin.grants() == frozenset(grants())


@pytest.mark.parametrize(("side", "other"), [("court", "procuratorate"), ("procuratorate", "court")])
def test_a_side_has_a_database_and_cannot_enter_the_other(stack: StackInfo, side: str, other: str) -> None:
    dsn = stack.dsns[side]

    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TEMPORARY TABLE mine (n int)")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(dsn.removesuffix(side) + other)
