"""The life of an enforcement case, as the court reports it."""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.fields import (
    Amount,
    ApplicationNo,
    AuctionNo,
    CaseNo,
    ClueNo,
    Day,
    Fact,
    ListingNo,
    NoticeNo,
    ObjectionNo,
    OfficerRef,
    PartyRef,
    PaymentRef,
    Post,
    ProcedureNo,
    Ref,
    RestrictionNo,
    RuleId,
    SeizureNo,
    Text,
    ValuationNo,
)

CaseKind = Literal["first", "restored", "preservation", "non-litigation"]
SeizureKind = Literal["seal", "impound", "freeze"]
Property = Literal["deposit", "movable", "immovable", "other"]
DeferralGround = Literal["allocation", "frozen-elsewhere", "not-collected", "stayed-or-suspended", "other"]
ClosingMode = Literal["fulfilled", "round-ended", "terminated", "cancelled", "not-enforced", "dismissed"]
Procedure = Literal[
    "jurisdiction", "law-question", "coordination", "audit", "liquidation", "expert", "appraisal"
]


class Enforcement(Fact):
    family: ClassVar[str] = "enforcement"


class ApplicationReceived(Enforcement, title="收到申请执行书"):
    """The court has received an application for enforcement; there is no case number yet."""

    application_no: ApplicationNo
    claim_amount: Amount | None = None
    money_claim: bool | None = Field(None, description="是否金钱给付 / whether the claim is for money")
    complete_day: Day | None = Field(None, description="材料齐备日 / day on which the papers were complete")
    performance_day: Day | None = Field(
        None, description="生效法律文书规定的履行期间最后一日 / last day for performance in the title"
    )
    title_no: Ref | None = Field(None, description="执行依据文号 / number of the title that is enforced")


class CaseDocketed(Enforcement, title="立案"):
    """The application is docketed and has its case number; it names the application and its day."""

    application_no: ApplicationNo | None = None
    application_day: Day | None = Field(None, description="收到申请日 / day on which the application came")
    case_kind: CaseKind | None = Field(None, description="案件类别 / kind of enforcement case")
    money_claim: bool | None = Field(None, description="是否金钱给付 / whether the claim is for money")
    claim_amount: Amount | None = None
    title_no: Ref | None = Field(None, description="执行依据文号 / number of the title that is enforced")
    creditor_ref: PartyRef | None = None


class DocketRefused(Enforcement, title="裁定不予受理"):
    """The court refuses to docket the application."""

    reason: Text | None = Field(None, description="理由 / reason")


class UndertakerAssigned(Enforcement, title="确定承办人"):
    """The case has an officer who is responsible for it."""

    undertaker_ref: OfficerRef | None = None


class FileHandedOver(Enforcement, title="承办人收到案卷"):
    """The enforcement bureau has the file."""


class EnforcementNoticeIssued(Enforcement, title="发出执行通知"):
    """The notice of enforcement is issued to the debtor."""

    party_ref: PartyRef | None = None


class EnforcementNoticeServed(Enforcement, title="执行通知送达"):
    """The notice of enforcement has reached the debtor."""

    party_ref: PartyRef | None = None


class PropertyReportOrdered(Enforcement, title="发出报告财产令"):
    """The debtor is ordered to report the property."""

    party_ref: PartyRef | None = None
    until_day: Day | None = Field(None, description="报告期限 / day until which the debtor has to report")


class PropertyReported(Enforcement, title="被执行人报告财产"):
    """The debtor has reported in writing."""

    party_ref: PartyRef | None = None


class PropertyReportOverdue(Enforcement, title="逾期未报告财产"):
    """The court notes that the debtor did not report in time."""

    party_ref: PartyRef | None = None


class ClueProvided(Enforcement, title="提供财产线索"):
    """A clue to property has come in."""

    clue_no: ClueNo
    urgent: bool = Field(False, description="是否紧急 / whether it is urgent: three days instead of seven")


class ClueVerified(Enforcement, title="核实财产线索"):
    """The clue is verified, with or without a result."""

    clue_no: ClueNo
    found: bool | None = Field(None, description="是否查实 / whether there was property")


class NetworkQueried(Enforcement, title="网络查控"):
    """The network control system was queried."""

    query_no: Ref | None = Field(None, description="查询编号 / reference of the query")
    found: bool | None = Field(None, description="是否发现财产 / whether there was property")


