"""The folder that is shared with a front-end exchange machine: which file is whole, and where it goes.

`inbox/` is the agency's; a file is claimed by moving it to `work/`, under a name that no file had before,
and ends in `done/` or `rejected/`. Each step is one atomic rename within one file system.
"""

import fcntl
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from connectors.source_config import FilesSource
from fajian.errors import PeerAwayError, SourceError

MARKER = ".ok"
#: names that programs give to files which they still write
UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".uploading", ".swp")

_LONGEST_NAME = 150  #: bytes; room for what is added to it
_COPY = re.compile(r"~\d+(?=\.[^.]*$|$)|\.refused(-[^.]*)?(?=\.[^.]*$|$)")


class Look(NamedTuple):
    """What a file looked like, and since when it has looked so."""

    size: int
    changed_ns: int
    since: float


class Exchange:
    """One exchange folder."""

    def __init__(self, config: FilesSource, *, clock: Callable[[], float]) -> None:
        self._config = config
        self._clock = clock
        self._looks: dict[str, Look] = {}
        root = config.folder
        self.inbox, self.work, self.done = root / "inbox", root / "work", root / "done"
        self.rejected, self.receipts = root / "rejected", root / "receipts"
        self.drafts = self.work / ".drafts"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folders, and be the only one to work in them."""
        folders = (self.inbox, self.work, self.done, self.rejected, self.receipts)
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        if (
            any(folder.is_symlink() for folder in folders)
            or len({each.stat().st_dev for each in folders}) > 1
        ):
            raise SourceError(
                f"{self._config.folder}: expected inbox, work, done … as folders of one file system"
            )
        with (self.work / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise PeerAwayError(f"{self._config.folder}: another connector works there") from error
            self._tidy()
            yield

    def _tidy(self) -> None:
        """Remove what a crash left: drafts, which are made anew, and journals of files that are finished."""
        shutil.rmtree(self.drafts, ignore_errors=True)
        self.drafts.mkdir()
        for journal in self.work.glob(".journal-*"):
            if not os.path.lexists(self.work / journal.name.removeprefix(".journal-")):
                journal.unlink()

    def claimed(self) -> list[Path]:
        """Return the files that are being worked on, after a crash or just claimed, in the order of names."""
        return sorted(self.work / entry.name for entry in os.scandir(self.work) if entry.name[0] != ".")

    def ready(self) -> list[str]:
        """Return the names in `inbox/` that are whole, in their order."""
        names, looks = [], {}
        for entry in os.scandir(self.inbox):
            if self._is_passed_over(entry.name):
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # renamed meanwhile
            if stat.S_ISDIR(found.st_mode):
                continue
            looks[entry.name] = self._look(entry.name, found)
            if self._is_whole(entry.name, looks[entry.name]):
                names.append(entry.name)
        self._looks = looks
        return sorted(names)

    def _is_passed_over(self, name: str) -> bool:
        if name.startswith((".", "~")) or name.lower().endswith(UNFINISHED):
            return True
        if self._config.complete != "marker" or not name.endswith(MARKER):
            return False
        if not os.path.lexists(self.inbox / name.removesuffix(MARKER)):
            # Left behind by a crash. If it stayed, it would vouch for the next file of that name.
            self._remove_marker(name)
        return True

    def _look(self, name: str, found: os.stat_result) -> Look:
        before = self._looks.get(name)
        if before is not None and (before.size, before.changed_ns) == (found.st_size, found.st_mtime_ns):
            return before
        return Look(found.st_size, found.st_mtime_ns, self._clock())

    def _is_whole(self, name: str, look: Look) -> bool:
        match self._config.complete:
            case "rename":
                return True
            case "marker":
                return os.path.lexists(self.inbox / f"{name}{MARKER}")
            case "stable":
                seen_before = self._looks.get(name) is look
                return seen_before and self._clock() - look.since >= self._config.settle_seconds

    def claim(self, name: str) -> Path | None:
        """Move the file to `work/`; None when somebody has taken it away."""
        ticket = self._ticket(plain(name))
        try:
            (self.inbox / name).rename(ticket)
        except FileNotFoundError:
            return None
        if self._config.complete == "marker":
            self._remove_marker(f"{name}{MARKER}")
        return ticket

    def _remove_marker(self, name: str) -> None:
        with suppress(IsADirectoryError):  # somebody's folder under such a name may stay
            (self.inbox / name).unlink(missing_ok=True)

    def _ticket(self, name: str) -> Path:
        """Choose a name that is free everywhere, so that nothing is ever written over."""
        stem, suffix = Path(name).stem, Path(name).suffix
        candidate, number = name, 0
        while any(os.path.lexists(each / candidate) for each in (self.work, self.done, self.rejected)):
            number += 1
            candidate = f"{stem}~{number}{suffix}"
        return self.work / candidate

    def journal(self, ticket: str) -> dict[str, Any]:
        """Return what is known to have been sent of the file."""
        try:
            found: dict[str, Any] = orjson.loads((self.work / f".journal-{ticket}").read_bytes())
        except (FileNotFoundError, orjson.JSONDecodeError):  # sent again, its lines are duplicates
            return {}
        return found

    def write_journal(self, ticket: str, journal: Mapping[str, Any]) -> None:
        write_whole(self.work / f".journal-{ticket}", [orjson.dumps(journal)])

    def finish(self, ticket: str, *, accepted: bool) -> None:
        """Move the file to where it ends, and forget its journal."""
        (self.work / ticket).rename((self.done if accepted else self.rejected) / ticket)
        (self.work / f".journal-{ticket}").unlink(missing_ok=True)


def write_whole(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file that is there entirely or not at all."""
    draft = path.with_name(f".{path.name.lstrip('.')}.tmp")
    with draft.open("wb") as stream:
        stream.writelines(parts)
        stream.flush()
        os.fsync(stream.fileno())
    draft.rename(path)


def plain(name: str) -> str:
    """Return *name* as it can stand in reports and names of other files. Old machines write GBK."""
    raw = os.fsencode(name)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("gb18030", "replace")
    text = "".join(char if char.isprintable() and char not in '/\\:*?"<>|' else "_" for char in text)
    suffix = Path(text).suffix[:20]
    stem = text.removesuffix(suffix).encode()[:_LONGEST_NAME].decode("utf-8", "ignore")
    return f"{stem}{suffix}"


def original(ticket: str) -> str:
    """Return the name that a file had before it was numbered, or its refused lines were mended."""
    return _COPY.sub("", ticket)
