"""The gate: what passes, what comes back, and that the same record always gives the same bytes."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from fajian.core.intake import KEPT, Intake
from fajian.core.ports import Output
from fajian.law.events import load_intake_law
from schemas.cloudevents import raw_of
from schemas.examples import examples
from schemas.names import derived_id
from schemas.registry import TYPES, find
from schemas.topics import MAX_MESSAGE_BYTES, UNREADABLE, side_of
from schemas.validation import MAX_BYTES, check
from tests.intake_doubles import CASE, NOON, InboxRecord, body_of, event, headers_of, record, submit

NUMBER = "泗检民执监〔2022〕1号"


class NoStore:
    def get(self, key: bytes) -> bytes | None:
        raise AssertionError("intake keeps nothing")

    def scan(self, begin: bytes, end: bytes) -> Any:
        raise AssertionError("intake keeps nothing")


def refusal(outputs: list[Output]) -> tuple[Output, list[dict[str, str]]]:
    """Return the dead letter and the problems on the receipt, when nothing else came out."""
    letter, receipt = outputs
    assert (letter.topic, receipt.topic) == ("court.dead", "court.receipts")
    assert body_of(receipt)["status"] == "rejected"
    return letter, body_of(receipt)["problems"]


def test_an_accepted_event_stands_in_the_ledger_under_its_subject() -> None:
    ledger, receipt = submit(record(subject="(2022)皖1324执 123号"))

    assert (ledger.topic, ledger.key, ledger.partition) == ("case.events", CASE.encode(), -1)
    assert headers_of(ledger) == {
        "ce_specversion": "1.0",
        "ce_id": "e-1",
        "ce_source": "//court/皖1324",
        "ce_type": "cn.fajian.enforcement.money-paid.v1",
        "ce_time": "2022-06-16T00:00:00+08:00",
        "ce_subject": CASE,
        "ce_submittedby": "court",
        "ce_inboxposition": "court.inbox/3/1234",
        "ce_arrivedtime": "2022-06-17T04:00:00.000Z",
        "content-type": "application/json",
    }
    assert receipt.topic == "court.receipts"
    assert body_of(receipt) == {
        "source": "//court/皖1324",
        "id": "e-1",
        "subject": CASE,
        "status": "accepted",
        "problems": [],
        "warnings": [],
        "origin": "court.inbox/3/1234",
    }


def test_equal_bodies_have_equal_bytes_however_they_were_written() -> None:
    plain, _ = submit(record(b'{"payment_ref":"p-1","amount":"1.00"}'))
    other, _ = submit(record(b'{ "amount": "1.00",\n "payment_ref": "p\\u002d1" }'))

    assert plain.value == other.value == b'{"amount":"1.00","payment_ref":"p-1"}'


def test_optional_attributes_travel_on_unchanged() -> None:
    ledger, _ = submit(
        record(recordedtime="2022-06-16T17:00:00+08:00", sequence="17", traceparent="00-a-b-01")
    )

    said = headers_of(ledger)
    assert said["ce_recordedtime"] == "2022-06-16T17:00:00+08:00"
    assert (said["ce_sequence"], said["ce_traceparent"]) == ("17", "00-a-b-01")


def test_every_linked_subject_gets_a_copy_with_an_id_of_its_own() -> None:
    data = {
        "payment_ref": "p-1",
        "amount": "1.00",
        "application_no": "2022-0415",
        "supervision_no": NUMBER,
        "cases": ["（2022）皖1324执124号", CASE],
    }

    *ledger, receipt = submit(record(data=data))

    keys = [(output.key or b"").decode() for output in ledger]
    assert keys == [CASE, "application/皖1324/2022-0415", f"supervision/{NUMBER}", "（2022）皖1324执124号"]
    assert headers_of(ledger[0])["ce_id"] == "e-1"
    assert "ce_originid" not in headers_of(ledger[0])
    for output, subject in zip(ledger[1:], keys[1:], strict=True):
        said = headers_of(output)
        assert said["ce_id"] == derived_id("//court/皖1324", "e-1", subject)
        assert (said["ce_originid"], said["ce_subject"]) == ("e-1", subject)
    assert body_of(receipt)["subject"] == CASE


def test_a_correction_that_moves_a_fact_retracts_it_where_it_stood() -> None:
    data = {"payment_ref": "p-1", "amount": "1.00", "supersedes": "e-0", "moved_from": "（2022）皖1324执9号"}

    moved, retraction, _ = submit(record(data=data))

    assert moved.key == CASE.encode()
    assert (retraction.key or b"").decode() == "（2022）皖1324执9号"
    assert body_of(retraction) == {"retracts": "e-0"}
    said = headers_of(retraction)
    assert said["ce_type"] == "cn.fajian.mechanism.retracted.v1"
    assert (said["ce_source"], said["ce_originid"]) == ("//court/皖1324", "e-1")
    checked = check(raw_of(event(type=said["ce_type"], data=body_of(retraction))))
    assert not checked.problems


@pytest.mark.parametrize("moved_from", [CASE, "（2022）皖1324执124号"], ids=["the same", "a linked one"])
def test_nothing_is_retracted_where_the_correction_stands_too(moved_from: str) -> None:
    data = {
        "payment_ref": "p-1",
        "amount": "1.00",
        "supersedes": "e-0",
        "moved_from": moved_from,
        "cases": ["（2022）皖1324执124号"],
    }

    outputs = submit(record(data=data))

    assert [output.topic for output in outputs] == ["case.events", "case.events", "court.receipts"]


def test_the_same_records_give_the_same_bytes() -> None:
    records = [record(), record(b"{"), record(data={}, subject="x"), InboxRecord(None)]
    intake, other = Intake(load_intake_law()), Intake(load_intake_law())

    assert intake.fold(records, NoStore()) == other.fold(records, NoStore())


def test_a_batch_applies_up_to_its_last_record_and_each_output_names_its_cause() -> None:
    records = [record(), replace(record(), offset=1240), replace(record(b"x"), offset=1241)]

    folded = Intake(load_intake_law()).fold(records, NoStore())

    assert folded.applied == 1241
    assert [output.cause for output in folded.outputs] == [1234, 1234, 1240, 1240, 1241, 1241]
    assert (folded.writes, folded.notes) == ({}, {})


@pytest.mark.parametrize("type_", [type_ for type_ in TYPES.values() if type_.is_fact], ids=lambda t: t.name)
def test_the_example_of_every_fact_is_accepted(type_: Any) -> None:
    example = dict(examples()[type_.ce_type])
    side = example["source"][2:].partition("/")[0]
    taken = replace(record(**example), topic=f"{side}.inbox", timestamp=NOON + 3 * 31_536_000_000)

    *ledger, receipt = submit(taken, side=side)

    assert body_of(receipt)["status"] == "accepted"
    assert body_of(receipt)["warnings"] == []
    assert {side_of(output.topic) for output in ledger} == {"case"}


@pytest.mark.parametrize(
    ("taken", "code", "pointer"),
    [
        (record(b'{"payment_ref":"p-1"'), "json", "/data"),
        (record(b""), "empty", "/data"),
        (record(b"\xff"), "encoding", "/data"),
        (record(b'{"payment_ref":"p-1","amount":NaN}'), "json", "/data"),
        (record(b'{"payment_ref":"p-1","amount":"1","amount":"2"}'), "duplicate-key", "/data/amount"),
        (record(b'{"note":' + b"[" * 40 + b"]" * 40 + b"}"), "too-deep", "/data"),
        (record(b'{"payment_ref":"p-1","amount":"1","note":"' + b"x" * MAX_BYTES + b'"}'), "too-large", ""),
        (record(data={"payment_ref": "p-1", "amount": "1", "amont": "2"}), "unknown-field", "/data/amont"),
        (record(data={"payment_ref": "p-1"}), "field-missing", "/data/amount"),
        (record(data={"payment_ref": "p-1", "amount": 1}), "field-type", "/data/amount"),
        (record(type="cn.fajian.enforcement.money-payed.v1"), "unknown-type", "/type"),
        (record(type="cn.fajian.enforcement.money-paid.v2"), "unknown-version", "/type"),
        (record(time="2022-06-16T00:00:00"), "time-zone", "/time"),
        (record(time="2022-06-17T13:00:01+08:00"), "future", "/time"),
        (record(time="2022-06-31T00:00:00+08:00"), "time", "/time"),
        (record(subject="（2022）皖132执123号"), "case-number", "/subject"),
        (record(subject="supervision/（2022）皖1324执123号"), "supervision-number", "/subject"),
        (record(subject="application/1324/7"), "subject", "/subject"),
        (record(subject="agreement/sixian"), "subject-kind", "/subject"),
        (record(subject="（2022）皖1324执异12号"), "parent-case", "/data/parent_case"),
        (record(subject=None), "attribute-missing", "/subject"),
        (record(source="//procuratorate/泗检"), "wrong-source", "/source"),
        (record(source="court"), "attribute-value", "/source"),
        (record(specversion="0.3"), "specversion", "/specversion"),
        (record(arrivedtime="2022-06-01T00:00:00Z"), "attribute-reserved", "/arrivedtime"),
        (InboxRecord(None), "empty", ""),
        (InboxRecord(b"{}"), "attribute-missing", "/specversion"),
        (InboxRecord(b"{}", [("ce_id", b"\xff")]), "encoding", "/id"),
        (InboxRecord(b"{}", [("ce_id", b"1"), ("ce_id", b"2")]), "header", "/id"),
    ],
)  # fmt: skip
def test_what_cannot_pass_comes_back_with_its_reason(taken: InboxRecord, code: str, pointer: str) -> None:
    letter, problems = refusal(submit(taken))

    assert problems[0] | {"type": f"urn:fajian:problem:{code}", "pointer": pointer} == problems[0]
    assert all(set(problem) == {"type", "title", "detail", "pointer"} for problem in problems)
    assert headers_of(letter)["fajian_reason"].split(",")[0] == code
    assert orjson.loads(headers_of(letter)["fajian_problems"]) == problems


@pytest.mark.parametrize(
    ("name", "side", "publishers"),
    [
        ("SuggestionSent", "court", "procuratorate"),
        ("MoneyPaid", "procuratorate", "court"),
        ("JointMeetingHeld", "discipline", "office"),
        ("ClockTicked", "court", "the hub alone"),
        ("flag.Overdue", "court", "the hub alone"),
        ("receipt.Accepted", "procuratorate", "the hub alone"),
        ("flag.Resumed", "court", "the hub alone"),  # the fact of the same name is the court's
    ],
)
def test_a_side_says_only_what_is_its_own_to_say(name: str, side: str, publishers: str) -> None:
    type_ = find(name)
    assert type_ is not None
    example = {**examples()[type_.ce_type], "source": f"//{side}/x"}
    taken = replace(record(**example), timestamp=NOON + 3 * 31_536_000_000)

    letter, receipt = submit(taken, side=side)

    assert letter.topic == f"{side}.dead"
    first = body_of(receipt)["problems"][0]
    assert (first["type"], first["pointer"]) == ("urn:fajian:problem:not-authorised", "/type")
    assert f"of {publishers}, it came from {side}" in first["detail"]


def test_all_faults_of_an_event_are_told_at_once_in_the_order_of_the_checks() -> None:
    taken = record(
        id="", data={"payment_ref": 7}, source="//office/x", subject="x", time="2022-06-16T00:00:00"
    )

    _, problems = refusal(submit(taken))

    assert [problem["pointer"] for problem in problems] == [
        "/id", "/time", "/data/payment_ref", "/data/amount", "/source", "/subject",
    ]  # fmt: skip


def test_what_a_door_has_refused_is_never_recorded_even_if_nothing_else_is_wrong() -> None:
    _, problems = refusal(submit(record(extra=(("fajian_refused_at", b"http"),))))

    assert [problem["type"] for problem in problems] == ["urn:fajian:problem:refused"]


def test_a_missing_parent_is_not_told_while_the_body_that_names_it_cannot_be_read() -> None:
    _, problems = refusal(submit(record(subject="（2022）皖1324执异12号", data={})))

    assert {problem["pointer"] for problem in problems} == {"/data/payment_ref", "/data/amount"}


def test_a_flood_of_faults_is_cut_short() -> None:
    data = {f"field{number}": 1 for number in range(500)}

    _, problems = refusal(submit(record(data=data)))

    assert len(problems) == 50
    assert problems[-1]["detail"] == "453 more problems are not listed"


def test_copies_that_would_flood_the_ledger_are_refused() -> None:
    lead = examples()["cn.fajian.lead.lead-raised.v1"]
    cases = [f"（2022）皖1324执{number}号" for number in range(1, 201)]
    data = {**lead["data"], "cases": cases, "explanation": {"why": "x" * 30_000}}

    _, receipt = submit(record(**{**lead, "data": data}), side="procuratorate")

    assert [problem["type"] for problem in body_of(receipt)["problems"]] == ["urn:fajian:problem:fan-out"]


def test_a_dead_letter_keeps_bytes_headers_key_and_partition() -> None:
    taken = record(b"{", extra=(("x-client", b"7"),))

    letter, _ = refusal(submit(taken))

    assert (letter.value, letter.key, letter.partition) == (b"{", taken.key, 3)
    assert letter.headers[: len(taken.headers)] == taken.headers
    said = headers_of(letter)
    assert said["fajian_origin"] == "court.inbox/3/1234"
    assert said["fajian_arrivedtime"] == "2022-06-17T04:00:00.000Z"


def test_of_an_oversized_record_the_dead_letter_keeps_the_beginning() -> None:
    taken = InboxRecord(b"x" * (MAX_BYTES + 1), [("ce_id", b"e-1"), ("ce_note", b"y" * 70_000)])

    letter, _ = refusal(submit(taken))

    assert letter.value == b"x" * KEPT
    assert headers_of(letter)["fajian_truncated"] == str(
        len(taken.key or b"") + MAX_BYTES + 1 + 5 + 3 + 7 + 70_000
    )
    assert "ce_note" not in headers_of(letter)


@pytest.mark.parametrize("size", [MAX_BYTES + 1, MAX_MESSAGE_BYTES - 600])
def test_a_key_counts_too_and_its_dead_letter_can_be_sent(size: int) -> None:
    taken = replace(InboxRecord(b"{", [("ce_id", b"e-1")]), key=b"k" * size)

    letter, receipt = submit(taken)

    assert [problem["type"] for problem in body_of(receipt)["problems"]] == ["urn:fajian:problem:too-large"]
    assert (letter.key, letter.value) == (b"k" * KEPT, b"{")


def test_what_could_not_be_unpacked_is_refused_with_the_reason() -> None:
    reason = b"expected at most 64 MB, got more"

    letter, receipt = submit(InboxRecord(None, [(UNREADABLE, reason)], key=None))

    said = body_of(receipt)
    assert (said["status"], said["subject"]) == ("rejected", "unknown")
    assert [(problem["type"], problem["detail"]) for problem in said["problems"]] == [
        ("urn:fajian:problem:too-large", reason.decode())
    ]
    assert headers_of(letter)["fajian_reason"] == "too-large"


def test_what_is_known_of_an_unreadable_record_names_its_receipt() -> None:
    known, nothing = InboxRecord(b"{", list(record().headers)), InboxRecord(None)

    told = [body_of(submit(taken)[1]) for taken in (known, nothing)]

    assert [(body["source"], body["id"], body["subject"]) for body in told] == [
        ("//court/皖1324", "e-1", CASE),
        ("unknown", "unknown", "unknown"),
    ]
    assert told[1]["origin"] == "court.inbox/3/1234"


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"time": "2000-01-01T00:00:00+08:00"}, "old", "/time"),
        ({"subject": "（2015）泗执字第00321号"}, "legacy-case-number", "/subject"),
        ({"subject": "（2022）皖1399执1号"}, "unknown-court", "/subject"),
        ({"subject": "（2022）皖1324执0123号"}, "leading-zero", "/subject"),
        ({"subject": "（2022）皖1324执123号之一"}, "document-number", "/subject"),
        ({"myextension": "x"}, "unknown-attribute", "/myextension"),
    ],
)
def test_what_is_odd_passes_with_a_warning(changes: dict[str, Any], code: str, pointer: str) -> None:
    ledger, receipt = submit(record(**changes))

    assert ledger.topic == "case.events"
    (warning, *_) = body_of(receipt)["warnings"]
    assert (warning["type"], warning["pointer"]) == (f"urn:fajian:problem:{code}", pointer)


def test_structured_mode_is_understood_in_kafka_too() -> None:
    taken = InboxRecord(orjson.dumps(event()), [("content-type", b"application/cloudevents+json")])

    assert submit(taken)[0] == submit(record())[0]


def test_clocks_of_agencies_may_be_an_hour_ahead() -> None:
    ledger, _ = submit(record(time="2022-06-17T13:00:00+08:00"))

    assert ledger.topic == "case.events"


@pytest.mark.parametrize(
    ("changes", "arrived"),
    [
        ({"recordedtime": "2030-01-02T17:00:00+08:00"}, "2030-01-02T09:00:00.000Z"),
        ({}, "2029-12-31T16:00:00.000Z"),
    ],
    ids=["recorded time", "else fact time"],
)  # fmt: skip
def test_in_a_simulated_ledger_the_event_says_when_it_arrived(changes: dict[str, Any], arrived: str) -> None:
    ledger, _ = submit(record(time="2030-01-01T00:00:00+08:00", **changes), simulated=True)

    assert headers_of(ledger)["ce_arrivedtime"] == arrived


@pytest.mark.parametrize(
    "time", [None, "yesterday", "0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-23:59"]
)
def test_in_a_simulated_ledger_what_names_no_instant_arrived_when_the_broker_says(time: str | None) -> None:
    letter, _ = refusal(submit(record(time=time), simulated=True))

    assert headers_of(letter)["fajian_arrivedtime"] == "2022-06-17T04:00:00.000Z"


@pytest.mark.parametrize("recorded", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-23:59"])
@pytest.mark.parametrize("simulated", [True, False])
def test_a_record_of_a_year_that_cannot_be_is_refused(recorded: str, simulated: bool) -> None:
    _, problems = refusal(submit(record(recordedtime=recorded), simulated=simulated))

    assert [(one["type"], one["pointer"]) for one in problems] == [
        ("urn:fajian:problem:time", "/recordedtime")
    ]


def test_in_a_simulated_ledger_a_fact_may_not_be_recorded_before_it_happened() -> None:
    taken = record(time="2022-06-16T00:00:00+08:00", recordedtime="2022-06-10T00:00:00+08:00")

    _, problems = refusal(submit(taken, simulated=True))

    assert problems[0]["type"] == "urn:fajian:problem:future"


@pytest.mark.parametrize(
    ("extra", "arrived"),
    [
        (
            (("fajian_repaired", b"1"), ("fajian_arrivedtime", b"2022-06-01T00:00:00Z")),
            "2022-06-01T00:00:00.000Z",
        ),
        ((("fajian_arrivedtime", b"2022-06-01T00:00:00Z"),), "2022-06-17T04:00:00.000Z"),
        ((("fajian_repaired", b"1"),), "2022-06-17T04:00:00.000Z"),
        ((("fajian_repaired", b"1"), ("fajian_arrivedtime", b"\xff")), "2022-06-17T04:00:00.000Z"),
        # Nobody repairs what has not come yet.
        (
            (("fajian_repaired", b"1"), ("fajian_arrivedtime", b"2023-06-01T00:00:00Z")),
            "2022-06-17T04:00:00.000Z",
        ),
    ],
)
def test_only_a_repaired_dead_letter_keeps_its_first_arrival(extra: Any, arrived: str) -> None:
    ledger, _ = submit(record(extra=extra))

    said = headers_of(ledger)
    assert said["ce_arrivedtime"] == arrived
    assert not any(name.startswith("fajian_") for name in said)


def test_a_letter_that_fails_again_has_one_set_of_reasons_and_its_first_arrival() -> None:
    extra = (
        ("fajian_repaired", b"1"),
        ("fajian_arrivedtime", b"2022-06-01T00:00:00Z"),
        ("fajian_reason", b"time"),
    )

    letter, _ = refusal(submit(record(b"{", extra=extra)))

    names = [name for name, _ in letter.headers if name.startswith("fajian_")]
    assert sorted(names) == ["fajian_arrivedtime", "fajian_origin", "fajian_problems", "fajian_reason"]
    assert headers_of(letter)["fajian_arrivedtime"] == "2022-06-01T00:00:00.000Z"
    assert headers_of(letter)["fajian_reason"] == "json"
