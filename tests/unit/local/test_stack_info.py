import os
from pathlib import Path

import pytest

from fajian.errors import LocalError, NotRunningError
from fajian.local.secret_files import read_secret, write_secret
from fajian.local.stack import StackInfo, read_stack, remove_stack, running_pid
from fajian.local.topics import grants
from schemas.topics import SIDES

INFO = StackInfo(
    pid=1,
    data_dir="/data",
    bootstrap="127.0.0.1:9092",
    partitions=12,
    replication_factor=1,
    passwords={"admin": "a", "court": "c", "hub": "h"},
    dsns={"court": "postgresql://court:p@127.0.0.1/court"},
    http_ports={"court": 8401},
    http_keys={"court": "k"},
)


def test_a_process_of_one_principal_gets_no_password_of_another() -> None:
    hub = INFO.environment("hub").values()

    assert "h" in hub
    assert not {"a", "c", "k"} & set(hub)


def test_a_connector_gets_its_database_and_its_door() -> None:
    variables = INFO.environment("court")

    assert variables["FAJIAN_COURT_POSTGRES_DSN"] == INFO.dsns["court"]
    assert variables["FAJIAN_COURT_HTTP_PORT"] == "8401"


def test_what_holds_passwords_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret.json"

    write_secret(path, {"password": "p"})

    assert path.stat().st_mode & 0o777 == 0o600
    assert read_secret(path) == {"password": "p"}


def test_a_description_that_a_crash_left_behind_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(str(os.getpid()))
    write_secret(tmp_path / "stack.json", {"pid": os.getpid()})

    assert running_pid(tmp_path) is None
    with pytest.raises(NotRunningError, match="fajian up"):
        read_stack(tmp_path)


def test_a_folder_that_is_not_a_stack_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()

    with pytest.raises(LocalError, match="not the folder of a stack"):
        remove_stack(tmp_path)
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize("side", SIDES)
def test_no_side_may_do_anything_to_the_ledger_the_flags_or_the_leads(side: str) -> None:
    topics = {grant.name for grant in grants() if grant.principal == side and grant.resource == "TOPIC"}

    assert not topics & {"case.events", "deadlines.flags", "supervision.leads", "progress", "*"}


def test_nobody_may_delete_or_alter_anything() -> None:
    assert {grant.operation for grant in grants()} == {"READ", "WRITE", "DESCRIBE"}
