"""Replay from the command line: the same bytes twice, in the shape that other programs rely on."""

import json
import random
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fajian.cli.main import app
from fajian.law.documents import load_rules
from fajian.sim.simulation import simulate
from tests.policies import write_policy


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


def test_a_refused_event_is_told_with_its_line_and_its_pointer(tmp_path: Path, lines: list[str]) -> None:
    bad = json.loads(lines[0])
    bad["data"]["nonsense"] = 1

    path = tmp_path / "a"
    path.write_text("\n".join([*lines[1:3], "", "{broken", json.dumps(bad)]), encoding="utf-8")
    done = CliRunner().invoke(app, ["replay", str(path), "--until", "2024-03-31", "--json"])

    assert done.exit_code == 1
    [refused] = [line for line in done.stderr.splitlines() if "拒收 / rejected" in line]
    assert "第 5 行 / line 5: " in refused
    assert "/data/nonsense" in refused


def test_a_person_reads_rules_stages_and_sources_by_name(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "a"
    path.write_text("\n".join(lines), encoding="utf-8")

    said = CliRunner().invoke(app, ["replay", str(path), "--until", "2024-03-31"]).stdout

    assert "今日到期 DueToday  执行款核算、通知领取和发放 pay-out（" in said
    assert "《最高人民法院关于执行款物管理工作的规定》第十条（MONEY 10(1)）" in said


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["replay", str(tmp_path / "none"), "--until", "2024-03-31"])

    assert done.exit_code == 1
    assert "expected a file of events" in str(done.exception)


def test_a_policy_counts_from_its_day_on_and_days_before_it_keep_their_own(
    tmp_path: Path, lines: list[str]
) -> None:
    path, policy = tmp_path / "a", write_policy(tmp_path)
    path.write_text("\n".join(lines), encoding="utf-8")
    version = tmp_path / "rules.json"
    version.write_bytes(load_rules().document)

    def replayed_with(*options: str) -> list[str]:
        done = CliRunner().invoke(app, ["replay", str(path), "--until", "2024-03-31", "--json", *options])
        return done.stdout.splitlines()

    model, other = replayed_with("--rules", str(version)), replayed_with("--policy", str(policy))
    both = replayed_with("--policy", f"{policy}@2024-02-15")

    assert model == replayed_with()
    assert _until(both, "2024-02-14") == _until(model, "2024-02-14")
    assert _until(both, "2024-02-14") != _until(other, "2024-02-14")
    assert _until(both, "2024-03-31") != _until(model, "2024-03-31")


def _until(rows: list[str], day: str) -> list[str]:
    return [row for row in rows if json.loads(row)["on"] <= day]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--policy", "a.toml@tomorrow"], "FILE@YYYY-MM-DD"),
        (["--rules", "{version}", "--rules", "{version}"], "the beginning"),
        (["--rules", "{version}@2024-02-15", "--rules", "{version}@2024-02-15"], "2024-02-15"),
        (["--rules", "none.json"], "expected a rules version at none.json"),
        (["--rules", "{broken}"], "as `fajian rules show` prints it"),
    ],
)
def test_rules_that_cannot_be_told_apart_or_read_are_refused(
    tmp_path: Path, options: list[str], said: str
) -> None:
    version, broken = tmp_path / "rules.json", tmp_path / "broken.json"
    version.write_bytes(load_rules().document)
    broken.write_text("{", encoding="utf-8")
    given = [option.format(version=version, broken=broken) for option in options]

    done = CliRunner().invoke(app, ["replay", "-", "--until", "2024-03-31", *given], input="")

    assert done.exit_code == 1
    assert said in str(done.exception)