class SeizureTookEffect(Enforcement, title="查封、扣押、冻结生效"):
    """A seizure takes effect."""

    seizure_no: SeizureNo
    kind: SeizureKind | None = Field(None, description="措施 / seal, impound or freeze")
    property: Property | None = Field(None, description="财产类别 / what is seized")
    until_day: Day | None = Field(None, description="届满日 / last day of its effect")
    value: Amount | None = Field(None, description="估值，元 / value of what is seized")
    waiting: bool | None = Field(None, description="是否轮候 / whether it waits behind an earlier seizure")
    preservation: bool | None = Field(None, description="是否保全措施 / whether it is a preservation")
    to_be_sold: bool | None = Field(
        None,
        description="是否需要拍卖、变卖 / whether it has to be sold",
    )


class SeizureRenewed(Enforcement, title="续行查封"):
    """The seizure is renewed before its end."""

    seizure_no: SeizureNo
    kind: SeizureKind | None = Field(None, description="措施 / seal, impound or freeze")
    property: Property | None = Field(None, description="财产类别 / what is seized")
    until_day: Day | None = Field(None, description="续行后届满日 / last day of its renewed effect")
    preservation: bool | None = Field(None, description="是否保全措施 / whether it is a preservation")


class SeizureReleased(Enforcement, title="解除查封"):
    """The seizure is released."""

    seizure_no: SeizureNo
    partial: bool | None = Field(None, description="是否部分解除 / whether only a part is released")


class SeizureLapsed(Enforcement, title="查封失效"):
    """The seizure's time has ended without renewal."""

    seizure_no: SeizureNo


class ValuationStarted(Enforcement, title="启动确定参考价"):
    """The fixing of a reference price has begun."""

    valuation_no: ValuationNo | None = None
    seizure_no: SeizureNo | None = None
    method: Literal["agreement", "fixed-price", "network-inquiry", "appraisal"] | None = Field(
        None, description="确定方式：议价、定向询价、网络询价、委托评估 / how the price is fixed"
    )
    entrusted_day: Day | None = Field(
        None, description="委托评估日 / day on which the appraiser was entrusted"
    )


class ValuationReported(Enforcement, title="收到评估报告"):
    """The appraiser's report has come in."""

    valuation_no: ValuationNo | None = None
    seizure_no: SeizureNo | None = None


class ReferencePriceFixed(Enforcement, title="确定参考价"):
    """The reference price is fixed."""

    valuation_no: ValuationNo | None = None
    amount: Amount | None = None
    seizure_no: SeizureNo | None = None
    valid_until: Day | None = Field(
        None, description="参考价有效期届满日 / last day on which the price is valid"
    )


class AuctionAnnounced(Enforcement, title="发布拍卖公告"):
    """The auction is announced."""

    auction_no: AuctionNo | None = None
    seizure_no: SeizureNo | None = None
    auction_day: Day | None = Field(None, description="拍卖日 / first day of the auction")
    property: Property | None = Field(None, description="财产类别 / what is sold")
    round: int | None = Field(None, ge=1, le=9, description="第几次拍卖 / which auction of the object it is")
    online: bool | None = Field(None, description="是否网络拍卖 / whether it is an auction on line")


class AuctionHeld(Enforcement, title="举行拍卖"):
    """The auction took place; whether it sold is told by Sold or AuctionFailed."""

    auction_no: AuctionNo | None = None
    seizure_no: SeizureNo | None = None
    round: int | None = Field(None, ge=1, le=9, description="第几次拍卖 / which auction of the object it is")
    online: bool | None = Field(None, description="是否网络拍卖 / whether it is an auction on line")


class AuctionFailed(Enforcement, title="流拍"):
    """Nobody bought."""

    auction_no: AuctionNo | None = None
    round: int | None = Field(None, ge=1, le=9, description="第几次拍卖 / which auction of the object it was")
    seizure_no: SeizureNo | None = None
    online: bool | None = Field(None, description="是否网络拍卖 / whether it is an auction on line")


class Sold(Enforcement, title="成交"):
    """The object is sold, by auction or otherwise."""

    auction_no: AuctionNo | None = None
    seizure_no: SeizureNo | None = None
    amount: Amount | None = None


class MoneyArrived(Enforcement, title="执行款到账"):
    """Money has arrived on the account of the case, or on an account where no case claims it."""

    payment_ref: PaymentRef
    amount: Amount


