"""Make a cluster hold the topics, users and rights that `schemas/topics.py` describes, and no other rights.

Works on any cluster on which the administrator may do so. Doing it again changes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import Event
from time import monotonic

from confluent_kafka.admin import NewTopic

from fajian.errors import TopicError
from fajian.local.admin import Access, Grant, kafka_admin
from schemas.topics import OPERATOR, PRINCIPALS, TOPICS, Topic

#: a principal's consumer groups begin with its name and one of these
GROUP_SEPARATORS = (".", "-")
IN_FORCE_SECONDS = 30.0


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
    theirs = {topic.name for topic in TOPICS.values() if access.username in (*topic.writers, *topic.readers)}
    group = f"{access.username}{GROUP_SEPARATORS[0]}setup"
    deadline, pause = monotonic() + IN_FORCE_SECONDS, Event()
    with kafka_admin(access) as client:  # it logs in again by itself where it was refused
        while not (theirs <= client.topics().keys() and client.serves_group(group)):
            if monotonic() > deadline:
                raise TopicError(f"{access.username} has no access yet to all of {', '.join(sorted(theirs))}")
            pause.wait(0.05)


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
