"""What only confluent-kafka's administration client can do: ACLs and SCRAM users, topics along with them."""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from fajian.errors import TopicError

ITERATIONS = 8192
TIMEOUT_SECONDS = 30
#: what the broker says of a group until it has loaded the group's offsets and heard of our rights to it
NOT_YET = frozenset(
    {
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.NOT_COORDINATOR,
    }
)


@dataclass(frozen=True, slots=True)
class Access:
    """Where Kafka is and who comes."""

    bootstrap: str
    username: str
    password: str = field(repr=False)
    security_protocol: str = "SASL_PLAINTEXT"
    mechanism: str = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One ACL: *principal* may *operation* on the resource."""

    principal: str
    operation: str  #: READ, WRITE, DESCRIBE, …
    resource: str  #: TOPIC, GROUP, …
    name: str
    pattern: str = "LITERAL"  #: or PREFIXED


@dataclass(frozen=True, slots=True)
class TopicHealth:
    """What the cluster says of one topic."""

    name: str
    partitions: int
    without_leader: int
    under_replicated: int


class KafkaAdmin:
    """One conversation with the cluster; its errors are ours."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    def count_brokers(self, *, timeout: float) -> int:
        """Return how many brokers serve; 0 where nobody answers in time."""
        try:
            return len(self._client.list_topics(timeout=timeout).brokers)
        except KafkaException:
            return 0

    def topics(self) -> dict[str, TopicHealth]:
        """Return all topics but Kafka's own."""
        found = self._client.list_topics(timeout=TIMEOUT_SECONDS).topics
        return {
            name: _health(name, each) for name, each in sorted(found.items()) if not name.startswith("__")
        }

    def leader_of(self, topic: str, partition: int) -> int | None:
        """Return the number of the broker that leads a partition; None while there is none."""
        leader = (
            self._client.list_topics(topic, timeout=TIMEOUT_SECONDS)
            .topics[topic]
            .partitions[partition]
            .leader
        )
        return leader if leader >= 0 else None

    def create_topics(self, topics: Collection[NewTopic]) -> None:
        if topics:
            _wait(self._client.create_topics(list(topics), operation_timeout=TIMEOUT_SECONDS), "create topic")

    def ensure_users(self, passwords: Mapping[str, str]) -> None:
        """Give SCRAM credentials to those of *passwords* who have none."""
        known = self._client.describe_user_scram_credentials().result(TIMEOUT_SECONDS)
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
        new = [
            UserScramCredentialUpsertion(user, info, password.encode())
            for user, password in passwords.items()
            if user not in known
        ]
        if new:
            _wait(self._client.alter_user_scram_credentials(new), "create user")

    def serves_group(self, group: str) -> bool:
        """Whether *group* could be joined now; a new cluster makes its offsets topic when first asked."""
        # Not list_consumer_group_offsets: confluent-kafka 2.16.1 may crash the interpreter when that fails.
        asked = self._client.describe_consumer_groups([group], request_timeout=TIMEOUT_SECONDS)
        try:
            asked[group].result(TIMEOUT_SECONDS)
        except KafkaException as error:
            if error.args[0].code() not in NOT_YET:
                raise
            return False
        return True

    def ensure_grants(self, wanted: Collection[Grant]) -> None:
        """Make the rights of the principals in *wanted* exactly these: what they had beside is taken away."""
        theirs = {grant.principal for grant in wanted}
        found = {grant for grant in self.grants() if grant.principal in theirs}
        if new := sorted(set(wanted) - found):
            _wait(self._client.create_acls([_binding(grant) for grant in new]), "grant")
        if old := sorted(found - set(wanted)):
            _wait(self._client.delete_acls([_filter(grant) for grant in old]), "revoke")

    def grants(self) -> frozenset[Grant]:
        """Return every right that the cluster knows of."""
        everything = AclBindingFilter(
            ResourceType.ANY,
            None,
            ResourcePatternType.ANY,
            None,
            None,
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        return frozenset(map(_grant, self._client.describe_acls(everything).result(TIMEOUT_SECONDS)))


@contextmanager
def kafka_admin(access: Access) -> Iterator[KafkaAdmin]:
    """Open a short-lived client: one left open while the broker is away complains once a second."""
    client = AdminClient(
        {
            "bootstrap.servers": access.bootstrap,
            "security.protocol": access.security_protocol,
            "sasl.mechanism": access.mechanism,
            "sasl.username": access.username,
            "sasl.password": access.password,
            "reconnect.backoff.max.ms": 250,
            "log_level": 0,  # who waits for a broker to come up need not read that it is not up
        }
    )
    try:
        yield KafkaAdmin(client)
    except KafkaException as error:
        raise TopicError(f"Kafka at {access.bootstrap} refused {access.username}: {error}") from error


def _health(name: str, topic: Any) -> TopicHealth:
    parts = topic.partitions.values()
    return TopicHealth(
        name,
        partitions=len(parts),
        without_leader=sum(part.leader < 0 for part in parts),
        under_replicated=sum(len(part.isrs) < len(part.replicas) for part in parts),
    )


def _wait(futures: Mapping[Any, Future[Any]], verb: str) -> None:
    for what, future in futures.items():
        try:
            future.result(TIMEOUT_SECONDS)
        except KafkaException as error:
            raise TopicError(f"cannot {verb} {what}: {error}") from error


def _grant(acl: Any) -> Grant:
    principal = acl.principal.removeprefix("User:")
    return Grant(principal, acl.operation.name, acl.restype.name, acl.name, acl.resource_pattern_type.name)


def _binding(grant: Grant) -> AclBinding:
    return AclBinding(*_parts(grant))


def _filter(grant: Grant) -> AclBindingFilter:
    return AclBindingFilter(*_parts(grant))


def _parts(grant: Grant) -> tuple[Any, ...]:
    return (
        ResourceType[grant.resource],
        grant.name,
        ResourcePatternType[grant.pattern],
        f"User:{grant.principal}",
        "*",
        AclOperation[grant.operation],
        AclPermissionType.ALLOW,
    )
