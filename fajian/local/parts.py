"""Which processes the bus of one machine consists of, beside Kafka and PostgreSQL, and starting them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fajian.local.doors import Doors, write_doors
from fajian.local.ports import free_port
from fajian.local.stack import SIDES_WITH_CONNECTOR, EmbeddedStack, StackInfo
from schemas.topics import HUB


class Part(NamedTuple):
    """One process: its name, whose credentials it gets, and the `fajian` command that it runs."""

    name: str
    principal: str
    arguments: Sequence[str]


#: ends the days of real time; a simulated county ends its own
TICKER = Part("ticker", HUB, ("ticker",))


def bus(*, workers: int = 1) -> tuple[Part, ...]:
    """Return *workers* with all agents, and the connectors."""
    names = (f"worker-{number}" for number in range(1, workers + 1))
    return (
        *(Part(name, HUB, ("worker", "--name", name)) for name in names),
        *(Part(f"{side}-connector", side, ("connector", side)) for side in SIDES_WITH_CONNECTOR),
    )


def start_parts(stack: EmbeddedStack, info: StackInfo, parts: Sequence[Part]) -> Doors:
    """Start *parts*, and return where those of them answer that have a door. They may need a moment yet."""
    doors = {}
    for part in parts:
        arguments = part.arguments
        if arguments[0] == "worker":
            port = free_port()
            arguments = (*arguments, "--web-port", str(port))
            doors[part.name] = f"http://127.0.0.1:{port}"
        elif arguments[0] == "connector":
            doors[part.name] = f"http://127.0.0.1:{info.http_ports[part.principal]}"
        stack.supervisor.start(stack.command(info, part.name, *arguments, principal=part.principal))
    write_doors(Path(info.data_dir), doors)
    return doors
