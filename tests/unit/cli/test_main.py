"""Every command that is listed exists, explains itself, and says what is wrong with its usage."""

import pytest
from typer.testing import CliRunner

from fajian.cli.main import COMMANDS, app


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_has_a_help_page(name: str) -> None:
    done = CliRunner().invoke(app, [name, "--help"])

    assert done.exit_code == 0, done.output
    assert "Usage" in done.output
    assert not [mark for mark in ("╭", "completion") if mark in done.output]


def test_an_unknown_command_is_wrong_usage() -> None:
    done = CliRunner().invoke(app, ["nonsense"])

    assert done.exit_code == 2


def test_the_list_of_commands_has_chinese_first() -> None:
    done = CliRunner().invoke(app, ["--help"])

    assert "解释一个到期日 / explain one due date" in " ".join(done.output.split())


def test_the_law_is_consistent() -> None:
    done = CliRunner().invoke(app, ["law", "check"])

    assert done.exit_code == 0, done.output
