"""What connector tests share: an inbox in memory, a door around it, and events to bring."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

import httpx

from connectors.kafka import Letter, Placed
from connectors.metrics import Metrics
from connectors.projection import Projection
from connectors.source_config import ClientKey, HttpSource
from connectors.sources.http import HttpDoor, build_app
from connectors.sources.judge import judge_for, types_of
from connectors.sources.keys import Doorman
from connectors.sources.rates import Rates
from fajian.errors import PeerAwayError

KEY = "a key of at least sixteen characters"
CASE = "（2022）皖1324执123号"


class MemoryInbox:
    """Keeps letters as Kafka would; *away* makes it fail as Kafka does when it is."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.away = False

    async def put(self, letters: Sequence[Letter]) -> list[Placed]:
        if self.away:
            return [PeerAwayError("Kafka did not acknowledge within 5 s")] * len(letters)
        first = len(self.letters)
        self.letters += letters
        return [f"court.inbox/0/{first + i}" for i in range(len(letters))]


def door_of(
    config: HttpSource,
    inbox: MemoryInbox,
    *,
    clock: Callable[[], float] = monotonic,
    projection: Projection | None = None,
) -> HttpDoor:
    """Return the court's door as *config* has it."""
    return HttpDoor(
        config=config,
        side="court",
        types=types_of("court"),
        doorman=Doorman(config, side="court"),
        rates=Rates(config, clock=clock),
        inbox=inbox,
        judge=judge_for("court"),
        metrics=Metrics("court"),
        health=dict,
        sender="//court/connector",
        projection=projection,
    )


def client(
    inbox: MemoryInbox,
    *,
    clock: Callable[[], float] = monotonic,
    projection: Projection | None = None,
    **settings: Any,
) -> httpx.AsyncClient:
    """Return a client of the court's door that shows the right key."""
    config = HttpSource.model_validate(
        {
            "kind": "http",
            "port": 0,
            "keys": [ClientKey.model_validate({"system": "s", "key": KEY, "sources": ["//court/"]})],
            **settings,
        }
    )
    door = door_of(config, inbox, clock=clock, projection=projection)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(build_app(door), raise_app_exceptions=False),
        base_url="http://court.test",
        headers={"Authorization": f"Bearer {KEY}"},
    )


def money_paid(**changes: Any) -> dict[str, Any]:
    """Return a good event as structured JSON; *changes* replace attributes, None takes one away."""
    event = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "//court/皖1324",
        "type": "cn.fajian.enforcement.money-paid.v1",
        "time": "2022-05-01T00:00:00+08:00",
        "subject": CASE,
        "data": {"payment_ref": "P-1", "amount": "100.00"},
    }
    return {name: value for name, value in (event | changes).items() if value is not None}
