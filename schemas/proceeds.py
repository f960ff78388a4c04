"""Money and things in the court's hands, and how several creditors share."""

from pydantic import Field

from schemas.enforcement import Enforcement
from schemas.fields import Amount, Count, Day, PartyRef, PaymentRef, PlanNo, Ref, Text, ThingNo


class MoneyAttributed(Enforcement, title="认领不明款"):
    """Money that no case claimed now has its case."""

    payment_ref: PaymentRef


class CashTaken(Enforcement, title="执行人员收取现金或票据"):
    """Officers took cash or a paper, as an exception."""

    receipt_no: Ref = Field(description="收据编号 / number of the receipt")
    returned_day: Day | None = Field(None, description="回院日 / day on which they came back to the court")
    officers: Count | None = Field(None, description="在场执行人员数 / how many officers were present")
    receipt_given: bool | None = Field(None, description="是否出具收取凭证 / whether the payer had a receipt")


class CashHandedOver(Enforcement, title="向财务移交现金或票据"):
    """Finance has the cash or paper."""

    receipt_no: Ref = Field(description="收据编号 / number of the receipt")
    reason: Text | None = Field(None, description="次日移交的理由 / reason for handing over a day later")


class ThingReceived(Enforcement, title="收取应交付的物品"):
    """A thing that the title awards to the creditor was seized or delivered."""

    thing_no: ThingNo


class ThingHandedOut(Enforcement, title="发放物品"):
    """The creditor has the thing."""

    thing_no: ThingNo


class ThingReleased(Enforcement, title="解除对物品的查封"):
    """A thing is released that the court keeps."""

    thing_no: ThingNo
    kept_by_debtor: bool | None = Field(None, description="是否由被执行人保管 / whether the debtor keeps it")


class ThingReturned(Enforcement, title="发还物品"):
    """The thing is back with its owner or whoever delivered it."""

    thing_no: ThingNo


class ReconciliationYearBegun(Enforcement, title="开始年度款物核对"):
    """From here money and things are reconciled every month of a year."""

    year: Count | None = Field(None, description="年度 / year")


class MoneyReconciled(Enforcement, title="月度款物核对"):
    """Bureau and finance have reconciled a month's money and things."""

    year: Count | None = Field(None, description="年度 / year")
    month: Ref | None = Field(None, description="月份 / month, such as 2022-04")


class DistributionPlanServed(Enforcement, title="送达分配方案"):
    """Creditors and debtor have the plan of distribution."""

    plan_no: PlanNo
    party_ref: PartyRef | None = None


class DistributionPlanObjected(Enforcement, title="对分配方案提出异议"):
    """A creditor or the debtor objects to the plan."""

    plan_no: PlanNo
    party_ref: PartyRef | None = None


class DistributionObjectionServed(Enforcement, title="通知分配方案异议"):
    """The others are told of the objection."""

    plan_no: PlanNo
    party_ref: PartyRef | None = None


class DistributionObjectionOpposed(Enforcement, title="反对分配方案异议"):
    """Another creditor or the debtor opposes the objection."""

    plan_no: PlanNo
    party_ref: PartyRef | None = None


class DistributionOppositionServed(Enforcement, title="通知反对意见"):
    """The objector is told that the objection is opposed."""

    plan_no: PlanNo
    party_ref: PartyRef | None = None


class DistributionSuitFiled(Enforcement, title="提起分配方案异议之诉"):
    """The objector has sued."""

    plan_no: PlanNo


class DistributionMade(Enforcement, title="分配执行款"):
    """Money was distributed."""

    plan_no: PlanNo | None = None
    amount: Amount | None = None
    disputed_share_deposited: bool | None = Field(
        None, description="有争议份额是否提存 / whether the disputed share was set aside"
    )
