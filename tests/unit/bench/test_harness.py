from pathlib import Path

import pytest

from bench.harness import Bench, Figure, Measure, median_of, ratio_of, run, selected, table


def _measure(value: float, name: str = "speed", **marks: float) -> Measure:
    return Measure(name, "how fast", "records/s", lambda bench: Figure(value), **marks)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "verdict"), [(4.9, "below"), (5.0, "floor"), (9.9, "floor"), (10.0, "goal")]
)
def test_a_value_is_judged_by_floor_and_goal(value: float, verdict: str) -> None:
    assert _measure(value, floor=5, goal=10).verdict(value) == verdict


def test_where_less_is_better_the_marks_are_read_the_other_way_round() -> None:
    latency = Measure("latency", "p99", "ms", lambda bench: Figure(0), floor=500, goal=100, better="lower")

    assert [latency.verdict(value) for value in (501, 500, 100)] == ["below", "floor", "goal"]


def test_what_promises_nothing_never_fails() -> None:
    assert _measure(0).verdict(0) == "-"


def test_a_ratio_is_the_median_of_the_rounds_and_not_the_ratio_of_medians() -> None:
    figure = ratio_of([10, 40, 90], [10, 10, 30])

    assert (figure.value, figure.rounds) == (3, (1, 4, 3))


def test_the_median_is_not_moved_by_one_slow_round() -> None:
    assert median_of([10, 11, 2]).value == 10


def test_a_measure_that_fails_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    def broken(bench: Bench) -> Figure:
        raise RuntimeError("no broker")

    rows = run([Measure("broken", "", "s", broken), _measure(1)], Bench(tmp_path))

    assert [(row.verdict, row.problem) for row in rows] == [("failed", "RuntimeError: no broker"), ("-", "")]


def test_what_measures_share_is_made_once(tmp_path: Path) -> None:
    bench, made = Bench(tmp_path), []

    for _ in range(2):
        bench.once("history", lambda: made.append(1))

    assert made == [1]


def test_measures_are_chosen_by_name_or_family() -> None:
    measures = [_measure(1, name) for name in ("casework", "casework-faust", "caseworkers", "tick")]

    chosen = selected(measures, ["casework", "tick"])

    assert [measure.name for measure in chosen] == ["casework", "casework-faust", "tick"]


def test_the_table_shows_each_value_beside_its_marks(tmp_path: Path) -> None:
    rows = run([_measure(12_345.6, floor=5, goal=10)], Bench(tmp_path))

    assert table(rows).splitlines()[1].split() == ["speed", "12,346", "records/s", "5", "10", "goal"]
