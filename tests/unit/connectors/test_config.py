"""The connector's file: what it may say, and how a mistake in it is told."""

from pathlib import Path

import pytest

from connectors import court, procuratorate
from connectors.config import load_config, load_side
from connectors.sources.csv_mapping import load_mapping
from fajian.errors import ConnectorConfigError
from schemas.topics import TOPICS

VARIABLES = {
    "FAJIAN_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    **{
        f"FAJIAN_{side}_{name}": "0123456789abcdef"
        for side in ("COURT", "PROCURATORATE")
        for name in ("KAFKA_PASSWORD", "HTTP_KEY", "POSTGRES_DSN")
    },
}

GOOD = """\
side = "court"
sender = "//court/connector"
agreement = "local"

[kafka]
bootstrap_servers = "${SERVERS:-127.0.0.1:9092}"
password = "${PASSWORD}"

[[source]]
kind = "http"
port = 8401

[[source.keys]]
system = "a"
key = "${KEY}"
sources = ["//court/"]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "side.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("module", [court, procuratorate])
def test_the_shipped_files_need_only_the_secrets_and_the_broker(module: object) -> None:
    side, path = module.SIDE, module.CONFIG  # type: ignore[attr-defined]

    config = load_side(side, path, VARIABLES)

    assert (config.side, config.kafka.username) == (side, side)
    assert config.http is not None
    assert config.postgres is not None


@pytest.mark.parametrize("module", [court, procuratorate])
def test_a_side_sends_and_receives_what_its_rights_allow(module: object) -> None:
    side = module.SIDE  # type: ignore[attr-defined]

    assert side in TOPICS[module.SENDS_TO].writers  # type: ignore[attr-defined]
    assert all(side in TOPICS[topic].readers for topic in module.RECEIVES)  # type: ignore[attr-defined]


@pytest.mark.parametrize("module", [court, procuratorate])
def test_a_file_of_parts_alone_takes_the_rest_from_the_shipped_one(module: object, tmp_path: Path) -> None:
    side = module.SIDE  # type: ignore[attr-defined]
    path = write(tmp_path, '[[source]]\nkind = "outbox"\ndsn = "${DSN}"\n')

    config = load_side(side, path, {**VARIABLES, "DSN": "postgresql://x"})

    assert (config.side, config.kafka.username, config.agreement) == (side, side, "local")
    assert ([each.kind for each in config.source], config.sink) == (["outbox"], ())


def test_references_are_filled_and_fall_back(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, GOOD), {"PASSWORD": "p", "KEY": "0123456789abcdef"})

    assert config.kafka.bootstrap_servers == "127.0.0.1:9092"
    assert config.kafka.password.get_secret_value() == "p"


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("port = 8401", 'port = "many"', "side.toml:11: source[0].port: "),
        ("port = 8401", "port = 8401\nprot = 1", "side.toml:12: source[0].prot: "),
        ('system = "a"', "", "side.toml:13: source[0].keys[0].system: "),
        ('side = "court"', 'side = "bank"', "side.toml:1: side: "),
        ('"${PASSWORD}"', '"hunter2"', "side.toml:7: kafka.password: expected a reference"),
        (
            '"${PASSWORD}"',
            '"${MISSING}"',
            "side.toml:7: kafka.password: environment variable MISSING is not set",
        ),
        ('"${KEY}"', '"${PASSWORD}"', "at least 16 characters"),
        ("[kafka]", "[kafka", "expected TOML"),
        ("port = 8401", 'port = 8401\nauthentication = "none"\nhost = "0.0.0.0"', "loopback"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_key(
    tmp_path: Path, before: str, after: str, complaint: str
) -> None:
    path = write(tmp_path, GOOD.replace(before, after))

    with pytest.raises(ConnectorConfigError) as caught:
        load_config(path, {"PASSWORD": "p", "KEY": "0123456789abcdef"})

    assert complaint in str(caught.value)


def test_a_secret_is_not_shown_with_the_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConnectorConfigError) as caught:
        load_config(write(tmp_path, GOOD), {"PASSWORD": "p", "KEY": "short-secret"})

    assert "short-secret" not in str(caught.value)


def test_the_file_of_the_other_side_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConnectorConfigError, match='expected side = "procuratorate"'):
        load_side("procuratorate", write(tmp_path, GOOD), {"PASSWORD": "p", "KEY": "0123456789abcdef"})


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConnectorConfigError, match=r"missing\.toml: expected a readable TOML file"):
        load_config(tmp_path / "missing.toml", {})


SECRETS = {"PASSWORD": "p", "KEY": "0123456789abcdef", "A_DSN": "postgresql://x"}
OUTBOX = '[[source]]\nkind = "outbox"\ndsn = "${A_DSN}"\n'
FOLDER = '[[source]]\nkind = "files"\nfolder = "/srv/x"\nsources = ["//court/"]\n'


def test_a_side_may_have_several_outboxes_and_folders_beside_its_door(tmp_path: Path) -> None:
    more = f'{OUTBOX}{OUTBOX}name = "second"\n{FOLDER}{FOLDER}name = "evening"\ncomplete = "marker"\n'

    config = load_config(write(tmp_path, GOOD + more), SECRETS)

    assert config.http is not None
    assert [source.name for source in config.outboxes] == ["outbox", "second"]
    assert [source.name for source in config.folders] == ["files", "evening"]


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        (OUTBOX + OUTBOX, "every [[source]] needs a name of its own, got outbox, outbox"),
        (OUTBOX.replace("${A_DSN}", "postgresql://u:secret@h/d"), "expected a reference like ${NAME}"),
        (OUTBOX + "batch = 3\n", "source[1].batch: Extra inputs are not permitted"),
        (FOLDER.replace('["//court/"]', "[]"), "source[1].sources: "),
        (FOLDER + 'complete = "maybe"\n', "source[1].complete: "),
        ('[[source]]\nkind = "fax"\n', "source[1]"),
    ],
)
def test_a_source_that_cannot_be_is_told_by_its_key(tmp_path: Path, tables: str, told: str) -> None:
    path = write(tmp_path, GOOD + tables)

    with pytest.raises(ConnectorConfigError) as refused:
        load_config(path, SECRETS)

    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("files = [", "expected TOML"),
        ('files = ["a*.csv"]\n[event]\nsource = "//court/x"\n', "[event] lacks type, subject, time"),
        (
            'files = ["a*.csv"]\nencoding = "latin-1"\n[event]\n',
            "encoding: Value error, expected one of",
        ),
    ],
)
def test_a_mapping_that_cannot_be_read_names_its_file(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "payouts.toml"
    path.write_text(text, "utf-8")

    with pytest.raises(ConnectorConfigError, match=r"payouts\.toml") as refused:
        load_mapping(path)

    assert told in str(refused.value)
