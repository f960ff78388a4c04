"""The `[[sink]]` tables of a connector's file: by which ways a side is told."""

from datetime import time
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.signatures import asymmetric_key, symmetric_key

_PART = "^[a-z][a-z0-9-]{0,30}$"
_ADDRESS = r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$"

MINUTE, HOUR = 60, 3600
_HOURS = (2, 5, 10, 14, 20, 24)
LADDER = (5.0, 30.0, 2.0 * MINUTE, 10.0 * MINUTE, 30.0 * MINUTE, *(float(HOUR * each) for each in _HOURS))

Address = Annotated[str, Field(pattern=_ADDRESS)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PostgresSink(_Table):
    """The projection of feed, receipts and state in the side's own database."""

    kind: Literal["postgres"]
    dsn: SecretStr
    batch_records: int = Field(default=2000, gt=0)
    digests: bool = True  #: after each tick, tell the bus what this side holds (StateDigest)


class Selection(_Table):
    """Which records of the feed are meant: all that every filter lets pass; an empty one lets all pass."""

    kinds: tuple[Literal["fact", "flag", "lead", "alert"], ...] = ()
    types: tuple[str, ...] = ()  #: short names, such as Overdue
    rules: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()  #: of flags and leads; what has none does not pass
    posts: tuple[str, ...] = ()  #: whose turn it is; what is for nobody in particular does not pass


class Receiver(Selection):
    """Somebody who is sent one record after the other, and may be away for days."""

    name: str = Field(pattern=_PART)
    begin: Literal["earliest", "latest"] = "earliest"  #: where a new receiver begins in the feed
    retry_seconds: tuple[float, ...] = Field(default=LADDER, min_length=1)  #: pauses; then it has failed
    break_after: int = Field(default=5, gt=0)  #: failures in a row, then the receiver gets a rest
    rest_seconds: float = Field(default=30, gt=0)  #: doubled with each probe that fails, up to ten times
    at_once: int = Field(default=8, gt=0, le=256)
    timeout_seconds: float = Field(default=15, gt=0)  #: for the whole exchange
    keep_days: int = Field(default=30, gt=0)  #: what was delivered stays in the log


class WebhookSink(Receiver):
    """A receiver over HTTP, signed as Standard Webhooks describe."""

    kind: Literal["webhook"]
    url: str
    secret: SecretStr | None = None  #: whsec_…, signs v1
    previous_secret: SecretStr | None = None  #: signs as well while the receiver changes over
    signing_key: SecretStr | None = None  #: whsk_…, Ed25519, signs v1a
    previous_signing_key: SecretStr | None = None
    inside: tuple[IPv4Network | IPv6Network, ...] = ()  #: private networks that this receiver may be in
    tls_ca: Path | None = None  #: instead of the authorities that this machine believes

    @field_validator("secret", "previous_secret")
    @classmethod
    def _is_symmetric(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            symmetric_key(value.get_secret_value())
        return value

    @field_validator("signing_key", "previous_signing_key")
    @classmethod
    def _is_asymmetric(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            asymmetric_key(value.get_secret_value())
        return value

    @field_validator("url")
    @classmethod
    def _is_plain(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError as error:
            raise ValueError(f"expected a URL, {error}") from error
        if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
            raise ValueError("expected https://host/path")
        if parts.username is not None or parts.fragment:
            raise ValueError("expected a URL without user and fragment")
        if not (value.isascii() and value.isprintable() and " " not in value):
            raise ValueError("expected a URL of printable ASCII, percent-encoded")
        return value

    @model_validator(mode="after")
    def _can_be_believed(self) -> "WebhookSink":
        if self.secret is None and self.signing_key is None:
            raise ValueError("give secret or signing_key")
        if self.url.startswith("http:") and not self.inside:
            raise ValueError("http without TLS is for receivers in `inside` networks only")
        return self


class Smtp(_Table):
    """The mail server of the agency."""

    host: str
    port: int = Field(gt=0, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None
    tls_ca: Path | None = None

    @model_validator(mode="after")
    def _passwords_are_not_shouted(self) -> "Smtp":
        if self.password is not None and self.security == "none":
            raise ValueError("a password needs security starttls or tls")
        return self


class MailSink(Receiver):
    """Mails to a post: at once, or one a day."""

    kind: Literal["mail"]
    smtp: Smtp
    sender: Address
    to: tuple[Address, ...] = Field(min_length=1)
    mode: Literal["at-once", "digest"] = "at-once"
    digest_at: time = time(8, 30)  #: of Shanghai
    language: Literal["zh", "en", "both"] = "both"
    begin: Literal["earliest", "latest"] = "latest"
    kinds: tuple[Literal["fact", "flag", "lead", "alert"], ...] = ("flag", "lead", "alert")
    at_once: int = Field(default=1, gt=0, le=16)

    @model_validator(mode="after")
    def _is_for_somebody(self) -> "MailSink":
        if not self.posts:
            raise ValueError("give posts: a mail tells its readers only what is theirs to act on")
        return self


class FilesSink(Selection):
    """Drops into a folder that a front-end exchange machine carries away."""

    kind: Literal["files"]
    name: str = Field(default="drops", pattern=_PART)
    folder: Path
    format: Literal["jsonl", "csv"] = "jsonl"
    encoding: Literal["utf-8", "utf-8-sig", "gb18030"] = "utf-8"  #: of CSV; JSON is UTF-8
    every_seconds: float = Field(default=60, gt=0)  #: a file at most this often …
    most_records: int = Field(default=10_000, gt=0)  #: … unless so many wait
    begin: Literal["earliest", "latest"] = "earliest"

    @model_validator(mode="after")
    def _json_is_utf8(self) -> "FilesSink":
        if self.format == "jsonl" and self.encoding != "utf-8":
            raise ValueError("JSON Lines are utf-8")
        return self


class StreamClient(Selection):
    """One reader of the live stream: how it proves who it is, and what it is shown."""

    system: str
    key: SecretStr | None = None
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")  #: of a long random key

    @model_validator(mode="after")
    def _has_proof(self) -> "StreamClient":
        if (self.key is None) is (self.sha256 is None):
            raise ValueError("give either key or sha256")
        if self.key is not None and len(self.key.get_secret_value()) < 16:
            raise ValueError("a key has at least 16 characters")
        return self


class SseSink(_Table):
    """The live stream at the HTTP door."""

    kind: Literal["sse"]
    clients: tuple[StreamClient, ...] = Field(min_length=1)
    heartbeat_seconds: float = Field(default=15, gt=0)
    most_connections: int = Field(default=200, gt=0)
    send_timeout_seconds: float = Field(default=30, gt=0)  #: a reader that takes nothing so long is let go


Sink = Annotated[PostgresSink | WebhookSink | MailSink | FilesSink | SseSink, Field(discriminator="kind")]
