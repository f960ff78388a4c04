"""The grammar of case numbers: the rule by examples, then every line of the three samples."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fajian.core.case_numbers import CaseNumber, describe, parse
from fajian.law.court_data import load_case_types, load_courts

DATA = Path(__file__).parents[2] / "data"


def read(text: str, current_year: int | None = 2026) -> CaseNumber:
    return parse(text, courts=load_courts(), types=load_case_types(), current_year=current_year)


def codes(number: CaseNumber) -> list[str]:
    return [reason.partition(":")[0] for reason in number.reasons]


@pytest.mark.parametrize(
    ("text", "court", "level", "kind", "serial"),
    [
        ("（2022）皖1324执123号", "皖1324", "basic", "执", 123),
        ("（2022）皖1324执恢5号", "皖1324", "basic", "执恢", 5),
        ("（2022）皖1324执保77号", "皖1324", "basic", "执保", 77),
        ("（2022）皖1324执异12号", "皖1324", "basic", "执异", 12),
        ("（2022）皖1324执监3号", "皖1324", "basic", "执监", 3),
        ("（2023）皖13执复40号", "皖13", "intermediate", "执复", 40),
        ("（2022）皖执复9号", "皖", "high", "执复", 9),
        ("（2021）最高法执监100号", "最高法", "supreme", "执监", 100),
    ],
)
def test_a_proper_number_is_valid_in_all_its_parts(
    text: str, court: str, level: str, kind: str, serial: int
) -> None:
    number = read(text)

    assert (number.status, number.canonical, number.reasons) == ("valid", text, ())
    assert (number.court, number.court_level, number.type, number.serial) == (court, level, kind, serial)


def test_the_tables_give_names() -> None:
    number = read("（2022）皖1324执恢5号")

    assert (number.court_name, number.type_name, number.type_code) == ("泗县人民法院", "恢复执行", "restored")


def test_a_specialised_court_has_its_mark_before_the_type() -> None:
    number = read("（2019）最高法知民终1号")

    assert (number.status, number.special, number.type) == ("valid", "知", "民终")


@pytest.mark.parametrize(
    "text",
    [
        "(2022)皖1324执123号",
        "（2022） 皖1324执 123 号",
        "（2022）皖1324执１２３号",
        "[2022]皖1324执123号",
        "【2022】皖1324执123号",
        "（2022］皖1324执123号",
        "\u200b（2022）皖1324执123号\ufeff",
        "（2022）皖1324执123号\n",
    ],
)
def test_ways_of_writing_come_to_one_canonical_number(text: str) -> None:
    number = read(text)

    assert (number.status, number.canonical, number.input) == ("valid", "（2022）皖1324执123号", text)


@pytest.mark.parametrize(
    ("text", "canonical", "code"),
    [
        ("〔2022〕皖1324执123号", "（2022）皖1324执123号", "official-brackets"),
        ("（2022）皖1324执复3号", "（2022）皖1324执复3号", "level"),
        ("（2022）皖1399执1号", "（2022）皖1399执1号", "unknown-court"),
        ("（2022）皖1324执0123号", "（2022）皖1324执123号", "leading-zero"),
        ("（2022）皖1324执终3号", "（2022）皖1324执终3号", "unknown-type"),
        ("（2022）皖1324测3号", "（2022）皖1324测3号", "unknown-type"),
        ("（2022）皖民末3号", "（2022）皖民末3号", "unknown-type"),
    ],
)
def test_what_is_odd_but_readable_is_a_warning(text: str, canonical: str, code: str) -> None:
    number = read(text)

    assert (number.status, number.canonical, codes(number)) == ("warning", canonical, [code])
    assert number.is_accepted


def test_several_oddities_are_all_told() -> None:
    number = read("〔2022〕皖9999执终01号")

    assert codes(number) == ["official-brackets", "leading-zero", "unknown-court", "unknown-type"]


@pytest.mark.parametrize(
    ("text", "canonical", "document"),
    [
        ("（2022）皖1324执123号之一", "（2022）皖1324执123号", "之一"),
        ("（2022）皖1324执123之二号", "（2022）皖1324执123号", "之二"),
        ("（2022）皖1324执123-2号", "（2022）皖1324执123号", "-2"),
        ("（2022）皖1324执123号-2", "（2022）皖1324执123号", "-2"),
    ],
)
def test_a_document_number_names_its_case(text: str, canonical: str, document: str) -> None:
    number = read(text)

    assert (number.status, number.canonical, number.document) == ("document", canonical, document)


@pytest.mark.parametrize(
    ("text", "canonical", "court", "kind"),
    [
        ("（2015）泗执字第00321号", "（2015）泗执字第00321号", "泗", "执"),
        ("(2013)郑执一字第324-3号", "（2013）郑执一字第324号", "郑", "执一"),
        ("（2015）执复字第4号", "（2015）执复字第4号", None, "执复"),
        ("（2011）沪二中民五（知）初字第8号", "（2011）沪二中民五（知）初字第8号", "沪二中", "民五（知）初"),
        ("(2011)米东民一初字1263号", "（2011）米东民一初字第1263号", "米东", "民一初"),
    ],
)
def test_a_number_before_2016_is_legacy(text: str, canonical: str, court: str | None, kind: str) -> None:
    number = read(text)

    assert (number.status, number.canonical, codes(number)) == ("legacy", canonical, ["legacy"])
    assert (number.court, number.type) == (court, kind)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("  \u3000", "empty"),
        ("案" * 61, "too-long"),
        ("（22）皖1324执123号", "year"),
        ("（２０２X）皖1324执123号", "year"),
        ("（²⁰²²）皖1324执123号", "year"),  # digits for Python, not for us
        ("（2022）皖132执123号", "court"),
        ("（2022）泗1324执123号", "court"),
        ("（2022）皖1324执字第123号", "mixed"),
        ("（2022）皖1324执123", "no-hao"),
        ("（2015）皖1324执1号", "year"),
        ("（2016）泗执字第1号", "mixed"),
        ("（2027）皖1324执1号", "year"),
        ("（1012）宜刑执字第01001号", "year"),
        ("（2022）皖1324执123、124号", "several"),
        ("（2022）皖1324执123-125号", "several"),
        ("（2022）皖1324执123号民事裁定", "trailing"),
        ("（2022）皖1324执XX号", "masked"),
        ("（2022）皖1324执一二号", "serial"),
        ("（2022）皖1324执1234567890号", "serial"),
        ("（2022）皖1324号", "type"),
        ("（2018）吉917号", "type"),
        ("（2022）津南开356号", "type"),
        ("（2022）皖1324cat5号", "type"),
        ("2022皖1324执123号", "brackets"),
        ("（2022皖1324执123号", "brackets"),
        ("川府发（2011）28号", "prefix"),
        ("泗检民执监〔2022〕1号", "prefix"),
        ("（2014）京证字第5号", "authority"),
        ("（2014）丰润拆字第3号", "type"),
        ("（2014）丰润拆第3号", "mixed"),
        ("（2022）皖1324执\ud8005号", "type"),  # a lone surrogate
        ("（2022）皖１３２４执\u0661号", "serial"),  # an Arabic digit
    ],
)
def test_what_is_no_case_number_is_refused_with_its_reason(text: str, code: str) -> None:
    number = read(text)

    assert (number.status, codes(number), number.canonical) == ("invalid", [code], None)
    assert not number.is_accepted


def test_no_year_is_in_the_future_when_the_present_is_not_given() -> None:
    assert read("（2027）皖1324执1号", current_year=None).status == "valid"


def test_other_programs_read_plain_values() -> None:
    shape = describe(read("（2022）皖1324执复3号"))

    assert list(shape)[:4] == ["input", "status", "canonical", "year"]
    assert {key: shape[key] for key in ("court", "court_level", "type", "serial")} == {
        "court": "皖1324",
        "court_level": "basic",
        "type": "执复",
        "serial": 3,
    }
    assert json.loads(json.dumps(shape))["reasons"] == shape["reasons"] != []


PIECES = [
    "（",
    "(",
    "〔",
    "）",
    "]",
    "2022",
    "2015",
    "皖",
    "1324",
    "最高法",
    "执",
    "字",
    "第",
    "号",
    "-",
    "之一",
    "\ud800",
]


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=12).map("".join)))
@example("（2022）皖1324执" + "9" * 5000 + "号")
@example("（" * 50)
def test_no_text_makes_it_crash(text: str) -> None:
    number = read(text)

    assert number.is_accepted or number.reasons
    json.dumps(describe(number), ensure_ascii=False).encode()


@given(st.sampled_from(["（2022）皖1324执123号", "（2016）粤0184执异36号", "（2015）泗执字第00321号"]))
def test_a_canonical_number_is_its_own_canonical_number(text: str) -> None:
    assert read(text).canonical == text


def sample(name: str) -> list[Mapping[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


#: Lines of the sample that are no single case number by the rule, whatever the sample calls them.
MISLABELLED = {
    "(2016)祁水不赔字第1号",  # a water authority's decision; and the old grammar ended in 2015
    "（2016）大刑初字00069号",  # the old grammar ended in 2015
    "（2020）粤金桥（佛）民字第1105号",  # a law firm's number
    "（2016）粤73民初2490-2493号",  # a range of four cases
    "(2010)京长安内经字第22472号",  # a notary's number
    "(2012)京长安内经字第10497号",  # a notary's number
}


def test_every_case_number_of_the_sample_is_accepted() -> None:
    rows = sample("case_numbers.tsv")

    refused = {row["raw"] for row in rows if not read(row["raw"]).is_accepted}

    assert len(rows) == 1622
    assert refused == MISLABELLED


def test_the_sample_tells_old_from_new_as_we_do() -> None:
    rows = [row for row in sample("case_numbers.tsv") if row["raw"] not in MISLABELLED]

    wrong = [
        row["raw"]
        for row in rows
        if (read(row["raw"]).status == "legacy") is not row["kind"].startswith("court_old")
    ]

    assert wrong == []


def test_every_look_alike_of_the_sample_is_refused() -> None:
    rows = sample("case_numbers_negative.tsv")

    accepted = [row["raw"] for row in rows if read((row["text_before"] or "") + row["raw"]).is_accepted]

    assert len(rows) == 1022
    assert accepted == []


#: Shapes of the sample that are no single, complete case number.
BROKEN = {"no_brackets", "masked", "mixed_old_new_style", "several_numbers", "range", "missing_hao"}


@pytest.mark.parametrize("row", sample("case_numbers_edge.tsv"), ids=lambda row: row["raw"])
def test_edge_cases_of_the_sample_are_read_or_refused_with_a_reason(row: Mapping[str, str]) -> None:
    number = read(row["raw"])

    if row["kind"] in BROKEN | {"missing_year", "truncated", "long_number"}:
        assert number.status == "invalid"
    assert (number.status in {"valid", "document"}) or number.reasons
