"""What a user does with the bus of one machine: up, status, down."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fajian.local.stack import read_stack, remove_stack, running_pid

pytestmark = pytest.mark.e2e

EVERYTHING = {"kafka-1", "postgres", "worker-1", "court-connector", "procuratorate-connector", "ticker"}


def _fajian(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fajian", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("up") / "data"
    yield folder
    _fajian("down", "--data-dir", str(folder))
    remove_stack(folder)


def test_up_starts_the_bus_in_the_background_and_says_where_it_is(folder: Path) -> None:
    done = _fajian("up", "--data-dir", str(folder))

    assert done.returncode == 0, done.stderr
    assert "ready" in done.stderr
    assert running_pid(folder) is not None


def test_up_again_is_no_error(folder: Path) -> None:
    done = _fajian("up", "--data-dir", str(folder))

    assert (done.returncode, "running already" in done.stderr) == (0, True)


@pytest.mark.parametrize("side", ["court", "procuratorate"])
def test_the_door_of_each_side_is_open_as_soon_as_the_bus_is_ready(folder: Path, side: str) -> None:
    door = f"http://127.0.0.1:{read_stack(folder).http_ports[side]}/readyz"

    assert httpx.get(door).is_success


def test_status_prints_one_json_document_without_any_password(folder: Path) -> None:
    done = _fajian("status", "--json", "--data-dir", str(folder))

    report = json.loads(done.stdout)
    secrets = [*json.loads((folder / "stack.json").read_text())["passwords"].values()]
    assert done.returncode == 0, done.stderr
    assert (report["running"], report["problems"]) == (True, [])
    assert {each["name"] for each in report["processes"]} == EVERYTHING
    assert not [each for each in secrets if each in done.stdout]


def test_down_stops_it_and_status_says_so(folder: Path) -> None:
    stopped = _fajian("down", "--data-dir", str(folder))
    status = _fajian("status", "--data-dir", str(folder))

    assert (stopped.returncode, running_pid(folder)) == (0, None)
    assert status.returncode == 1
    assert "fajian up" in status.stdout
