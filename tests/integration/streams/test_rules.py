"""Adopting the agreement on a real bus: one signature or none is none, another key is refused."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from fajian.cli.main import app
from fajian.errors import PolicyError
from fajian.law.policy import signatures_beside, write_signatures
from fajian.law.signatures import public_text, sign_policy
from fajian.local.stack import StackInfo
from tests.policies import COURT_KEY, THIRD_KEY, sign_for, write_policy

Run = Callable[..., Result]

FAR = "2090-01-0"  #: a day that no other test of this stack judges


@pytest.fixture
def run(stack: StackInfo, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FAJIAN_DATA_DIR", stack.data_dir)
    return lambda *arguments: CliRunner().invoke(app, ["rules", *map(str, arguments)])


def test_a_policy_is_adopted_with_what_its_signatures_are_worth(run: Run, tmp_path: Path) -> None:
    path = write_policy(tmp_path, 'approved = ["T38"]\n')
    sign_for(path, "court")
    once = run("adopt", "--policy", path, "--effective", f"{FAR}2", "--json")
    sign_for(path, "procuratorate")
    tried = run("adopt", "--policy", path, "--effective", f"{FAR}3", "--dry-run")
    twice = run("adopt", "--policy", path, "--effective", f"{FAR}3")

    assert orjson.loads(once.stdout)["signed"] == "no"
    assert "T38" in orjson.loads(once.stdout)["pending"]
    assert "仅报告，未采用" in tried.stdout
    assert "双方已签" in twice.stdout
    assert "signed False → True" in twice.stdout
    rows = [orjson.loads(line) for line in run("list", "--json").stdout.splitlines()]
    mine = [row for row in rows if row["effective"].startswith(FAR)]
    assert [row["signed"] for row in mine] == ["no", "both"]


def test_a_policy_with_another_key_is_refused_until_the_bus_is_told_of_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write_policy(tmp_path)
    sign_for(first, "court", "procuratorate")
    run("adopt", "--policy", first, "--effective", f"{FAR}4")
    new = public_text(THIRD_KEY.public_key())
    second = tmp_path / "second.toml"
    second.write_text(first.read_text("utf-8").replace(public_text(COURT_KEY.public_key()), new), "utf-8")
    policy = sign_for(second, "procuratorate")
    court = sign_policy(policy.table, "court", THIRD_KEY)
    write_signatures(signatures_beside(second), {**policy.signatures, "court": court})

    refused = run("adopt", "--policy", second, "--effective", f"{FAR}5")
    monkeypatch.setenv("FAJIAN_POLICY_KEY_COURT", new)
    taken = run("adopt", "--policy", second, "--effective", f"{FAR}5")

    assert isinstance(refused.exception, PolicyError)
    assert "双方已签" in taken.stdout


def test_before_adopting_one_sees_what_would_move(run: Run) -> None:
    same = run("diff", "--json")

    assert same.exit_code == 0
    assert [orjson.loads(line) for line in same.stdout.splitlines()] == []
