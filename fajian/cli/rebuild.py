"""`fajian rebuild`: what is held of the ledger, made anew from it."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import orjson
import typer

from connectors import court, procuratorate
from connectors.sinks.rebuild import rebuild as build_projection
from fajian.cli import reach
from fajian.cli.cluster import settings_of
from fajian.copies import read_projection
from fajian.errors import SettingsError
from fajian.settings import load_settings
from fajian.streams.log import KafkaLog
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.rebuild import forget_stores, states_again
from fajian.streams.verify import Difference, compare, fold_ledger, held_in_topic
from schemas.topics import CASE_STATE, HUB

CONNECTORS = {court.SIDE: court, procuratorate.SIDE: procuratorate}
STATE, STORES = "state", "stores"
WHAT = (STATE, STORES, *CONNECTORS)


def rebuild(
    what: Annotated[str, typer.Argument(help=" | ".join(WHAT))],
    write: Annotated[
        bool, typer.Option("--write", help="改写；否则只显示差异 / write; else show what differs only")
    ] = False,
    worker: Annotated[str, typer.Option(help="stores：哪个处理程序 / stores: of which worker")] = "worker-1",
    partition: Annotated[
        list[int] | None, typer.Option(help="stores：只重建这些分区 / stores: these partitions only")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="一个 JSON 文档 / one JSON document")] = False,
) -> None:
    """从总账重建状态主题、一方数据库或处理程序的本地库

    Make anew from the ledger: `state` (the topic case.state), a side's database, a stopped worker's `stores`.
    """
    if what not in WHAT:
        raise typer.BadParameter(f"应为 / expected {' | '.join(WHAT)}, 得到 / got {what}")
    if what == STORES:
        _stores(worker, partition, write=write, as_json=as_json)
        return
    found, left = asyncio.run(_state(write=write) if what == STATE else _projection(what, write=write))
    if as_json:
        document = {
            "what": what,
            "written": write,
            "differences": [difference._asdict() for difference in found],
            "left": [difference._asdict() for difference in left],
        }
        print(orjson.dumps(document).decode())
    else:
        _show(found, left, write=write)
    if left:
        raise typer.Exit(1)


def _show(found: Sequence[Difference], left: Sequence[Difference], *, write: bool) -> None:
    for difference in found:
        print(f"  {difference.where}  {difference.subject}  {difference.reason}")
    said = f"原有差异 / differed: {len(found)}"
    print(f"{said}  尚余 / left: {len(left)}" if write else said)
    if found and not write:
        print("加 --write 改写 / --write puts it right", flush=True)


async def _state(*, write: bool) -> tuple[list[Difference], list[Difference]]:
    """Return how `case.state` differs from the ledger, and how it still does afterwards."""
    settings = settings_of(HUB)
    async with KafkaLog(settings, client_id="fajian-rebuild") as log:
        fresh = await fold_ledger(log, partitions=range(settings.partitions))
        found = list(compare(CASE_STATE, fresh, await held_in_topic(log, range(settings.partitions))))
        if not write:
            return found, found
        async with KafkaOutbox(settings, client_id="fajian-rebuild") as outbox:
            await outbox.deliver(list(states_again(fresh, found)))
        return found, list(compare(CASE_STATE, fresh, await held_in_topic(log, range(settings.partitions))))


async def _projection(side: str, *, write: bool) -> tuple[list[Difference], list[Difference]]:
    """The same of a side's database, which stays in use meanwhile."""
    settings, address, module = settings_of(HUB), reach.dsn(side), CONNECTORS[side]
    async with KafkaLog(settings, client_id="fajian-rebuild") as log:
        fresh = await fold_ledger(log, partitions=range(settings.partitions))
    found = list(compare(side, fresh, await asyncio.to_thread(read_projection, address)))
    if not write:
        return found, found
    built = module.build(reach.variables(side), module.CONFIG)
    await build_projection(built.config, module.RECEIVES)
    return found, list(compare(side, fresh, await asyncio.to_thread(read_projection, address)))


def _stores(worker: str, partition: Sequence[int] | None, *, write: bool, as_json: bool) -> None:
    settings = load_settings()
    folder = settings.data_dir.expanduser() / "workers" / worker / "stores"
    if not folder.is_dir():
        raise SettingsError(f"no worker has kept anything in {folder}")
    found = forget_stores(folder, partitions=partition or range(settings.partitions), write=write)
    if as_json:
        print(orjson.dumps({"what": STORES, "written": write, "stores": found}).decode())
        return
    for name in found:
        print(f"  {name}")
    if write:
        print(
            f"已删除 {len(found)} 个，{worker} 下次启动时从总账重建 / deleted; built anew at its next start"
        )
    else:
        print("加 --write 删除并重建 / --write deletes them, and the worker builds them anew")
