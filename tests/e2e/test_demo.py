"""The main job, as a newcomer runs it: a small county on a real Kafka and a real PostgreSQL."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.e2e


def test_the_demo_finds_every_planted_breach_and_no_other() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fajian", "demo", "--cases", "8", "--days", "60", "--seed", "3", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    summary = json.loads(done.stdout)
    assert summary["breaches"]["planted"] > 0
    assert summary["breaches"]["found"] == summary["breaches"]["planted"]
    assert (summary["breaches"]["false"], summary["rejected"], summary["verify"]) == (0, 0, "equal")
    assert summary["events"] > 0
    assert summary["differences"] == []
    assert min(summary["periods"], summary["triggers"], summary["near_misses"]) > 0
    assert min(summary["feeds"]["court"], summary["feeds"]["procuratorate"]) > 0
