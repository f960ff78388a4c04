"""The import names that we share with the world, and the ones that we keep to ourselves."""

import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import fajian

ROOT = Path(__file__).parents[2]
OURS = ("agents", "schemas", "connectors", "fajian")


@pytest.mark.parametrize("name", OURS)
def test_no_other_distribution_brings_one_of_our_import_names(name: str) -> None:
    brought_by = set(packages_distributions().get(name, ()))

    assert brought_by <= {"fajian"}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_lock_files_have_hashes_and_name_no_index(lock: str) -> None:
    lines = (ROOT / lock).read_text().splitlines()

    assert not [line for line in lines if "://" in line or "index" in line]
    assert all(line.startswith("    --hash=sha256:") for line in lines if line.startswith(" "))
    assert all(line.endswith("\\") for line in lines if not line.startswith(" "))


def test_both_lock_files_agree_on_what_they_share() -> None:
    pinned = [_pins(ROOT / name) for name in ("requirements.lock", "requirements-dev.lock")]

    assert pinned[0].items() <= pinned[1].items()


def test_the_package_knows_its_own_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert fajian.__version__ == project["version"]


def _pins(lock: Path) -> dict[str, str]:
    rows = (line.split(" ")[0] for line in lock.read_text().splitlines() if "==" in line)
    return dict(row.split("==") for row in rows)
