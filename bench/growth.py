"""How casework grows with cases, partitions and workers, and what a lost store costs.

Each is our worker against our worker, in the same run: what is compared is the time for one event of the
county, ticks and all that follows from it included.
"""

from collections.abc import Callable, Iterator

from bench.contest import Arena, Run, arena, arena_of
from bench.fold import history
from bench.harness import Bench, Figure, Measure, ratio_of
from bench.history import county

AGENT = "casework"
FEWER = 4  #: the small county has so many times fewer cases
PARTITIONS = 16


def _base(bench: Bench) -> Arena:
    return bench.once(f"arena {AGENT}", lambda: arena(bench, AGENT))


def _small(bench: Bench) -> Arena:
    def make() -> Arena:
        cases = bench.size(600, 60) // FEWER
        return arena_of(bench, AGENT, county(cases, len(history(bench).ledger)), "small")

    return bench.once("arena small", make)


def _wide(bench: Bench) -> Arena:
    def make() -> Arena:
        return arena_of(bench, AGENT, county(bench.size(600, 60), PARTITIONS), "wide")

    return bench.once("arena wide", make)


def _compared(
    what: str, one: Callable[[Bench], Run], other: Callable[[Bench], Run], events: Callable[[Bench], float]
) -> Callable[[Bench], Figure]:
    """Return a measure of how many times faster an event is with *one* than with *other*."""

    def measure(bench: Bench) -> Figure:
        ones, others = [], []
        for n in range(bench.rounds):
            first, second = one(bench), other(bench)
            ones.append(1 / first.seconds)
            others.append(events(bench) / second.seconds)
            bench.say(f"round {n + 1}: {what}: {first.seconds:.1f} s, against {second.seconds:.1f} s")
        return ratio_of(ones, others)

    return measure


def _share(bench: Bench) -> float:
    """Return how many events the small county has for each of the large one."""

    def count() -> float:
        smaller = county(bench.size(600, 60) // FEWER, 1)
        return len(smaller.submitted) / len(history(bench).submitted)

    return bench.once("share of the small county", count)


def _measures() -> Iterator[Measure]:
    def ours(bench: Bench) -> Run:
        return _base(bench).ours()

    def same(_: Bench) -> float:
        return 1.0

    rows: tuple[
        tuple[str, str, Callable[[Bench], Run], Callable[[Bench], Run], Callable[[Bench], float]], ...
    ]
    rows = (
        ("cases", f"among {FEWER} times the cases, against few", ours, lambda b: _small(b).ours(), _share),
        ("partitions", f"on {PARTITIONS} partitions, against 4", lambda b: _wide(b).ours(), ours, same),
        ("workers", "by two workers, against one", lambda b: _base(b).ours(workers=2), ours, same),
        ("empty", "read again by a worker that lost its store", lambda b: _base(b).ours_again(), ours, same),
    )
    for name, what, one, other, events in rows:
        run = _compared(name, one, other, events)
        yield Measure(f"growth-{name}", f"the rate of events {what}", "x", run)


MEASURES = tuple(_measures())
