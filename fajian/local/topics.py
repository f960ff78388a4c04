"""Make a cluster hold the topics, users and rights that `schemas/topics.py` describes, and no other rights.

Works on any cluster on which the administrator may do so. Doing it again changes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import Event
from time import monotonic

from confluent_kafka import KafkaException
from confluent_kafka.admin import NewTopic

from fajian.errors import TopicError
from fajian.local.admin import Access, Grant, kafka_admin
from schemas.topics import OPERATOR, PRINCIPALS, TOPICS, Topic

#: a principal's consumer groups begin with its name and one of these
GROUP_SEPARATORS = (".", "-")
IN_FORCE_SECONDS = 30.0
ENOUGH_ANSWERS = 50
SILENT_SECONDS = 300.0


def ensure_bus(
    access: Access,
    *,
    passwords: Mapping[str, str],
    partitions: int,
    replication_factor: int = 1,
    min_insync_replicas: int = 1,
) -> None:
    """Create what is missing: all topics, the principals in *passwords*, and their rights."""
    with kafka_admin(access) as admin:
        existing = {name: health.partitions for name, health in admin.topics().items()}
        _check_partitions(existing, partitions)
        admin.create_topics(
            [
                _new_topic(topic, partitions, replication_factor, min_insync_replicas)
                for name, topic in TOPICS.items()
                if name not in existing
            ]
        )
        admin.ensure_users(passwords)
        admin.ensure_grants(frozenset(grants()))
    for principal, password in passwords.items():
        _wait_until_in_force(replace(access, username=principal, password=password))


def _wait_until_in_force(access: Access) -> None:
    """Return when *access* works, for topics and groups: brokers learn of rights a little later."""
    theirs = frozenset(
        topic.name for topic in TOPICS.values() if access.username in (*topic.writers, *topic.readers)
    )
    group = f"{access.username}{GROUP_SEPARATORS[0]}setup"
    patience, pause = Patience(), Event()
    with kafka_admin(access) as client:  # it logs in again by itself where it was refused
        while True:
            try:
                seen: frozenset[str] | None = theirs & client.topics().keys()
                if seen == theirs and client.serves_group(group):
                    return
            except KafkaException:
                seen = None
            if patience.is_over(seen, at=monotonic()):
                raise TopicError(
                    f"{access.username} has no access yet to all of {', '.join(sorted(theirs))}: "
                    + (f"seen are {', '.join(sorted(seen)) or 'none'}" if seen is not None else "no answer")
                )
            pause.wait(0.05)


class Patience:
    """How long to wait for rights: as long as more of them show, however slow the machine.

    It is over when nothing has changed for half a minute and over so many answers, or when nobody answers.
    """

    def __init__(self) -> None:
        self._seen: frozenset[str] = frozenset()
        self._answers = 0  #: that showed nothing new
        self._moved_at: float | None = None

    def is_over(self, seen: frozenset[str] | None, *, at: float) -> bool:
        """Take note of the topics that are *seen* now, at so many seconds; None where nobody answered."""
        if self._moved_at is None or (seen is not None and seen - self._seen):
            self._seen, self._answers, self._moved_at = seen or self._seen, 0, at
            return False
        self._answers += seen is not None
        waited = at - self._moved_at
        return waited > SILENT_SECONDS or (waited > IN_FORCE_SECONDS and self._answers >= ENOUGH_ANSWERS)


def grants() -> Iterator[Grant]:
    """Yield every right that anybody but the administrator has. READ and WRITE bring DESCRIBE with them.

    Nobody gets DESCRIBE alone on a side's topics: the court must not infer leads from offsets.
    """
    for topic in TOPICS.values():
        yield from (Grant(writer, "WRITE", "TOPIC", topic.name) for writer in topic.writers)
        yield from (Grant(reader, "READ", "TOPIC", topic.name) for reader in topic.readers)
    for principal in PRINCIPALS:
        for separator in GROUP_SEPARATORS:
            yield Grant(principal, "READ", "GROUP", f"{principal}{separator}", "PREFIXED")
    # Operators see how much waits where, whatever it is.
    yield Grant(OPERATOR, "DESCRIBE", "TOPIC", "*")
    yield Grant(OPERATOR, "DESCRIBE", "GROUP", "*")


def topic_config(topic: Topic, min_insync_replicas: int) -> dict[str, str]:
    """Return the broker's settings of *topic*."""
    return {
        "cleanup.policy": topic.cleanup,
        "retention.ms": str(topic.retention_ms),
        "retention.bytes": "-1",
        "max.message.bytes": str(topic.max_message_bytes),
        "message.timestamp.type": "LogAppendTime",  # arrival is what the broker saw, not what a client says
        "min.insync.replicas": str(min_insync_replicas),
        "unclean.leader.election.enable": "false",
    }


def _new_topic(topic: Topic, ledger: int, replication_factor: int, min_insync_replicas: int) -> NewTopic:
    return NewTopic(
        topic.name,
        num_partitions=topic.partition_count(ledger),
        replication_factor=replication_factor,
        config=topic_config(topic, min_insync_replicas),
    )


def _check_partitions(existing: Mapping[str, int], ledger: int) -> None:
    """Refuse another partition count, for keys would move: it is fixed for the life of a ledger."""
    for name in TOPICS.keys() & existing.keys():
        if (wanted := TOPICS[name].partition_count(ledger)) != existing[name]:
            raise TopicError(
                f"{name} has {existing[name]} partitions, expected {wanted}: they cannot be changed"
            )
