"""The page on a stopped partition: the command says what stands there, and wants two people and a reason."""

from datetime import datetime
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from fajian.cli import skip
from fajian.cli.main import app
from tests.pages import blocks

[SHOWN] = blocks("how-to/stopped-partition.md", "console")
HEADERS = [
    ("ce_type", b"cn.fajian.enforcement.money-paid.v1"),
    ("ce_source", "//court/皖1324".encode()),
    ("ce_id", b"pay-2022-0501-1"),
]


async def _record(*_: object) -> SimpleNamespace:
    at = datetime.fromisoformat("2026-12-08T09:30:00+08:00")
    return SimpleNamespace(
        key="（2022）皖1324执123号".encode(),
        value=b"x" * 412,
        headers=HEADERS,
        timestamp=at.timestamp() * 1000,
    )


def test_the_command_shows_the_record_as_the_page_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAJIAN_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setattr(skip, "_record", _record)
    command, shown = SHOWN.removeprefix("$ fajian ").split("\n", 1)

    assert CliRunner().invoke(app, command.split()).output == shown


@pytest.mark.parametrize(
    ("place", "reason", "names", "told"),
    [
        ("case.events/3/17", "broken", ["甲"], "2 different people"),
        ("case.events/3/17", "broken", ["甲", " 甲 "], "2 different people"),
        ("case.events/3/17", "broken", ["Li", "LI"], "2 different people"),
        ("case.events/3/17", " ", ["甲", "乙"], "expected a reason"),
        ("case.events/3", "broken", ["甲", "乙"], "such as case.events/3/17"),
        ("court.feed/3/17", "broken", ["甲", "乙"], "such as case.events/3/17"),  # no worker reads it
    ],
)
def test_without_two_people_a_reason_and_a_place_nothing_is_asked_of_kafka(
    place: str, reason: str, names: list[str], told: str
) -> None:
    signers = [word for name in names for word in ("--signer", name)]

    done = CliRunner().invoke(app, ["skip", place, "--reason", reason, *signers])

    assert done.exit_code == 1
    assert told in str(done.exception)
