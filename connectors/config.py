"""One TOML file says what a side's connector consists of. Secrets stay outside: `${NAME}` fetches them.

`${NAME}` must be given by the environment (or by who embeds the connector), `${NAME:-text}` falls back
to *text*. A password, key or DSN is only ever a `${NAME}`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from fajian.errors import ConnectorConfigError

Side = Literal["court", "procuratorate"]  #: the sides that have a connector of ours

SECRET_KEYS = frozenset({"password", "key", "dsn"})
MIB = 1024 * 1024

_REFERENCE = re.compile(r"\$\{(?P<name>[A-Z][A-Z0-9_]*)(?::-(?P<fallback>[^}]*))?\}")
_KINDS = frozenset({"http", "outbox", "files"})
_PART = "^[a-z][a-z0-9-]{0,30}$"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

Location = tuple[str | int, ...]
Problem = tuple[Location, str]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaConfig(_Table):
    """How the connector reaches the bus, as the principal of its side."""

    bootstrap_servers: str  #: host:port, separated by commas
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "SASL_PLAINTEXT"
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    username: str = ""
    password: SecretStr = SecretStr("")
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None


class ClientKey(_Table):
    """One backend system: how it proves who it is, and whose events it may bring."""

    system: str  #: shown in logs and metrics
    key: SecretStr | None = None
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")  #: of a long random key
    certificate: str | None = None  #: a name in its client certificate: DNS, URI or common name
    sources: tuple[str, ...]  #: CloudEvents `source` must begin with one of these
    events_per_second: float | None = Field(default=None, gt=0)  #: instead of the door's
    burst_events: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _has_proof(self) -> "ClientKey":
        if self.key is not None and self.sha256 is not None:
            raise ValueError("give either key or sha256")
        if self.key is None and self.sha256 is None and self.certificate is None:
            raise ValueError("give key, sha256 or certificate")
        if self.key is not None and len(self.key.get_secret_value()) < 16:
            raise ValueError("a key has at least 16 characters")
        return self


class Tls(_Table):
    """The door's own certificate, and whose client certificates it believes."""

    certificate: Path
    private_key: Path
    client_ca: Path | None = None


class HttpSource(_Table):
    """Events over HTTP; also serves receipts, health and metrics."""

    kind: Literal["http"]
    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535)  #: 0 takes a free one
    authentication: Literal["bearer", "none"] = "bearer"  #: bearer: by the proof that each system has
    tls: Tls | None = None
    keys: tuple[ClientKey, ...] = ()
    max_event_bytes: int = Field(default=MIB, gt=0)
    max_batch_bytes: int = Field(default=8 * MIB, gt=0)
    max_batch_events: int = Field(default=10_000, gt=0)
    max_connections: int = Field(default=1000, gt=0)  #: more are told to come again
    header_timeout_seconds: float = Field(default=10, gt=0)
    body_timeout_seconds: float = Field(default=30, gt=0)
    kafka_timeout_seconds: float = Field(default=5, gt=0)  #: then the client is told to come again
    retry_after_seconds: int = Field(default=5, gt=0)
    events_per_second: float = Field(default=2000, gt=0)  #: of each system, in the long run
    burst_events: int = Field(default=20_000, gt=0)  #: that a system may bring at once after a rest
    requests_at_once: int = Field(default=64, gt=0)  #: of each system

    @model_validator(mode="after")
    def _doors_have_locks(self) -> "HttpSource":
        if self.authentication == "bearer" and not self.keys:
            raise ValueError("authentication is bearer, but there is no [[source.keys]]")
        if self.authentication == "none" and self.host not in _LOOPBACK:
            raise ValueError("authentication none is for a loopback host only")
        believes = self.tls is not None and self.tls.client_ca is not None
        if not believes and any(entry.certificate for entry in self.keys):
            raise ValueError("client certificates need [source.tls] with client_ca")
        return self


class OutboxSource(_Table):
    """Events from the table `fajian_outbox` in an agency's own PostgreSQL."""

    kind: Literal["outbox"]
    name: str = Field(default="outbox", pattern=_PART)
    dsn: SecretStr
    db_schema: str = Field(default="public", pattern="^[a-z_][a-z0-9_]*$")  #: where the table stands
    batch_rows: int = Field(default=500, gt=0, le=10_000)
    poll_seconds: float = Field(default=1, gt=0)  #: looks this often even if no word comes
    keep_days: int = Field(default=30, gt=0)  #: rows that ended well stay this long


class FilesSource(_Table):
    """Events from the folder that a front-end exchange machine (前置机) shares with an agency."""

    kind: Literal["files"]
    name: str = Field(default="files", pattern=_PART)
    folder: Path
    sources: tuple[str, ...] = Field(min_length=1)  #: CloudEvents `source` must begin with one of these
    complete: Literal["stable", "rename", "marker"] = "stable"  #: how a file shows that it is whole
    mappings: tuple[Path, ...] = ()  #: TOML files that say how to read CSV
    poll_seconds: float = Field(default=2, gt=0)
    settle_seconds: float = Field(default=2, ge=0)  #: stable: so long must size and time stand still
    receipts_seconds: float = Field(default=5, gt=0)  #: a file of receipts at most this often
    batch_lines: int = Field(default=500, gt=0, le=10_000)
    max_file_bytes: int = Field(default=256 * MIB, gt=0)  #: unpacked, too
    max_package_files: int = Field(default=1000, gt=0)


