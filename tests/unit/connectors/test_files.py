"""The file source with an inbox in memory: what is taken, what is told of it, and where each file ends."""

import json
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.config import ConnectorConfig
from connectors.kafka import Letter, Placed
from connectors.metrics import PartHealth
from connectors.sources import exchange
from connectors.sources.exchange import Exchange
from connectors.sources.file_receipts import FileReceipts
from fajian.errors import InboxRefusedError, PeerAwayError, SourceError
from tests.connector_doubles import CASE, MemoryInbox, money_paid
from tests.exchange_folder import HEAD, Shelf, events, package, payouts


def ids(inbox: MemoryInbox) -> list[str]:
    return [dict(letter.headers)["ce_id"].decode() for letter in inbox.letters]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


async def test_json_lines_reach_the_inbox_in_order_and_the_file_is_done(shelf: Shelf) -> None:
    inbox = MemoryInbox()
    shelf.drop("a.jsonl", "\ufeff" + events(8))

    await shelf.work(inbox)

    lines = (shelf.root / "receipts" / "a.jsonl.items.jsonl").read_bytes().splitlines()
    told = [orjson.loads(line) for line in lines]
    assert ids(inbox) == [f"e-{i}" for i in range(8)]
    assert inbox.letters[0].key == CASE.encode()
    assert (shelf.names("inbox"), shelf.names("work"), shelf.names("done")) == ([], [], ["a.jsonl"])
    assert [(row["line"], row["id"], row["status"]) for row in told][1] == (2, "e-1", "delivered")


async def test_a_table_with_chinese_columns_in_gb18030_becomes_events(shelf: Shelf) -> None:
    inbox = MemoryInbox()
    shelf.drop("案款发放0501.csv", payouts(2))

    await shelf.work(inbox)

    headers = dict(inbox.letters[0].headers)
    assert ids(inbox) == ["1", "2"]
    assert headers["ce_time"] == b"2022-05-01T00:00:00+08:00"
    assert headers["ce_type"] == b"cn.fajian.enforcement.money-paid.v1"
    assert orjson.loads(inbox.letters[0].value) == {"payment_ref": "P-1", "amount": "1234.50"}
    assert shelf.names("done") == ["案款发放0501.csv"]


async def test_good_rows_pass_and_bad_ones_are_told_with_line_and_column(shelf: Shelf) -> None:
    inbox = MemoryInbox()
    bad = {
        "row2": "2,（2022）皖1324执123号,五月一日,P-2,1.00,李某",
        "row3": "3,（2022）皖1324执号,2022-05-01,P-3,1.00,李某",
        "row4": "4,too,few",
        "row5": '5,（2022）皖1324执123号,2022-05-01,P-5,"1.00,李某',  # never closed
    }
    shelf.drop("案款发放.csv", payouts(6, **bad))

    await shelf.work(inbox)

    report = shelf.report("案款发放.csv")
    assert ids(inbox) == ["1", "3", "6"]
    assert ("fajian_refused_at", b"files") in inbox.letters[1].headers
    assert "报送 2 条，拒收 4 处" in report
    assert "第 3 行 / line 3，第 3 列「发放日期」" in report
    assert "实为 / came：五月一日" in report
    assert "第 4 行 / line 4，第 2 列「案号」" in report
    assert "应为 / expected：6 列\r\n   实为 / came：3 列" in report
    assert "第 6 行 / line 6\r\n   问题 / problem：CSV 格式错误" in report
    assert shelf.names("done") == ["案款发放.csv"]


async def test_the_refused_rows_come_back_as_a_file_that_can_be_mended_and_sent(shelf: Shelf) -> None:
    inbox = MemoryInbox()
    shelf.drop("案款发放.csv", payouts(3, row2="2,（2022）皖1324执123号,?,P-2,1.00,李某"))
    await shelf.work(inbox)
    refused = shelf.root / "rejected" / "案款发放.refused.csv"

    mended = refused.read_bytes().decode("gb18030").replace("?", "2022-05-02")
    shelf.drop(refused.name, mended.encode("gb18030"))
    await shelf.work(inbox)

    assert mended.splitlines() == [HEAD, "2,（2022）皖1324执123号,2022-05-02,P-2,1.00,李某"]
    assert ids(inbox) == ["1", "3", "2"]
    assert shelf.names("done") == ["案款发放.csv", "案款发放.refused~1.csv"]


