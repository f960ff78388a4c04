"""The embedded stack, started once for all integration tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fajian.local.stack import EmbeddedStack, StackInfo, remove_stack
from fajian.settings import load_settings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("integration")


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where jars stay between runs, as for a user."""
    return load_settings().cache_dir


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[StackInfo]:
    """A running Kafka and PostgreSQL with topics, users and rights, shared by all tests of the run."""
    folder = tmp_path_factory.mktemp("stack") / "data"
    with EmbeddedStack(folder, cache_dir=cache_dir) as info:
        yield info
    remove_stack(folder)


@pytest.fixture(scope="session")
def is_full(request: pytest.FixtureRequest) -> bool:
    """Whether to kill and cut at full size; else as often as a change needs it."""
    return bool(request.config.getoption("--full"))
