"""The life of a supervision case, as procuratorate and court report it."""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.fields import (
    Day,
    Fact,
    HearingNo,
    LeadId,
    NoticeNo,
    ObjectionNo,
    PartyRef,
    Post,
    Ref,
    RequestNo,
    SuggestionNo,
    SupervisionNo,
    Text,
    WorkNo,
)


class Supervision(Fact):
    family: ClassVar[str] = "supervision"


class LeadScreened(Supervision, title="线索筛查"):
    """A prosecutor has decided what becomes of a lead: dismissed, an explanation asked, or accepted."""

    lead_id: LeadId
    decision: Literal["dismissed", "explain", "accept"] = Field(description="筛查结果 / decision")
    reason: Text | None = Field(None, description="理由 / reason; a dismissed lead keeps it")


class SupervisionApplied(Supervision, title="当事人申请监督"):
    """A party applies for supervision of the enforcement."""

    applicant: Literal["party", "interested-party", "third-party", "other"] | None = Field(
        None, description="申请人身份 / who applies; others than these may only complain (RULE 35)"
    )
    remedies: Literal["none-given", "used", "not-used"] | None = Field(
        None,
        description="法定救济 / objection, reconsideration, suit: whether the law gave one, and it was used",
    )
    objection_no: ObjectionNo | None = Field(
        None, description="同一事项的执行异议编号 / the objection about the same act, if there is one"
    )
    good_reason: bool | None = Field(
        None, description="未使用救济有无正当理由 / whether there was good reason not to use it"
    )
    misconduct: bool | None = Field(
        None, description="是否反映执行人员违法 / whether it is about misconduct of officers"
    )


class SupplementRequired(Supervision, title="通知补齐材料"):
    """The applicant is told what is missing."""

    until_day: Day | None = Field(None, description="补齐期限 / day until which the papers are due")


class Supplemented(Supervision, title="材料补齐"):
    """The papers are complete."""


class SupervisionAccepted(Supervision, title="受理监督申请"):
    """The procuratorate accepts the application: the three months of review begin."""

    supervision_no: SupervisionNo
    handed_down: bool | None = Field(
        None, description="是否上级交办 / whether the procuratorate above handed it down (RULE 107)"
    )


class SupervisionRefused(Supervision, title="不予受理监督申请"):
    """The procuratorate does not accept the application."""

    reason: Text | None = Field(None, description="理由 / reason")


class ExOfficioStarted(Supervision, title="依职权启动监督"):
    """A prosecutor starts supervision without an application and names the ground; the bus never does."""

    supervision_no: SupervisionNo
    ground: Ref = Field(description="依职权事由 / ground, chosen by a prosecutor")


class ExplanationRequested(Supervision, title="发出说明案件执行情况通知书"):
    """The court is asked to explain the state of a case and its reasons."""

    request_no: RequestNo
    received_day: Day | None = Field(None, description="法院收到日 / day on which the court received it")


class ExplanationReceived(Supervision, title="收到法院说明"):
    """The court has explained in writing."""

    request_no: RequestNo


class FilesRequested(Supervision, title="调卷"):
    """The procuratorate asks for the file."""

    request_no: RequestNo
    inner_file: bool | None = Field(None, description="是否含副卷 / whether it asks for the inner file too")


class FilesReceived(Supervision, title="收到案卷"):
    """The file, or its electronic copy, has come."""

    request_no: RequestNo


class FilesReturned(Supervision, title="归还案卷"):
    """The file has gone back."""

    request_no: RequestNo


class ExpertWorkStarted(Supervision, title="委托鉴定、评估、审计或咨询"):
    """Expert work begins; its time does not count for the review."""

    work_no: WorkNo | None = None


class ExpertWorkEnded(Supervision, title="鉴定、评估、审计或咨询结束"):
    """The expert work is done."""

    work_no: WorkNo | None = None


class HearingNotified(Supervision, title="通知听证"):
    """The parties are told of a hearing."""

    hearing_day: Day | None = Field(None, description="听证日 / day of the hearing")
    hearing_no: HearingNo | None = None


class HearingHeld(Supervision, title="举行听证"):
    """The hearing took place."""

    hearing_no: HearingNo | None = None


class ReviewSuspended(Supervision, title="中止审查"):
    """The review is suspended."""

    ground: Text | None = Field(None, description="中止事由 / ground")


class ReviewResumed(Supervision, title="恢复审查"):
    """The review goes on."""


class ReviewConcluded(Supervision, title="审查终结"):
    """The review is concluded by decision of the chief procurator or the committee."""

    decision: Literal["suggestion", "not-supported", "terminated", "refer-up"] = Field(
        description="审查结论 / decision"
    )
    approver_role: Post | None = None
    ground: (
        Literal["withdrawn", "waived", "settled", "corrected", "party-gone", "no-violation", "other"] | None
    ) = Field(None, description="终结审查事由 / ground on which the review is terminated (RULE 73)")


class SuggestionSent(Supervision, title="发出检察建议书"):
    """A procuratorial suggestion goes to the court."""

    suggestion_no: SuggestionNo


class SuggestionReceived(Supervision, title="法院收到检察建议书"):
    """The court has the suggestion: the three months for its reply begin."""

    suggestion_no: SuggestionNo


class SuggestionDocketed(Supervision, title="检察建议立案（执监）"):
    """The court dockets the suggestion."""

    suggestion_no: SuggestionNo
    docket_no: Ref | None = Field(None, description="执监案号 / the court's number for it")


class ReplyExtensionApproved(Supervision, title="批准延长回复期限"):
    """The president of the court grants one more month for the reply."""

    suggestion_no: SuggestionNo
    approver_role: Post