async def test_an_instant_at_the_end_of_the_calendar_spoils_its_own_line(shelf: Shelf) -> None:
    inbox = MemoryInbox()
    never = "9999-12-31T23:59:59Z"
    shelf.drop("a.jsonl", events(1, time=never) + events(1, recordedtime=never) + events(2))

    await shelf.work(inbox)

    report = shelf.report("a.jsonl")
    assert [("fajian_refused_at", b"files") in letter.headers for letter in inbox.letters] == [
        True, True, False, False,
    ]  # fmt: skip
    assert "（/time）" in report
    assert "（/recordedtime）" in report


async def test_a_column_of_numbers_may_name_the_rows(shelf: Shelf) -> None:
    text = shelf.mapping.read_text("utf-8").replace(
        'id = { column = "流水号" }', 'id = { column = "流水号", kind = "whole" }'
    )
    shelf.mapping.write_text(text, "utf-8")
    inbox = MemoryInbox()
    shelf.drop("案款发放.csv", payouts(2))

    await shelf.work(inbox)

    assert ids(inbox) == ["1", "2"]


async def test_a_quoted_cell_may_go_over_lines(shelf: Shelf) -> None:
    inbox = MemoryInbox()
    shelf.drop("案款发放.csv", payouts(2, row1='1,（2022）皖1324执123号,2022-05-01,P-1,1.00,"张\r\n某"'))

    await shelf.work(inbox)

    assert ids(inbox) == ["1", "2"]


@pytest.mark.parametrize(("way", "same"), [("content", True), ("line", False)])
async def test_rows_without_a_number_have_names_that_last(shelf: Shelf, way: str, same: bool) -> None:
    text = shelf.mapping.read_text("utf-8").replace('id = { column = "流水号" }', f'id = "{way}"')
    shelf.mapping.write_text(text, "utf-8")
    inbox = MemoryInbox()

    for content in (payouts(2), payouts(2), payouts(3)):  # the same again, then one more row
        shelf.drop("案款发放.csv", content)
        await shelf.work(inbox)

    found = ids(inbox)
    assert found[:2] == found[2:4]
    assert (found[:2] == found[4:6]) is same
    assert len(set(found)) == (3 if same else 5)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.jsonl", b"", "空文件"),
        ("a.xlsx", b"PK", "文件名不认识"),
        ("a.jsonl", b"{broken\n", "第 1 行 / line 1，第 2 字符"),
        ("a.jsonl", b'{"a": "\xff"}\n', "编码不是UTF-8"),
        ("a.jsonl", b"x" * 2_200_000, "行过长"),
        ("a.jsonl", json.dumps(money_paid(source="//court/皖1302")).encode(), "来源不属于本目录"),
        ("案款发放.csv", b"\n", "缺少列"),
        ("案款发放.csv", "流水号,案号\n1,2\n".encode("gb18030"), "款项编号"),
        ("案款发放.csv", f"{HEAD},案号\n".encode("gb18030"), "列名重复"),
        ("案款发放.csv", payouts(2).decode("gb18030").encode("utf-16"), "编码不符"),
        ("a.zip", b"PK\x03\x04 no zip at all", "完好的 ZIP 文件"),
    ],
)
async def test_a_file_that_cannot_be_taken_is_rejected_with_its_reason(
    shelf: Shelf, name: str, content: bytes, told: str
) -> None:
    shelf.drop(name, content)

    await shelf.work(MemoryInbox())

    assert shelf.names("rejected") == [name, f"{name}.report.txt"]
    assert told in shelf.report(name)
    assert (shelf.root / "rejected" / name).read_bytes() == content


async def test_links_pipes_and_folders_are_not_read(shelf: Shelf, tmp_path: Path) -> None:
    secret = tmp_path / "secret.jsonl"
    secret.write_text(events(1))
    (shelf.root / "inbox" / "link.jsonl").symlink_to(secret)
    os.mkfifo(shelf.root / "inbox" / "pipe.jsonl")
    (shelf.root / "inbox" / "folder.jsonl").mkdir()
    inbox = MemoryInbox()

    await shelf.work(inbox)

    assert inbox.letters == []
    assert "不是普通文件" in shelf.report("link.jsonl")
    assert "不是普通文件" in shelf.report("pipe.jsonl")
    assert shelf.names("inbox") == ["folder.jsonl"]
    assert secret.exists()


async def test_names_of_old_machines_and_odd_characters_are_understood(shelf: Shelf) -> None:
    inbox = MemoryInbox()
    gbk = "案款发放.csv".encode("gbk")
    shelf.drop(os.fsdecode(gbk), payouts(1))
    shelf.drop("a\nb.jsonl", events(1))

    await shelf.work(inbox)

    assert shelf.names("done") == ["a_b.jsonl", "案款发放.csv"]


