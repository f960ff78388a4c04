"""One TOML file says what a side's connector consists of. Secrets stay outside: `${NAME}` fetches them.

A file may be no more than its `[[source]]` and `[[sink]]` tables: who the side is and where Kafka is stands
in the bundled one.

`${NAME}` must be given by the environment (or by who embeds the connector), `${NAME:-text}` falls back
to *text*. A password, key or DSN is only ever a `${NAME}`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from connectors.sink_config import FilesSink, MailSink, PostgresSink, Sink, SseSink, WebhookSink
from connectors.source_config import FilesSource, HttpSource, OutboxSource, Source
from fajian.errors import ConnectorConfigError
from fajian.toml_places import Location, dotted, line_of

Side = Literal["court", "procuratorate"]  #: the sides that have a connector of ours

SECRET_KEYS = frozenset(
    {
        "password",
        "key",
        "dsn",
        "secret",
        "previous_secret",
        "signing_key",
        "previous_signing_key",
    }
)

RESERVED = ("inbox", "postgres", "http", "sse")  #: names of parts that every side may have

_REFERENCE = re.compile(r"\$\{(?P<name>[A-Z][A-Z0-9_]*)(?::-(?P<fallback>[^}]*))?\}")

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


class ConnectorConfig(_Table):
    """All parts of one side."""

    side: Side
    sender: str = Field(pattern="^//")  #: CloudEvents `source` of what the connector itself says
    agreement: str = Field(min_length=1)  #: subject of that is `agreement/<agreement>`
    kafka: KafkaConfig
    source: tuple[Source, ...] = ()
    sink: tuple[Sink, ...] = ()

    @model_validator(mode="after")
    def _sources_are_told_apart(self) -> "ConnectorConfig":
        if sum(isinstance(source, HttpSource) for source in self.source) > 1:
            raise ValueError("one [[source]] of kind http at most")
        names = [each.name for each in self.outboxes] + [each.name for each in self.folders]
        if len(set(names)) < len(names):
            raise ValueError(f"every [[source]] needs a name of its own, got {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _sinks_are_told_apart(self) -> "ConnectorConfig":
        kinds = [sink.kind for sink in self.sink]
        if kinds.count("postgres") > 1 or kinds.count("sse") > 1:
            raise ValueError("one [[sink]] of kind postgres at most, and one of kind sse")
        names = [*(each.name for each in self.receivers), *(each.name for each in self.drops)]
        sources = [*(each.name for each in self.outboxes), *(each.name for each in self.folders)]
        taken = [*names, *sources, *RESERVED]
        if len(set(taken)) < len(taken):
            raise ValueError(f"every [[sink]] needs a name of its own, got {', '.join(names)}")
        if self.postgres is None and (self.receivers or self.stream):
            raise ValueError("webhook, mail and sse need a [[sink]] of kind postgres, where their log stands")
        if self.stream and self.http is None:
            raise ValueError("sse needs a [[source]] of kind http, whose door it shares")
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
        return next((sink for sink in self.sink if isinstance(sink, PostgresSink)), None)

    @property
    def receivers(self) -> tuple[WebhookSink | MailSink, ...]:
        return tuple(sink for sink in self.sink if isinstance(sink, WebhookSink | MailSink))

    @property
    def drops(self) -> tuple[FilesSink, ...]:
        return tuple(sink for sink in self.sink if isinstance(sink, FilesSink))

    @property
    def stream(self) -> SseSink | None:
        return next((sink for sink in self.sink if isinstance(sink, SseSink)), None)


def load_config(
    path: Path, variables: Mapping[str, str], *, defaults: Mapping[str, Any] = MappingProxyType({})
) -> ConnectorConfig:
    """Read *path*, filling its `${NAME}` from *variables*; every complaint names file, line and key.

    Top-level tables that it lacks are taken from *defaults*.
    """
    try:
        text = path.read_text(encoding="utf-8")
        raw = {**defaults, **tomllib.loads(text)}
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
        "\n".join(f"{path}:{line_of(text, where)}: {dotted(where)}: {message}" for where, message in problems)
    )


def load_side(side: str, path: Path, variables: Mapping[str, str]) -> ConnectorConfig:
    """Read *path*, which must describe *side*, if it says whose it is at all."""
    config = load_config(path, variables, defaults=_bundled(side))
    if config.side != side:
        raise ConnectorConfigError(f'{path}: expected side = "{side}", got "{config.side}"')
    return config


def _bundled(side: str) -> Mapping[str, Any]:
    """Return what the bundled file says of *side* itself, without its parts."""
    raw = tomllib.loads(Path(__file__).with_name(f"{side}.toml").read_text(encoding="utf-8"))
    return {name: value for name, value in raw.items() if name not in ("source", "sink")}


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
        yield _without_tag(item["loc"]), item["msg"].removeprefix("Value error, ") + came


def _without_tag(where: Location) -> Location:
    """Leave out the kind, which pydantic puts behind the number of a table that may be of several kinds."""
    return (*where[:2], *where[3:]) if where[:1] in (("source",), ("sink",)) else where
