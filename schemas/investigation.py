"""The search for property, and what the court tells about it."""

from pydantic import Field

from schemas.enforcement import Enforcement
from schemas.fields import Day, ObjectionNo, PartyRef, Ref, RequestNo, RuleId, SeizureNo


class UrgentMeasureTaken(Enforcement, title="立即采取执行措施"):
    """A measure was taken at once, before the notice of enforcement."""

    seizure_no: SeizureNo | None = None


class CluesAsked(Enforcement, title="通知提供财产线索"):
    """The creditor is asked for clues to property."""


class ApprovalRequested(Enforcement, title="报批"):
    """A measure or a paper is put before the officer who approves it."""

    approval_no: Ref = Field(description="报批编号 / reference of what is to be approved")


class ApprovalDecided(Enforcement, title="审批"):
    """The measure or paper is approved or not."""

    approval_no: Ref = Field(description="报批编号 / reference of what was to be approved")
    approved: bool | None = Field(None, description="是否批准 / whether it is approved")


class InvestigationRequested(Enforcement, title="申请调查财产"):
    """The creditor asks for an investigation."""

    request_no: RequestNo


class InvestigationOpened(Enforcement, title="启动财产调查"):
    """The investigation has begun."""

    request_no: RequestNo


class InvestigationCompleted(Enforcement, title="完成财产调查"):
    """The search for income, accounts, land, vehicles and claims is done."""

    request_no: RequestNo | None = None
    found: bool | None = Field(None, description="是否发现财产 / whether there was property")


class AuditRequested(Enforcement, title="申请审计"):
    """A party asks for an audit of the debtor."""

    request_no: RequestNo


class AuditDecided(Enforcement, title="决定是否准许审计"):
    """The court has decided on the audit."""

    request_no: RequestNo
    granted: bool | None = Field(None, description="是否准许 / whether it is granted")


class RewardNoticeRequested(Enforcement, title="申请悬赏公告"):
    """The creditor asks for a public reward for clues."""

    request_no: RequestNo


class RewardNoticeDecided(Enforcement, title="决定是否准许悬赏公告"):
    """The court has decided on the reward."""

    request_no: RequestNo
    granted: bool | None = Field(None, description="是否准许 / whether it is granted")


class PropertyReportExtended(Enforcement, title="延长报告财产期限"):
    """The court gives the debtor longer to report."""

    party_ref: PartyRef | None = None
    until_day: Day = Field(description="延至 / the new end")


class PropertyChanged(Enforcement, title="财产变动"):
    """The debtor's property has changed after the report."""

    party_ref: PartyRef | None = None


class PropertyChangeReported(Enforcement, title="补充报告财产"):
    """The debtor has reported the change."""

    party_ref: PartyRef | None = None


class BankObjectionReceived(Enforcement, title="收到金融机构异议"):
    """A bank objects to a network measure."""

    objection_no: ObjectionNo


class BankObjectionAnswered(Enforcement, title="答复金融机构异议"):
    """The bank has its written answer."""

    objection_no: ObjectionNo


class DebtorDied(Enforcement, title="被执行人死亡"):
    """The court knows that the debtor has died."""

    party_ref: PartyRef | None = None


class DelayNoted(Enforcement, title="发现未按期办理"):
    """A period of the court's own rules has ended without the act."""

    period: RuleId | None = None


class DelayExplained(Enforcement, title="说明未按期办理的原因"):
    """The creditor has been told why."""

    period: RuleId | None = None
