"""A worker process whose one agent adds up numbers, to test the runtime: `python -m tests.toy_worker`.

`DROP_BATCH=n` loses the n-th batch that Faust delivers, as a rebalance may: Faust counts it as done.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import faust
import orjson

from fajian.core.ports import Folded, Output, Record, Store
from fajian.errors import FajianError
from fajian.logs import configure_logging
from fajian.settings import load_settings
from fajian.streams.app import IN_FLIGHT, HubService, create_app
from fajian.streams.health import add_pages
from fajian.streams.log import KafkaLog


class Sums:
    """Adds up by key; each output is named after its record."""

    def __init__(self, out: str) -> None:
        self._out = out

    def fold(self, records: Sequence[Record], store: Store) -> Folded:
        folded = Folded(records[-1].offset)
        for record in records:
            key = record.key or b""
            total = int(folded.writes.get(key) or store.get(key) or b"0") + int(record.value or b"0")
            folded.writes[key] = b"%d" % total
            said = orjson.dumps({"id": f"{record.partition}/{record.offset}", "sum": total})
            folded.outputs.append(Output(record.offset, self._out, key, said, (), record.partition))
        return folded


def main() -> None:
    ledger, name = os.environ["TOY_LEDGER"], os.environ["TOY_NAME"]
    drop = int(os.environ.get("DROP_BATCH", "0"))
    settings = load_settings()
    configure_logging(settings)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    folder = Path(os.environ["TOY_FOLDER"]) / name
    app = create_app(
        settings,
        folder=folder / "faust",
        web_bind="127.0.0.1",
        web_port=int(os.environ["TOY_PORT"]),
        group=f"hub-{ledger}",
    )
    service = HubService(app, settings, log=KafkaLog(settings), stores=folder / "stores", prepare=_nothing)
    take = service.host.add(ledger, [ledger], lambda: Sums(f"{ledger}.out"), durable=True)
    add_pages(app, service.host)
    delivered = 0

    @app.agent(app.topic(ledger, key_serializer="raw", value_serializer="raw"), concurrency=IN_FLIGHT)
    async def toy(stream: faust.StreamT[Sequence[Record]]) -> None:
        nonlocal delivered
        async for batch in stream:
            delivered += 1
            if delivered != drop:
                await take(batch)

    process = faust.Worker(app, quiet=True, override_logging=False, loop=loop)
    process.spinner = None
    try:
        process.execute_from_commandline()
    except SystemExit:
        if isinstance(service.fatal, FajianError):
            print(f"fatal: {service.fatal}", file=sys.stderr)
            sys.exit(1)
        raise


async def _nothing() -> None: ...


if __name__ == "__main__":
    main()
