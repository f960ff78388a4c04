"""`make outage`: the drill in real time, five minutes for each peer unless told otherwise."""

import asyncio
import logging
import sys
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from time import monotonic
from typing import Annotated, Any

import orjson
import typer

from fajian.local.stack import remove_stack
from fajian.logs import configure_logging
from fajian.settings import load_settings
from tests.outage.drill import PEERS, drill


def main(
    seconds: Annotated[float, typer.Option(help="每次停多久 / how long each peer is away")] = 300,
    rate: Annotated[float, typer.Option(help="每秒事件数 / events a second of all sources")] = 25,
    only: Annotated[str, typer.Option(help="只停这些，逗号分隔 / only these peers")] = ",".join(PEERS),
    keep: Annotated[bool, typer.Option(help="保留数据目录和日志 / keep the folder with the logs")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON 输出 / print JSON")] = False,
) -> None:
    """停掉 Kafka、PostgreSQL，查有无丢失 / Take peers away while events come, and look for losses."""
    peers = only.split(",")
    if unknown := set(peers) - set(PEERS):
        raise typer.BadParameter(
            f"expected some of {', '.join(PEERS)}, got {', '.join(unknown)}", param_hint="--only"
        )
    configure_logging(load_settings(log_level="ERROR"))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that it is away is the point
    begun = monotonic()
    folder = Path(mkdtemp(prefix="fajian-outage-"))

    def say(text: str) -> None:
        print(f"[{monotonic() - begun:6.1f} s] {text}", file=sys.stderr, flush=True)

    try:
        told = asyncio.run(drill(folder, seconds=seconds, rate=rate, peers=peers, say=say))
    finally:
        if keep:
            say(f"kept {folder}")
        else:
            remove_stack(folder / "stack")
            rmtree(folder, ignore_errors=True)
    print(orjson.dumps(told).decode() if as_json else table(told))
    raise typer.Exit(0 if told["good"] else 1)


def table(told: dict[str, Any]) -> str:
    rows = [
        f"{peer}: caught up after {each['caught_up_seconds']} s" for peer, each in told["outages"].items()
    ]
    for name, verdict in told["sources"].items():
        rows.append(f"{name}: " + ", ".join(f"{what} {number}" for what, number in verdict.items()))
    return "\n".join([*rows, "good" if told["good"] else "NOT good"])


if __name__ == "__main__":
    typer.run(main)
