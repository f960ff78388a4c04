"""`fajian setup`: prepare a cluster that is not the embedded one."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from fajian.errors import SettingsError
from fajian.local.admin import Access
from fajian.local.kafka import ADMIN, CONTROLLER, format_arguments, new_cluster_id, server_properties
from fajian.local.secret_files import new_password
from fajian.local.topics import ensure_bus
from fajian.settings import Settings, load_settings
from schemas.topics import HUB, PRINCIPALS

SIDES = ("court", "procuratorate")

app = typer.Typer(
    help="准备集群 / Prepare a cluster of your own.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command()
def bus(
    principals: Annotated[Path, typer.Option(help="各主体口令 (JSON) / passwords by principal, as JSON")],
) -> None:
    """建立主题、用户和权限 / Create topics, users and rights, as administrator FAJIAN_SASL_USERNAME."""
    settings = load_settings()
    ensure_bus(
        _administrator(settings),
        passwords=_read_principals(principals),
        partitions=settings.partitions,
        replication_factor=settings.replication_factor,
        min_insync_replicas=settings.min_insync_replicas,
    )
    typer.echo(f"主题和权限已就绪 / topics and rights are in place on {settings.bootstrap_servers}", err=True)


@app.command()
def secrets(
    folder: Annotated[Path, typer.Argument(help="写入何处 / where to write them; not overwritten")],
) -> None:
    """为 docker-compose.yml 生成口令 / Write fresh passwords for docker-compose.yml."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SettingsError(f"{folder} is not empty: passwords that are in use are not overwritten")
    # Readable inside the containers, whose users differ; the folder keeps everybody else on the host out.
    for name, text in _secret_files():
        (folder / name).write_text(text, encoding="utf-8")
    typer.echo(f"已写入 / written to {folder}", err=True)


def _administrator(settings: Settings) -> Access:
    if not settings.sasl_username or settings.sasl_password is None:
        raise SettingsError("expected FAJIAN_SASL_USERNAME and FAJIAN_SASL_PASSWORD of an administrator")
    return Access(
        bootstrap=settings.bootstrap_servers,
        username=settings.sasl_username,
        password=settings.sasl_password.get_secret_value(),
        security_protocol=settings.security_protocol,
        mechanism=settings.sasl_mechanism,
    )


def _read_principals(path: Path) -> Mapping[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: expected a JSON object of passwords: {error}") from error
    if not isinstance(found, dict) or found.keys() != set(PRINCIPALS):
        raise SettingsError(f"{path}: expected one password each for {', '.join(PRINCIPALS)}")
    return found


def _secret_files() -> Iterator[tuple[str, str]]:
    kafka = {name: new_password() for name in (ADMIN, CONTROLLER, *PRINCIPALS)}
    databases = {name: new_password() for name in ("postgres", *SIDES)}
    properties = server_properties(
        node=1,
        voters="1@127.0.0.1:9093",
        data="/var/lib/kafka/data",
        client="0.0.0.0:9092",
        controller="127.0.0.1:9093",
        advertised="kafka:9092",
        passwords=kafka,
    )
    words = format_arguments(
        cluster_id=new_cluster_id(), config="/run/secrets/server.properties", admin_password=kafka[ADMIN]
    )
    yield "server.properties", _text(properties)
    yield "format.arguments", _text(words)
    yield "principals.json", json.dumps({name: kafka[name] for name in PRINCIPALS}, indent=2)
    yield "postgres.env", _variables({"POSTGRES_PASSWORD": databases["postgres"]} | _by_side(databases))
    yield "admin.env", _kafka_variables(ADMIN, kafka)
    yield "hub.env", _kafka_variables(HUB, kafka)
    for side in SIDES:
        own = f"FAJIAN_{side.upper()}"
        dsn = f"postgresql://{side}:{databases[side]}@postgres:5432/{side}"
        door = {f"{own}_KAFKA_PASSWORD": kafka[side], f"{own}_HTTP_KEY": new_password()}
        yield f"{side}.env", _kafka_variables(side, kafka) + _variables({**door, f"{own}_POSTGRES_DSN": dsn})


def _kafka_variables(principal: str, passwords: Mapping[str, str]) -> str:
    return _variables(
        {
            "FAJIAN_BOOTSTRAP_SERVERS": "kafka:9092",
            "FAJIAN_SASL_USERNAME": principal,
            "FAJIAN_SASL_PASSWORD": passwords[principal],
        }
    )


def _by_side(databases: Mapping[str, str]) -> dict[str, str]:
    return {f"{side.upper()}_PASSWORD": databases[side] for side in SIDES}


def _variables(pairs: Mapping[str, str]) -> str:
    return _text(f"{name}={value}" for name, value in pairs.items())


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"