async def test_the_same_name_again_overwrites_nothing(shelf: Shelf) -> None:
    inbox = MemoryInbox()
    for i in range(3):
        shelf.drop("a.jsonl", json.dumps(money_paid(id=str(i))))
        await shelf.work(inbox)

    assert ids(inbox) == ["0", "1", "2"]
    assert shelf.names("done") == ["a.jsonl", "a~1.jsonl", "a~2.jsonl"]


async def test_a_package_is_checked_and_all_its_files_are_read(shelf: Shelf) -> None:
    inbox = MemoryInbox()
    content = {"b.jsonl": events(2).encode(), "案款发放.csv": payouts(3, row2="x")}
    package(shelf.root / "inbox" / "day.zip", content)

    await shelf.work(inbox)

    assert ids(inbox) == ["e-0", "e-1", "1", "3"]
    assert "包内文件 / in the package：案款发放.csv，第 3 行" in shelf.report("day.zip")
    assert "案款发放.refused-day.csv" in shelf.names("rejected")


async def test_the_longest_names_leave_room_for_those_that_are_made_of_them(shelf: Shelf) -> None:
    inbox = MemoryInbox()
    member = f"案款发放{'案' * 60}.csv"
    for day in "12":
        package(shelf.root / "inbox" / f"{'案' * 48}{day}.zip", {member: payouts(2, row2="x")})

    await shelf.work(inbox)

    mended = [name for name in shelf.names("rejected") if ".refused-" in name]
    assert len(inbox.letters) == 2
    assert len(mended) == 2  # each under a name of its own
    assert {exchange.original(name) for name in mended} == {member}


async def test_a_journal_that_cannot_be_read_is_as_good_as_none(shelf: Shelf) -> None:
    inbox = MemoryInbox()
    (shelf.root / "work" / "a.jsonl").write_text(events(4))
    (shelf.root / "work" / ".journal-a.jsonl").write_bytes(b"\0" * 20)

    await shelf.work(inbox)

    assert ids(inbox) == ["e-0", "e-1", "e-2", "e-3"]


async def test_a_note_of_receipts_that_cannot_be_read_is_for_a_person(shelf: Shelf) -> None:
    config = ConnectorConfig.model_validate(
        {"side": "court", "sender": "//court/x", "agreement": "a", "kafka": {"bootstrap_servers": "b"}}
    )
    (shelf.root / "work" / ".receipts").write_bytes(b"\0" * 20)
    part = FileReceipts(config, shelf.config(), health=PartHealth("files-receipts"))

    with pytest.raises(SourceError, match=r"\.receipts: expected how far"):
        await part.run()


async def test_a_folder_named_like_a_marker_is_left_alone(tmp_path: Path) -> None:
    shelf, inbox = Shelf(tmp_path, complete="marker"), MemoryInbox()
    (shelf.root / "inbox" / "a.ok").mkdir()
    shelf.drop("b.jsonl", events(1))
    shelf.drop("b.jsonl.ok", b"")

    await shelf.work(inbox)

    assert ids(inbox) == ["e-0"]
    assert shelf.names("inbox") == ["a.ok"]


def _evil(path: Path, name: str, **info: Any) -> Path:
    entry = zipfile.ZipInfo("x" * len(name))
    for key, value in info.items():
        setattr(entry, key, value)
    entry.filename = name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, b"../../etc/passwd")
    return path


def _damaged(path: Path, method: int, place: slice) -> Path:
    """Write a package, and write over the bytes at *place*."""
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("manifest.json", b"{}" * 100)
    raw = bytearray(path.read_bytes())
    raw[place] = b"\xff" * len(raw[place])
    path.write_bytes(raw)
    return path


