"""ZIP packages: a manifest that names each file with its size and SHA-256, checked before anything goes out.

Nothing is ever unpacked to disk, so that a name in the package cannot lead anywhere. `manifest.json`:
`{"files": [{"name": "payouts.csv", "size": 1234, "sha256": "…"}]}`.
"""

import errno
import hashlib
import lzma
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import IO, Any, NamedTuple

from connectors.sources.file_faults import Fault, FileRefusedError
from fajian.errors import WireError
from schemas.strict_json import loads

MANIFEST = "manifest.json"
MOST_MANIFEST_BYTES = 1024 * 1024

_CHUNK = 256 * 1024
_TITLE = "压缩包不合规 / package not valid"
_FORBIDDEN = frozenset('/\\:*?"<>|')
#: what reading a member says when the package is no longer the one that was checked
CHANGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)
#: what the standard library raises of a broken package, depending on where it is broken
_BROKEN = (
    *CHANGED,
    NotImplementedError,
    RuntimeError,
    UnicodeDecodeError,
    ValueError,
)


class Member(NamedTuple):
    """One file of a package, known to be what the manifest says."""

    name: str
    sha256: str


class Package:
    """An opened ZIP file."""

    def __init__(self, stream: IO[bytes], *, most_bytes: int, most_files: int) -> None:
        """Check *stream* from end to end, or raise `FileRefusedError`."""
        self._most_bytes = most_bytes
        try:
            # Names that are not marked as UTF-8 come from Windows, where Chinese is GBK.
            self._zip = zipfile.ZipFile(stream, metadata_encoding="gb18030")
            self._infos = self._checked_infos(most_files)
            self.members = self._checked_members()
        except _BROKEN as error:
            raise _unsound(error) from error
        except OSError as error:
            # What bzip2 cannot read has no number; EINVAL is a place that no file has.
            if error.errno not in (None, errno.EINVAL):
                raise
            raise _unsound(error) from error

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(self._infos[name])

    def _checked_infos(self, most_files: int) -> Mapping[str, zipfile.ZipInfo]:
        infos = self._zip.infolist()
        if len(infos) > most_files + 1:
            raise _refused(f"至多 {most_files} 个文件 / files", str(len(infos)))
        for info in infos:
            _check_name(info)
        found = {info.filename: info for info in infos}
        if len(found) < len(infos):
            raise _refused("文件名各不相同 / every name once", "重名 / a name stands twice")
        if MANIFEST not in found:
            raise _refused(f"含有 / expected {MANIFEST}", "、".join(sorted(found)[:20]))
        return found

    def _checked_members(self) -> list[Member]:
        listed = self._manifest()
        names = {entry["name"] for entry in listed}
        if len(names) < len(listed):
            raise _refused("清单中每个文件一行 / every file once in the manifest", "重复 / one stands twice")
        if wrong := sorted(names ^ (self._infos.keys() - {MANIFEST})):
            raise _refused(
                "清单与包内文件一致 / the manifest names the files in the package", "、".join(wrong[:20])
            )
        left = self._most_bytes
        for entry in listed:
            left -= self._check_content(entry, left)
        return [Member(entry["name"], entry["sha256"].lower()) for entry in listed]

    def _manifest(self) -> list[dict[str, Any]]:
        with self._zip.open(self._infos[MANIFEST]) as stream:
            raw = stream.read(MOST_MANIFEST_BYTES + 1)
        if len(raw) > MOST_MANIFEST_BYTES:
            raise _refused(f"{MANIFEST} 至多 / at most {MOST_MANIFEST_BYTES} bytes", "更大 / more")
        try:
            manifest = loads(raw.removeprefix(b"\xef\xbb\xbf"))
        except WireError as error:
            raise _refused(f"{MANIFEST} 为 JSON", str(error)) from error
        files = manifest.get("files") if isinstance(manifest, dict) else None
        if not isinstance(files, list) or not files or not all(map(_is_entry, files)):
            raise _refused(
                f'{MANIFEST}：{{"files": [{{"name": "…", "size": 1, "sha256": "…"}}]}}', str(manifest)[:200]
            )
        return files

    def _check_content(self, entry: Mapping[str, Any], most_bytes: int) -> int:
        """Read the file once, counting what really comes: what the package says of itself proves nothing."""
        digest, size = hashlib.sha256(), 0
        with self._zip.open(self._infos[entry["name"]]) as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > most_bytes:
                    raise _refused(f"解压后至多 / unpacked at most {self._most_bytes} bytes", "更大 / more")
                digest.update(chunk)
        if size != entry["size"]:
            raise _refused(f"{entry['name']} 大小 / size {entry['size']}", str(size))
        if digest.hexdigest() != entry["sha256"].lower():
            raise _refused(f"{entry['name']} sha256 {entry['sha256']}", digest.hexdigest())
        return size


def _check_name(info: zipfile.ZipInfo) -> None:
    name, mode = info.filename, info.external_attr >> 16
    plain = name == PurePosixPath(name).name and name.isprintable() and not _FORBIDDEN & set(name)
    if not plain or name.startswith(".") or len(name.encode()) > 200:
        raise _refused("文件名不含路径和特殊字符 / plain file names without folders", repr(name)[:200])
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise _refused("普通文件 / ordinary files", f"{name}：链接或设备 / a link or device")
    if info.flag_bits & 0x1:
        raise _refused("未加密的文件 / files without encryption", name)


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("name"), str)
        and type(entry.get("size")) is int
        and isinstance(entry.get("sha256"), str)
    )


def _unsound(error: Exception) -> FileRefusedError:
    return _refused("完好的 ZIP 文件 / a sound ZIP file", str(error)[:200])


def _refused(expected: str, came: str) -> FileRefusedError:
    return FileRefusedError(Fault(_TITLE, expected, came))
