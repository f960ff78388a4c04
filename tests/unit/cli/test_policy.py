"""The agreement on its way from a draft to two signatures, as two clerks would do it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fajian.cli.main import app
from fajian.errors import PolicyError
from tests.policies import policy_text, write_policy


def run(*words: str | Path, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["policy", *map(str, words)], input=typed)


def test_from_a_draft_to_two_signatures(tmp_path: Path) -> None:
    policy, keys = tmp_path / "policy.toml", {}
    run("new", policy)
    for side in ("court", "procuratorate"):
        keys[side] = run("key", tmp_path / f"{side}.key").stdout.strip()
    text = policy.read_text("utf-8").replace('id = "model"', 'id = "sample"', 1)
    policy.write_text(text + "".join(["\n[keys]\n", *(f'{side} = "{key}"\n' for side, key in keys.items())]))

    assert run("check", policy).exit_code == 0
    first = run("sign", policy, "--side", "court", "--key", tmp_path / "court.key")
    second = run("sign", policy, "--side", "procuratorate", "--key", tmp_path / "procuratorate.key")

    assert "未签 / not signed" in first.output
    assert "未成立" in first.output
    assert "双方已签同一文本" in second.output
    shown = json.loads(run("show", policy, "--json").stdout)
    assert (shown["signed"], shown["policy"]["id"]) == (True, "sample")


def test_a_draft_is_never_written_over(tmp_path: Path) -> None:
    path = write_policy(tmp_path)

    done = run("new", path)

    assert isinstance(done.exception, PolicyError)
    assert path.read_text("utf-8") == policy_text()


def test_a_wrong_draft_is_complained_of_line_by_line(tmp_path: Path) -> None:
    path = write_policy(tmp_path, "late_day = 3\n", '[[local]]\nperiod = "pay-in"\nlength = 0\n')

    done = run("check", path)

    assert done.exit_code == 1
    assert [line.split(": ")[1] for line in done.stdout.splitlines()] == ["local[0].length", "late_day"]
    assert len(json.loads(run("check", path, "--json").stdout)["problems"]) == 2


def test_only_the_registered_key_of_a_side_may_sign_for_it(tmp_path: Path) -> None:
    path, key = write_policy(tmp_path), tmp_path / "other.key"
    run("key", key)

    done = run("sign", path, "--side", "court", "--key", key)

    assert isinstance(done.exception, PolicyError)
    assert "keys.court" in str(done.exception)
    assert not (tmp_path / "policy.toml.sig").exists()


def test_there_are_two_sides_who_sign(tmp_path: Path) -> None:
    done = run("sign", write_policy(tmp_path), "--side", "office", "--key", tmp_path / "x.key")

    assert done.exit_code == 2
    assert "court, procuratorate" in done.output


def test_a_key_may_have_a_passphrase(tmp_path: Path) -> None:
    key, path = tmp_path / "court.key", tmp_path / "policy.toml"
    public = run("key", key, "--passphrase", typed="一二三\n一二三\n").stdout.splitlines()[-1]
    path.write_text(policy_text().split("[keys]")[0] + f'[keys]\ncourt = "{public}"\n', "utf-8")

    done = run("sign", path, "--side", "court", "--key", key, typed="一二三\n")

    assert "有效 / valid" in done.output


@pytest.mark.parametrize("words", [[], ["policy.toml"]])
def test_a_policy_is_shown_with_what_it_says(tmp_path: Path, words: list[str]) -> None:
    write_policy(tmp_path, tables='[[local]]\nperiod = "pay-out"\nlength = 9\n')

    done = run("show", *(tmp_path / word for word in words))

    assert done.exit_code == 0
    assert "领导小组 leading group: court-president、chief-procurator" in done.output
    assert ("local: pay-out 9 day" in done.output) is bool(words)
    assert ("示范文本" in done.output) is (not words)
