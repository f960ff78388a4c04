"""Adopting the agreement on a real bus: one signature or none is none, another key is refused."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from fajian.cli.main import app
from fajian.errors import AccessError, PolicyError, RulesMissingError
from fajian.law.documents import rules_from_document
from fajian.law.policy import signatures_beside, write_signatures
from fajian.law.signatures import public_text, sign_policy
from fajian.local.stack import StackInfo
from schemas.topics import OPERATOR
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
    assert orjson.loads(once.stdout)["moved"] == []
    assert "T38" in orjson.loads(once.stdout)["pending"]
    assert "仅报告，未采用" in tried.stdout
    assert "期限变动 / moved: 0" in tried.stdout
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


def test_who_may_not_read_the_ledger_is_told_so_and_may_adopt(
    run: Run, stack: StackInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAJIAN_BOOTSTRAP_SERVERS", stack.bootstrap)
    monkeypatch.setenv("FAJIAN_SASL_USERNAME", OPERATOR)
    monkeypatch.setenv("FAJIAN_SASL_PASSWORD", stack.passwords[OPERATOR])

    read = run("adopt", "--effective", f"{FAR}6")
    told = run("adopt", "--effective", f"{FAR}6", "--dry-run", "--json")
    refused = run("diff")

    assert "已采用 / adopted" in read.stdout
    assert "期限变动 / moved: 未知，读不到总账" in read.stdout
    assert orjson.loads(told.stdout)["moved"] is None
    assert "topic case.events: the right to READ is missing" in orjson.loads(told.stdout)["unread"]
    assert isinstance(refused.exception, AccessError)


def test_a_version_is_shown_as_it_was_adopted(run: Run, tmp_path: Path) -> None:
    policy = write_policy(tmp_path)
    version = orjson.loads(run("adopt", "--policy", policy, "--effective", f"{FAR}7", "--json").stdout)[
        "version"
    ]

    shown, unknown = run("show", version), run("show", "rules-of-nobody")

    assert rules_from_document(shown.stdout_bytes).version == version
    assert isinstance(unknown.exception, RulesMissingError)
