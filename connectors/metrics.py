"""What a connector shows of itself: Prometheus metrics and readiness, one registry per connector."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

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

    def ready(self) -> None:
        self.state, self.error = "ready", None

    @property
    def is_ready(self) -> bool:
        return self.state == "ready"

    def shown(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key != "name" and value is not None}

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