class FinanceNotified(Enforcement, title="财务发出到账通知"):
    """The undertaker has the finance department's notice that money has arrived: pay-out runs from here."""

    payment_ref: PaymentRef
    amount: Amount | None = None


class PayoutDeferralApproved(Enforcement, title="批准延缓发放"):
    """A later pay-out is approved, on one of the grounds that the rules know."""

    payment_ref: PaymentRef
    ground: DeferralGround = Field(description="延缓事由 / ground")
    approver_role: Post


class DeferralCauseEnded(Enforcement, title="延缓发放事由消失"):
    """The ground of the deferral is gone."""

    payment_ref: PaymentRef


class MoneyPaid(Enforcement, title="发放执行款"):
    """Money has been paid out to the creditor."""

    payment_ref: PaymentRef
    amount: Amount
    partial: bool = Field(
        False, description="是否部分发放 / whether more of this arrival is still to be paid"
    )


class MoneyDeposited(Enforcement, title="提存执行款"):
    """Money has been deposited because it could not be paid out."""

    payment_ref: PaymentRef


class ConsumptionRestricted(Enforcement, title="限制消费"):
    """The debtor's consumption is restricted."""

    party_ref: PartyRef | None = None
    restriction_no: RestrictionNo | None = None


class ConsumptionRestrictionLifted(Enforcement, title="解除限制消费"):
    """The restriction is lifted."""

    party_ref: PartyRef | None = None
    restriction_no: RestrictionNo | None = None


class Listed(Enforcement, title="纳入失信名单"):
    """The debtor is listed as dishonest."""

    listing_no: ListingNo
    party_ref: PartyRef | None = None
    ground: Ref | None = Field(None, description="纳入情形 / ground, as the rules number it: 1(1) … 1(6)")
    term_until: Day | None = Field(
        None, description="失信期限届满日 / last day of a listing with a fixed term"
    )
    minor: bool | None = Field(None, description="是否未成年人 / whether the person is a minor")
    signed_by: Post | None = Field(None, description="决定书签发人职务 / post that signed the decision")
    secured: bool | None = Field(
        None, description="是否有足额查封或担保 / whether seizure or security covers the claim"
    )


class ListingRemoved(Enforcement, title="删除失信信息"):
    """The debtor is taken off the list."""

    listing_no: ListingNo


class ListingCorrected(Enforcement, title="更正失信信息"):
    """The listing is corrected."""

    listing_no: ListingNo


class ObjectionReceived(Enforcement, title="收到执行异议"):
    """An objection has come in: to an act, or by a third party who claims the object."""

    objection_no: ObjectionNo
    objection_kind: Literal["act", "third-party"] = Field(description="异议类别 / kind of objection")
    complete_day: Day | None = Field(None, description="材料齐备日 / day on which the papers were complete")
    against_end: bool | None = Field(
        None, description="是否针对终结 / whether it is against ending the enforcement"
    )
    seizure_no: SeizureNo | None = None


class ObjectionDocketed(Enforcement, title="执行异议立案"):
    """The objection is docketed."""

    objection_no: ObjectionNo


class ObjectionRuled(Enforcement, title="执行异议裁定"):
    """The objection is decided."""

    objection_no: ObjectionNo
    outcome: Literal["upheld", "partly-upheld", "dismissed", "rejected", "withdrawn"] | None = Field(
        None, description="结果 / outcome"
    )
    served_day: Day | None = Field(None, description="送达日 / day of service")
    objection_kind: Literal["act", "third-party"] | None = Field(
        None, description="异议类别 / kind of objection"
    )


class ReconsiderationReceived(Enforcement, title="收到复议申请"):
    """An application for reconsideration by the court above has come in."""

    objection_no: ObjectionNo


class ReconsiderationRuled(Enforcement, title="复议裁定"):
    """The court above has decided."""

    objection_no: ObjectionNo
    outcome: Literal["upheld", "changed", "set-aside", "remanded", "withdrawn"] | None = Field(
        None, description="结果 / what became of the ruling below"
    )
    effective_day: Day | None = Field(None, description="裁定生效日 / day on which the ruling took effect")