PACKED, DIRECTORY_AT = slice(47, 60), slice(-6, -4)  #: in a package of one manifest.json


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda path: package(path, {"a.jsonl": b"{}"}, sha256="0" * 64), "sha256"),
        (lambda path: package(path, {"a.jsonl": b"{}"}, size=3), "大小"),
        (lambda path: package(path, {"a.jsonl": b"{}"}, name="b.jsonl"), "清单与包内文件一致"),
        (lambda path: package(path, {"a.exe": b"{}"}), "文件名不认识"),
        (lambda path: package(path, {"案款发放.csv": b"a,b\n"}), "缺少列"),
        (lambda path: package(path, {"bomb.jsonl": b" " * 3_000_000}), "解压后至多"),
        (lambda path: package(path, {f"{i}.jsonl": b"{}" for i in range(20)}), "至多 5 个文件"),
        (lambda path: _evil(path, "../up.jsonl"), "不含路径"),
        (lambda path: _evil(path, "/etc/x.jsonl"), "不含路径"),
        (lambda path: _evil(path, "c:\\x.jsonl"), "不含路径"),
        (lambda path: _evil(path, "link.jsonl", external_attr=0o120777 << 16), "链接或设备"),
        (lambda path: _evil(path, "plain.jsonl"), "manifest.json"),
        (lambda path: _damaged(path, zipfile.ZIP_DEFLATED, PACKED), "完好的 ZIP"),
        (lambda path: _damaged(path, zipfile.ZIP_BZIP2, PACKED), "完好的 ZIP"),
        (lambda path: _damaged(path, zipfile.ZIP_LZMA, PACKED), "完好的 ZIP"),
        (lambda path: _damaged(path, zipfile.ZIP_STORED, DIRECTORY_AT), "完好的 ZIP"),
    ],
)
async def test_a_package_with_anything_wrong_is_refused_as_a_whole(
    tmp_path: Path, made: Callable[[Path], Path], told: str
) -> None:
    shelf = Shelf(tmp_path, max_file_bytes=1_000_000, max_package_files=5)
    inbox = MemoryInbox()
    made(shelf.root / "inbox" / "p.zip")

    await shelf.work(inbox)

    assert inbox.letters == []
    assert shelf.names("rejected") == ["p.zip", "p.zip.report.txt"]
    assert told in shelf.report("p.zip")


@pytest.mark.parametrize("name", [".a.jsonl", "~a.jsonl", "a.jsonl.tmp", "a.jsonl.PART"])
async def test_a_file_under_a_name_for_drafts_is_left_alone(shelf: Shelf, name: str) -> None:
    shelf.drop(name, events(1))

    await shelf.work(MemoryInbox())

    assert [path.name for path in (shelf.root / "inbox").iterdir()] == [name]


def test_a_growing_file_is_left_alone_until_it_stands_still(shelf: Shelf) -> None:
    now = [0.0]
    watched = Exchange(shelf.config(complete="stable", settle_seconds=2), clock=lambda: now[0])
    path = shelf.drop("a.jsonl", b"1")

    looks = [watched.ready()]
    for then, content in ((1.0, b"12"), (2.5, b"12"), (3.1, b"12")):
        now[0] = then
        if path.read_bytes() != content:
            path.write_bytes(content)
        looks.append(watched.ready())

    assert looks == [[], [], [], ["a.jsonl"]]


async def test_a_marker_vouches_for_one_file_only(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, complete="marker")
    inbox = MemoryInbox()
    shelf.drop("early.jsonl", events(1))
    shelf.drop("whole.jsonl", events(1))
    shelf.drop("whole.jsonl.ok", "")
    shelf.drop("left.jsonl.ok", "")  # by a crash

    await shelf.work(inbox)

    assert shelf.names("done") == ["whole.jsonl"]
    assert shelf.names("inbox") == ["early.jsonl"]


async def test_a_file_that_changes_while_it_is_read_is_read_again(shelf: Shelf) -> None:
    class Late(MemoryInbox):
        async def put(self, letters: Sequence[Letter]) -> list[Placed]:
            if not self.letters:
                with (shelf.root / "work" / "a.jsonl").open("a") as writer:
                    writer.write(json.dumps(money_paid(id="late")) + "\n")
            return await super().put(letters)

    inbox = Late()
    shelf.drop("a.jsonl", events(2))

    await shelf.work(inbox)
    await shelf.work(inbox)

    assert list(dict.fromkeys(ids(inbox))) == ["e-0", "e-1", "late"]
    assert shelf.names("done") == ["a.jsonl"]


async def test_while_kafka_is_away_nothing_moves_on(shelf: Shelf) -> None:
    inbox = MemoryInbox()
    inbox.away = True
    shelf.drop("a.jsonl", events(2))
    with pytest.raises(PeerAwayError):
        await shelf.work(inbox)

    inbox.away = False
    await shelf.work(inbox)

    assert ids(inbox) == ["e-0", "e-1"]
    assert shelf.names("done") == ["a.jsonl"]


async def test_what_kafka_will_never_take_is_refused_even_after_a_crash(shelf: Shelf) -> None:
    class Picky(MemoryInbox):
        async def put(self, letters: Sequence[Letter]) -> list[Placed]:
            placed = await super().put(letters)
            return [
                InboxRefusedError("too large") if dict(each.headers)["ce_id"] == b"e-1" else place
                for each, place in zip(letters, placed, strict=True)
            ]

    shelf.drop("a.jsonl", events(2))

    await shelf.work(Picky())

    assert "第 2 行 / line 2" in shelf.report("a.jsonl")


