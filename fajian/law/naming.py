"""What codes are called by those who read them: sources, posts, rules, stages. Programs keep the codes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Final

import orjson

from fajian.core.citations import Citation, read_citations
from fajian.law.documents import load_rules
from schemas.registry import find

SEVERITIES: Final = {"hard": "硬 hard", "soft": "软 soft"}
PROPOSAL: Final = "D"  #: basis of a row that no text has: our own

_NUMBER_OF_ISSUE = re.compile(r"（[^（）]*[0-9号]）$")
_ISSUER = re.compile(r"^(?:中华人民共和国|[^《]*?(?=关于))")
_ARTICLES = re.compile(r"([0-9]+)(?:-([0-9]+))?")
_WITHOUT_ARTICLES = ("意见", "通知", "批复")  #: what such texts number are no articles
_DIGITS = "零一二三四五六七八九"


def named_basis(basis: str) -> str:
    """Return a basis such as `JOINT 13` with the names of its texts, and the codes behind.

    Paragraphs stay with the codes: whether one is a 款 or a 项 the code does not say. Where several texts
    are cited, they go without their issuers.
    """
    instruments = load_rules().instruments
    cites = [cite for cite in read_citations(basis, instruments) if cite.instrument in instruments]
    texts = [(name, list(some)) for name, some in groupby(cites, key=lambda cite: cite.instrument)]
    named = "；".join(
        _title(instruments[name].zh, short=len(texts) > 1) + _articles(instruments[name].zh, some)
        for name, some in texts
    )
    if named:
        return f"{named}（{basis}）"
    return f"本产品建议，非法律（{basis}）" if basis == PROPOSAL else basis


def named_post(post: str) -> str:
    """Return a post with its Chinese name: 院长 court-president."""
    zh = _posts().get(post)
    return f"{zh} {post}" if zh else post


def named_severity(severity: str) -> str:
    return SEVERITIES.get(severity, severity)


def named_type(name: str, kind: str) -> str:
    """Return the short name of a type with its Chinese title. Flags and facts share some names."""
    found = find(f"flag.{name}") if kind == "flag" else find(name)
    return f"{found.zh} {name}" if found else name


def named_rule(rule: str) -> str:
    """Return a period or trigger with its Chinese name."""
    rules = load_rules()
    row = rules.periods.get(rule) or rules.triggers.get(rule)
    return f"{row.zh} {rule}" if row else rule


@cache
def _posts() -> Mapping[str, str]:
    return {row["id"]: row["zh"] for row in orjson.loads(load_rules().document)["posts"]}


def _title(zh: str, *, short: bool) -> str:
    """Return the name of a text between its marks, without the number under which it was issued."""
    name = _NUMBER_OF_ISSUE.sub("", zh)
    name = _ISSUER.sub("", name) if short else name
    return f"《{name.replace('《', '〈').replace('》', '〉')}》"


def _articles(zh: str, cites: Sequence[Citation]) -> str:
    if _NUMBER_OF_ISSUE.sub("", zh).endswith(_WITHOUT_ARTICLES):
        return ""
    return "、".join(dict.fromkeys(_article(cite) for cite in cites if _ARTICLES.match(cite.article)))


def _article(cite: Citation) -> str:
    match = _ARTICLES.match(cite.article)
    assert match is not None
    return "至".join(f"第{_numeral(int(number))}条" for number in match.groups() if number)


def _numeral(number: int) -> str:
    """Return a number below a thousand as Chinese texts write it: 二百零六, 十三."""
    return "".join(_places(number)).removeprefix("一" if 10 <= number < 20 else "")


def _places(number: int) -> Iterator[str]:
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    if hundreds:
        yield f"{_DIGITS[hundreds]}百"
    if tens:
        yield f"{_DIGITS[tens]}十"
    elif hundreds and ones:
        yield _DIGITS[0]
    if ones:
        yield _DIGITS[ones]
