"""Opening one file of the exchange folder: what can be checked is checked before a line goes out."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path
from typing import IO, NamedTuple

from connectors.source_config import FilesSource
from connectors.sources.csv_mapping import CsvMapping
from connectors.sources.exchange import original
from connectors.sources.file_faults import Fault, FileChangedError, FileRefusedError
from connectors.sources.file_items import CsvReading, Gate, Item, json_items
from connectors.sources.packages import Package

JSON_LINES = (".jsonl", ".ndjson")
ZIP = ".zip"


class Part(NamedTuple):
    """One sequence of events: the file itself, or one in a package."""

    member: str | None
    head: Sequence[bytes]  #: the lines above the events, which a file of mended lines needs as well
    items: Iterator[Item]


class Reading:
    """A file while it is read. It is held open, so that what was checked is what is read."""

    def __init__(self, path: Path, config: FilesSource, mappings: Sequence[CsvMapping], gate: Gate) -> None:
        self._path = path
        self._config = config
        self._mappings = mappings
        self._gate = gate
        self._opened = ExitStack()
        self.sha256 = ""

    def open(self) -> None:
        """Open and check the file, or raise `FileRefusedError`."""
        with ExitStack() as opening:
            self._stream = opening.enter_context(_open(self._path))
            self._before = os.fstat(self._stream.fileno())
            self._check_size()
            self.sha256 = hashlib.file_digest(self._stream, "sha256").hexdigest()
            self.check_unchanged()
            self.parts = self._parts(opening)
            self._opened = opening.pop_all()

    def close(self) -> None:
        self._opened.close()

    def check_unchanged(self) -> None:
        """Raise `FileChangedError` when somebody has written to the file since it was opened."""
        now = os.fstat(self._stream.fileno())
        if (now.st_size, now.st_mtime_ns) != (self._before.st_size, self._before.st_mtime_ns):
            raise FileChangedError(f"{self._path.name}: still being written")

    def _check_size(self) -> None:
        size, most = self._before.st_size, self._config.max_file_bytes
        if size == 0:
            raise FileRefusedError(Fault("空文件 / empty file", "至少一个字节 / at least one byte", "0"))
        if size > most:
            raise FileRefusedError(
                Fault("文件过大 / file too large", f"至多 / at most {most} bytes", str(size))
            )

    def _parts(self, opening: ExitStack) -> list[Part]:
        self._stream.seek(0)
        name = original(self._path.name)
        if not name.lower().endswith(ZIP):
            return [self._part(None, name, self._again, self.sha256, opening)]
        package = Package(
            self._stream,
            most_bytes=self._config.max_file_bytes,
            most_files=self._config.max_package_files,
        )
        return [
            self._part(each.name, each.name, lambda name=each.name: package.open(name), each.sha256, opening)  # type: ignore[misc]
            for each in package.members
        ]

    def _again(self) -> IO[bytes]:
        return self._stream

    def _part(
        self,
        member: str | None,
        name: str,
        open_it: Callable[[], IO[bytes]],
        sha256: str,
        opening: ExitStack,
    ) -> Part:
        mapping = next((each for each in self._mappings if each.fits(name)), None)
        if mapping is None and not name.lower().endswith(JSON_LINES):
            raise FileRefusedError(self._unknown(name))
        stream = opening.enter_context(open_it())
        if mapping is None:
            return Part(member, (), json_items(stream, self._gate))
        reading = CsvReading(stream, mapping, sha256=sha256)
        return Part(member, reading.head, reading.items(self._gate))

    def _unknown(self, name: str) -> Fault:
        patterns = [pattern for each in self._mappings for pattern in each.rules.files]
        expected = "、".join([*(f"*{suffix}" for suffix in (*JSON_LINES, ZIP)), *patterns])
        return Fault("文件名不认识 / file name not known", expected, name)


def _open(path: Path) -> BufferedReader:
    """Open an ordinary file; never through a link, never waiting for a pipe."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise FileChangedError(f"{path.name}: taken away") from error
    except OSError as error:
        raise FileRefusedError(_not_ordinary(error.strerror or "?")) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileRefusedError(_not_ordinary("链接、管道或设备 / a link, pipe or device"))
    return os.fdopen(handle, "rb")


def _not_ordinary(came: str) -> Fault:
    return Fault("不是普通文件 / not an ordinary file", "可读的普通文件 / an ordinary file, readable", came)
