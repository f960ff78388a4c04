"""What the cooperation itself does: meetings, petitions, corrections, acknowledgements, digests."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.fields import (
    Amount,
    Body,
    Count,
    Day,
    EventId,
    Evidence,
    Fact,
    FlagId,
    Instance,
    IssueNo,
    MeetingNo,
    PetitionNo,
    Ref,
    RequestNo,
    RuleId,
    RulesVersion,
    Side,
    Text,
)

Digest = Annotated[
    str,
    StringConstraints(pattern="^[0-9a-f]{32}$"),
    Field(description="摘要 / digest, 32 hexadecimal digits"),
]


class Mechanism(Fact):
    family: ClassVar[str] = "mechanism"


class SoftBreachesCounted(Body, title="软性期限逾期计数"):
    """How many breaches of a soft duty stood when their answer windows ended on a day: no single case."""

    family: ClassVar[str] = "mechanism"

    on: Day = Field(description="日 / the day")
    court: Ref | None = Field(
        None,
        description="法院代字，空为主体不含法院代字 / code of the court; null where a subject names none",
    )
    rule: RuleId
    side: Side
    breaches: Count = Field(
        description="答复期满仍存在的逾期件数 / breaches that stood when the answer window ended"
    )
    taken_back: Count = Field(description="撤回件数 / taken back since, of those counted on earlier days")
    rules: RulesVersion | None = None


class IssueTabled(Mechanism, title="提交议题"):
    """A disagreement or a common problem is put before the joint meeting."""

    issue_no: IssueNo | None = None
    matter: Text | None = Field(None, description="议题内容 / what it is about")


class MeetingCalled(Mechanism, title="召集联席会议"):
    """A joint meeting is called."""

    meeting_no: MeetingNo | None = None
    meeting_day: Day | None = Field(None, description="会议日 / day of the meeting")
    issues: tuple[IssueNo, ...] | None = Field(
        None, max_length=200, description="议题 / issues on the agenda"
    )


class JointMeetingHeld(Mechanism, title="召开联席会议"):
    """The joint meeting was held."""

    meeting_no: MeetingNo | None = None
    issues: tuple[IssueNo, ...] | None = Field(None, max_length=200, description="议题 / issues dealt with")


class IssueSettled(Mechanism, title="议题解决"):
    """The issue is settled."""

    issue_no: IssueNo | None = None
    outcome: Text | None = Field(None, description="处理结果 / outcome")


class IssueReferredUp(Mechanism, title="议题提交上级或领导小组"):
    """The meeting could not settle the issue and passes it on."""

    issue_no: IssueNo | None = None
    referred_to: Ref | None = Field(None, description="提交何处 / to whom")


class LeadingGroupDecided(Mechanism, title="领导小组决定"):
    """The leading group has decided an issue; the decision names who owes what until when."""

    issue_no: IssueNo | None = None
    outcome: Text | None = Field(None, description="决定内容 / decision")
    owed_by: Ref | None = Field(None, description="承办方 / who has to act")
    until_day: Day | None = Field(None, description="完成期限 / until when")


class AlarmHandlingSeen(Mechanism, title="派驻纪检监察组察看处置"):
    """The discipline team has seen how an alarm was handled. It decides nothing."""

    flag_id: FlagId | None = None


class PartyInformed(Mechanism, title="告知当事人"):
    """A party has been told something that the law says it must be told."""

    what: Ref = Field(description="告知事项 / what was told, such as acceptance")
    party_ref: Ref | None = Field(None, description="当事人代号 / opaque reference of the party")


class PetitionReceived(Mechanism, title="收到执行信访"):
    """A petition about an enforcement has come in."""

    petition_no: PetitionNo | None = None


class PetitionLogged(Mechanism, title="录入执行信访"):
    """The petition is in the system."""

    petition_no: PetitionNo | None = None


class PetitionClosed(Mechanism, title="执行信访办结"):
    """The petition is dealt with."""

    petition_no: PetitionNo | None = None


class CheckResultTold(Mechanism, title="告知查询结果"):
    """The creditor has been told the result of a query after the round ended."""

    query_no: Ref | None = Field(None, description="查询编号 / reference of the query")


class Retracted(Mechanism, title="撤销事件"):
    """An earlier event of the same source was wrong and stands no more."""

    retracts: EventId = Field(description="被撤销的事件编号 / id of the event that is retracted")


class OutageNoted(Mechanism, title="系统中断"):
    """A system could not report from one day to another; late records of that time are explained by it."""

    from_day: Day = Field(description="起日 / first day")
    to_day: Day = Field(description="止日 / last day")
    system: Ref | None = Field(None, description="系统 / which system")


class CaseDisclosed(Mechanism, title="案件信息开放"):
    """What the procuratorate may now know of a case, after a lead was screened in."""

    request_no: RequestNo | None = None
    scope: tuple[Ref, ...] | None = Field(None, max_length=50, description="开放范围 / what is disclosed")


class DisclosureEnded(Mechanism, title="案件信息开放结束"):
    """The disclosure has ended."""

    request_no: RequestNo | None = None


class BaselineImported(Mechanism, title="基线导入"):
    """The state of a subject when the bus went live; earlier breaches are history."""

    as_of_day: Day = Field(description="基线日 / day of the baseline")
    stage: Ref | None = Field(None, description="阶段 / stage of the subject")
    claim_amount: Amount | None = None
    paid_amount: Amount | None = None


class FlagAcknowledged(Mechanism, title="签收预警"):
    """The owner has seen the flag."""

    flag_id: FlagId


Answer = Literal["met", "stopped", "extended", "contested"]


class FlagAnswered(Mechanism, title="答复预警"):
    """The owner says what became of the duty, with evidence; the answer travels with the lead."""

    flag_id: FlagId
    rule: RuleId
    instance: Instance = ""
    answer: Answer = Field(description="答复 / answer")
    evidence: Evidence = ()


class StateDigest(Mechanism, title="状态摘要"):
    """A side's digest of its copy of one partition at the end of a day."""

    partition: Count = Field(description="分区 / partition")
    day: Day
    offset: Count = Field(description="总账位置 / ledger offset that it rests on")
    count: Count = Field(description="主体数 / number of subjects")
    digest: Digest
