"""Peers go away for seconds while events come by every way; the long form is `make outage`."""

from pathlib import Path

import pytest

from fajian.local.stack import remove_stack
from tests.outage.drill import drill

pytestmark = pytest.mark.e2e


async def test_nothing_is_lost_doubled_or_disordered_while_peers_are_away(
    tmp_path: Path,
) -> None:
    try:
        told = await drill(tmp_path, seconds=4, rate=30)
    finally:
        remove_stack(tmp_path / "stack")

    assert told["good"], told
    assert all(each["sent"] for each in told["sources"].values())
