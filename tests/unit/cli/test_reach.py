"""What a command says where it finds no bus: which folder it looked in, and how to name another."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from fajian.cli.main import app


@pytest.mark.parametrize(
    ("words", "variable"),
    [("lag", "FAJIAN_BOOTSTRAP_SERVERS"), ("flags --side court", "FAJIAN_COURT_POSTGRES_DSN")],
)
def test_another_folder_or_cluster_is_spoken_of_before_starting_a_bus(
    words: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAJIAN_DATA_DIR", str(tmp_path))

    told = str(CliRunner().invoke(app, words.split()).exception)

    assert f"{tmp_path} 中没有总线在运行 / no bus is running in {tmp_path}" in told
    assert 0 < told.index("FAJIAN_DATA_DIR") < told.index(variable) < told.index("fajian up")
