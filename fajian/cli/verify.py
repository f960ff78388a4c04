"""`fajian verify`: does everybody hold what the ledger says?"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Annotated

import orjson
import typer

from fajian.cli.cluster import settings_of
from fajian.cli.reach import SIDES, dsn
from fajian.copies import read_projection
from fajian.errors import SettingsError
from fajian.settings import Settings
from fajian.streams.log import KafkaLog
from fajian.streams.verify import Verdict
from fajian.streams.verify import verify as compare
from schemas.topics import HUB


def verify(
    partition: Annotated[
        list[int] | None,
        typer.Option(help="只看总账的这些分区 / only what rests on these partitions of the ledger"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="一个 JSON 文档 / one JSON document")] = False,
) -> None:
    """从头折叠总账，与 case.state 及双方数据库比对 / Fold the ledger again; compare with every copy of it."""
    verdict = asyncio.run(_verify(settings_of(HUB), _projections(), partition))
    if as_json:
        print(orjson.dumps(_document(verdict)).decode())
    else:
        print(f"{verdict}  总账 / ledger records: {verdict.records}  主体 / subjects: {verdict.subjects}")
        for where, subject, reason in verdict.differences:
            print(f"  {where}  {subject}  {reason}")
    if not verdict.is_equal:
        raise typer.Exit(1)


async def _verify(settings: Settings, dsns: Mapping[str, str], partition: Collection[int] | None) -> Verdict:
    partitions = sorted(partition or range(settings.partitions))
    if partitions[-1] >= settings.partitions:
        raise SettingsError(f"expected partitions from 0 to {settings.partitions - 1}, got {partitions[-1]}")
    async with KafkaLog(settings, client_id="fajian-verify") as log:
        copies = {side: await asyncio.to_thread(read_projection, address) for side, address in dsns.items()}
        return await compare(log, partitions=partitions, copies=copies)


def _projections() -> dict[str, str]:
    """Return the databases that can be reached from here; a hub alone has none."""
    found = {}
    for side in SIDES:
        try:
            found[side] = dsn(side)
        except SettingsError:
            typer.echo(f"{side}: 无数据库地址，不比对 / no database known, not compared", err=True)
    return found


def _document(verdict: Verdict) -> dict[str, object]:
    return {
        "verify": str(verdict),
        "records": verdict.records,
        "subjects": verdict.subjects,
        "differences": [difference._asdict() for difference in verdict.differences],
    }
