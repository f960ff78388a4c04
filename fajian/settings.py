"""The settings of one process: built once, by the command line or the worker, and passed down."""

from pathlib import Path
from typing import Literal

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from fajian.errors import SettingsError


class Settings(BaseSettings):
    """Read from the environment, prefix `FAJIAN_`; everything has the value of the embedded stack."""

    model_config = SettingsConfigDict(env_prefix="FAJIAN_", frozen=True, extra="ignore")

    bootstrap_servers: str = "127.0.0.1:9092"  #: host:port, separated by commas
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "SASL_PLAINTEXT"
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None

    partitions: int = 12  #: of inboxes, ledger, state, flags and leads; fixed for the life of a ledger
    replication_factor: int = 1
    min_insync_replicas: int = 1

    policy_key_court: str | None = None  #: public key that counts for the court, whatever a policy names
    policy_key_procuratorate: str | None = None

    postgres_dsn: SecretStr | None = None  #: of this side's projection

    data_dir: Path = Path(".fajian")  #: everything that the embedded stack and the stores keep
    cache_dir: Path = Path("~/.cache/fajian")  #: jars and binaries, shared by all data folders
    worker: str = "worker"  #: name of a worker process on its machine; its stores lie under it
    web_bind: str = "127.0.0.1"
    web_port: int | None = None  #: of a worker's health pages and metrics; a free one where none is given
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "text"] = "json"


def load_settings(**overrides: object) -> Settings:
    """Read the environment; *overrides* (from the command line) win over it where they are not None."""
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = "; ".join(
            f"FAJIAN_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()
        )
        raise SettingsError(f"settings cannot be read: {problems}") from error
