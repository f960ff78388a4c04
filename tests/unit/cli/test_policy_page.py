"""The page on the agreement, followed by a clerk: its commands say what stands there."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fajian.cli.main import app
from tests.pages import blocks

DRAFTED, CHECKED, KEYED, SIGNED, CHANGED, _ADOPTED, VISIBLE, *_ = blocks("how-to/policy.md", "console")
APPROVED, KEYS = (
    next(each for each in blocks("how-to/policy.md", "toml") if each.startswith(begin))
    for begin in ("approved", "[keys]")
)
LOCAL = '\n[[local]]\nperiod = "pay-out"\nunit = "day"\nlength = 30\n'


def follow(page: str) -> list[str]:
    """Give the commands of *page* one by one, hold what they say against it, and return what they said."""
    every = []
    for command, shown in re.findall(r"^\$ fajian (.*)\n((?:[^$].*\n)*)", page, re.MULTILINE):
        said = CliRunner().invoke(app, command.partition("#")[0].split()).output
        assert _likened(said) == _likened(shown), command
        every.append(said)
    return every


def _likened(text: str) -> str:
    """Leave out what differs from one agreement to the next: keys, digests, numbers of lines."""
    return re.sub(r"(?<=ed25519:)\S+|(?<=sha256:)\w+|(?<=:)\d+(?=:)", "…", text)


def test_from_a_draft_to_two_signatures_all_commands_say_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    policy = tmp_path / "policy.toml"

    def write(before: str, after: str) -> None:
        text = policy.read_text("utf-8")
        assert before in text
        policy.write_text(text.replace(before, after, 1), "utf-8")

    follow(DRAFTED)
    policy.write_text(policy.read_text("utf-8") + LOCAL, "utf-8")
    wrong, right = CHECKED.split("$ ")[1:]
    [complaint] = follow(f"$ {wrong}")
    line = int(complaint.split(":")[1])
    assert policy.read_text("utf-8").splitlines()[line - 1] == "length = 30"
    write("length = 30", "length = 15")
    follow(f"$ {right}")
    write("approved = []\n", APPROVED)
    keys = KEYS
    for side in ("court", "procuratorate"):
        [said] = follow(KEYED.replace("court", side))
        keys = re.sub(rf'^{side} = ".*"', f'{side} = "{said.split()[-1]}"', keys, flags=re.MULTILINE)
    policy.write_text(f"{policy.read_text('utf-8')}\n{keys}", "utf-8")
    follow(SIGNED)
    write("length = 15", "length = 14")

    changed = CliRunner().invoke(app, ["policy", "show", "policy.toml"]).output

    assert CHANGED in changed


def test_who_may_see_what_is_answered_as_the_page_shows() -> None:
    follow(VISIBLE)
