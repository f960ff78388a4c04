"""The files sink without Kafka: a crash at every step of writing, and what a spreadsheet makes of a cell."""

import csv
import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka.structs import ConsumerRecord

from connectors.config import ConnectorConfig
from connectors.metrics import PartHealth
from connectors.sink_config import FilesSink
from connectors.sinks import drops as module
from connectors.sinks.drops import DropsPart
from connectors.sources.exchange import write_whole
from connectors.topic_stream import Batch
from fajian.errors import SourceError


class Crash(BaseException):
    """The power is gone."""


def record(offset: int, **body: Any) -> ConsumerRecord:
    headers = {
        "ce_id": f"e-{offset}",
        "ce_source": "//court/皖1324",
        "ce_type": "cn.fajian.enforcement.money-paid.v1",
        "ce_time": "2022-05-01T00:00:00+08:00",
        "ce_subject": "s",
        "ce_specversion": "1.0",
    }
    encoded = [(name, text.encode()) for name, text in headers.items()]
    value = orjson.dumps({"amount": "1.00", **body})
    return ConsumerRecord("court.feed", 0, offset, 0, 0, b"s", value, None, 1, len(value), encoded)


def part_in(folder: Path, **settings: Any) -> DropsPart:
    table = {"kind": "files", "name": "feed", "folder": folder, **settings}
    config = ConnectorConfig.model_validate(
        {"side": "court", "sender": "//court/x", "agreement": "a", "kafka": {"bootstrap_servers": "b"}}
    )
    (folder / "work").mkdir(exist_ok=True)
    part = DropsPart(config, FilesSink.model_validate(table), health=PartHealth("feed"), clock=lambda: 0.0)
    part.begin()
    return part


def tell(part: DropsPart, total: int) -> None:
    """Give *part* the records that its journal says it has not had yet, two to a file."""
    while (done := part._offsets.get(0, 0)) < total:
        offsets = range(done, min(done + 2, total))
        part.take(Batch([record(offset) for offset in offsets], {0: offsets.stop}))
        part.write()


def told(folder: Path) -> dict[str, list[str]]:
    return {
        path.name: [orjson.loads(line)["id"] for line in path.read_bytes().splitlines()]
        for path in sorted(folder.glob("feed-*"))
    }


def test_a_journal_that_cannot_be_read_is_for_a_person(tmp_path: Path) -> None:
    part_in(tmp_path)
    (tmp_path / "work" / ".feed").write_bytes(b"\0" * 20)

    with pytest.raises(SourceError, match=r"\.feed: expected how far the feed went"):
        part_in(tmp_path)


@pytest.mark.parametrize("crash_at", range(1, 24))
@pytest.mark.parametrize("is_taken_away", [False, True])
def test_a_crash_before_or_after_any_step_puts_each_record_into_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crash_at: int, is_taken_away: bool
) -> None:
    """The crash hits one step of the many that three files take; then another connector goes on."""
    seen: dict[str, list[str]] = {}
    left = crash_at

    def guard(step: Any) -> Any:
        def guarded(*args: Any, **values: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise Crash
            result = step(*args, **values)
            left -= 1
            if left == 0:
                raise Crash
            return result

        return guarded

    with monkeypatch.context() as patched:
        patched.setattr(module, "write_whole", guard(write_whole))
        patched.setattr(module, "_sync", guard(module._sync))
        patched.setattr(Path, "rename", guard(Path.rename))
        with pytest.raises(Crash):
            tell(part_in(tmp_path), 6)
    if is_taken_away:
        seen = told(tmp_path)
        for name in seen:
            (tmp_path / name).unlink()
    tell(part_in(tmp_path), 6)

    found = {**told(tmp_path), **seen}
    assert not told(tmp_path).keys() & seen.keys()
    assert [id_ for name in sorted(found) for id_ in found[name]] == [f"e-{i}" for i in range(6)]


def test_a_file_that_is_not_whole_has_no_name_that_anybody_looks_for(tmp_path: Path) -> None:
    tell(part_in(tmp_path), 5)

    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["feed-00000001.jsonl", "feed-00000002.jsonl", "feed-00000003.jsonl", "work"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_is_read_back_in_its_encoding_and_calculates_nothing(tmp_path: Path, encoding: str) -> None:
    part = part_in(tmp_path, format="csv", encoding=encoding)
    part.take(Batch([record(0, instance='=HYPERLINK("http://x")', note="中文"), record(1)], {0: 2}))
    part.write()

    text = (tmp_path / "feed-00000001.csv").read_bytes().decode(encoding)
    first, second = csv.DictReader(io.StringIO(text))
    assert first["事项 instance"] == '\'=HYPERLINK("http://x")'
    assert orjson.loads(first["内容 data"])["note"] == "中文"
    assert (second["类型 type"], second["编号 id"]) == ("MoneyPaid", "e-1")


def test_what_cannot_be_read_is_counted_and_the_rest_is_written(tmp_path: Path) -> None:
    part = part_in(tmp_path)
    broken = record(0)
    broken.headers.clear()

    part.take(Batch([broken, record(1)], {0: 2}))
    part.write()

    assert (part.standing.unreadable, told(tmp_path)) == (1, {"feed-00000001.jsonl": ["e-1"]})
