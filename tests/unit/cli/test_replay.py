"""Replay from the command line: the same bytes twice, in the shape that other programs rely on."""

import json
import random
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fajian.cli.main import app
from fajian.sim.simulation import simulate


@pytest.fixture(scope="module")
def lines() -> list[str]:
    county = simulate(10, 90, 7, date(2024, 1, 2))
    return [json.dumps(event, ensure_ascii=False) for event in county.events]


def replayed(path: Path, lines: list[str]) -> tuple[int, str]:
    path.write_text("\n".join(lines), encoding="utf-8")
    done = CliRunner().invoke(app, ["replay", str(path), "--until", "2024-03-31", "--json"])
    return done.exit_code, done.stdout


def test_shuffled_lines_give_the_same_bytes(tmp_path: Path, lines: list[str]) -> None:
    shuffled = lines.copy()
    random.Random(1).shuffle(shuffled)

    first, second = replayed(tmp_path / "a", lines), replayed(tmp_path / "b", shuffled)

    assert first == second
    assert first[1]


def test_rows_are_ordered_by_tick_and_flags_come_before_leads(tmp_path: Path, lines: list[str]) -> None:
    rows = [json.loads(line) for line in replayed(tmp_path / "a", lines)[1].splitlines()]

    order = [(row["on"], row["kind"], row["subject"], row["rule"], row["instance"]) for row in rows]
    assert order == sorted(order)
    wanted = {"kind", "type", "subject", "rule", "on", "due_day", "explanation", "evidence"}
    assert all(wanted <= row.keys() for row in rows)


def test_a_broken_line_is_told_and_the_rest_goes_on(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "a"
    path.write_text("\n".join(["{broken", *lines]), encoding="utf-8")

    done = CliRunner().invoke(app, ["replay", str(path), "--until", "2024-03-31", "--json"])

    assert done.exit_code == 1
    assert "第 1 行" in done.stderr
    assert done.stdout


def test_a_refused_event_is_told_with_its_pointer(tmp_path: Path, lines: list[str]) -> None:
    bad = json.loads(lines[0])
    bad["data"]["nonsense"] = 1

    path = tmp_path / "a"
    path.write_text(json.dumps(bad), encoding="utf-8")
    done = CliRunner().invoke(app, ["replay", str(path), "--until", "2024-03-31", "--json"])

    assert done.exit_code == 1
    assert "/data/nonsense" in done.stderr


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["replay", str(tmp_path / "none"), "--until", "2024-03-31"])

    assert done.exit_code == 1
    assert "expected a file of events" in str(done.exception)
