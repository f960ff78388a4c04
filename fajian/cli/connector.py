"""`fajian connector`: the sources and sinks of one side, until told to stop."""

import asyncio
import gc
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import structlog
import typer

from connectors import court, procuratorate
from connectors.config import ConnectorConfig
from connectors.runtime import Connector
from connectors.sinks.rebuild import rebuild as build_anew
from fajian.cli import reach
from fajian.errors import ClusterAwayError
from fajian.logs import configure_logging
from fajian.settings import load_settings
from fajian.streams.access import check_connector_access
from fajian.streams.watchdog import Watchdog

log = structlog.get_logger(__name__)

CONNECTORS = {court.SIDE: court, procuratorate.SIDE: procuratorate}


def connector(
    side: Annotated[str, typer.Argument(help=" | ".join(CONNECTORS))],
    config: Annotated[
        Path | None,
        typer.Option(help="连接器配置 (TOML)；默认随附 / its TOML file; default: the bundled one"),
    ] = None,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild", help="重建投影后退出，期间照常可用 / rebuild the projection in use, and exit"
        ),
    ] = False,
) -> None:
    """运行一方的连接器 / Run the connector of one side, until SIGTERM."""
    if side not in CONNECTORS:
        raise typer.BadParameter(f"应为 / expected {' | '.join(CONNECTORS)}, 得到 / got {side}")
    configure_logging(load_settings())
    module = CONNECTORS[side]
    built = module.build(reach.variables(side), config or module.CONFIG)
    if rebuild:
        asyncio.run(build_anew(built.config, module.RECEIVES))
        typer.echo("投影已重建 / the projection is rebuilt", err=True)
        return
    _check_access(side, built.config, module.SENDS_TO, module.RECEIVES)
    gc.freeze()  # the law stays: to walk over it again and again keeps those at the door waiting
    asyncio.run(_run(built))


def _check_access(side: str, config: ConnectorConfig, sends_to: str, receives: Sequence[str]) -> None:
    """Say which right is missing: without it the parts would wait for ever. Kafka itself may be away yet."""
    kafka = config.kafka
    settings = load_settings(
        **kafka.model_dump(exclude={"username", "password"}),
        sasl_username=kafka.username or None,
        sasl_password=kafka.password,
    )
    has_readers = config.sink or config.outboxes or config.folders
    try:
        check_connector_access(settings, side, writes=[sends_to], reads=receives if has_readers else ())
    except ClusterAwayError as error:
        log.warning("rights_not_checked", side=side, error=str(error))


async def _run(built: Connector) -> None:
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    watchdog = Watchdog()
    watchdog.start()
    try:
        await built.run(stop)
    finally:
        watchdog.stop()
