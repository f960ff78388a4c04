"""Codes by the names under which their readers know them."""

import pytest

from fajian.core.rules import Period, Trigger
from fajian.law.documents import load_rules
from fajian.law.naming import named_basis, named_post, named_rule, named_severity, named_type

JOINT = "《最高人民法院、最高人民检察院关于民事执行活动法律监督若干问题的规定》"
OF_THE_LAW = "《关于适用〈中华人民共和国民事诉讼法〉的解释》"


@pytest.mark.parametrize(
    ("basis", "named"),
    [
        ("JOINT 13", f"{JOINT}第十三条（JOINT 13）"),
        ("MONEY 10(1)", "《最高人民法院关于执行款物管理工作的规定》第十条（MONEY 10(1)）"),
        (
            "TL2006 4, 14",
            "《最高人民法院关于人民法院办理执行案件若干期限的规定》第四条、第十四条（TL2006 4, 14）",
        ),
        ("CPL 240 (2012/2017)", "《中华人民共和国民事诉讼法》第二百四十条（CPL 240 (2012/2017)）"),
        ("RULE 105", "《人民检察院民事诉讼监督规则》第一百零五条（RULE 105）"),
        ("RULE 112", "《人民检察院民事诉讼监督规则》第一百一十二条（RULE 112）"),
        ("RULE2013", "《人民检察院民事诉讼监督规则（试行）》（RULE2013）"),
        (
            "ER 45-49",
            "《最高人民法院关于人民法院执行工作若干问题的规定（试行）》第四十五条至第四十九条（ER 45-49）",
        ),
        (  # several: without their issuers
            "CPL 251; CPL-I 480",
            f"《民事诉讼法》第二百五十一条；{OF_THE_LAW}第四百八十条（CPL 251; CPL-I 480）",
        ),
        (  # what a notice numbers is no article
            "FILES 4",
            "《最高人民法院办公厅、最高人民检察院办公厅关于调阅诉讼卷宗有关问题的通知》（FILES 4）",
        ),
        ("D", "本产品建议，非法律（D）"),
        ("人民法院组织法", "人民法院组织法"),
        ("", ""),
    ],
)
def test_a_source_is_named_with_its_articles(basis: str, named: str) -> None:
    assert named_basis(basis) == named


def test_every_row_has_a_source_with_a_name() -> None:
    rules = load_rules()

    rows: list[Period | Trigger] = [*rules.periods.values(), *rules.triggers.values()]
    assert [row.id for row in rows if named_basis(row.basis) == row.basis] == []


def test_every_post_has_a_name() -> None:
    assert [post for post in load_rules().posts if named_post(post) == post] == []


def test_codes_stand_behind_their_names_and_what_is_unknown_stands_as_it_is() -> None:
    assert (named_post("court-president"), named_post("nobody")) == ("院长 court-president", "nobody")
    assert (named_rule("pay-out"), named_rule("none")) == ("执行款核算、通知领取和发放 pay-out", "none")
    assert (named_severity("soft"), named_severity("none")) == ("软 soft", "none")


def test_a_flag_and_a_fact_of_one_short_name_are_told_apart() -> None:
    assert named_type("Resumed", "flag") == "期限恢复计算 Resumed"
    assert named_type("Resumed", "fact") == "恢复中止的执行 Resumed"
    assert named_type("T20", "flag") == "T20"
