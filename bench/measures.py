"""All measures, in the order in which they are taken. A new module of measures is named here."""

from bench import contest, fold
from bench.harness import Measure

MEASURES: tuple[Measure, ...] = (*fold.MEASURES, *contest.MEASURES)
