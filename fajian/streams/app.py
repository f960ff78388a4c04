"""The Faust app of a worker, and the service beside it that opens and closes what the agents stand on."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import faust
import structlog
from faust.types import TP
from mode import Service

from fajian.errors import FajianError
from fajian.settings import Settings
from fajian.streams import transport
from fajian.streams.access import check_access
from fajian.streams.connection import faust_credentials
from fajian.streams.host import Host
from fajian.streams.log import KafkaLog, Part
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.store import Stores
from fajian.streams.watchdog import Watchdog, end_within

logger = structlog.get_logger(__name__)

GROUP = "hub-agents"  #: one group for all workers, whichever agents each of them runs
IN_FLIGHT = 4  #: batches of one agent under way at a time, each of another partition
BUFFERED_BATCHES = 8
POLL_RECORDS = 2000
SESSION_TIMEOUT_SECONDS = 10.0  #: a killed worker's partitions are taken over after so long
HEARTBEAT_SECONDS = 1.0
REBALANCE_SECONDS = 20.0
COMMIT_SECONDS = 1.0


def create_app(
    settings: Settings, *, folder: Path, web_bind: str, web_port: int, group: str = GROUP
) -> faust.App:
    """Return a Faust app on our transport. *folder* is Faust's own; each worker has its own web port."""
    folder.mkdir(parents=True, exist_ok=True)
    return faust.App(
        group,
        broker=[f"{transport.SCHEME}://{server}" for server in settings.bootstrap_servers.split(",")],
        broker_credentials=faust_credentials(settings),
        broker_session_timeout=SESSION_TIMEOUT_SECONDS,
        broker_heartbeat_interval=HEARTBEAT_SECONDS,
        broker_rebalance_timeout=REBALANCE_SECONDS,
        broker_commit_interval=COMMIT_SECONDS,
        broker_max_poll_records=POLL_RECORDS,
        consumer_max_fetch_size=transport.BATCH_BYTES,
        consumer_auto_offset_reset="earliest",
        stream_buffer_maxsize=BUFFERED_BATCHES,
        # Faust would wait for ever for a message that it gave to one of two agents and dropped for the other;
        # runners finish what is in flight when they are closed.
        stream_wait_empty=False,
        topic_allow_declare=False,  # topics and rights are the administrator's
        topic_disable_leader=True,
        topic_partitions=settings.partitions,
        datadir=str(folder),
        web_bind=web_bind,
        web_port=web_port,  # Faust binds it in any case
        node_hostname=web_bind,
        worker_redirect_stdouts=False,
        loghandlers=[],
    )


class FaustFlow:
    """Pauses and resumes partitions of a Faust app."""

    def __init__(self, app: faust.App) -> None:
        self._app = app
        self._holders: dict[TP, set[str]] = {}

    def pause(self, part: Part, agent: str) -> None:
        self._holders.setdefault(TP(*part), set()).add(agent)
        self._app.consumer.pause_partitions({TP(*part)})

    def start_afresh(self) -> None:
        """A rebalance has resumed everything."""
        self._holders.clear()

    def resume(self, part: Part, agent: str) -> None:
        holders = self._holders.get(TP(*part), set())
        holders.discard(agent)
        if not holders and TP(*part) in self._app.consumer.assignment():
            self._app.consumer.resume_partitions({TP(*part)})


class HubService(Service):
    """Opens the connections before Faust's consumer starts, and closes them after it has stopped.

    `fatal` is the error that ended the worker, if one did.
    """

    def __init__(
        self,
        app: faust.App,
        settings: Settings,
        *,
        log: KafkaLog,
        stores: Path,
        prepare: Callable[[], Awaitable[None]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.fatal: FajianError | None = None
        self._app = app
        self._settings = settings
        self._log = log
        self._outbox = KafkaOutbox(settings)
        self._flow = FaustFlow(app)
        self.host = Host(
            log=log,
            outbox=self._outbox,
            flow=self._flow,
            open_store=Stores(stores).open,
            on_fatal=self._end_worker,
            prepare=prepare,
        )
        self._watchdog = Watchdog()
        self._ending: asyncio.Future[None] | None = None
        app.on_partitions_assigned.connect(self._on_assigned)  # type: ignore[arg-type]
        app.on_partitions_revoked.connect(self._on_revoked)  # type: ignore[arg-type]
        app.add_dependency(self)

    async def on_start(self) -> None:
        try:
            await asyncio.to_thread(
                check_access, self._settings, reads=self.host.topics, group=self._app.conf.id
            )
            await self.add_async_context(self._log)
            await self.add_async_context(self._outbox)
            self._watchdog.start()
        except FajianError as error:
            self.fatal = error
            raise

    async def on_stop(self) -> None:
        await self.host.close()
        self._watchdog.stop()

    async def _on_assigned(self, _app: Any, assigned: set[TP], **_: Any) -> None:
        await self.host.assigned([Part(*tp) for tp in assigned])

    async def _on_revoked(self, _app: Any, revoked: set[TP], **_: Any) -> None:
        await self.host.revoked([Part(*tp) for tp in revoked])
        self._flow.start_afresh()

    def _end_worker(self, error: FajianError) -> None:
        self.fatal = error
        logger.critical("worker_ends", error=str(error))
        end_within()
        self._ending = asyncio.ensure_future(self._app.crash(error))
