"""Runs the parts of one side together: starts them, begins again what lost its peer, stops within seconds."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic

import structlog
import uvicorn

from connectors.config import ConnectorConfig
from connectors.kafka import KafkaInbox
from connectors.metrics import HasStanding, LagCollector, Metrics, PartHealth, ReceiverCollector
from connectors.projection import Projection
from connectors.sink_config import FilesSink, MailSink, WebhookSink
from connectors.sinks.courier import Courier
from connectors.sinks.drops import DropsPart
from connectors.sinks.mail import DigestCourier, MailCarrier
from connectors.sinks.postgres import PostgresSink
from connectors.sinks.sse import LiveFeed, LiveStream
from connectors.sinks.webhook import WebhookCarrier
from connectors.source_config import FilesSource, HttpSource, OutboxSource
from connectors.sources.file_receipts import FileReceipts
from connectors.sources.files import FilesPart
from connectors.sources.http import HttpDoor, build_app
from connectors.sources.judge import types_of
from connectors.sources.keys import Doorman
from connectors.sources.outbox import OutboxReceipts, OutboxRelay
from connectors.sources.rates import Rates
from connectors.sources.server import server_of
from connectors.sources.submissions import Judge
from fajian.errors import ConnectorConfigError, PeerAwayError, ProjectionError, SourceError

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
STOP_SECONDS = 8.0  #: of the ten that a graceful stop may take

Run = Callable[[], Awaitable[None]]


class Connector:
    """All parts of one side in one event loop."""

    def __init__(
        self, config: ConnectorConfig, *, sends_to: str, receives: Sequence[str], judge: Judge
    ) -> None:
        self.config = config
        self._judge = judge
        self.metrics = Metrics(config.side)
        self.parts: dict[str, PartHealth] = {}
        self.started = asyncio.Event()  #: the HTTP source, if there is one, listens (with or without Kafka)
        self.url: str | None = None  #: of the HTTP source, once started
        self._runs: dict[str, Run] = {}
        self._sink: PostgresSink | None = None
        self._stream: LiveStream | None = None
        self.couriers: dict[str, Courier] = {}
        self.receivers: dict[str, HasStanding] = {}  #: couriers and folders, for the metrics
        self._sends_to = sends_to
        self._inboxes: dict[str, KafkaInbox] = {}  #: by part
        self._inbox = self._add_inbox("inbox")
        self._assemble(receives)

    def _add_inbox(self, name: str) -> KafkaInbox:
        http, side = self.config.http, self.config.side
        inbox = self._inboxes[name] = KafkaInbox(
            self._sends_to,
            self.config.kafka,
            timeout_seconds=http.kafka_timeout_seconds if http else 5,
            client_id=f"fajian-{side}-{name}",
        )
        self._add(name, lambda: self._keep_open(name, inbox))
        return inbox

    def _assemble(self, receives: Sequence[str]) -> None:
        if self.config.postgres is not None:
            self._sink = sink = PostgresSink(
                self.config, receives, inbox=self._inbox, health=self._part("postgres")
            )
            self._runs["postgres"] = sink.run
            self.metrics.registry.register(LagCollector(lambda: sink.lag, lambda: sink.faults))
        if self.config.stream is not None and self.config.postgres is not None:
            dsn = self.config.postgres.dsn.get_secret_value()
            feed = LiveFeed(dsn, self.config.side, health=self._part("sse"))
            self._stream = LiveStream(self.config.stream, feed)
            self._runs["sse"] = feed.run
        if self.config.http is not None:
            http = self.config.http
            # A producer has one request under way at a time: whoever shares it waits for what others send.
            systems = sorted({entry.system for entry in http.keys})
            lanes = {system: self._add_inbox(f"inbox-{system}") for system in systems}
            self._add("http", lambda: self._serve_http(http, lanes))
        for receiver in self.config.receivers:
            self._add_receiver(receiver)
        for drops in self.config.drops:
            self._add_drops(drops)
        if self.receivers:
            self.metrics.registry.register(ReceiverCollector(self.receivers))
        for outbox in self.config.outboxes:
            self._add_outbox(outbox)
        for folder in self.config.folders:
            self._add_folder(folder)

    def _add_drops(self, sink: FilesSink) -> None:
        part = DropsPart(self.config, sink, health=self._part(sink.name))
        self.receivers[sink.name] = part
        self._runs[sink.name] = part.run

    def _add_receiver(self, sink: WebhookSink | MailSink) -> None:
        taking, carrying = self._part(f"{sink.name}-feed"), self._part(sink.name)
        carrying.is_outside = True
        courier = self._courier(sink, taking)
        self.receivers[sink.name] = self.couriers[sink.name] = courier
        self._runs[taking.name] = courier.take_over
        self._runs[carrying.name] = lambda: courier.carry(carrying)

    def _courier(self, sink: WebhookSink | MailSink, health: PartHealth) -> Courier:
        if isinstance(sink, WebhookSink):
            return Courier(self.config, sink, WebhookCarrier(sink), channel=sink.kind, health=health)
        mails = MailCarrier(sink, side=self.config.side)
        if sink.mode == "digest":
            return DigestCourier(self.config, sink, mails, health=health)
        return Courier(self.config, sink, mails, channel=sink.kind, health=health)

    def _add_outbox(self, source: OutboxSource) -> None:
        replies = f"{source.name}-receipts"
        relay = OutboxRelay(
            source, inbox=self._inbox, judge=self._judge, metrics=self.metrics, health=self._part(source.name)
        )
        self._runs[source.name] = relay.run
        self._runs[replies] = OutboxReceipts(self.config, source, health=self._part(replies)).run

    def _add_folder(self, source: FilesSource) -> None:
        replies = f"{source.name}-receipts"
        files = FilesPart(
            source, inbox=self._inbox, judge=self._judge, metrics=self.metrics, health=self._part(source.name)
        )
        self._runs[source.name] = files.run
        self._runs[replies] = FileReceipts(self.config, source, health=self._part(replies)).run

    def _part(self, name: str) -> PartHealth:
        return self.parts.setdefault(name, PartHealth(name))

    def _add(self, name: str, run: Run) -> None:
        self._part(name)
        self._runs[name] = run

    async def run(self, stop: asyncio.Event) -> None:
        """Work until *stop* is set; a part that ends with an error of ours ends everything, loudly."""
        tasks = [
            asyncio.create_task(self._supervise(name, run), name=f"{self.config.side}.{name}")
            for name, run in self._runs.items()
        ]
        waiting = asyncio.create_task(stop.wait())
        log.info("connector_started", side=self.config.side, parts=list(self._runs))
        if self.config.http is None:
            self.started.set()
        try:
            await asyncio.wait({*tasks, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, waiting):
                task.cancel()
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
            await asyncio.gather(*(inbox.close() for inbox in self._inboxes.values()))
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def _supervise(self, name: str, run: Run) -> None:
        """Begin *run* again, with growing pauses, each time its peer is away."""
        health, pause = self.parts[name], FIRST_PAUSE_SECONDS
        while True:
            try:
                await run()
            except PeerAwayError as error:
                if health.state == "ready":
                    pause = FIRST_PAUSE_SECONDS
                health.failed(error, state="waiting")
                log.warning(
                    "part_waits", side=self.config.side, part=name, error=str(error), pause_seconds=pause
                )
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            except (ProjectionError, SourceError) as error:
                health.failed(error, state="stopped")
                log.error("part_stopped", side=self.config.side, part=name, error=str(error))
                await _for_ever()  # the other parts go on; this one needs a person

    async def _keep_open(self, name: str, inbox: KafkaInbox) -> None:
        while True:
            await inbox.open()
            self.parts[name].ready()
            await inbox.failed()

    async def _serve_http(self, http: HttpSource, lanes: Mapping[str, KafkaInbox]) -> None:
        app = build_app(
            HttpDoor(
                config=http,
                side=self.config.side,
                types=types_of(self.config.side),
                doorman=Doorman(http, side=self.config.side),
                rates=Rates(http, clock=monotonic),
                inbox=self._inbox,
                judge=self._judge,
                projection=self._projection(),
                metrics=self.metrics,
                health=self.health,
                sender=self.config.sender,
                more=self._stream.routes() if self._stream else (),
                lanes=lanes,
            )
        )
        with _listen(http) as listener:
            host, port = listener.getsockname()[:2]
            self.url = f"{'https' if http.tls else 'http'}://{host}:{port}"
            server = server_of(app, http)
            self.parts["http"].ready()
            self.started.set()
            log.info("http_listens", side=self.config.side, url=self.url)
            await _until_cancelled(server, listener)

    def _projection(self) -> Projection | None:
        return Projection(self.config.postgres.dsn.get_secret_value()) if self.config.postgres else None

    def health(self) -> Mapping[str, PartHealth]:
        """Return how the parts do, as of now."""
        for name, inbox in self._inboxes.items():
            if inbox.is_open:
                part = self.parts[name]
                part.state, part.error = ("waiting", inbox.error) if inbox.error else ("ready", None)
        if self._sink is not None and self._sink.is_stalled:
            self.parts["postgres"].state = "stalled"
        return self.parts


async def _for_ever() -> None:
    await asyncio.get_running_loop().create_future()


async def _until_cancelled(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve; when cancelled, let the requests under way finish first."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise


def _listen(http: HttpSource) -> socket.socket:
    try:
        listener = socket.create_server((http.host, http.port), backlog=512)
    except OSError as error:
        raise ConnectorConfigError(f"cannot listen on {http.host}:{http.port}: {error.strerror}") from error
    # asyncio does this for sockets of its own making only; without it each answer waits 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
