from pathlib import Path

import orjson
import pytest
import typer
from typer.testing import CliRunner

from fajian.cli.simulate import simulate

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
    assert len(truth) == summary["breaches"] + summary["near_misses"] > 0


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
