"""Numbers of the procuratorate's papers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fajian.core.procuratorate_numbers import (
    ProcuratorateNumber,
    describe_procuratorate,
    parse_procuratorate,
)
from fajian.law.court_data import load_procuratorate_kinds


def read(text: str, current_year: int | None = 2026) -> ProcuratorateNumber:
    return parse_procuratorate(text, kinds=load_procuratorate_kinds(), current_year=current_year)


def codes(number: ProcuratorateNumber) -> list[str]:
    return [reason.partition(":")[0] for reason in number.reasons]


@pytest.mark.parametrize(
    ("text", "serial"), [("泗检民执监〔2022〕1号", "1"), ("泗检民执监〔2022〕34132400001号", "34132400001")]
)
def test_a_proper_number_is_valid_in_all_its_parts(text: str, serial: str) -> None:
    number = read(text)

    assert (number.status, number.canonical, number.reasons) == ("valid", text, ())
    assert (number.office, number.kind, number.year, number.serial) == ("泗", "民执监", 2022, serial)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("泗检民执监（2022）1号", "brackets"),
        ("泗检民执监〔2022〕第1号", "marker"),
        ("泗检公诉刑诉〔2022〕1号", "unknown-kind"),
    ],
)
def test_what_is_odd_but_readable_is_a_warning(text: str, code: str) -> None:
    number = read(text)

    assert (number.status, codes(number)) == ("warning", [code])
    assert number.canonical is not None
    assert "〔2022〕1号" in number.canonical


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("（2022）皖1324执123号", "court-number"),
        ("泗检民执监〔2027〕1号", "year"),
        ("泗检民执监〔1912〕1号", "year"),
        ("泗检民违监〔20××〕×号", "grammar"),
        ("", "grammar"),
    ],
)
def test_anything_else_is_refused_with_its_reason(text: str, code: str) -> None:
    assert (read(text).status, codes(read(text))) == ("invalid", [code])


def test_no_year_is_in_the_future_when_the_present_is_not_given() -> None:
    assert read("泗检民执监〔2027〕1号", current_year=None).status == "valid"


@given(st.text())
def test_no_text_makes_it_crash(text: str) -> None:
    number = read(text)

    json.dumps(describe_procuratorate(number), ensure_ascii=False).encode()
    assert number.status == "valid" or number.reasons
