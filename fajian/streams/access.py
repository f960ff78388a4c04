"""Look before the start whether topics and rights are there: Faust fails quietly without them.

Without the right to its group a Faust worker waits for ever; without the right to read a topic it says
that it is ready and reads nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from confluent_kafka import KafkaException, TopicCollection
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
            if _is_away(error):
                raise
            yield f"  topic {name}: {error.args[0].str()}"
            continue
        expected = TOPICS[name].partition_count(ledger) if name in TOPICS else len(found.partitions)
        if len(found.partitions) != expected:
            yield f"  topic {name}: expected {expected} partitions, found {len(found.partitions)}"
        if found.authorized_operations and wanted[name] not in found.authorized_operations:
            yield f"  topic {name}: the right to {wanted[name].name} is missing"


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
        yield f"  group {group}: {error.args[0].str()}"
        return
    if found.authorized_operations and AclOperation.READ not in found.authorized_operations:
        yield f"  group {group}: the right to READ is missing"


def _is_away(error: KafkaException) -> bool:
    """Tell a cluster that could not be asked from one that refused; the client's own codes are negative."""
    return bool(error.args[0].retriable() or error.args[0].code() < 0)
