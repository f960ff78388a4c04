"""What a side's people do at the command line: publish, read what became of it, say something to a flag."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import psycopg
import pytest

from fajian.clock import now
from fajian.core.ports import Output
from fajian.local.stack import read_stack
from fajian.settings import Settings
from fajian.streams.log import KafkaLog
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.verify import held_in_topic
from schemas.topics import CASE_STATE
from tests.policies import sign_for, write_policy

pytestmark = pytest.mark.e2e

PATIENCE_SECONDS = 60
CASE = f"（{now().year}）皖1324执7号"

Command = Callable[..., subprocess.CompletedProcess[str]]


def event(**changes: Any) -> str:
    """Return money that arrived three months ago and is reported only now: a late record, flagged as T38."""
    arrived = (now() - timedelta(days=90)).date()
    whole = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "//court/皖1324",
        "type": "cn.fajian.enforcement.money-arrived.v1",
        "time": f"{arrived}T00:00:00+08:00",
        "subject": CASE,
        "data": {"payment_ref": "P-1", "amount": "100.00"},
    }
    return json.dumps(whole | changes, ensure_ascii=False)


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_publishing_waits_until_the_ledger_has_it(fajian: Command) -> None:
    done = fajian("publish", "court", "-", "--json", given=event())

    [fate] = rows(done)
    assert (done.returncode, fate["status"], fate["subject"]) == (0, "recorded", CASE)
    assert fate["ledger"].startswith("case.events/")


def test_a_rejection_is_exit_1_with_the_pointer_of_each_problem(fajian: Command) -> None:
    lines = [
        event(id="bad", data={"payment_ref": "P"}),
        "{broken",
        event(),
        event(subject="（2022）皖1324执号"),
    ]

    done = fajian("publish", "court", "-", "--json", given="\n".join(lines))

    fates = {fate["line"]: fate for fate in rows(done)}
    pointers = {line: [each["pointer"] for each in fate["problems"]] for line, fate in fates.items()}
    assert done.returncode == 1
    assert [fates[line]["status"] for line in (1, 2, 3, 4)] == [
        "rejected",
        "rejected",
        "duplicate",
        "rejected",
    ]
    assert pointers == {1: ["/data/amount"], 2: [""], 3: [], 4: ["/subject"]}


def test_the_same_by_kafka_gives_the_same_verdicts(fajian: Command) -> None:
    lines = [event(id="bad-2", data={"payment_ref": "P"}), "{broken", event()]

    done = fajian("publish", "court", "-", "--json", "--kafka", given="\n".join(lines))

    fates = {fate["line"]: fate["status"] for fate in rows(done)}
    assert done.returncode == 1
    assert fates == {1: "rejected", 2: "rejected", 3: "duplicate"}


def test_receipts_can_be_filtered(fajian: Command) -> None:
    done = fajian("receipts", "--id", "e-1", "--status", "recorded", "--json")

    assert [(row["id"], row["status"]) for row in rows(done)] == [("e-1", "recorded")]


def test_a_case_shows_its_time_line_in_any_spelling_of_its_number(fajian: Command) -> None:
    shape = until(lambda: rows(fajian("case", f"({now().year})皖1324执7号", "--json"))[0], "timeline")

    assert shape["subject"] == CASE
    assert {"MoneyArrived"} <= {row["type"] for row in shape["timeline"]}


def test_a_case_is_shown_as_it_stood_on_a_day(fajian: Command) -> None:
    today, before = now().date(), (now() - timedelta(days=30)).date()

    known_then = fajian("case", CASE, "--as-of", str(before), "--json")
    known_now = rows(fajian("case", CASE, "--as-of", str(before), "--known", "now", "--json"))[0]
    shape = rows(fajian("case", CASE, "--as-of", str(today), "--json"))[0]

    assert known_then.returncode == 1  # reported only today
    assert [fact["type"] for fact in known_now["facts"]] == ["MoneyArrived"]
    assert (known_now["state"], shape["state"]) == ("paying", "paying")
    assert shape["in_force"] == shape["rules"]


def test_a_flag_can_be_acknowledged_and_answered(fajian: Command) -> None:
    flag = until(lambda: rows(fajian("flags", "--subject", CASE, "--json"))[0], "flag_id")

    acknowledged = fajian("ack", flag["flag_id"][:8], "--json")
    answered = fajian("answer", flag["flag_id"], "contested", "--note", "补录", "--evidence", "e-1", "--json")

    assert [rows(done)[0]["status"] for done in (acknowledged, answered)] == ["recorded", "recorded"]


def test_a_flag_that_nobody_knows_is_an_error(fajian: Command) -> None:
    done = fajian("ack", "no-such-flag")

    assert (done.returncode, "no-such-flag" in done.stderr) == (1, True)


def test_the_court_lists_no_leads(fajian: Command) -> None:
    done = fajian("leads", "--side", "court", "--json")

    assert (done.returncode, done.stdout) == (0, "")


def until(look: Callable[[], dict[str, Any]], field: str) -> dict[str, Any]:
    """Look again until *field* is there: state and feed follow the receipt by a moment."""
    deadline, pause = monotonic() + PATIENCE_SECONDS, Event()
    while monotonic() < deadline:
        try:
            if (found := look())[field]:
                return found
        except IndexError:
            pass
        pause.wait(0.2)
    raise AssertionError(f"{field} did not appear")


def test_before_adopting_a_policy_one_sees_whose_days_it_moves(fajian: Command, tmp_path: Path) -> None:
    policy = write_policy(tmp_path, tables='\n[[local]]\nperiod = "pay-out"\nlength = 10\n')
    sign_for(policy, "court", "procuratorate")
    told = {"id": "e-2", "type": "cn.fajian.enforcement.finance-notified.v1"}
    fajian("publish", "court", "-", given=event(**told))

    tried = fajian("rules", "adopt", "--policy", str(policy), "--dry-run", "--json")
    read = fajian("rules", "adopt", "--policy", str(policy), "--dry-run")

    [row] = [row for row in rows(tried)[0]["moved"] if (row["subject"], row["rule"]) == (CASE, "pay-out")]
    assert (row["instance"], row["was"]["local_day"]) == ("P-1", None)
    assert row["becomes"]["local_day"] < row["becomes"]["due_day"] == row["was"]["due_day"]
    assert f"（本地 local {row['becomes']['local_day']}）" in read.stdout
    assert len(rows(fajian("rules", "list", "--json"))) == 1


def test_a_state_that_somebody_forged_is_found_and_rebuilt_from_the_ledger(
    fajian: Command, bus: Path
) -> None:
    stack = read_stack(bus)
    forged = asyncio.run(_forge(stack.settings("hub")))

    looked = fajian("rebuild", "state", "--json")
    mended = fajian("rebuild", "state", "--write", "--json")

    [difference] = json.loads(looked.stdout)["differences"]
    assert (looked.returncode, difference["subject"], difference["reason"]) == (1, forged, "different")
    assert (mended.returncode, json.loads(mended.stdout)["left"]) == (0, [])
    until(lambda: {"equal": fajian("verify").returncode == 0}, "equal")


async def _forge(settings: Settings) -> str:
    """Write another state of one subject from the same place in the ledger; return which."""
    async with KafkaLog(settings) as log, KafkaOutbox(settings) as outbox:
        subject, held = min((await held_in_topic(log, range(settings.partitions))).items())
        headers = [("ledgerpartition", b"%d" % held.partition), ("ledgeroffset", b"%d" % held.offset)]
        await outbox.deliver([Output(0, CASE_STATE, subject.encode(), b"{}", headers, held.partition)])
        return subject


def test_a_side_whose_database_was_changed_by_hand_rebuilds_it_while_it_is_in_use(
    fajian: Command, bus: Path
) -> None:
    with psycopg.connect(read_stack(bus).dsns["court"]) as opened:
        opened.execute("DELETE FROM fajian.subjects")

    looked, mended = fajian("rebuild", "court"), fajian("rebuild", "court", "--write")

    assert (looked.returncode, "missing" in looked.stdout) == (1, True)
    assert (mended.returncode, "left: 0" in mended.stdout) == (0, True), mended.stderr
    assert fajian("verify").returncode == 0


def test_stores_are_not_taken_from_under_a_running_worker(fajian: Command) -> None:
    refused = fajian("rebuild", "stores", "--write")

    assert (refused.returncode, "Stop it first" in refused.stderr) == (1, True)
