"""`fajian worker`: one worker process."""

import asyncio
from typing import Annotated

import faust
import typer

from fajian.bootstrap import AGENTS, build_worker
from fajian.cli.cluster import settings_of
from fajian.local.ports import free_port
from fajian.logs import configure_logging
from schemas.topics import HUB


def worker(
    agents: Annotated[
        list[str] | None, typer.Argument(help=f"{' '.join(AGENTS)}；默认全部 / default: all")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="本机上的名称，状态库在其名下 / its own on this machine; stores lie under it"),
    ] = None,
    web_port: Annotated[int | None, typer.Option(help="健康与指标端口 / port of health and metrics")] = None,
) -> None:
    """运行处理程序，直到收到 SIGTERM / Run agents until SIGTERM."""
    settings = settings_of(HUB)
    configure_logging(settings)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    app, service = build_worker(
        settings,
        agents or AGENTS,
        name=name or settings.worker,
        web_bind=settings.web_bind,
        web_port=web_port or settings.web_port or free_port(),
    )
    process = faust.Worker(app, quiet=True, override_logging=False, loop=loop)
    process.spinner = None  # it writes to standard output
    try:
        process.execute_from_commandline()
    except SystemExit:
        if service.fatal is not None:
            raise service.fatal from None
        raise
