"""What is wrong, or odd, about an event: RFC 9457 fields, and a pointer into the event as structured JSON."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from fajian.errors import EventError

PREFIX: Final = "urn:fajian:problem:"
SHOWN: Final = 80  #: characters of a value that a detail repeats
MOST: Final = 50  #: problems told of one event; whoever has more has a fault of another kind

#: Code -> what kind of problem it is. Codes are a contract: receipts and dead letters carry them.
TITLES: Final[Mapping[str, str]] = {
    "too-large": "事件过大 / event too large",
    "empty": "没有内容 / no content",
    "encoding": "编码不是UTF-8 / not UTF-8",
    "json": "JSON格式错误 / not valid JSON",
    "duplicate-key": "JSON键重复 / key stands twice",
    "too-deep": "嵌套过深 / nested too deeply",
    "refused": "入口已拒收 / refused at the door",
    "content-type": "内容类型不支持 / content type not supported",
    "header": "消息头无法读取 / header cannot be read",
    "attribute-missing": "缺少属性 / attribute missing",
    "attribute-name": "属性名不合规 / not an attribute name",
    "attribute-reserved": "属性由总线填写 / attribute reserved for the bus",
    "attribute-value": "属性值不合规 / attribute value not valid",
    "unknown-attribute": "未知属性 / unknown attribute",
    "specversion": "CloudEvents版本不支持 / CloudEvents version not supported",
    "time": "时间不合规 / time not valid",
    "time-zone": "时间缺少时区 / time without zone",
    "unknown-type": "未知事件类型 / unknown event type",
    "unknown-version": "未知类型版本 / unknown version of the type",
    "field-missing": "缺少字段 / field missing",
    "unknown-field": "未知字段 / unknown field",
    "field-type": "字段类型错误 / wrong type of value",
    "field-value": "字段值不合规 / value not valid",
    "not-authorised": "无权提交 / this side may not say this",
    "wrong-source": "来源不属于该方 / source is not of this side",
    "subject": "主体不合规 / subject not valid",
    "subject-kind": "主体类别不符 / wrong kind of subject",
    "case-number": "案号无效 / case number not valid",
    "supervision-number": "检察案号无效 / supervision number not valid",
    "parent-case": "缺少原案号 / parent case missing",
    "fan-out": "关联主体过多 / too much to copy to linked subjects",
    "future": "时间在将来 / time lies in the future",
    "old": "事实过早 / fact of long ago",
    "legacy-case-number": "旧案号 / case number of the old grammar",
    "document-number": "文书号 / number of a document",
    "unknown-court": "未知法院代字 / court not listed",
    "number": "编号存疑 / odd number",
    "source": "来源存疑 / odd source",
    "more": "还有其他问题 / there are more problems",
}


class Problem(NamedTuple):
    """One problem or warning. *detail* says what was expected and what came."""

    code: str
    detail: str
    pointer: str = ""  #: RFC 6901; empty: the event as a whole

    @property
    def type(self) -> str:
        return f"{PREFIX}{self.code}"

    @property
    def title(self) -> str:
        return TITLES.get(self.code, TITLES["number"])

    def as_dict(self) -> dict[str, str]:
        return {"type": self.type, "title": self.title, "detail": self.detail, "pointer": self.pointer}


def problem_of(error: EventError) -> Problem:
    return Problem(error.code, str(error), error.pointer)


def capped(problems: list[Problem]) -> list[Problem]:
    """Return at most `MOST` of *problems*, the last one telling how many were left out."""
    if len(problems) <= MOST:
        return problems
    left = len(problems) - MOST + 1
    return [*problems[: MOST - 1], Problem("more", f"{left} more problems are not listed")]


def shown(value: object) -> str:
    """Return *value* for a message: quoted, on one line, not too long."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def pointer_to(*path: str | int) -> str:
    """Return the RFC 6901 pointer to *path*."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