class Stayed(Enforcement, title="暂缓执行"):
    """Enforcement is stayed by decision, for a time."""

    stay_no: Ref | None = Field(None, description="暂缓编号 / reference of the stay")
    until_day: Day | None = Field(None, description="暂缓届满日 / last day of the stay")
    kind: Literal["by-court", "by-higher-court", "guarantee"] | None = Field(
        None, description="暂缓类别：本院决定、上级通知、执行担保 / by whom, or on what"
    )


class StayEnded(Enforcement, title="暂缓执行结束"):
    """The stay has ended."""

    stay_no: Ref | None = Field(None, description="暂缓编号 / reference of the stay")
    until_day: Day | None = Field(None, description="原定届满日 / the end that was fixed")


class Suspended(Enforcement, title="中止执行"):
    """Enforcement is suspended by ruling, until its ground is gone."""

    ground: Text | None = Field(None, description="中止事由 / ground")
    suspension_no: Ref | None = Field(None, description="中止编号 / reference of the suspension")


class Resumed(Enforcement, title="恢复中止的执行"):
    """A suspended enforcement goes on. (A flag of this name says that a clock runs again.)"""

    ground: Text | None = Field(None, description="恢复事由 / ground")
    suspension_no: Ref | None = Field(None, description="中止编号 / reference of the suspension")


class PublicNoticeStarted(Enforcement, title="公告开始"):
    """A public notice is posted."""

    notice_no: NoticeNo | None = None


class PublicNoticeEnded(Enforcement, title="公告期满"):
    """The time of the public notice is over."""

    notice_no: NoticeNo | None = None


class ProcedureStarted(Enforcement, title="专门程序开始"):
    """A procedure begins whose time does not count: jurisdiction, audit, expert work and the like."""

    procedure: Procedure = Field(description="程序类别 / kind of procedure")
    procedure_no: ProcedureNo | None = None


class ProcedureEnded(Enforcement, title="专门程序结束"):
    """The procedure has ended."""

    procedure: Procedure = Field(description="程序类别 / kind of procedure")
    procedure_no: ProcedureNo | None = None


class ExtensionRequested(Enforcement, title="申请延长期限"):
    """The undertaker asks for more time."""

    until_day: Day | None = Field(None, description="申请延至 / the end that is asked for")
    period: RuleId | None = None


class ExtensionApproved(Enforcement, title="批准延长期限"):
    """More time is granted, until a day."""

    until_day: Day = Field(description="延至 / the new end")
    approver_role: Post
    period: RuleId = Field("enf-close", description="所延期限 / the rule that is extended")


class RoundEnded(Enforcement, title="终结本次执行程序"):
    """This round ends for want of property, the claim lives on: not EnforcementTerminated."""

    ruling_day: Day = Field(description="裁定日 / day of the ruling")
    served_day: Day | None = Field(None, description="送达申请执行人日 / day of service on the creditor")
    creditor_heard: bool | None = Field(
        None, description="是否听取申请执行人意见 / whether the creditor was heard"
    )
    approved: bool | None = Field(None, description="是否经审批 / whether panel and president approved it")
    creditor_signed: bool | None = Field(
        None,
        description="申请执行人是否书面同意 / whether the creditor agreed in writing, instead of approval",
    )
    debtor_missing: bool | None = Field(
        None, description="被执行人是否下落不明 / whether the debtor is missing"
    )
    debtor_searched: bool | None = Field(
        None, description="是否查找下落不明的被执行人 / whether a missing debtor was searched for"
    )
    listing_due: bool | None = Field(
        None, description="是否应当纳入失信名单 / whether the debtor had to be listed"
    )
    listed: bool | None = Field(None, description="是否已纳入失信名单 / whether the debtor is listed")


class PropertyFoundAfterRoundEnd(Enforcement, title="终本后发现财产"):
    """After the round ended, property has been found."""


class EnforcementRestored(Enforcement, title="恢复执行（执恢）"):
    """The claim is enforced again under a new number. It stands on the parent case."""

    restored_case: CaseNo | None = Field(None, description="执恢案号 / number of the restored case")


class EnforcementTerminated(Enforcement, title="终结执行"):
    """Enforcement ends for good."""


class CaseClosed(Enforcement, title="结案"):
    """The case is closed in one of the six ways that the rules know."""

    mode: ClosingMode = Field(description="结案方式 / way of closing")


class SatisfactionRecorded(Enforcement, title="履行完毕"):
    """The debtor has performed in full."""

    party_ref: PartyRef | None = None
