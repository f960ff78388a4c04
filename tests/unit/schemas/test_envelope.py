"""The rules for attributes."""

from datetime import UTC, datetime

import pytest

from schemas.envelope import RESERVED, instant, read_attributes
from tests.intake_doubles import raw


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2022-04-15T00:00:00+08:00", datetime(2022, 4, 14, 16, tzinfo=UTC)),
        ("2022-04-15T00:00:00Z", datetime(2022, 4, 15, tzinfo=UTC)),
        ("2022-04-15t00:00:00.5z", datetime(2022, 4, 15, microsecond=500_000, tzinfo=UTC)),
        ("2022-04-15T00:00:00.123456789-00:30", datetime(2022, 4, 15, 0, 30, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_rfc_3339_is_read(text: str, at: datetime) -> None:
    assert instant(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "2022-04-15", "2022-04-15 00:00:00+08:00", "2022-04-15T00:00+08:00", "2022-04-15T24:00:00Z",
        "2022-04-15T00:00:60Z", "2022-04-15T00:00:00+0800", "2022-04-15T00:00:00+24:00",
        "2022-02-29T00:00:00Z",
        "2022-04-15T00:00:00,5Z", "２０２２-04-15T00:00:00Z", "1650000000", "20220415T000000Z", "",
        "0001-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59",
    ],
)  # fmt: skip
def test_what_is_not_rfc_3339_or_no_plausible_time_is_refused(text: str) -> None:
    _, problems, _ = read_attributes(raw().attributes | {"time": text})

    assert [(problem.code, problem.pointer) for problem in problems] == [("time", "/time")]


def test_a_missing_zone_has_a_code_of_its_own() -> None:
    _, problems, _ = read_attributes(raw(time="2022-04-15T00:00:00").attributes)

    assert [problem.code for problem in problems] == ["time-zone"]


def test_times_are_written_in_one_way() -> None:
    envelope, _, _ = read_attributes(
        raw(time="2022-04-15t00:00:00z", recordedtime="2022-04-16t00:00:00z").attributes
    )

    assert envelope is not None
    assert (envelope.time, envelope.recordedtime) == ("2022-04-15T00:00:00Z", "2022-04-16T00:00:00Z")


@pytest.mark.parametrize("name", RESERVED)
def test_what_the_bus_writes_nobody_else_may_write(name: str) -> None:
    _, problems, _ = read_attributes(raw(**{name: "x"}).attributes)

    assert [(problem.code, problem.pointer) for problem in problems] == [("attribute-reserved", f"/{name}")]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("id", "", "attribute-value"),
        ("id", "x" * 257, "attribute-value"),
        ("id", "a\n", "attribute-value"),
        ("id", "a\x00b", "attribute-value"),
        ("subject", " （2022）皖1324执1号", "attribute-value"),
        ("source", "court", "attribute-value"),
        ("source", "//court", "attribute-value"),
        ("source", "//court/a b", "attribute-value"),
        ("sequence", "-1", "attribute-value"),
        ("sequence", "9" * 19, "attribute-value"),
        ("specversion", "1.1", "specversion"),
        ("datacontenttype", "text/xml", "content-type"),
        ("datacontenttype", "application/json; charset=gbk", "content-type"),
        ("myName", "x", "attribute-name"),
        ("my_name", "x", "attribute-name"),
        ("myname", "x" * 1025, "attribute-value"),
    ],
)
def test_values_and_names_that_break_a_rule_are_refused(name: str, value: str, code: str) -> None:
    _, problems, _ = read_attributes(raw().attributes | {name: value})

    assert [(problem.code, problem.pointer) for problem in problems] == [(code, f"/{name}")]


def test_every_required_attribute_is_asked_for() -> None:
    _, problems, _ = read_attributes({})

    assert [problem.pointer for problem in problems] == [
        "/specversion", "/id", "/source", "/type", "/time", "/subject",
    ]  # fmt: skip


def test_unknown_attributes_pass_with_a_warning_and_a_schema_without_one() -> None:
    envelope, _, warnings = read_attributes(raw(zulu="1", dataschema="urn:x", alpha="2").attributes)

    assert envelope is not None
    assert envelope.extensions == (("alpha", "2"), ("dataschema", "urn:x"), ("zulu", "1"))
    assert [warning.pointer for warning in warnings] == ["/alpha", "/zulu"]
    assert read_attributes(raw(datacontenttype="application/json; charset=UTF-8").attributes)[0]
