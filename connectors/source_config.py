"""The `[[source]]` tables of a connector's file: by which ways events come in."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

MIB = 1024 * 1024

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PART = "^[a-z][a-z0-9-]{0,30}$"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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
    events_per_second: float = Field(default=100, gt=0)  #: of each system, in the long run
    burst_events: int | None = Field(default=None, gt=0)  #: at once after a rest; else what a second brings
    patience_seconds: float = Field(default=1, ge=0)  #: a request beyond the rate is held so long at most
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
    receipts: Literal["jsonl", "csv"] = "jsonl"  #: csv: UTF-8 with a mark, which spreadsheets open
    receipts_seconds: float = Field(default=5, gt=0)  #: a file of receipts at most this often
    batch_lines: int = Field(default=500, gt=0, le=10_000)
    max_file_bytes: int = Field(default=256 * MIB, gt=0)  #: unpacked, too
    max_package_files: int = Field(default=1000, gt=0)


Source = Annotated[HttpSource | OutboxSource | FilesSource, Field(discriminator="kind")]
