"""The embedded stack of one data folder: Kafka and PostgreSQL with topics, users, rights and databases.

`stack.json` in the folder tells other processes how to come in; a lock on the folder says whether anybody
is running it, so nothing that a crash has left behind is believed.
"""

import fcntl
import os
import shutil
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from fajian.errors import LocalError, NotRunningError
from fajian.local.admin import Access
from fajian.local.jars import ensure_jars
from fajian.local.kafka import ADMIN, EmbeddedKafka, copies_of
from fajian.local.ports import free_port
from fajian.local.postgres import EmbeddedPostgres
from fajian.local.progress import Progress, quiet
from fajian.local.secret_files import new_password, read_secret, write_secret
from fajian.local.supervisor import Command, Supervisor
from fajian.local.topics import ensure_bus
from fajian.settings import Settings, load_settings
from schemas.topics import PRINCIPALS

#: who has a database and an HTTP door here; the other sides have topics only
SIDES_WITH_CONNECTOR = ("court", "procuratorate")

EVENTS_PER_SECOND = "2000"  #: of a system at a door here: counties are played faster than they live


@dataclass(frozen=True, slots=True)
class StackInfo:
    """How to reach a running stack. Holds every password of it: for its owner alone."""

    pid: int  #: of the process that runs it
    data_dir: str
    bootstrap: str
    partitions: int
    replication_factor: int
    passwords: Mapping[str, str]  #: by principal, the administrator among them
    dsns: Mapping[str, str]  #: by side
    http_ports: Mapping[str, int]  #: by side: where its connector listens
    http_keys: Mapping[str, str]  #: by side: what its systems must show there

    def access(self, principal: str = ADMIN) -> Access:
        """Return how *principal* gets into Kafka."""
        return Access(bootstrap=self.bootstrap, username=principal, password=self.passwords[principal])

    def settings(self, principal: str = ADMIN) -> Settings:
        """Return the settings with which this process acts as *principal*."""
        return load_settings(
            bootstrap_servers=self.bootstrap,
            sasl_username=principal,
            sasl_password=self.passwords[principal],
            partitions=self.partitions,
            replication_factor=self.replication_factor,
            data_dir=Path(self.data_dir),
        )

    def environment(self, principal: str) -> dict[str, str]:
        """Return the variables with which a process of ours acts as *principal*, and as nobody else."""
        variables = {
            "FAJIAN_BOOTSTRAP_SERVERS": self.bootstrap,
            "FAJIAN_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "FAJIAN_SASL_MECHANISM": "SCRAM-SHA-512",
            "FAJIAN_SASL_USERNAME": principal,
            "FAJIAN_SASL_PASSWORD": self.passwords[principal],
            "FAJIAN_PARTITIONS": str(self.partitions),
            "FAJIAN_REPLICATION_FACTOR": str(self.replication_factor),
            "FAJIAN_DATA_DIR": self.data_dir,
        }
        if principal in self.dsns:
            own = f"FAJIAN_{principal.upper()}"
            variables |= {
                "FAJIAN_POSTGRES_DSN": self.dsns[principal],
                f"{own}_KAFKA_PASSWORD": self.passwords[principal],
                f"{own}_POSTGRES_DSN": self.dsns[principal],
                f"{own}_HTTP_PORT": str(self.http_ports[principal]),
                f"{own}_HTTP_KEY": self.http_keys[principal],
                f"{own}_EVENTS_PER_SECOND": EVENTS_PER_SECOND,
            }
        return variables


