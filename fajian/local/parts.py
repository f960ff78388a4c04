"""Which processes the bus of one machine consists of, beside Kafka and PostgreSQL."""

from collections.abc import Sequence
from typing import NamedTuple

from fajian.local.stack import SIDES_WITH_CONNECTOR
from schemas.topics import HUB


class Part(NamedTuple):
    """One process: its name, whose credentials it gets, and the `fajian` command that it runs."""

    name: str
    principal: str
    arguments: Sequence[str]


#: ends the days of real time; a simulated county ends its own
TICKER = Part("ticker", HUB, ("ticker",))


def bus() -> tuple[Part, ...]:
    """Return a worker with all agents, and the connectors."""
    connectors = (Part(f"{side}-connector", side, ("connector", side)) for side in SIDES_WITH_CONNECTOR)
    return (Part("worker-1", HUB, ("worker",)), *connectors)
