"""Read the number of a court's case: is it one, of which court, year and type, how is it written properly.

Nothing is looked up: the tables of courts and types are arguments. A number that can be read is never refused
because a table lacks its court or its type word; that is a warning.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from fajian.errors import FajianError

Status = Literal["valid", "legacy", "document", "warning", "invalid"]
Level = Literal["supreme", "high", "intermediate", "basic"]

FIRST_YEAR: Final = 2016  #: of the present grammar; older cases bear the old one
SPECIALS: Final = frozenset("知")  #: marks of specialised courts between court and type (专门审判代字)
LONGEST: Final = 60  #: characters; longer texts are no number

PROVINCES: Final = "京津冀晋内辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川黔云藏陕甘青宁新军兵"
LEVELS: Final[Mapping[int, Level]] = {
    0: "high",
    2: "intermediate",
    4: "basic",
}  #: by digits in the court code

OPENING: Final = "([{（［｛【〔﹝❲〖﹙"
CLOSING: Final = ")]}）］｝】〕﹞❳〗﹚"
OFFICIAL: Final = frozenset("〔〕﹝﹞❲❳")  #: brackets of official documents
DASHES: Final = "－–—−‐‑﹣"
FULL_WIDTH_DIGITS: Final = "０１２３４５６７８９"
INVISIBLE: Final = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_TABLE = str.maketrans(
    FULL_WIDTH_DIGITS + OPENING + CLOSING + DASHES,
    "0123456789" + "（" * len(OPENING) + "）" * len(CLOSING) + "-" * len(DASHES),
    INVISIBLE,
)

_HEAD = re.compile(r"（(?P<year>[^（）]*)）(?P<rest>.*)")
_TAIL = re.compile(
    r"(?P<body>.*?)(?P<serial>[0-9]+)(?P<inside>-[0-9]+|之[一二三四五六七八九十0-9]+)?"
    r"号(?P<after>[之-][一二三四五六七八九十0-9]+)?"
)
_COURT = re.compile(rf"(?P<court>最高法|[{PROVINCES}](?P<digits>[0-9]*))(?P<word>[^0-9]*)")
_OLD_WORD = re.compile(r"(?P<word>[\u4e00-\u9fff0-9（）]{1,16})字第?")
_OLD_TYPE = re.compile(
    r"(?P<court>.*?)(?P<type>(?:[民刑行执商知赔监审非外](?:[一二三四五六七八九十]|（.{1,2}）)*)*"
    r"(?:(?<=[民刑行商外知执海破再一二三四五六七八九十）0-9])终"
    r"|初|再|申|抗|提|监|执|恢复?|复|异|他|协|保|破|督|催|特|减|假|核|重|赔|立|预|调|清算?|撤|辖|管|罚|救)"
    r"(?:[一二三四五六七八九十]|[民刑行商财]{1,2}|（[^（）]{1,2}）)?)"
)
_OTHER_AUTHORITY = re.compile(r"证|鉴|仲裁|不动产|信保|贷|抵")
_MASKED = re.compile(r"[xXＸｘ×*＊]")
_SEVERAL = re.compile(r"[0-9][、,，/和及至~～]")
_HAN = re.compile(r"[\u4e00-\u9fff]{1,8}")


@dataclass(frozen=True, slots=True)
class Court:
    code: str  #: as case numbers write it, 皖1324
    name: str
    division_code: str = ""
    division_name: str = ""


@dataclass(frozen=True, slots=True)
class CaseType:
    word: str  #: as case numbers write it, 执恢
    zh: str
    code: str | None = None  #: our name, where the bus treats the type in its own way
    levels: tuple[str, ...] = ()  #: courts that normally use it; empty: any
    source: str = ""
    sure: str = "M"


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """What was read. Of an invalid number only *input* and *reasons* are certain."""

    input: str
    status: Status
    canonical: str | None = None  #: the case; for a document number the case that it belongs to
    year: int | None = None
    court: str | None = None  #: court code; of a legacy number the court's short word
    court_name: str | None = None
    court_level: Level | None = None
    special: str | None = None
    type: str | None = None
    type_name: str | None = None
    type_code: str | None = None
    serial: int | None = None
    document: str | None = None  #: 之一, -2
    reasons: tuple[str, ...] = ()  #: "code: 中文 (English)"

    @property
    def is_accepted(self) -> bool:
        return self.status != "invalid"


class _RefusedError(FajianError):
    """Why the text is no case number. Stops the reading, and never leaves this module."""


def parse(
    text: str, *, courts: Mapping[str, Court], types: Mapping[str, CaseType], current_year: int | None
) -> CaseNumber:
    """Read *text*, whatever it is; nothing is raised. Without *current_year* no year is in the future."""
    shown = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates cannot be written out again
    try:
        return _read(shown, courts, types, current_year)
    except _RefusedError as refused:
        return CaseNumber(shown, "invalid", reasons=(str(refused),))


def describe(number: CaseNumber) -> dict[str, Any]:
    """Return *number* as other programs read it."""
    shape = {name: getattr(number, name) for name in CaseNumber.__slots__}
    return {**shape, "reasons": list(number.reasons)}


def normalise(text: str) -> str:
    """Return *text* without blanks, with plain digits and dashes, and every bracket as （ ）."""
    return "".join(text.translate(_TABLE).split())


def reason(code: str, zh: str, en: str) -> str:
    return f"{code}: {zh} ({en})"


def _read(
    shown: str, courts: Mapping[str, Court], types: Mapping[str, CaseType], current_year: int | None
) -> CaseNumber:
    plain = normalise(shown)
    year, rest = _head(plain)
    tail = _tail(rest)
    if "字" in tail["body"] or "第" in tail["body"]:
        return _read_old(shown, year, tail)
    return _read_new(shown, year, tail, courts, types, current_year)


def _head(plain: str) -> tuple[int, str]:
    if not plain:
        raise _RefusedError(reason("empty", "没有内容", "nothing to read"))
    if len(plain) > LONGEST:
        raise _RefusedError(
            reason("too-long", f"超过{LONGEST}字，不是案号", f"longer than {LONGEST} characters")
        )
    found = _HEAD.fullmatch(plain)
    if found is None:
        raise _RefusedError(_misplaced_year(plain))
    year = found["year"]
    if not re.fullmatch("[0-9]{4}", year):
        raise _RefusedError(
            reason("year", f"年份须为四位数字，收到“{year}”", f"the year needs four digits, got {year!r}")
        )
    return int(year), found["rest"]


def _misplaced_year(plain: str) -> str:
    before = plain.partition("（")[0]
    if "（" not in plain:
        return reason(
            "brackets", "案号须以带括号的年份开头", "a case number begins with the year in brackets"
        )
    if not before:
        return reason("brackets", "年份的括号不完整", "the brackets around the year do not match")
    if "检" in before:
        return reason("prefix", f"“{before}”像检察文书号", f"looks like a procuratorate's number: {before!r}")
    return reason(
        "prefix",
        f"年份前有文字“{before}”，像公文、公证、鉴定等文号",
        f"text before the year, as in document numbers: {before!r}",
    )


def _tail(rest: str) -> re.Match[str]:
    found = None if _MASKED.search(rest) or _SEVERAL.search(rest) else _TAIL.fullmatch(rest)
    if found is None:
        raise _RefusedError(_no_serial(rest))
    inside = found["inside"] or ""
    if inside.startswith("-") and len(inside) > 3:
        raise _RefusedError(
            reason("several", f"“{rest}”是一段号码，请逐个填写", "a range of numbers; enter them one by one")
        )
    if len(found["serial"]) > 9:
        raise _RefusedError(reason("serial", "编号过长", f"the serial is too long: {found['serial']}"))
    return found


def _no_serial(rest: str) -> str:
    if _MASKED.search(rest):
        return reason("masked", f"“{rest}”中有隐去的字符", f"characters are masked in {rest!r}")
    if _SEVERAL.search(rest):
        return reason("several", "含多个编号，请逐个填写", "several numbers in one; enter them one by one")
    if "号" not in rest:
        return reason("no-hao", "缺少“号”", "the final 号 is missing")
    after = rest.rpartition("号")[2]
    if after:
        return reason("trailing", f"“号”后有多余文字“{after}”", f"text after 号: {after!r}")
    return reason("serial", f"“{rest}”中“号”前须为阿拉伯数字编号", f"no serial number before 号 in {rest!r}")


def _document(tail: re.Match[str]) -> str | None:
    return tail["after"] or tail["inside"]


def _read_new(
    shown: str,
    year: int,
    tail: re.Match[str],
    courts: Mapping[str, Court],
    types: Mapping[str, CaseType],
    current_year: int | None,
) -> CaseNumber:
    code, level, word = _court_and_word(tail["body"])
    _check_year(year, current_year)
    special, case_type = _type(word, level, types)
    serial = int(tail["serial"])
    court = courts.get(code)
    warnings = _warnings(shown, code, court, level, word, case_type, tail["serial"])
    document = _document(tail)
    return CaseNumber(
        shown,
        "document" if document else "warning" if warnings else "valid",
        f"（{year}）{code}{word}{serial}号",
        year,
        code,
        court.name if court else None,
        level,
        special,
        word.removeprefix(special or ""),
        case_type.zh if case_type else None,
        case_type.code if case_type else None,
        serial,
        document,
        warnings,
    )


def _court_and_word(body: str) -> tuple[str, Level, str]:
    found = _COURT.fullmatch(body)
    if found is None:
        raise _RefusedError(
            reason("court", f"“{body}”不以法院代字开头", f"no court code at the beginning of {body!r}")
        )
    digits, word = found["digits"], found["word"]
    level = "supreme" if digits is None else LEVELS.get(len(digits))
    if level is None:
        raise _RefusedError(
            reason(
                "court",
                f"法院代字“{found['court']}”的数字应为0、2或4位",
                f"a court code has 0, 2 or 4 digits, got {found['court']!r}",
            )
        )
    if not word:
        raise _RefusedError(reason("type", "缺少案件类型代字", "the type word is missing"))
    if not _HAN.fullmatch(word):
        raise _RefusedError(reason("type", f"“{word}”不是类型代字", f"no type word: {word!r}"))
    return found["court"], level, word


def _check_year(year: int, current_year: int | None) -> None:
    if year < FIRST_YEAR:
        raise _RefusedError(
            reason(
                "year",
                f"{FIRST_YEAR}年以前的案号用旧格式，收到{year}年",
                f"this grammar exists since {FIRST_YEAR}, got {year}",
            )
        )
    if current_year is not None and year > current_year:
        raise _RefusedError(reason("year", f"{year}年尚未到来", f"the year {year} lies in the future"))


def _type(word: str, level: Level, types: Mapping[str, CaseType]) -> tuple[str | None, CaseType | None]:
    """Return the special mark and the type. An unknown word passes where the rest is a court's."""
    if word in types:
        return None, types[word]
    special = word[0] if word[0] in SPECIALS and len(word) > 1 else None
    known = types.get(word.removeprefix(special or ""))
    if known is None and level == "high" and not any(word.startswith(first[0]) for first in types):
        raise _RefusedError(reason("type", f"“{word}”不是类型代字", f"no type word: {word!r}"))
    return special, known


