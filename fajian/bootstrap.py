"""Joins agents, core and runtime into one worker. Nothing here connects to anything."""

import gc
from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

import faust

from agents import casework, intake, patterns, routing, sync
from fajian.core.casework import Casework
from fajian.core.newest_state import NewestState
from fajian.core.patterns import Patterns
from fajian.core.ports import FolderFactory, Host
from fajian.core.routing import Router
from fajian.core.sync import Collector, Comparer
from fajian.errors import SettingsError
from fajian.law.documents import FOLD
from fajian.law.intake import load_intake
from fajian.settings import Settings
from fajian.streams.app import IN_FLIGHT, HubService, create_app
from fajian.streams.health import add_pages
from fajian.streams.holds import HoldBook
from fajian.streams.ledger import Ledger
from fajian.streams.log import KafkaLog
from fajian.streams.rules_topic import RulesTopic


class Worker(NamedTuple):
    """A Faust app with its agents, and the service that tells why it ended."""

    app: faust.App
    service: HubService


class Registration(Protocol):
    """Attaches an agent to an app."""

    def __call__(self, app: faust.App, host: Host) -> None: ...


#: Python's own thresholds (700, 10, 10) walk over the kept states again and again, which hold no cycles.
COLLECTED = (50_000, 20, 50)

AGENTS = (intake.NAME, casework.NAME, routing.NAME, patterns.NAME, sync.NAME)


def build_worker(
    settings: Settings,
    agents: Collection[str] = AGENTS,
    *,
    name: str = "worker",
    web_bind: str = "127.0.0.1",
    web_port: int,
) -> Worker:
    """Return a worker that runs *agents*. *name* is its own on a machine: stores lie under it."""
    if unknown := [agent for agent in agents if agent not in AGENTS]:
        raise SettingsError(f"expected agents among {', '.join(AGENTS)}, got {', '.join(unknown)}")
    folder = settings.data_dir.expanduser().absolute() / "workers" / name
    app = create_app(settings, folder=folder / "faust", web_bind=web_bind, web_port=web_port)
    log = KafkaLog(settings)
    rules, ledger, holds = RulesTopic(log), Ledger(log), HoldBook(log)

    async def prepare() -> None:
        await ledger.refresh()
        await rules.refresh()
        await holds.refresh()

    # Another fold keeps other things: its stores are built anew from the ledger, quietly.
    stores = folder / "stores" / f"fold-{FOLD}"
    service = HubService(app, settings, log=log, stores=stores, prepare=prepare)
    for agent, attach in _registrations(rules, ledger, holds, settings.partitions).items():
        if agent in agents:
            attach(app, service.host)
    add_pages(app, service.host)
    gc.set_threshold(*COLLECTED)
    return Worker(app, service)


def _registrations(
    rules: RulesTopic, ledger: Ledger, holds: HoldBook, partitions: int
) -> Mapping[str, Registration]:
    def attach_intake(app: faust.App, host: Host) -> None:
        intake.register(app, host=host, folder=_intake_of(ledger), in_flight=IN_FLIGHT)

    def attach_casework(app: faust.App, host: Host) -> None:
        casework.register(app, host=host, folder=lambda: Casework(rules.get), in_flight=IN_FLIGHT)

    def attach_routing(app: faust.App, host: Host) -> None:
        routing.register(app, host=host, folder=lambda: Router(rules.get, holds.verdict), in_flight=IN_FLIGHT)

    def attach_patterns(app: faust.App, host: Host) -> None:
        patterns.register(app, host=host, folder=lambda: Patterns(rules.get, partitions))

    def attach_sync(app: faust.App, host: Host) -> None:
        sync.register(
            app,
            host=host,
            collector=Collector,
            comparer=Comparer,
            newest=NewestState,
            in_flight=IN_FLIGHT,
        )

    return {
        intake.NAME: attach_intake,
        casework.NAME: attach_casework,
        routing.NAME: attach_routing,
        patterns.NAME: attach_patterns,
        sync.NAME: attach_sync,
    }


def _intake_of(ledger: Ledger) -> FolderFactory:
    """In a simulated ledger an event arrives when it says that it was recorded."""
    return lambda: load_intake(simulated=ledger.declaration.simulated)
