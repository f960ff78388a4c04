"""What a connector shows of itself: Prometheus metrics and readiness, one registry per connector."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from fajian.clock import now


@dataclass
class PartHealth:
    """How one part does. *error* is ours to show: it never holds case contents."""

    name: str
    state: str = "starting"  #: starting, ready, waiting (for a peer), stalled, stopped (needs a person)
    error: str | None = None
    error_at: str | None = None
    restarts: int = 0
    is_outside: bool = False  #: depends on a machine of others: it does not make the connector unready

    def ready(self) -> None:
        self.state, self.error = "ready", None

    @property
    def is_ready(self) -> bool:
        return self.state == "ready"

    def shown(self) -> dict[str, Any]:
        return {
            key: value
            for key, value in asdict(self).items()
            if key not in ("name", "is_outside") and value is not None
        }

    def failed(self, error: Exception, *, state: str) -> None:
        self.state, self.error, self.error_at = state, str(error), now().isoformat(timespec="seconds")
        self.restarts += 1


@dataclass
class Metrics:
    """The numbers of one side's connector."""

    side: str
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.events = Counter(
            "fajian_connector_events", "events by verdict", ["system", "verdict"], registry=self.registry
        )
        self.publish_seconds = Histogram(
            "fajian_connector_publish_seconds", "until Kafka acknowledged", registry=self.registry
        )
        self.waiting = Gauge(
            "fajian_connector_source_waiting",
            "rows or files not yet published",
            ["source"],
            registry=self.registry,
        )
        self.part_up = Gauge(
            "fajian_connector_part_up", "1 when the part works", ["part"], registry=self.registry
        )
        self.part_restarts = Gauge(
            "fajian_connector_part_restarts", "how often it began again", ["part"], registry=self.registry
        )

    def show(self, parts: Mapping[str, PartHealth]) -> None:
        for part in parts.values():
            self.part_up.labels(part.name).set(part.is_ready)
            self.part_restarts.labels(part.name).set(part.restarts)


class LagCollector(Collector):
    """Asks the sink for its lag when Prometheus asks us."""

    def __init__(self, lag: Callable[[], Mapping[tuple[str, int], int]], faults: Callable[[], int]) -> None:
        self._lag = lag
        self._faults = faults

    def collect(self) -> Any:
        waiting = GaugeMetricFamily(
            "fajian_connector_lag_records", "records not yet in the projection", labels=["topic", "partition"]
        )
        for (topic, partition), count in sorted(self._lag().items()):
            waiting.add_metric([topic, str(partition)], count)
        yield waiting
        yield GaugeMetricFamily(
            "fajian_connector_put_aside_records", "records that could not be read", value=self._faults()
        )


@dataclass
class Standing:
    """How a receiver of a sink does. *last_error* never holds case contents."""

    waiting: int = 0  #: messages queued and not yet delivered
    failed: int = 0  #: messages that failed for good and that nobody has dealt with
    oldest_at: datetime | None = None  #: when the longest waiting one was queued
    feed_lag: int = 0  #: records of the feed not yet taken over
    unreadable: int = 0  #: since the start
    delivered: int = 0  #: since the start
    attempts_failed: int = 0  #: since the start
    is_resting: bool = False
    last_error: str | None = None


class HasStanding(Protocol):
    standing: Standing


class ReceiverCollector(Collector):
    """Asks the receivers how they do when Prometheus asks us."""

    def __init__(self, receivers: Mapping[str, HasStanding]) -> None:
        self._receivers = receivers

    def collect(self) -> Any:
        for name, (text, read) in _GAUGES.items():
            family = GaugeMetricFamily(f"fajian_connector_receiver_{name}", text, labels=["receiver"])
            for receiver, part in sorted(self._receivers.items()):
                family.add_metric([receiver], read(part.standing))
            yield family
        errors = GaugeMetricFamily(
            "fajian_connector_receiver_last_error", "the last error, as a label", labels=["receiver", "error"]
        )
        for receiver, part in sorted(self._receivers.items()):
            if part.standing.last_error:
                errors.add_metric([receiver, part.standing.last_error], 1)
        yield errors


def _age(standing: Standing) -> float:
    return (now() - standing.oldest_at).total_seconds() if standing.oldest_at else 0.0


_GAUGES: Mapping[str, tuple[str, Callable[[Standing], float]]] = {
    "waiting": ("messages not yet delivered", lambda each: each.waiting),
    "failed": ("messages that failed for good", lambda each: each.failed),
    "feed_lag_records": ("records not yet taken over", lambda each: each.feed_lag),
    "unreadable_records": ("records that could not be read", lambda each: each.unreadable),
    "delivered": ("messages delivered since the start", lambda each: each.delivered),
    "attempts_failed": ("attempts that failed since the start", lambda each: each.attempts_failed),
    "resting": ("1 while the receiver is given a rest", lambda each: float(each.is_resting)),
    "oldest_seconds": ("how long the oldest message waits", _age),
}
