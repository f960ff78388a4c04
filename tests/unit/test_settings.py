import re
from pathlib import Path

import pytest

from fajian.errors import SettingsError
from fajian.settings import Settings, load_settings

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text("utf-8")


def test_the_page_has_every_setting_with_its_default_and_what_it_means() -> None:
    rows = re.findall(r"^\| `(FAJIAN_\w+)` \| (?:`(.+?)`|-) \| .*\w.* \|$", PAGE, re.MULTILINE)

    assert [(name, default or None) for name, default in rows] == [
        (f"FAJIAN_{name.upper()}", None if field.default is None else str(field.default))
        for name, field in Settings.model_fields.items()
    ]


def test_the_environment_sets_what_the_command_line_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAJIAN_BOOTSTRAP_SERVERS", "kafka:9092")
    monkeypatch.setenv("FAJIAN_PARTITIONS", "3")

    settings = load_settings(partitions=None, data_dir=Path("here"))

    assert (settings.bootstrap_servers, settings.partitions, settings.data_dir) == (
        "kafka:9092",
        3,
        Path("here"),
    )


def test_a_setting_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAJIAN_PARTITIONS", "many")

    with pytest.raises(SettingsError, match="FAJIAN_PARTITIONS"):
        load_settings()


def test_a_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAJIAN_SASL_PASSWORD", "open sesame")

    assert "sesame" not in repr(load_settings())