class EmbeddedStack:
    """Runs while it is entered; entering gives the `StackInfo`. Leaving stops everything in order."""

    def __init__(
        self,
        data_dir: Path,
        *,
        cache_dir: Path,
        partitions: int = 12,
        brokers: int | None = None,
        offline: bool = False,
        progress: Progress = quiet,
    ) -> None:
        self._dir = data_dir.expanduser().absolute()
        self._cache_dir = cache_dir
        self._partitions = partitions
        self._brokers = brokers
        self._offline = offline
        self.progress = progress
        self._writing = threading.Lock()
        self._running = ExitStack()
        self.supervisor = Supervisor(on_change=self._write_processes)

    def __enter__(self) -> StackInfo:
        with ExitStack() as starting:
            self._prepare(starting)
            info = self._start()
            write_secret(self._dir / "stack.json", asdict(info))
            starting.callback((self._dir / "stack.json").unlink, missing_ok=True)
            self._running = starting.pop_all()
        return info

    def __exit__(self, *_: object) -> None:
        self.progress.say("停止 / stopping")
        self._running.close()

    def command(self, info: StackInfo, name: str, *arguments: str, principal: str) -> Command:
        """Return the `fajian` command with *arguments* as a process that acts as *principal*."""
        argv = [sys.executable, "-m", "fajian", *arguments]
        return Command(name, argv, self._dir / "logs" / f"{name}.log", env=info.environment(principal))

    def _prepare(self, starting: ExitStack) -> None:
        self._dir.mkdir(parents=True, exist_ok=True)
        self._dir.chmod(0o711)  # an account that runs PostgreSQL may pass through, and see nothing on its way
        starting.enter_context(_hold(self._dir))
        starting.enter_context(self.supervisor)

    def _start(self) -> StackInfo:
        jars = ensure_jars(self._cache_dir, offline=self._offline, progress=self.progress)
        kafka = EmbeddedKafka(
            self._dir / "kafka", jars=jars, supervisor=self.supervisor, brokers=self._brokers
        )
        postgres = EmbeddedPostgres(
            self._dir / "postgres", supervisor=self.supervisor, sides=SIDES_WITH_CONNECTOR
        )
        copies, enough = copies_of(kafka.brokers)
        self.progress.say("启动 Kafka 与 PostgreSQL / starting Kafka and PostgreSQL")
        kafka.launch()
        postgres.start()
        kafka.wait_ready()
        info = self._info(kafka, postgres)
        self.progress.say(f"建立主题和权限 / topics, users and rights on {info.bootstrap}")
        ensure_bus(
            kafka.access,
            passwords={name: info.passwords[name] for name in PRINCIPALS},
            partitions=self._partitions,
            replication_factor=copies,
            min_insync_replicas=enough,
        )
        return info

    def _info(self, kafka: EmbeddedKafka, postgres: EmbeddedPostgres) -> StackInfo:
        kept = read_secret(self._dir / "principals.json")
        passwords = _remembered(kept, "passwords", PRINCIPALS)
        keys = _remembered(kept, "http_keys", SIDES_WITH_CONNECTOR)
        before = kept.get("http_ports", {})
        ports = {side: free_port(before.get(side)) for side in SIDES_WITH_CONNECTOR}
        write_secret(
            self._dir / "principals.json", {"passwords": passwords, "http_keys": keys, "http_ports": ports}
        )
        return StackInfo(
            pid=os.getpid(),
            data_dir=str(self._dir),
            bootstrap=kafka.access.bootstrap,
            partitions=self._partitions,
            replication_factor=copies_of(kafka.brokers)[0],
            passwords={ADMIN: kafka.access.password, **passwords},
            dsns=postgres.dsns,
            http_ports=ports,
            http_keys=keys,
        )

    def _write_processes(self) -> None:
        rows = [{**asdict(each), "since": each.since.isoformat()} for each in self.supervisor.statuses()]
        with self._writing:
            write_secret(self._dir / "processes.json", {"processes": rows})


def read_stack(data_dir: Path) -> StackInfo:
    """Return how to reach the stack that runs in *data_dir*."""
    folder = data_dir.expanduser().absolute()
    kept = read_secret(folder / "stack.json")
    if not kept or running_pid(folder) is None:
        raise NotRunningError(nothing_runs_in(folder))
    return StackInfo(**kept)


def nothing_runs_in(folder: Path, name: str = "FAJIAN_BOOTSTRAP_SERVERS") -> str:
    """Say that no bus runs in *folder*, and what to do; a cluster elsewhere is named by the variable *name*.

    To start one comes last: on the host of a bus that runs elsewhere it would be a second, empty one.
    """
    return (
        f"{folder} 中没有总线在运行 / no bus is running in {folder}. "
        f"换目录请设 FAJIAN_DATA_DIR；自有集群请设 {name} 等（docs/reference/settings.md）；"
        "仅在本机试用：fajian up / "
        f"set FAJIAN_DATA_DIR for another folder, {name} and the like for a cluster of your own; "
        "`fajian up` only to try it out on this machine"
    )


def read_processes(data_dir: Path) -> Sequence[Mapping[str, Any]]:
    """Return the state of every process of the stack, as it was last written down."""
    return tuple(read_secret(data_dir.expanduser() / "processes.json").get("processes", ()))


def running_pid(data_dir: Path) -> int | None:
    """Return the process that runs a stack in *data_dir*, starting or ready; None where none does."""
    try:
        with (data_dir.expanduser() / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return int((data_dir.expanduser() / "lock").read_text() or 0) or None
    return None


def remove_stack(data_dir: Path) -> None:
    """Delete all that the stack of *data_dir* keeps; it must have been stopped."""
    folder = data_dir.expanduser().absolute()
    if (pid := running_pid(folder)) is not None:
        raise LocalError(f"{folder} is in use by process {pid}: stop it with `fajian down`")
    if not folder.exists():
        return
    if not (folder / "kafka").exists():
        raise LocalError(f"{folder} is not the folder of a stack: expected `kafka` in it")
    if (folder / "postgres").exists():  # not where Kafka has not come up
        EmbeddedPostgres(folder / "postgres", supervisor=Supervisor(), sides=()).remove()
    shutil.rmtree(folder, ignore_errors=True)


def _remembered(kept: Mapping[str, Any], kind: str, names: Sequence[str]) -> dict[str, str]:
    return {name: kept.get(kind, {}).get(name) or new_password() for name in names}


def _hold(folder: Path) -> IO[str]:
    """Take the folder for this process; the system gives it back when the process ends, however it ends."""
    lock = (folder / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        pid = (folder / "lock").read_text()
        raise LocalError(f"{folder} is in use by process {pid}: stop it with `fajian down`") from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
