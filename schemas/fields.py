"""The kinds of values that event bodies are made of, each with its check and its description."""

import re
from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

#: No space at either end, no control character anywhere (PostgreSQL cannot even hold U+0000).
REF_PATTERN = (
    "^[^\\x00-\\x20\\x7f-\\xa0\\u3000]([^\\x00-\\x1f\\x7f-\\x9f]*[^\\x00-\\x20\\x7f-\\xa0\\u3000])?$"
)
TEXT_PATTERN = "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$"
AMOUNT_PATTERN = "^(0|[1-9][0-9]{0,14})(\\.[0-9]{1,2})?$"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written_as_day(value: object) -> object:
    """Refuse what pydantic would take for a day besides the written form: it reads "1649980800" as one."""
    if (isinstance(value, str) and _DAY.fullmatch(value)) or type(value) is date:
        return value
    raise PydanticCustomError("date_form", "Input should be a day written YYYY-MM-DD")


#: Days outside these bounds are slips of a system (0001-01-01), and calendars do not reach them.
Day = Annotated[
    date,
    Field(
        strict=False,  # the check before it is strict, and hides from pydantic that the text was JSON
        ge=date(1949, 10, 1),
        le=date(2199, 12, 31),
        description="日期 / day, YYYY-MM-DD",
    ),
    BeforeValidator(_written_as_day),
]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=REF_PATTERN)]
Text = Annotated[str, StringConstraints(max_length=2000, pattern=TEXT_PATTERN)]
Code = Annotated[str, StringConstraints(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Amount = Annotated[
    str,
    StringConstraints(pattern=AMOUNT_PATTERN),
    Field(description='金额，元 / amount in yuan, a decimal string such as "12345.60"'),
]
Count = Annotated[int, Field(ge=0, le=2**53)]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=REF_PATTERN)]

Post = Annotated[
    Code, Field(description="职务代码 / code of a post, never a person, such as court-president")
]
ApplicationNo = Annotated[Ref, Field(description="申请收件编号 / receipt number of the application")]
CaseNo = Annotated[Ref, Field(description="案号 / case number, such as （2022）皖1324执123号")]
SupervisionNo = Annotated[
    Ref, Field(description="检察监督案号 / the procuratorate's number of the supervision case")
]
SuggestionNo = Annotated[Ref, Field(description="检察建议书文号 / number of the procuratorial suggestion")]
PaymentRef = Annotated[Ref, Field(description="到账流水 / reference of this arrival of money")]
SeizureNo = Annotated[Ref, Field(description="查封编号 / reference of this seizure")]
ListingNo = Annotated[Ref, Field(description="失信名单编号 / reference of this listing")]
ObjectionNo = Annotated[Ref, Field(description="异议编号 / reference or case number of this objection")]
RequestNo = Annotated[Ref, Field(description="文书编号 / number of this request")]
ValuationNo = Annotated[Ref, Field(description="评估编号 / reference of this valuation")]
AuctionNo = Annotated[Ref, Field(description="拍卖编号 / reference of this sale")]
ClueNo = Annotated[Ref, Field(description="线索编号 / reference of this clue")]
NoticeNo = Annotated[Ref, Field(description="公告编号 / reference of this public notice")]
ProcedureNo = Annotated[Ref, Field(description="程序编号 / reference of this procedure")]
WorkNo = Annotated[Ref, Field(description="委托编号 / reference of this expert work")]
IssueNo = Annotated[Ref, Field(description="议题编号 / number of the issue")]
MeetingNo = Annotated[Ref, Field(description="会议编号 / number of the meeting")]
PetitionNo = Annotated[Ref, Field(description="信访编号 / number of the petition")]
EntrustmentNo = Annotated[Ref, Field(description="委托编号 / reference of this entrustment")]
PreservationNo = Annotated[Ref, Field(description="保全编号 / reference of this preservation")]
ThingNo = Annotated[Ref, Field(description="物品编号 / reference of this thing")]
PlanNo = Annotated[Ref, Field(description="分配方案编号 / number of the plan of distribution")]
SanctionNo = Annotated[Ref, Field(description="决定书编号 / number of this sanction or ban")]
SettlementNo = Annotated[Ref, Field(description="和解协议编号 / reference of this settlement")]
RestrictionNo = Annotated[Ref, Field(description="限制消费令编号 / number of this restriction")]
HearingNo = Annotated[Ref, Field(description="听证编号 / reference of this hearing")]
PartyRef = Annotated[
    Ref,
    Field(
        description="当事人代号，由法院保管 / opaque reference of a party, owned by the court; never a name"
    ),
]
OfficerRef = Annotated[
    Ref, Field(description="人员代号 / opaque reference of an officer, owned by the court; never a name")
]
FlagId = Annotated[Ref, Field(description="预警事项编号 / id of the matter: stable over all its stages")]
LeadId = Annotated[Ref, Field(description="线索编号 / id of the lead")]
RuleId = Annotated[
    str,
    StringConstraints(pattern="^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", max_length=64),
    Field(description="期限或触发规则 / id of the period or trigger, such as pay-out or T14"),
]
RulesVersion = Annotated[Ref, Field(description="规则版本 / rules version: law, calendar, policy and fold")]
Instance = Annotated[
    str,
    StringConstraints(max_length=160, pattern=TEXT_PATTERN),
    Field(
        description="同类期限的区分号，可空 / what tells clocks of one rule apart; empty when there is one"
    ),
]
SubjectText = Annotated[Ref, Field(description="主体 / canonical subject")]
Sure = Annotated[
    Literal["V", "V2", "M", "D"], Field(description="依据核实程度 / how surely the law is known")
]
Severity = Annotated[Literal["hard", "soft"], Field(description="期限性质 / weight of the duty")]
Side = Annotated[
    Literal["court", "procuratorate", "office", "discipline"], Field(description="一方 / a side")
]
Evidence = Annotated[
    tuple[EventId, ...], Field(max_length=500, description="证据事件编号 / ids of the events it rests on")
]


class Body(BaseModel):
    """What an event says. Unknown fields are refused; what is written is what is meant (no conversions)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    family: ClassVar[str] = ""  #: empty on the bases that are no event types themselves


class Fact(Body):
    """What every reported fact may carry besides its own fields."""

    legal_basis: Text | None = Field(None, description="法律依据 / legal basis, with version and article")
    document_no: Ref | None = Field(None, description="文书编号 / number of the document")
    actor_role: Post | None = None
    supersedes: EventId | None = Field(
        None,
        description="更正的事件编号（同一来源） / id of the event of the same source that this one corrects",
    )
    moved_from: SubjectText | None = Field(
        None, description="更正前所在主体 / subject where the superseded event stood, when it was another one"
    )
    application_no: ApplicationNo | None = None
    parent_case: CaseNo | None = Field(None, description="原执行案号 / case number of the parent case")
    supervision_no: SupervisionNo | None = None
    cases: tuple[CaseNo, ...] | None = Field(
        None, max_length=200, description="所涉案号 / numbers of the cases concerned"
    )
    assumed: Text | None = Field(
        None, description="推定内容 / what was assumed where the source does not say it"
    )
    note: Text | None = Field(None, description="备注，不写姓名 / a remark, without names")
