import json
from pathlib import Path

import pytest

from fajian.cli.setup import secrets
from fajian.errors import SettingsError
from fajian.local.kafka import new_cluster_id
from schemas.topics import PRINCIPALS


def test_each_service_is_given_only_the_passwords_that_it_needs(tmp_path: Path) -> None:
    secrets(tmp_path / "secrets")

    passwords = json.loads((tmp_path / "secrets" / "principals.json").read_text())
    court = (tmp_path / "secrets" / "court.env").read_text()
    assert set(passwords) == set(PRINCIPALS)
    assert {name for name, password in passwords.items() if password in court} == {"court"}


def test_passwords_that_may_be_in_use_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "hub.env").write_text("FAJIAN_SASL_PASSWORD=old")

    with pytest.raises(SettingsError, match="is not empty"):
        secrets(tmp_path)


def test_a_folder_of_passwords_is_closed_to_others(tmp_path: Path) -> None:
    secrets(tmp_path / "secrets")

    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def test_a_cluster_id_is_one_that_kafka_takes() -> None:
    ids = {new_cluster_id() for _ in range(200)}

    assert len(ids) == 200
    assert all(len(each) == 22 and "-" not in each for each in ids)
