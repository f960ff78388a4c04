"""How far people are from a decision on a hold, as the page shows it and as two minds leave it."""

import re
from typing import Any

import pytest
from typer.testing import CliRunner

from fajian.cli import hold
from fajian.cli.main import app
from tests.pages import blocks

FLOOD = next(each for each in blocks("how-to/policy.md", "console") if "hold list" in each)
RELEASE = {"by": "court-it-centre", "verdict": "release", "reason": "日历已核对，确有其事"}
DISCARD = {"by": "mechanism-office", "verdict": "discard", "reason": "误报"}
ROW = {
    "day": "2026-12-08",
    "status": "held",
    "held": 1290,
    "rules": {"pay-out": 1200, "crt-reply": 90},
    "partitions": [
        {"partition": 3, "flags": 643, "held": 643, "limit": 500, "usual": 4},
        {"partition": 7, "flags": 647, "held": 647, "limit": 500, "usual": 4},
    ],
    "votes": [],
}


@pytest.fixture
def votes(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The votes of one hold, in place of the topic."""
    given: list[dict[str, str]] = []

    async def rows(*_: object) -> list[dict[str, Any]]:
        return [ROW | {"votes": given}]

    async def cast(*_: object) -> dict[str, Any]:
        given.append(RELEASE)
        return (await rows())[0]

    monkeypatch.setenv("FAJIAN_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setattr(hold, "_rows", rows)
    monkeypatch.setattr(hold, "_cast", cast)
    return given


@pytest.mark.usefixtures("votes")
def test_up_to_the_first_vote_the_page_shows_what_is_said() -> None:
    told = re.findall(r"^\$ fajian (.*)\n((?:[^$].*\n)+)", FLOOD, re.MULTILINE)[:4]

    for command, shown in told:
        assert CliRunner().invoke(app, command.split()).output == shown, command


def test_of_two_minds_one_more_is_needed(votes: list[dict[str, str]]) -> None:
    votes += [RELEASE, DISCARD]

    listed, shown = (
        CliRunner().invoke(app, ["hold", *words]).stdout for words in (["list"], ["show", "2026-12-08"])
    )

    assert listed.rstrip().endswith("放行 release 1、作废 discard 1 / 2")
    assert "still needed: 1 " in shown
