"""What operators see and do: topics, lag, dead letters."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from fajian.cli.main import app
from fajian.core.ports import Output, Record
from fajian.local.stack import StackInfo
from fajian.settings import Settings, load_settings
from fajian.streams.log import KafkaLog, Part
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.progress import Progress, progress_output
from fajian.streams.skips import SkipBook
from schemas.topics import AUDIT, CASE_EVENTS, HUB, OPERATOR, TOPICS, dead, inbox

SIDE = "office"
PART = Part(inbox(SIDE), 1)

Run = Callable[..., Result]


@pytest.fixture
def run(stack: StackInfo, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FAJIAN_DATA_DIR", stack.data_dir)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def _send(stack: StackInfo, principal: str, *outputs: Output) -> None:
    async def send() -> None:
        async with KafkaOutbox(_settings(stack, principal)) as outbox:
            await outbox.deliver(outputs)

    asyncio.run(send())


def _settings(stack: StackInfo, principal: str) -> Settings:
    return load_settings(
        bootstrap_servers=stack.bootstrap,
        sasl_username=principal,
        sasl_password=stack.passwords[principal],
        partitions=stack.partitions,
    )


def _letter(text: bytes) -> Output:
    headers = (
        ("ce_id", b"e1"),
        ("fajian_reason", b"body-invalid"),
        ("fajian_problems", b"[]"),
        ("fajian_origin", b"office.inbox/1/0"),
        ("fajian_arrivedtime", b"2022-05-16T08:00:00+08:00"),
    )
    return Output(0, dead(SIDE), b"k", text, headers, 1)


def _last(stack: StackInfo) -> Output:
    async def read() -> Output:
        async with KafkaLog(_settings(stack, HUB)) as log:
            parts = [Part(inbox(SIDE), number) for number in range(stack.partitions)]
            ends = await log.ends(parts)
            found = [
                record
                for part in parts
                async for records in log.read(part, 0, ends[part])
                for record in records
            ]
            newest = max(found, key=lambda record: record.timestamp)
            return Output(0, newest.topic, newest.key, newest.value, newest.headers)

    return asyncio.run(read())


def test_every_topic_is_listed_with_who_may_use_it(run: Run) -> None:
    result = run("topics", "--json")

    rows = [orjson.loads(line) for line in result.stdout.splitlines()]
    assert [row["topic"] for row in rows] == list(TOPICS)
    assert next(row for row in rows if row["topic"] == "court.inbox")["writers"] == ["court"]


def test_lag_tells_records_and_seconds_behind_what_was_acknowledged(stack: StackInfo, run: Run) -> None:
    _send(stack, SIDE, Output(0, PART.topic, b"k", b"{}", (), PART.partition))
    _send(stack, HUB, progress_output("toy", PART, Progress("id", 0)))

    result = run("lag", "--json")

    row = next(orjson.loads(line) for line in result.stdout.splitlines() if '"toy"' in line)
    assert (row["topic"], row["partition"], row["acked"]) == (PART.topic, PART.partition, 0)
    assert row["records"] >= 1
    assert row["seconds"] >= 0


def test_a_dead_letter_is_listed_shown_and_sent_back_with_its_first_arrival(
    stack: StackInfo, run: Run
) -> None:
    _send(stack, HUB, _letter(b"broken"))

    listed = run("dead", "list", "--side", SIDE, "--json")
    row = orjson.loads(listed.stdout.splitlines()[-1])
    shown = orjson.loads(run("dead", "show", row["position"], "--side", SIDE, "--json").stdout)
    replayed = run("dead", "replay", row["position"], "--side", SIDE)

    back = dict(_last(stack).headers)
    assert (row["reason"], row["id"], shown["value"]) == ("body-invalid", "e1", "broken")
    assert replayed.exit_code == 0
    assert back["fajian_arrivedtime"] == b"2022-05-16T08:00:00+08:00"
    assert back["fajian_repaired"].decode().endswith(row["position"])
    assert back["ce_id"] == b"e1"


def test_a_mended_event_goes_back_in_its_place(stack: StackInfo, run: Run, tmp_path: Path) -> None:
    _send(stack, HUB, _letter(b"broken"))
    mended = tmp_path / "mended.json"
    mended.write_text(
        CliRunner().invoke(app, ["schema", "MeetingCalled", "--example"]).stdout, encoding="utf-8"
    )
    position = orjson.loads(run("dead", "list", "--side", SIDE, "--json").stdout.splitlines()[-1])["position"]

    result = run("dead", "repair", position, str(mended), "--side", SIDE)

    back = _last(stack)
    assert result.exit_code == 0
    assert dict(back.headers)["ce_type"] == b"cn.fajian.mechanism.meeting-called.v1"
    assert dict(back.headers)["fajian_arrivedtime"] == b"2022-05-16T08:00:00+08:00"


def test_a_dead_letter_that_is_not_there_is_a_plain_error(run: Run) -> None:
    result = run("dead", "show", "99/0", "--side", SIDE)

    assert result.exit_code == 1
    assert "expected a dead letter at office.dead/99/0" in str(result.exception)


WHY = ("--reason", "broken", "--signer", "甲")


def test_two_names_pass_over_a_record_that_is_there(stack: StackInfo, run: Run) -> None:
    headers = (("ce_id", b"e-skip"), ("ce_type", b"cn.fajian.x.v1"))
    _send(stack, HUB, Output(0, CASE_EVENTS, b"case", b"broken", headers, 2))
    record = _newest(stack, HUB, Part(CASE_EVENTS, 2))
    place = f"{CASE_EVENTS}/2/{record.offset}"

    tried = run("skip", place, *WHY, "--signer", "乙", "--dry-run")
    before = _covers(stack, record)
    done = run("skip", place, *WHY, "--signer", "乙", "--json")

    shown = orjson.loads(done.stdout)
    assert ("未写入 / nothing was written" in tried.stdout, before) == (True, False)
    assert (shown["position"], shown["id"], shown["written"]) == (place, "e-skip", True)
    assert _covers(stack, record)
    audited = orjson.loads(_newest(stack, OPERATOR, Part(AUDIT, 0)).value or b"")
    assert (audited["act"], audited["offset"], audited["signers"]) == ("skip", record.offset, ["甲", "乙"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((f"{CASE_EVENTS}/0/99999999", *WHY, "--signer", "乙"), "没有这条记录"),
        ((f"{CASE_EVENTS}/99/0", *WHY, "--signer", "乙"), "没有这条记录"),
        ((f"{CASE_EVENTS}/0/0", *WHY, "--signer", " 甲 "), "2 个不同的具名人"),
        ((f"{CASE_EVENTS}/0/0", *WHY), "2 个不同的具名人"),
        (
            ("court.feed/0/0", *WHY, "--signer", "乙"),
            "expected topic/partition/offset of a topic that workers read",
        ),
    ],
)
def test_nothing_else_is_passed_over(stack: StackInfo, run: Run, words: tuple[str, ...], told: str) -> None:
    done = run("skip", *words)

    assert done.exit_code == 1
    assert told in str(done.exception)


def _newest(stack: StackInfo, principal: str, part: Part) -> Record:
    async def read() -> Record:
        async with KafkaLog(_settings(stack, principal)) as log:
            end = (await log.ends([part]))[part]
            return [record async for records in log.read(part, 0, end) for record in records][-1]

    return asyncio.run(read())


def _covers(stack: StackInfo, record: Record) -> bool:
    async def ask() -> bool:
        async with KafkaLog(_settings(stack, HUB)) as log:
            book = SkipBook(log)
            await book.refresh()
            return book.covers(record)

    return asyncio.run(ask())