async def test_two_connectors_do_not_work_in_one_folder(shelf: Shelf) -> None:
    with shelf.exchange().held(), pytest.raises(PeerAwayError, match="another connector"):
        await shelf.work(MemoryInbox())


class CrashError(BaseException):
    """The process is gone."""


async def _until_crash(shelf: Shelf, inbox: MemoryInbox, step: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Work, and die at the *step*th thing that is done to the outer world; tell whether it came to that."""
    done = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*args: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done == step:
                raise CrashError
            result = real(*args, **named)
            done += 1
            if done == step:
                raise CrashError
            return result

        return act

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", counted(Path.rename))
        patched.setattr(Path, "unlink", counted(Path.unlink))
        patched.setattr(exchange, "write_whole", counted(exchange.write_whole))
        patched.setattr("connectors.sources.files.write_whole", counted(exchange.write_whole))
        patched.setattr(MemoryInbox, "put", counted_put(counted, MemoryInbox.put))
        try:
            await shelf.work(inbox)
        except CrashError:
            return True
    return False


def counted_put(counted: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
    async def put(self: MemoryInbox, letters: Sequence[Letter]) -> list[Placed]:
        counted(lambda: None)()
        placed: list[Placed] = await real(self, letters)
        counted(lambda: None)()
        return placed

    return put


async def test_a_crash_at_any_step_loses_nothing_and_names_everything_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def filled(name: str) -> Shelf:
        shelf = Shelf(tmp_path / name, complete="marker")
        for file, content in (("1.jsonl", events(7).encode()), ("案款发放2.csv", payouts(5, row3="x"))):
            shelf.drop(file, content)
            shelf.drop(f"{file}.ok", b"")
        package(
            shelf.root / "inbox" / "3.zip", {"a.jsonl": events(4, time="2022-05-02T00:00:00+08:00").encode()}
        )
        shelf.drop("3.zip.ok", b"")
        return shelf

    def seen(shelf: Shelf) -> dict[str, bytes]:
        return {
            f"{folder}/{name}": (shelf.root / folder / name).read_bytes()
            for folder in ("inbox", "work", "done", "rejected", "receipts")
            for name in shelf.names(folder)
        }

    undisturbed, expected = filled("whole"), MemoryInbox()
    await undisturbed.work(expected)
    step = crashes = 1
    while crashes:
        shelf, inbox = filled(str(step)), MemoryInbox()
        crashes = await _until_crash(shelf, inbox, step, monkeypatch)
        await shelf.work(inbox)

        assert seen(shelf) == seen(undisturbed)
        assert list(dict.fromkeys(inbox.letters)) == list(dict.fromkeys(expected.letters))
        step += 1
    assert step > 60


async def test_a_heap_of_small_files_goes_through_in_the_order_of_names(shelf: Shelf) -> None:
    inbox = MemoryInbox()
    for i in range(300):
        shelf.drop(f"{i:04}.jsonl", json.dumps(money_paid(id=f"n-{i:04}")))

    await shelf.work(inbox)

    assert ids(inbox) == [f"n-{i:04}" for i in range(300)]
    assert len(shelf.names("done")) == 300


@pytest.mark.parametrize("instance", ["P-1", ""])  # most duties have one clock: their cell is empty
async def test_a_side_with_nothing_but_files_answers_a_flag(tmp_path: Path, instance: str) -> None:
    shelf = Shelf(tmp_path)
    shelf.mapping.write_text(
        """
files = ["答复*.csv"]
[event]
source = "//court/皖1324"
type = "FlagAnswered"
subject = { column = "案号" }
time = { column = "答复时间", kind = "instant" }
[data]
flag_id = { column = "预警编号" }
rule = { column = "规则" }
instance = { column = "事项" }
answer = { column = "答复", values = { "已履行" = "met", "应停止计算" = "stopped", "有异议" = "contested" } }
evidence = { column = "证据", kind = "list" }
note = { column = "说明" }
""",
        "utf-8",
    )
    flag = "0b7f1c52-8c5f-5b0a-9a51-3a1f6a1d2c11"
    row = f"{flag},{CASE},payout,{instance},已履行,2022-05-17 09:30,e-1；e-2,当日已发放"
    shelf.drop("答复.csv", f"预警编号,案号,规则,事项,答复,答复时间,证据,说明\n{row}\n")
    inbox = MemoryInbox()

    await shelf.work(inbox)

    assert shelf.names("rejected") == []
    assert orjson.loads(inbox.letters[0].value)["evidence"] == ["e-1", "e-2"]
