"""What a person says to the bus from the command line: one event of a side, and what became of it."""

from typing import Any
from uuid import uuid4

import orjson

from connectors.projection import Projection, Row
from fajian.cli import reach
from fajian.cli.submit import Fate, Line, publish
from fajian.cli.ways import HttpWay
from fajian.clock import now
from fajian.errors import RequestError
from schemas.names import ce_type

WAIT_SECONDS = 60


async def find_flag(projection: Projection, text: str) -> Row:
    """Return the one flag whose id begins with *text*."""
    found = await projection.fetch("flag", flag=text)
    if len(found) != 1:
        how_many = "more than one" if found else "none"
        raise RequestError(
            f"没有唯一的预警 / expected one flag whose id begins with {text!r}, found {how_many}"
        )
    return found[0]


async def say(side: str, name: str, subject: str, body: dict[str, Any]) -> Fate:
    """Publish one event through the side's HTTP source and wait for its receipt."""
    moment = now().isoformat(timespec="seconds")
    event = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": reach.variables(side).get(f"FAJIAN_{side.upper()}_SENDER", f"//{side}/connector"),
        "type": ce_type(name, "mechanism"),
        "time": moment,
        "subject": subject,
        "recordedtime": moment,
        "data": body,
    }
    async with HttpWay(reach.door(side)) as way:
        lines = [Line(1, orjson.dumps(event))]
        [fate] = [fate async for fate in publish(way, lines, wait_seconds=WAIT_SECONDS)]
        return fate
