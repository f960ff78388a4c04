"""`fajian ticker`: the clock of the ledger."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated

import typer

from fajian.cli.cluster import settings_of
from fajian.logs import configure_logging
from fajian.settings import Settings
from fajian.streams.access import check_ticker_access
from fajian.streams.ticker import Ticker
from schemas.topics import HUB


def ticker(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="只结束这一日 / end this one day only")
    ] = None,
    grace: Annotated[
        int | None,
        typer.Option(
            help="等待当日事件的分钟数，默认依政策 / minutes to wait for a day's facts, default: policy"
        ),
    ] = None,
) -> None:
    """每日零时后结束前一日，先补漏掉的日子 / End each day after midnight, the missed ones first."""
    settings = settings_of(HUB)
    configure_logging(settings)
    check_ticker_access(settings)
    asyncio.run(_tick(settings, day, None if grace is None else timedelta(minutes=grace)))


async def _tick(settings: Settings, day: datetime | None, grace: timedelta | None) -> None:
    async with Ticker(settings) as clock:
        if day is None:
            await clock.run(grace=grace)
            return
        if grace is None:
            grace = await clock.grace_of(day.date())
        if not await clock.tick(day.date(), grace=grace):
            typer.echo(f"{day.date()} 当日事件尚不完整 / went out incomplete", err=True)
