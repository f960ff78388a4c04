import sys
from hashlib import sha256
from pathlib import Path

import pytest

from fajian.errors import JarError
from fajian.local import jars
from fajian.local.jars import Jar, ensure_jars, locked_jars

GOOD = b"the bytes that we locked"
JAR = Jar(coordinate="org.example:thing:1.0", sha256=sha256(GOOD).hexdigest(), size=len(GOOD))


def _cached(cache: Path, body: bytes) -> Path:
    path = cache / "jars" / "thing-1.0.jar"
    path.parent.mkdir()
    path.write_bytes(body)
    return path


def test_a_jar_in_the_cache_is_used_without_loading_what_fetches_jars(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _cached(tmp_path, GOOD)
    monkeypatch.setitem(sys.modules, "jgo", None)

    assert ensure_jars(tmp_path, jars=[JAR]) == (path,)


def test_a_tampered_jar_is_refused_and_named(tmp_path: Path) -> None:
    path = _cached(tmp_path, GOOD + b" and one more")

    with pytest.raises(JarError, match=r"is not the locked org\.example:thing:1\.0") as refused:
        ensure_jars(tmp_path, jars=[JAR])
    assert str(path) in str(refused.value)


def test_a_missing_jar_is_an_error_when_offline(tmp_path: Path) -> None:
    with pytest.raises(JarError, match="offline"):
        ensure_jars(tmp_path, jars=[JAR], offline=True)


@pytest.mark.parametrize("body", [GOOD[:5], b"", b"something else of any length"])
def test_a_jar_that_arrives_broken_does_not_enter_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(jars, "_context", lambda repo, _meter: _Maven(repo, body))

    with pytest.raises(JarError, match="is not the locked"):
        ensure_jars(tmp_path, jars=[JAR])
    assert not list((tmp_path / "jars").iterdir())


def test_without_network_the_first_start_says_that_it_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "_context", lambda repo, _meter: _Maven(repo, None))

    with pytest.raises(JarError, match="the first start needs the network"):
        ensure_jars(tmp_path, jars=[JAR])


def test_what_was_fetched_is_shown_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _Shown()
    monkeypatch.setattr(jars, "_context", lambda repo, _meter: _Maven(repo, GOOD))

    (path,) = ensure_jars(tmp_path, jars=[JAR], progress=shown)

    assert path.read_bytes() == GOOD
    assert "1/1 jars" in shown.lines[-1]


def test_the_lock_names_every_jar_once_and_kafka_among_them() -> None:
    rows = locked_jars()

    assert len({row.file_name for row in rows}) == len(rows)
    assert any(row.coordinate == "org.apache.kafka:kafka_2.13:4.3.1" for row in rows)
    assert all(len(row.sha256) == 64 for row in rows)


class _Maven:
    """Stands for jgo's context, and for every object on the way to an artifact."""

    def __init__(self, repo: Path, body: bytes | None) -> None:
        self._repo = repo
        self._body = body

    def project(self, *_: str) -> "_Maven":
        return self

    def at_version(self, _: str) -> "_Maven":
        return self

    def artifact(self) -> "_Maven":
        return self

    def resolve(self) -> Path:
        if self._body is None:
            raise ConnectionError("no network")
        path = self._repo / "anything.jar"
        path.write_bytes(self._body)
        return path


class _Shown:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def update(self, text: str) -> None: ...
