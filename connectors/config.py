"""One TOML file says what a side's connector consists of. Secrets stay outside: `${NAME}` fetches them.

`${NAME}` must be given by the environment (or by who embeds the connector), `${NAME:-text}` falls back
to *text*. A password, key or DSN is only ever a `${NAME}`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from fajian.errors import ConnectorConfigError

Side = Literal["court", "procuratorate"]  #: the sides that have a connector of ours

SECRET_KEYS = frozenset({"password", "key", "dsn"})
MIB = 1024 * 1024

_REFERENCE = re.compile(r"\$\{(?P<name>[A-Z][A-Z0-9_]*)(?::-(?P<fallback>[^}]*))?\}")
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
    """The bearer key of one backend system, and whose events it may bring."""

    system: str  #: shown in logs and metrics
    key: SecretStr | None = None
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")  #: of a long random key
    sources: tuple[str, ...]  #: CloudEvents `source` must begin with one of these

    @model_validator(mode="after")
    def _one_of_both(self) -> "ClientKey":
        if (self.key is None) == (self.sha256 is None):
            raise ValueError("give either key or sha256")
        if self.key is not None and len(self.key.get_secret_value()) < 16:
            raise ValueError("a key has at least 16 characters")
        return self


class HttpSource(_Table):
    """Events over HTTP; also serves receipts, health and metrics."""

    kind: Literal["http"]
    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535)  #: 0 takes a free one
    authentication: Literal["bearer", "none"] = "bearer"
    keys: tuple[ClientKey, ...] = ()
    max_event_bytes: int = Field(default=MIB, gt=0)
    max_batch_bytes: int = Field(default=8 * MIB, gt=0)
    max_batch_events: int = Field(default=10_000, gt=0)
    body_timeout_seconds: float = Field(default=30, gt=0)
    kafka_timeout_seconds: float = Field(default=5, gt=0)  #: then the client is told to come again
    retry_after_seconds: int = Field(default=5, gt=0)

    @model_validator(mode="after")
    def _doors_have_locks(self) -> "HttpSource":
        if self.authentication == "bearer" and not self.keys:
            raise ValueError("authentication is bearer, but there is no [[source.keys]]")
        if self.authentication == "none" and self.host not in _LOOPBACK:
            raise ValueError("authentication none is for a loopback host only")
        return self


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
    source: tuple[HttpSource, ...] = ()
    sink: tuple[PostgresSink, ...] = ()

    @model_validator(mode="after")
    def _at_most_one_each(self) -> "ConnectorConfig":
        if len(self.source) > 1 or len(self.sink) > 1:
            raise ValueError("one [[source]] of kind http and one [[sink]] of kind postgres at most")
        return self

    @property
    def http(self) -> HttpSource | None:
        return self.source[0] if self.source else None

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
        yield item["loc"], item["msg"].removeprefix("Value error, ") + came


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
