"""Look before the start whether topics and rights are there: Faust fails quietly without them.

Without the right to its group a Faust worker waits for ever; without the right to read a topic it says
that it is ready and reads nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient

from fajian.errors import AccessError
from fajian.settings import Settings
from fajian.streams.connection import confluent_options, translated
from schemas.topics import HUB, TOPICS

ANSWER_WITHIN_SECONDS = 10.0


def check_access(settings: Settings, *, reads: Iterable[str], group: str) -> None:
    """Raise `AccessError` unless the hub's topics exist as described, and we may do our work on them."""
    admin = AdminClient(confluent_options(settings))
    writes = {topic.name for topic in TOPICS.values() if HUB in topic.writers}
    wanted = dict.fromkeys(sorted(writes), AclOperation.WRITE)
    wanted |= dict.fromkeys(sorted(set(reads)), AclOperation.READ)
    with translated(settings):
        problems = [*_topic_problems(admin, wanted, settings.partitions), *_group_problems(admin, group)]
    if problems:
        raise AccessError(
            "\n".join([f"Kafka at {settings.bootstrap_servers} is not ready for the hub:", *problems])
        )


def _topic_problems(admin: AdminClient, wanted: Mapping[str, AclOperation], ledger: int) -> Iterator[str]:
    asked = admin.describe_topics(
        TopicCollection(list(wanted)),
        include_authorized_operations=True,
        request_timeout=ANSWER_WITHIN_SECONDS,
    )
    for name, future in asked.items():
        try:
            found: Any = future.result()
        except KafkaException as error:
            if error.args[0].retriable():
                raise
            yield f"  topic {name}: {error.args[0].str()}"
            continue
        expected = TOPICS[name].partition_count(ledger) if name in TOPICS else len(found.partitions)
        if len(found.partitions) != expected:
            yield f"  topic {name}: expected {expected} partitions, found {len(found.partitions)}"
        if found.authorized_operations and wanted[name] not in found.authorized_operations:
            yield f"  topic {name}: the right to {wanted[name].name} is missing"


def _group_problems(admin: AdminClient, group: str) -> Iterator[str]:
    """Reading a group's offsets needs the same right as joining it, save READ for DESCRIBE."""
    asked = admin.list_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(group)], request_timeout=ANSWER_WITHIN_SECONDS
    )
    for future in asked.values():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].retriable():
                raise
            yield f"  group {group}: {error.args[0].str()}"
