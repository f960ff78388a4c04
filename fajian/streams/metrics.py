"""What a worker tells Prometheus, by agent. No label says anything of a case."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge


@dataclass(frozen=True)
class Metrics:
    """The instruments of one process."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    records: Counter = field(init=False)
    batches: Counter = field(init=False)
    outputs: Counter = field(init=False)
    gaps: Counter = field(init=False)
    faults: Gauge = field(init=False)
    lag: Gauge = field(init=False)
    partitions: Gauge = field(init=False)

    def __post_init__(self) -> None:
        kinds: tuple[tuple[str, type[Counter] | type[Gauge], str], ...] = (
            ("records", Counter, "records applied"),
            ("batches", Counter, "batches applied"),
            ("outputs", Counter, "outputs acknowledged by Kafka"),
            ("gaps", Counter, "gaps read outside Faust"),
            ("faults", Gauge, "partitions that have stopped"),
            ("lag", Gauge, "records that wait"),
            ("partitions", Gauge, "partitions held"),
        )
        for name, kind, words in kinds:
            instrument = kind(f"fajian_{name}", words, ["agent"], registry=self.registry)
            object.__setattr__(self, name, instrument)
