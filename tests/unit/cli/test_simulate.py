from pathlib import Path

import orjson
import pytest
import typer
from typer.testing import CliRunner

from fajian.cli.simulate import simulate
from fajian.core.replay import Replayed

app = typer.Typer()
app.command()(simulate)
SMALL = ["--cases", "5", "--days", "40", "--seed", "3", "--start", "2025-03-03"]


def test_writes_events_and_truth_beside_them(tmp_path: Path) -> None:
    out = tmp_path / "county.jsonl"

    result = CliRunner().invoke(app, [str(out), *SMALL, "--json"])

    summary = orjson.loads(result.stdout)
    assert result.exit_code == 0
    assert len(out.read_bytes().splitlines()) == summary["events"] > 0
    truth = (tmp_path / "county.jsonl.truth.jsonl").read_bytes().splitlines()
    assert len(truth) == summary["breaches"] + summary["patterns"] + summary["near_misses"] > 0


def test_a_dash_puts_events_and_nothing_else_on_standard_output() -> None:
    result = CliRunner().invoke(app, ["-", *SMALL])

    events = [orjson.loads(line) for line in result.stdout.splitlines()]
    assert events
    assert all(event["specversion"] == "1.0" for event in events)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(tmp_path / "nowhere" / "county.jsonl"), *SMALL])

    assert result.exit_code != 0
    assert "nowhere" in str(result.exception)


@pytest.mark.parametrize("wrong", [["--cases", "0"], ["--days", "0"], ["--start", "soon"]])
def test_wrong_usage_exits_with_2(wrong: list[str]) -> None:
    assert CliRunner().invoke(app, ["-", *wrong]).exit_code == 2


def test_a_check_says_for_each_seed_that_nothing_is_missed_or_false() -> None:
    result = CliRunner().invoke(app, ["--check", *SMALL, "--seeds", "3-4", "--json"])

    summary = orjson.loads(result.stdout)
    assert result.exit_code == 0
    assert (summary["missed"], summary["false"], summary["rejected"]) == (0, 0, 0)
    assert [row["seed"] for row in summary["seeds"]] == [3, 4]
    assert summary["planted"] == summary["found"] > 0
    assert summary["periods"] > 0


def test_a_check_for_people_ends_with_the_sum() -> None:
    result = CliRunner().invoke(app, ["--check", *SMALL])

    assert result.exit_code == 0
    assert "漏 / missed 0, 误 / false 0" in result.stdout


def test_a_check_that_misses_something_exits_with_1_and_explains_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fajian.sim.check.replay", lambda *_: Replayed())

    result = CliRunner().invoke(app, ["--check", *SMALL])

    assert result.exit_code == 1
    assert "漏 missed flag" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--check", "-"],
        ["-", "--seeds", "1-2"],
        ["--check", "--seeds", "2-1"],
        ["--check", "--seeds", "one"],
    ],
)
def test_a_file_or_a_check_and_seeds_only_for_the_check(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2
