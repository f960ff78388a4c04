"""Bodies, field by field: what is accepted, and what a refusal says."""

from datetime import date
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from schemas.enforcement import MoneyPaid, RoundEnded
from schemas.fields import Fact
from schemas.problems import TITLES
from schemas.registry import TYPES, EventType, find
from schemas.validation import MAX_BYTES, check, read_body
from tests.intake_doubles import raw


def faults(name: str, body: dict[str, Any]) -> list[tuple[str, str]]:
    found = find(name)
    assert found is not None
    return [(problem.code, problem.pointer) for problem in read_body(found, orjson.dumps(body))[1]]


@pytest.mark.parametrize(
    ("name", "body", "code", "pointer"),
    [
        ("RoundEnded", {}, "field-missing", "/data/ruling_day"),
        ("RoundEnded", {"ruling_day": "2022-02-30"}, "field-value", "/data/ruling_day"),
        ("RoundEnded", {"ruling_day": "2022-2-3"}, "field-value", "/data/ruling_day"),
        ("RoundEnded", {"ruling_day": "1649980800"}, "field-value", "/data/ruling_day"),
        ("RoundEnded", {"ruling_day": "2022-02-03T00:00:00Z"}, "field-value", "/data/ruling_day"),
        ("RoundEnded", {"ruling_day": 20220203}, "field-value", "/data/ruling_day"),
        ("RoundEnded", {"ruling_day": "0001-01-01"}, "field-value", "/data/ruling_day"),
        ("RoundEnded", {"ruling_day": "2200-01-01"}, "field-value", "/data/ruling_day"),
        ("RoundEnded", {"ruling_day": "2022-02-03", "approved": "yes"}, "field-type", "/data/approved"),
        ("RoundEnded", {"ruling_day": "2022-02-03", "x/y": 1}, "unknown-field", "/data/x~1y"),
        ("MoneyPaid", {"payment_ref": "p", "amount": "1,000.00"}, "field-value", "/data/amount"),
        ("MoneyPaid", {"payment_ref": "p", "amount": "-1"}, "field-value", "/data/amount"),
        ("MoneyPaid", {"payment_ref": "p", "amount": "1.005"}, "field-value", "/data/amount"),
        ("MoneyPaid", {"payment_ref": "p", "amount": "１"}, "field-value", "/data/amount"),
        ("MoneyPaid", {"payment_ref": "p", "amount": 1.5}, "field-type", "/data/amount"),
        ("MoneyPaid", {"payment_ref": "p\x00", "amount": "1"}, "field-value", "/data/payment_ref"),
        ("MoneyPaid", {"payment_ref": "", "amount": "1"}, "field-value", "/data/payment_ref"),
        ("MoneyPaid", {"payment_ref": "p" * 129, "amount": "1"}, "field-value", "/data/payment_ref"),
        ("MoneyPaid", {"payment_ref": "p", "amount": "1", "note": "\x1b[2J"}, "field-value", "/data/note"),
        (
            "MoneyPaid",
            {"payment_ref": "p", "amount": "1", "actor_role": "张三"},
            "field-value",
            "/data/actor_role",
        ),
        (
            "MoneyPaid",
            {"payment_ref": "p", "amount": "1", "cases": ["a"] * 201},
            "field-value",
            "/data/cases",
        ),
        ("MoneyPaid", {"payment_ref": "p", "amount": "1", "cases": "a"}, "field-type", "/data/cases"),
        ("StateDigest", {"partition": 1.0}, "field-type", "/data/partition"),
        ("StateDigest", {"partition": -1}, "field-value", "/data/partition"),
        ("StateDigest", {"partition": 2**60}, "field-value", "/data/partition"),
        ("CaseClosed", {"mode": "done"}, "field-value", "/data/mode"),
        (
            "LeadRaised",
            {"lead_id": "l", "ground": "g", "unverified": False},
            "field-value",
            "/data/unverified",
        ),
        ("LeadRaised", {"lead_id": "l", "ground": "g", "explanation": 1}, "field-type", "/data/explanation"),
    ],
)
def test_a_value_that_is_not_meant_is_refused(
    name: str, body: dict[str, Any], code: str, pointer: str
) -> None:
    assert (code, pointer) in faults(name, body)


def test_a_body_that_is_no_object_is_refused() -> None:
    found = find("MoneyPaid")
    assert found is not None

    problems = read_body(found, b"[]")[1]

    assert [(problem.code, problem.pointer) for problem in problems] == [("field-type", "/data")]


def test_a_refusal_says_what_was_expected_what_came_and_what_the_field_means() -> None:
    found = find("MoneyPaid")
    assert found is not None

    (problem,) = read_body(found, b'{"payment_ref":"p","amount":"1,000"}')[1]

    assert problem.title == "字段值不合规 / value not valid"
    assert "a decimal number in quotes" in problem.detail
    assert "got '1,000'" in problem.detail
    assert "金额" in problem.detail


def test_null_stands_for_an_optional_field_that_is_not_there() -> None:
    assert faults("MoneyPaid", {"payment_ref": "p", "amount": "1", "legal_basis": None}) == []


def test_bodies_are_frozen_and_take_days_in_python_too() -> None:
    body = RoundEnded(ruling_day=date(2023, 1, 10))

    with pytest.raises(ValidationError):
        body.ruling_day = date(2023, 1, 11)  # type: ignore[misc]
    with pytest.raises(ValidationError):
        MoneyPaid(payment_ref="p", amount="1", partial="no")  # type: ignore[arg-type]


@pytest.mark.parametrize("type_", TYPES.values(), ids=lambda type_: type_.ce_type)
def test_every_type_and_every_field_is_described_in_both_languages(type_: EventType) -> None:
    assert any("\u4e00" <= character <= "\u9fff" for character in type_.zh)
    assert type_.en.endswith((".", ")"))
    for name, schema in type_.model.model_json_schema()["properties"].items():
        described = str(schema) if "description" not in schema else schema["description"]
        assert "/ " in described, name


def test_every_fact_has_the_common_fields() -> None:
    common = {"legal_basis", "document_no", "actor_role", "supersedes", "moved_from", "application_no"}

    assert common | {"parent_case", "supervision_no", "cases", "assumed", "note"} == set(Fact.model_fields)


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("cn.fajian.enforcement.money-paid.v2", "unknown-version", "cn.fajian.enforcement.money-paid.v1"),
        ("cn.fajian.enforcement.money-payed.v1", "unknown-type", "cn.fajian.enforcement.money-paid.v1"),
        ("MoneyPaid", "unknown-type", "cn.fajian.enforcement.money-paid.v1"),
        ("com.example.nothing", "unknown-type", "a type that `fajian schema` lists"),
        ("？？", "unknown-type", "a type that `fajian schema` lists"),
    ],
)
def test_an_unknown_type_is_told_what_it_may_have_meant(text: str, code: str, expected: str) -> None:
    (problem,) = check(raw(type=text)).problems

    assert (problem.code, problem.pointer) == (code, "/type")
    assert f"expected {expected}" in problem.detail


def test_every_code_has_a_title_in_both_languages() -> None:
    assert all(" / " in title for title in TITLES.values())


def test_an_event_beyond_the_limit_is_not_even_read() -> None:
    (problem,) = check(raw(data={"note": "x" * MAX_BYTES}, id="")).problems

    assert (problem.code, problem.pointer) == ("too-large", "")