class CourtReplied(Supervision, title="法院回复"):
    """The court replies to the suggestion. A reply is not yet a correction."""

    suggestion_no: SuggestionNo
    outcome: Literal["adopted", "partly-adopted", "rejected"] = Field(description="采纳情况 / outcome")
    sealed: bool | None = Field(None, description="是否加盖院印 / whether it bears the court's seal")
    reasons_given: bool | None = Field(None, description="是否说明理由 / whether it gives reasons")
    rulings_attached: bool | None = Field(None, description="是否附裁定 / whether the rulings are attached")


class CorrectionDone(Supervision, title="纠正完成"):
    """The act itself is done: paid, removed, restored, revoked."""

    suggestion_no: SuggestionNo | None = None
    act: Text | None = Field(None, description="纠正行为 / what was done")


class ResultChecked(Supervision, title="处理结果审查"):
    """The procuratorate has checked what the court did."""

    suggestion_no: SuggestionNo | None = None
    result: Literal["satisfied", "wrong"] | None = Field(None, description="审查意见 / finding")


class FollowedUp(Supervision, title="跟进监督"):
    """The procuratorate follows up a reply that is missing or wrong."""

    suggestion_no: SuggestionNo | None = None


class EscalatedUp(Supervision, title="提请上级监督"):
    """The procuratorate above is asked to supervise."""

    suggestion_no: SuggestionNo | None = None


class CourtCounterSuggested(Supervision, title="法院对监督行为提出建议"):
    """The court makes a written suggestion about the supervision itself."""

    request_no: RequestNo | None = None


class CounterAnswered(Supervision, title="答复法院建议"):
    """The procuratorate answers the court's suggestion."""

    request_no: RequestNo | None = None


class SuggestionWithdrawn(Supervision, title="撤回检察建议"):
    """The suggestion is withdrawn; no reply is owed any more."""

    suggestion_no: SuggestionNo


class SuggestionChanged(Supervision, title="变更检察建议"):
    """The suggestion is changed."""

    suggestion_no: SuggestionNo
    replaced_by: SuggestionNo | None = None


class IntegrityLeadReferred(Supervision, title="移送违纪违法线索"):
    """A lead about the conduct of officers is referred, by decision of the chief procurator."""

    approver_role: Post | None = None


class SupervisionClosed(Supervision, title="监督案件办结"):
    """The supervision case is closed."""


class ApplicationCopyServed(Supervision, title="送达监督申请书副本"):
    """The other party has a copy of the application."""

    party_ref: PartyRef | None = None


class OtherPartyOpinionReceived(Supervision, title="收到其他当事人书面意见"):
    """The other party has answered in writing."""

    party_ref: PartyRef | None = None


class SupervisionHandedOver(Supervision, title="移送民事检察部门"):
    """The accepted case is with the civil division, and case management knows."""


class ExOfficioRegistered(Supervision, title="依职权案件登记"):
    """A case that began ex officio is registered with case management."""


class SupervisionMaterialReceived(Supervision, title="案管收到案件材料"):
    """Case management has received the papers of a case."""


class SupervisionMaterialLogged(Supervision, title="案管登记并移送"):
    """Case management has registered the papers and sent them on."""


class RecusalRequested(Supervision, title="申请回避"):
    """Somebody asks that an officer step aside."""

    request_no: RequestNo


class RecusalDecided(Supervision, title="回避决定"):
    """The request to step aside is decided."""

    request_no: RequestNo


class RecusalReconsiderationRequested(Supervision, title="申请回避复议"):
    """Reconsideration of that decision is asked for."""

    request_no: RequestNo


class RecusalReconsidered(Supervision, title="回避复议决定"):
    """The decision on stepping aside is reconsidered."""

    request_no: RequestNo


class InquiryEntrusted(Supervision, title="收到指令或委托调查"):
    """Another procuratorate asks for an inquiry, or orders it."""

    request_no: RequestNo


class InquiryAnswered(Supervision, title="回复调查结果"):
    """The inquiry is answered, or its impossibility is."""

    request_no: RequestNo


class SuggestionFiled(Supervision, title="检察建议报上一级备案"):
    """The procuratorate above has the suggestion on file."""

    suggestion_no: SuggestionNo


class NoSupportDecisionSent(Supervision, title="发送不支持监督申请决定书"):
    """The applicant has the decision, with its explanation."""


class MonitoringNoticeReceived(Supervision, title="收到案件流程监控通知书"):
    """The handling department has a notice from case management."""

    notice_no: NoticeNo


class MonitoringNoticeAnswered(Supervision, title="回复案件流程监控通知书"):
    """The department has answered in writing."""

    notice_no: NoticeNo


class FilesReborrowed(Supervision, title="续借案卷"):
    """The file is kept longer, on a new request."""

    request_no: RequestNo


class UpperSuggestionReceived(Supervision, title="上级法院收到上级检察建议"):
    """The court above has the suggestion of the procuratorate above."""

    suggestion_no: SuggestionNo


class UpperCourtReplied(Supervision, title="上级法院回复"):
    """The court above has replied."""

    suggestion_no: SuggestionNo


class OrganSuggestionReceived(Supervision, title="有关机关收到检察建议"):
    """An organ other than the court has a suggestion."""

    suggestion_no: SuggestionNo
    organ: Ref | None = Field(None, description="机关 / which organ")


class OrganReplied(Supervision, title="有关机关回复检察建议"):
    """That organ has replied."""

    suggestion_no: SuggestionNo


class AdviceInquiryDecided(Supervision, title="决定调查核实检察建议事项"):
    """The chief procurator has the matter of a general suggestion looked into."""

    request_no: RequestNo


class AdviceInquiryDone(Supervision, title="完成检察建议事项调查核实"):
    """The matter has been looked into."""

    request_no: RequestNo