Source = Annotated[HttpSource | OutboxSource | FilesSource, Field(discriminator="kind")]


class PostgresSink(_Table):
    """The projection of feed, receipts and state in the side's own database."""

    kind: Literal["postgres"]
    dsn: SecretStr
    batch_records: int = Field(default=2000, gt=0)
    digests: bool = True  #: after each tick, tell the bus what this side holds (StateDigest)


class ConnectorConfig(_Table):
    """All parts of one side."""

    side: Side
    sender: str = Field(pattern="^//")  #: CloudEvents `source` of what the connector itself says
    agreement: str = Field(min_length=1)  #: subject of that is `agreement/<agreement>`
    kafka: KafkaConfig
    source: tuple[Source, ...] = ()
    sink: tuple[PostgresSink, ...] = ()

    @model_validator(mode="after")
    def _sources_are_told_apart(self) -> "ConnectorConfig":
        if sum(isinstance(source, HttpSource) for source in self.source) > 1:
            raise ValueError("one [[source]] of kind http at most")
        names = [each.name for each in (*self.outboxes, *self.folders)]
        if len(set(names)) < len(names):
            raise ValueError(f"every [[source]] needs a name of its own, got {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _at_most_one_sink(self) -> "ConnectorConfig":
        if len(self.sink) > 1:
            raise ValueError("one [[sink]] of kind postgres at most")
        return self

    @property
    def http(self) -> HttpSource | None:
        return next((source for source in self.source if isinstance(source, HttpSource)), None)

    @property
    def outboxes(self) -> tuple[OutboxSource, ...]:
        return tuple(source for source in self.source if isinstance(source, OutboxSource))

    @property
    def folders(self) -> tuple[FilesSource, ...]:
        return tuple(source for source in self.source if isinstance(source, FilesSource))

    @property
    def postgres(self) -> PostgresSink | None:
        return self.sink[0] if self.sink else None


def load_config(path: Path, variables: Mapping[str, str]) -> ConnectorConfig:
    """Read *path*, filling its `${NAME}` from *variables*; every complaint names file, line and key."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except OSError as error:
        raise ConnectorConfigError(f"{path}: expected a readable TOML file, {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConnectorConfigError(f"{path}: expected TOML, {error}") from error
    problems: list[Problem] = []
    filled = _fill(raw, variables, (), problems)
    if not problems:
        try:
            return ConnectorConfig.model_validate(filled)
        except ValidationError as error:
            problems = list(_complaints(error))
    raise ConnectorConfigError(
        "\n".join(f"{path}:{_line(text, where)}: {_dotted(where)}: {message}" for where, message in problems)
    )


def load_side(side: str, path: Path, variables: Mapping[str, str]) -> ConnectorConfig:
    """Read *path*, which must describe *side*."""
    config = load_config(path, variables)
    if config.side != side:
        raise ConnectorConfigError(f'{path}: expected side = "{side}", got "{config.side}"')
    return config


def _fill(value: Any, variables: Mapping[str, str], at: Location, problems: list[Problem]) -> Any:
    if isinstance(value, dict):
        return {key: _fill(item, variables, (*at, key), problems) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, variables, (*at, i), problems) for i, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    if at[-1] in SECRET_KEYS and not ((whole := _REFERENCE.fullmatch(value)) and whole["fallback"] is None):
        problems.append((at, "expected a reference like ${NAME}; secrets are not written into this file"))
        return value

    def replace(match: re.Match[str]) -> str:
        found: str | None = variables.get(match["name"], match["fallback"])
        if found is None:
            problems.append((at, f"environment variable {match['name']} is not set"))
            return ""
        return found

    return _REFERENCE.sub(replace, value)


def _complaints(error: ValidationError) -> Iterator[Problem]:
    for item in error.errors(include_url=False):
        came = "" if isinstance(item["input"], dict) else f", got {type(item['input']).__name__}"
        yield _as_written(item["loc"]), item["msg"].removeprefix("Value error, ") + came


def _as_written(where: Location) -> Location:
    """Leave out the kind, which pydantic puts after the number of a table that has several kinds."""
    told = {2} if len(where) > 2 and where[0] in ("source", "sink") and where[2] in _KINDS else set()
    return tuple(part for i, part in enumerate(where) if i not in told)


def _dotted(where: Location) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in where]
    return "".join(parts).lstrip(".") or "the file"


def _line(text: str, where: Location) -> int:
    """Return the line of the key *where*, or of the table that should have it."""
    lines = text.splitlines()
    found, names = 0, [part for part in where if isinstance(part, str)]
    counts = [part for part in where if isinstance(part, int)]
    for depth in range(1, len(names) + 1):
        table = ".".join(map(re.escape, names[:depth]))
        headers = [i for i, line in enumerate(lines) if i >= found and re.match(rf"\s*\[+{table}\]+", line)]
        if headers:
            wanted = counts[depth - 1] if depth <= len(counts) else 0
            found = headers[min(wanted, len(headers) - 1)]
    last = re.escape(names[-1]) if names else "$"
    for i in range(found, len(lines)):
        if re.match(rf"\s*{last}\s*=", lines[i]):
            return i + 1
        if i > found and lines[i].lstrip().startswith("["):
            break
    return found + 1
