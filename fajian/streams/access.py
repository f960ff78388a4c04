"""Look before the start whether topics and rights are there: Faust fails quietly without them.

Without the right to its group a Faust worker waits for ever; without the right to read a topic it says
that it is ready and reads nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient

from fajian.errors import AccessError
from fajian.settings import Settings
from fajian.streams.connection import confluent_options, translated
from schemas.topics import CASE_EVENTS, HUB, PROGRESS, RULES, SIDES, TOPICS, inbox

ANSWER_WITHIN_SECONDS = 10.0


def check_access(settings: Settings, *, reads: Iterable[str], group: str) -> None:
    """Raise `AccessError` unless the hub's topics exist as described, and we may do our work on them."""
    writes = sorted(topic.name for topic in TOPICS.values() if HUB in topic.writers)
    _check(settings, "the hub", _wanted(writes=writes, reads=reads), settings.partitions, group=group)


def check_ticker_access(settings: Settings) -> None:
    """Raise `AccessError` unless we may end days: append them, and see what has come in."""
    wanted = _wanted(writes=[CASE_EVENTS, PROGRESS], reads=[CASE_EVENTS, PROGRESS, RULES])
    wanted |= {inbox(side): [AclOperation.DESCRIBE] for side in SIDES}
    _check(settings, "the ticker", wanted, settings.partitions)


def check_connector_access(
    settings: Settings, side: str, *, writes: Iterable[str], reads: Iterable[str]
) -> None:
    """Raise `AccessError` unless *side* may write and read its topics. It has no group."""
    _check(settings, f"the {side}'s connector", _wanted(writes=writes, reads=reads), None)


def check_may_read(settings: Settings, topics: Iterable[str]) -> None:
    """Raise `AccessError` unless whoever *settings* name may read *topics*; without it reads hang."""
    _check(settings, "us", _wanted(writes=(), reads=topics), settings.partitions)


Wanted = dict[str, list[AclOperation]]  #: rights by topic


def _wanted(*, writes: Iterable[str], reads: Iterable[str]) -> Wanted:
    wanted = {name: [AclOperation.WRITE] for name in writes}
    for name in sorted(set(reads)):
        wanted.setdefault(name, []).append(AclOperation.READ)
    return wanted


def _check(
    settings: Settings, whom: str, wanted: Wanted, partitions: int | None, *, group: str | None = None
) -> None:
    """*partitions* is how many the ledger must have, where that is known."""
    with translated(settings):
        admin = AdminClient(confluent_options(settings))
        problems = list(_topic_problems(admin, wanted, partitions))
        if group is not None:
            problems += _group_problems(admin, group)
    if problems:
        who = settings.sasl_username or "an anonymous client"
        where = settings.bootstrap_servers
        raise AccessError("\n".join([f"Kafka at {where} is not ready for {whom}, as {who}:", *problems]))


def _topic_problems(
    admin: AdminClient, wanted: Mapping[str, Sequence[AclOperation]], ledger: int | None
) -> Iterator[str]:
    asked = admin.describe_topics(
        TopicCollection(list(wanted)),
        include_authorized_operations=True,
        request_timeout=ANSWER_WITHIN_SECONDS,
    )
    for name, future in asked.items():
        try:
            found: Any = future.result()
        except KafkaException as error:
            if _is_away(error):
                raise
            yield f"  topic {name}: {_refusal(error, *wanted[name])}"
            continue
        expected = len(found.partitions)
        if ledger is not None and name in TOPICS:
            expected = TOPICS[name].partition_count(ledger)
        if len(found.partitions) != expected:
            yield f"  topic {name}: expected {expected} partitions, found {len(found.partitions)}"
        if missing := [each for each in wanted[name] if each not in (found.authorized_operations or (each,))]:
            yield f"  topic {name}: {_missing(*missing)}"


def _group_problems(admin: AdminClient, group: str) -> Iterator[str]:
    # Not list_consumer_group_offsets: confluent-kafka 2.16.1 may crash the interpreter when that fails.
    asked = admin.describe_consumer_groups(
        [group], include_authorized_operations=True, request_timeout=ANSWER_WITHIN_SECONDS
    )
    try:
        found: Any = asked[group].result()
    except KafkaException as error:
        if _is_away(error):
            raise
        yield f"  group {group}: {_refusal(error, AclOperation.READ)}"
        return
    if found.authorized_operations and AclOperation.READ not in found.authorized_operations:
        yield f"  group {group}: {_missing(AclOperation.READ)}"


def _missing(*rights: AclOperation) -> str:
    return f"the right to {' and '.join(right.name for right in rights)} is missing"


def _refusal(error: KafkaException, *wanted: AclOperation) -> str:
    if error.args[0].code() in (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED):
        return _missing(*wanted)
    return str(error.args[0].str())


def _is_away(error: KafkaException) -> bool:
    """Tell a cluster that could not be asked from one that refused; the client's own codes are negative."""
    return bool(error.args[0].retriable() or error.args[0].code() < 0)
