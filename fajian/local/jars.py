"""The jars of the embedded Kafka: fetched once by jgo, checked on every start against `jars.lock.toml`.

Nothing is taken on trust from the network or from the cache: a jar that is not byte for byte the locked
one is refused. `jars_lock.py` writes the lock.
"""

import hashlib
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from fajian.errors import JarError
from fajian.local.progress import Progress, quiet

DOWNLOADS_AT_ONCE = 4
TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Jar:
    """One row of the lock."""

    coordinate: str  #: group:artifact:version
    sha256: str
    size: int  #: bytes

    @property
    def file_name(self) -> str:
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def locked_jars() -> tuple[Jar, ...]:
    """Read the committed lock."""
    text = resources.files("fajian.local").joinpath("jars.lock.toml").read_text(encoding="utf-8")
    return tuple(Jar(**row) for row in tomllib.loads(text)["jar"])


def ensure_jars(
    cache_dir: Path, *, offline: bool = False, progress: Progress = quiet, jars: Sequence[Jar] | None = None
) -> tuple[Path, ...]:
    """Return the checked jars of Kafka in *cache_dir*, after fetching those that are missing."""
    wanted = locked_jars() if jars is None else jars
    folder = cache_dir.expanduser() / "jars"
    missing = [jar for jar in wanted if not (folder / jar.file_name).exists()]
    if missing and offline:
        raise JarError(f"{len(missing)} jars of Kafka are not in {folder}, and offline was asked for")
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        _fetch(missing, folder, progress)
    paths = tuple(folder / jar.file_name for jar in wanted)
    for jar, path in zip(wanted, paths, strict=True):
        _check(jar, path)
    return paths


def _check(jar: Jar, path: Path) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != jar.sha256:
        raise JarError(
            f"{path} is not the locked {jar.coordinate}: expected sha256 {jar.sha256}, found {found}; "
            "delete the file to have it fetched again"
        )


def _fetch(missing: Sequence[Jar], folder: Path, progress: Progress) -> None:
    """Fetch into a folder of our own and move only what was checked, so that a break leaves no half jar."""
    meter = _Meter(progress, missing)
    with (
        tempfile.TemporaryDirectory(prefix=".incoming-", dir=folder) as incoming,
        ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool,
    ):
        context = _context(Path(incoming), meter)
        running = {pool.submit(_fetch_one, jar, context): jar for jar in missing}
        try:
            for future in as_completed(running):
                jar = running[future]
                future.result().replace(folder / jar.file_name)
                meter.arrived(jar)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _context(repo_cache: Path, meter: "_Meter") -> Any:
    # Imported here: it takes half a second, and a start from the cache does not need it.
    from jgo.maven import MavenContext, PythonResolver

    resolver = PythonResolver(progress_callback=meter.file)
    return MavenContext(resolver=resolver, repo_cache=repo_cache, local_repos=[], timeout=TIMEOUT_SECONDS)


def _fetch_one(jar: Jar, context: Any) -> Path:
    from requests import RequestException

    group, artifact, version = jar.coordinate.split(":")
    try:
        path = Path(context.project(group, artifact).at_version(version).artifact().resolve())
    except (RequestException, RuntimeError, OSError) as error:
        raise JarError(
            f"{jar.coordinate} could not be fetched from Maven Central ({type(error).__name__}): "
            "the first start needs the network, later ones do not"
        ) from error
    _check(jar, path)
    return path


class _Meter:
    """Count what has arrived, over all threads; a byte counted late does no harm to anything."""

    def __init__(self, progress: Progress, jars: Sequence[Jar]) -> None:
        self._progress = progress
        self._jars = len(jars)
        self._megabytes = sum(jar.size for jar in jars) / 1e6
        self._arrived = 0
        self._bytes = 0

    @contextmanager
    def file(self, name: str, _size: int) -> Iterator[Any]:
        def count(chunk: int) -> None:
            self._bytes += chunk
            self._progress.update(self._line(name))

        yield count

    def arrived(self, jar: Jar) -> None:
        self._arrived += 1
        self._progress.say(self._line(jar.file_name))

    def _line(self, name: str) -> str:
        done = f"{self._arrived}/{self._jars} jars, {self._bytes / 1e6:.1f} of {self._megabytes:.1f} MB"
        return f"下载 Kafka / fetching Kafka: {done}  {name}"
