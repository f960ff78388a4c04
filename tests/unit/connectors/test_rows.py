"""From records of the bus to rows of the projection."""

from typing import Any, NamedTuple

import orjson
import pytest

from connectors.metrics import Standing
from connectors.sink_config import Selection
from connectors.sinks.digests import digest_of
from connectors.sinks.rows import UnreadableError, feed_row, marker_of, receipt_row, subject_row
from connectors.sinks.told import read

HEADERS = {
    "ce_id": "e-1",
    "ce_source": "//court/皖1324",
    "ce_type": "cn.fajian.enforcement.money-paid.v1",
    "ce_time": "2022-04-30T16:00:00Z",
    "ledgerpartition": "3",
    "ledgeroffset": "17",
}


class Told(NamedTuple):
    """A record as Kafka hands it over."""

    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    key: bytes | None = "（2022）皖1324执123号".encode()
    topic: str = "court.feed"
    partition: int = 3
    offset: int = 5
    timestamp: int = 1_650_000_000_000


def told(body: Any, **changed: str) -> Told:
    headers = {name: value for name, value in (HEADERS | changed).items() if value}
    return Told(orjson.dumps(body), tuple((name, value.encode()) for name, value in headers.items()))


def test_a_fact_is_a_row_of_its_shanghai_day_with_its_place_in_the_ledger() -> None:
    row = feed_row(told({"amount": "1.00"}))

    assert (row["kind"], row["type"], row["day"].isoformat()) == ("fact", "MoneyPaid", "2022-05-01")
    assert (row["subject"], row["ledger_partition"], row["ledger_offset"]) == ("（2022）皖1324执123号", 3, 17)


def test_a_flag_is_of_the_day_of_its_tick() -> None:
    body = {"flag_id": "F", "rule": "pay-out", "instance": "P-1", "on": "2022-05-16", "due_day": "2022-05-16"}

    row = feed_row(told(body, ce_type="cn.fajian.flag.overdue.v1"))

    assert (row["kind"], row["type"], row["matter"]) == ("flag", "Overdue", "F")
    assert (row["day"].isoformat(), row["due_day"].isoformat()) == ("2022-05-16", "2022-05-16")


def test_a_lead_is_known_by_its_own_id() -> None:
    body = {"lead_id": "L", "flag_id": "F", "trigger": "T20", "on": "2022-05-16"}

    row = feed_row(told(body, ce_type="cn.fajian.lead.lead-raised.v1"))

    assert (row["kind"], row["matter"], row["trigger"]) == ("lead", "L", "T20")


def test_a_due_instant_counts_by_its_day() -> None:
    row = feed_row(told({"due_day": "2022-05-16T10:00:00+08:00"}))

    assert row["due_day"].isoformat() == "2022-05-16"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (told({})._replace(value=b"{bad"), "not JSON"),
        (told({})._replace(value=None), "not JSON"),
        (told([]), "expected a JSON object"),
        (told({"note": "a\0b"}), "U\\+0000"),
        (told({}, ce_id=""), "ce_id is missing"),
        (told({}, ce_type="strange"), "not one of ours"),
        (told({}, ce_time="2022-05-01T00:00:00"), "no zone"),
        (told({}, ce_time="9999-12-31T23:59:59Z"), "no day in Shanghai"),
        (told({})._replace(key=b"\xff"), "not UTF-8"),
        (told({}, ledgeroffset="many"), "ledgeroffset"),
        (told({"due_day": "soon"}), "not a day"),
    ],
)
def test_what_the_feed_does_not_promise_is_not_read(record: Told, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        feed_row(record)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/cloudevents+json"},
        {"content-type": "application/cloudevents-batch+json"},
        {"content-type": "application/json", "ce_datacontenttype": "text/plain"},
    ],
)
def test_a_record_of_the_feed_that_is_no_event_is_passed_over_and_counted(headers: dict[str, str]) -> None:
    standing, anything = Standing(), Selection()

    found = list(read([told({}, **headers), told({})], anything, standing))

    assert (len(found), standing.unreadable) == (1, 1)


def test_a_state_keeps_its_bytes() -> None:
    record = told({})._replace(value=b'{"subject": "x",  "kind":"case","stage":null}')

    row = subject_row(record)

    assert row["state"] == '{"subject": "x",  "kind":"case","stage":null}'
    assert (row["kind"], row["ledger_offset"]) == ("case", 17)


def test_a_receipt_without_a_name_is_named_by_its_place() -> None:
    row = receipt_row(told({"status": "rejected"}, ce_id=""))

    assert (row["receipt_id"], row["source"], row["status"]) == ("court.feed/3/5", "unknown", "rejected")


@pytest.mark.parametrize("status", ["lost", [], {}, None])
def test_an_unknown_status_is_not_read(status: object) -> None:
    with pytest.raises(UnreadableError, match="unknown status"):
        receipt_row(told({"status": status}))


def test_a_state_whose_key_is_no_text_is_not_read() -> None:
    with pytest.raises(UnreadableError, match="not UTF-8"):
        subject_row(told({})._replace(key=b"\xff"))


def test_a_marker_names_partition_day_and_offset() -> None:
    marker = marker_of(told({"partition": 3, "day": "2022-05-16", "offset": 9, "count": 0, "digest": "0"}))

    assert (marker["partition"], marker["day"].isoformat(), marker["offset"]) == (3, "2022-05-16", 9)


def test_a_digest_does_not_depend_on_the_order_of_subjects() -> None:
    states = [(f"case-{i}", f'{{"n":{i}}}') for i in range(50)]

    assert digest_of(states) == digest_of(reversed(states))
    assert digest_of(states) != digest_of(states[1:])
    assert digest_of([]) == 0
