"""Measure, compare with a floor and a goal, print a table.

A measure is a name, its marks, and a function that returns a `Figure`. What two measures share (a stack, a
contest whose rounds give several ratios) is made once in the `Bench` that all of them are given.
"""

import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import mkdtemp
from time import perf_counter, process_time
from typing import Any, Literal, NamedTuple, TypeVar

from fajian.local.stack import EmbeddedStack, StackInfo, remove_stack
from fajian.settings import load_settings

T = TypeVar("T")

ROUNDS = 3  #: the least from which a median is taken


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured: the median over the rounds, the rounds themselves, and what else was seen."""

    value: float
    rounds: tuple[float, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)


def median_of(rounds: Iterable[float], **detail: Any) -> Figure:
    """Return the median of *rounds*, with what else was seen."""
    values = tuple(rounds)
    return Figure(median(values), values, detail)


def ratio_of(ours: Sequence[float], theirs: Sequence[float], **detail: Any) -> Figure:
    """Return the median of ours against theirs, round by round: both were measured one after the other."""
    pairs = zip(ours, theirs, strict=True)
    return median_of(
        (our / their for our, their in pairs),
        ours=round(median(ours), 1),
        theirs=round(median(theirs), 1),
        **detail,
    )


class Run(NamedTuple):
    """What some work took: time on the clock, and CPU time of this process, which others do not stretch."""

    seconds: float
    cpu_seconds: float


async def timed(work: Awaitable[None]) -> Run:
    begun, cpu = perf_counter(), process_time()
    await work
    return Run(perf_counter() - begun, process_time() - cpu)


def compared(pairs: Sequence[tuple[Run, Run]], count: int) -> Figure:
    """Return how fast *count* events were done, ours against theirs; beside it the CPU time for one."""
    cpu = {
        name: round(1e6 * median(pair[which].cpu_seconds for pair in pairs) / count)
        for which, name in enumerate(("ours_cpu_us", "theirs_cpu_us"))
    }
    ours, theirs = ([count / pair[which].seconds for pair in pairs] for which in (0, 1))
    return ratio_of(ours, theirs, events=count, **cpu)


class Bench:
    """What the measures of one run share. A context manager: leaving it stops the stack."""

    def __init__(self, folder: Path, *, quick: bool = False) -> None:
        self.folder = folder
        self.quick = quick
        self.begun = perf_counter()
        self._made: dict[str, Any] = {}
        self._running = ExitStack()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def rounds(self) -> int:
        """How often everything is measured; a quick run looks only whether it works."""
        return 1 if self.quick else ROUNDS

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what *make* returned when *name* was first asked for."""
        if name not in self._made:
            self._made[name] = make()
        made: T = self._made[name]
        return made

    def stack(self, partitions: int, name: str = "shared") -> StackInfo:
        """Return a running embedded stack with so many partitions; it is stopped at the end of the run.

        Who needs the topics for itself gives it a *name*.
        """

        def start() -> StackInfo:
            self.say(f"starting Kafka and PostgreSQL, {partitions} partitions")
            cache = load_settings().cache_dir
            folder = self.folder / f"stack-{name}-{partitions}"
            stack = EmbeddedStack(folder, cache_dir=cache, partitions=partitions)
            return self._running.enter_context(stack)

        return self.once(f"stack {name} {partitions}", start)

    @contextmanager
    def alone(self, partitions: int) -> Iterator[StackInfo]:
        """Run a stack for one measurement only, and leave nothing of it."""
        folder = Path(mkdtemp(prefix="stack-", dir=self.folder))
        self.say(f"starting Kafka and PostgreSQL, {partitions} partitions")
        with EmbeddedStack(folder, cache_dir=load_settings().cache_dir, partitions=partitions) as info:
            yield info
        remove_stack(folder)

    def say(self, text: str) -> None:
        """Tell on standard error how far the run is."""
        print(f"[{perf_counter() - self.begun:6.1f} s] {text}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Measure:
    """One line of the table. Without floor and goal it is told, and never fails."""

    name: str  #: for `--only`; a dash parts family and variant
    what: str
    unit: str
    run: Callable[[Bench], Figure]
    floor: float | None = None
    goal: float | None = None
    better: Literal["higher", "lower"] = "higher"

    def meets(self, value: float, mark: float) -> bool:
        return value >= mark if self.better == "higher" else value <= mark

    def verdict(self, value: float) -> str:
        """Return `goal`, `floor` (met, the goal is not), `below`, or `-` where nothing is promised."""
        if self.floor is not None and not self.meets(value, self.floor):
            return "below"
        if self.goal is not None:
            return "goal" if self.meets(value, self.goal) else "floor"
        return "floor" if self.floor is not None else "-"


@dataclass(frozen=True, slots=True)
class Row:
    """A measure with what came of it; a figure is missing where it could not be taken."""

    measure: Measure
    figure: Figure | None
    seconds: float
    problem: str = ""

    @property
    def verdict(self) -> str:
        return "failed" if self.figure is None else self.measure.verdict(self.figure.value)

    def as_json(self) -> dict[str, Any]:
        figure, measure = self.figure, self.measure
        return {
            "measure": measure.name,
            "what": measure.what,
            "value": figure.value if figure else None,
            "unit": measure.unit,
            "floor": measure.floor,
            "goal": measure.goal,
            "better": measure.better,
            "verdict": self.verdict,
            "rounds": list(figure.rounds) if figure else [],
            "detail": dict(figure.detail) if figure else {"problem": self.problem},
            "seconds": round(self.seconds, 1),
        }


def run(measures: Sequence[Measure], bench: Bench) -> list[Row]:
    """Take *measures* one after the other. One that fails is told, and the others go on."""
    rows = []
    for measure in measures:
        bench.say(f"{measure.name}: {measure.what}")
        begun = perf_counter()
        figure, problem = None, ""
        try:
            figure = measure.run(bench)
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
            bench.say(f"{measure.name} could not be measured: {problem}")
        row = Row(measure, figure, perf_counter() - begun, problem)
        if figure is not None:
            bench.say(f"{measure.name}: {written(figure.value)} {measure.unit}, {row.verdict}")
        rows.append(row)
    return rows


def selected(measures: Sequence[Measure], only: Sequence[str]) -> list[Measure]:
    """Return those whose name, or the beginning of it up to a dash, is among *only*; all without it."""
    return [m for m in measures if not only or any(m.name == o or m.name.startswith(f"{o}-") for o in only)]


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text for a person."""
    lines = [("measure", "value", "unit", "floor", "goal", "verdict")]
    for row in rows:
        value = written(row.figure.value) if row.figure else "-"
        marks = (written(row.measure.floor), written(row.measure.goal))
        lines.append((row.measure.name, value, row.measure.unit, *marks, row.verdict))
    widths = [max(len(line[n]) for line in lines) for n in range(6)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if n in (0, 2) else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def written(value: float | None) -> str:
    """Return three significant digits, and all of a large number."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
