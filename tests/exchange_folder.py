"""What file source tests share: an exchange folder, a mapping with Chinese columns, and ways to fill them."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.kafka import Inbox
from connectors.metrics import Metrics, PartHealth
from connectors.source_config import FilesSource
from connectors.sources.exchange import Exchange
from connectors.sources.files import FilesPart
from connectors.sources.judge import judge_for
from tests.connector_doubles import money_paid

MAPPING = """
files = ["案款发放*.csv"]
encoding = "gb18030"
id = { column = "流水号" }

[event]
source = "//court/皖1324"
type = "MoneyPaid"
subject = { column = "案号" }
time = { column = "发放日期", kind = "day" }

[data]
payment_ref = { column = "款项编号" }
amount = { column = "金额（元）", kind = "amount" }
partial = { column = "部分发放", kind = "flag", optional = true }
"""
HEAD = "流水号,案号,发放日期,款项编号,金额（元）,当事人"
ROW = '{n},（2022）皖1324执123号,2022年5月1日,P-{n},"1,234.5",张某'


class Shelf:
    """An exchange folder under *root*, and a part that works on it."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root = root
        self.mapping = root / "payouts.toml"
        self._settings = {"complete": "rename", "batch_lines": 3, **settings}
        for name in ("inbox", "work", "done", "rejected", "receipts"):
            (root / name).mkdir(parents=True, exist_ok=True)
        self.mapping.write_text(MAPPING, "utf-8")

    def config(self, **settings: Any) -> FilesSource:
        return FilesSource.model_validate(
            {
                "kind": "files",
                "folder": self.root,
                "sources": ["//court/皖1324"],
                "mappings": [self.mapping],
                **self._settings,
                **settings,
            }
        )

    def part(self, inbox: Inbox) -> FilesPart:
        judge, metrics, health = judge_for("court"), Metrics("court"), PartHealth("files")
        return FilesPart(self.config(), inbox=inbox, judge=judge, metrics=metrics, health=health)

    def exchange(self, **settings: Any) -> Exchange:
        return Exchange(self.config(**settings), clock=lambda: 0.0)

    async def work(self, inbox: Inbox) -> None:
        """Take everything that lies there, as a connector that was just started."""
        part = self.part(inbox)
        with part.exchange.held():
            while await part.round():
                pass

    def drop(self, name: str, content: bytes | str) -> Path:
        path = self.root / "inbox" / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def names(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.root / folder).iterdir() if path.name[0] != ".")

    def report(self, name: str) -> str:
        return (self.root / "rejected" / f"{name}.report.txt").read_bytes().decode("utf-8-sig")


def events(count: int, **changes: Any) -> str:
    """Return JSON Lines of good events e-0, e-1 …"""
    lines = (json.dumps(money_paid(id=f"e-{i}", **changes), ensure_ascii=False) for i in range(count))
    return "".join(f"{line}\n" for line in lines)


def payouts(count: int, **replaced: str) -> bytes:
    """Return a table of good rows 1, 2 …; *replaced* are rows by `row<n>`."""
    rows = [replaced.get(f"row{n}", ROW.format(n=n)) for n in range(1, count + 1)]
    return "\r\n".join([HEAD, *rows, ""]).encode("gb18030")


def package(path: Path, files: Mapping[str, bytes], **manifest: Any) -> Path:
    """Write a ZIP package with a true manifest; *manifest* changes what it says of all files."""
    entries = [
        {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), **manifest}
        for name, data in files.items()
    ]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        manifested = {"manifest.json": json.dumps({"files": entries}).encode(), **files}
        for name, data in manifested.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)  # the same bytes each time
    return path