def _warnings(
    shown: str,
    code: str,
    court: Court | None,
    level: Level,
    word: str,
    case_type: CaseType | None,
    serial: str,
) -> tuple[str, ...]:
    warnings = []
    if not OFFICIAL.isdisjoint(shown):
        warnings.append(reason("official-brackets", "〔〕用于公文文号", "these brackets are for documents"))
    if serial.startswith("0"):
        warnings.append(reason("leading-zero", f"编号“{serial}”有前导零", f"leading zero in {serial}"))
    if court is None:
        warnings.append(reason("unknown-court", f"法院代字“{code}”不在表中", f"court {code} is not listed"))
    if case_type is None:
        warnings.append(reason("unknown-type", f"类型代字“{word}”不在表中", f"type {word} is not listed"))
    elif case_type.levels and level not in case_type.levels:
        warnings.append(
            reason("level", f"“{word}”通常不由此级法院使用", f"{word} is not usual for a {level} court")
        )
    return tuple(warnings)


def _read_old(shown: str, year: int, tail: re.Match[str]) -> CaseNumber:
    body = tail["body"]
    if year >= FIRST_YEAR:
        raise _RefusedError(
            reason(
                "mixed",
                f"{FIRST_YEAR}年起的案号不用“字第”，“{body}”混用新旧格式",
                f"no 字第 in numbers since {FIRST_YEAR}: {body!r} mixes two grammars",
            )
        )
    if year < 1949:
        raise _RefusedError(reason("year", f"年份{year}过早", f"the year {year} is too early"))
    found = _OLD_WORD.fullmatch(body)
    if found is None:
        raise _RefusedError(reason("mixed", f"“{body}”不是旧案号格式", f"not the old grammar: {body!r}"))
    if _OTHER_AUTHORITY.search(found["word"]):
        raise _RefusedError(
            reason("authority", f"“{body}”像公证、鉴定、仲裁等文号", f"the number of another body: {body!r}")
        )
    split = _OLD_TYPE.fullmatch(found["word"])
    if split is None:
        raise _RefusedError(
            reason("type", f"“{body}”中没有法院案件类型", f"no type of court case in {body!r}")
        )
    document = _document(tail)
    return CaseNumber(
        shown,
        "legacy",
        f"（{year}）{found['word']}字第{tail['serial']}号",
        year,
        split["court"] or None,
        type=split["type"],
        serial=int(tail["serial"]),
        document=document,
        reasons=(reason("legacy", "2016年以前的旧案号", "old grammar, before 2016"),),
    )
