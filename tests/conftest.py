"""What holds for every test: no verdict depends on how fast the machine is, or on chance.

Generated examples are the same in every run. `pytest --hypothesis-profile=long` draws others each time, and
far more where a test does not set their number itself.
"""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "fajian", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", settings.get_profile("fajian"), derandomize=False, max_examples=5000)
settings.load_profile("fajian")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--histories", type=int, default=2000, help="random histories that are folded in two ways"
    )
    parser.addoption("--full", action="store_true", help="kill and cut at full size: `make crash`")
