"""A newcomer at a shell: an empty folder, and one bus for all who come."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from fajian.local.stack import remove_stack


class Command(Protocol):
    """The `fajian` command, with a bus running where it looks."""

    def __call__(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="session")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a bus that `fajian up` has started."""
    folder = tmp_path_factory.mktemp("bus") / "data"
    where = ("--data-dir", str(folder))
    up = _run([sys.executable, "-m", "fajian", "up", *where])
    assert up.returncode == 0, up.stderr
    yield folder
    _run([sys.executable, "-m", "fajian", "down", *where])
    remove_stack(folder)


@pytest.fixture(scope="session")
def fajian(bus: Path) -> Command:
    def run(*arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        return _run([sys.executable, "-m", "fajian", *arguments], given=given or "", FAJIAN_DATA_DIR=str(bus))

    return run


def _run(
    command: list[str], *, given: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, check=False, input=given, env={**os.environ, **variables}
    )
