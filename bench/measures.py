"""All measures, in the order in which they are taken. A new module of measures is named here."""

from bench import clocks, connectors, contest, fold, growth, latency, noise, sinks
from bench.harness import Measure

MEASURES: tuple[Measure, ...] = (
    *fold.MEASURES,
    *contest.MEASURES,
    *growth.MEASURES,
    *latency.MEASURES,
    *clocks.MEASURES,
    *connectors.MEASURES,
    *sinks.MEASURES,
    *noise.MEASURES,
)
