"""From valuation to hand-over: how seized property becomes money."""

from pydantic import Field

from schemas.enforcement import Enforcement
from schemas.fields import Amount, AuctionNo, Day, NoticeNo, PartyRef, Post, RequestNo, SeizureNo, ValuationNo


class SaleMeasureDecided(Enforcement, title="决定评估、拍卖"):
    """It is decided that seized property be valued or sold."""

    seizure_no: SeizureNo | None = None


class AgencyPicked(Enforcement, title="遴选评估、拍卖机构"):
    """The appraiser or auctioneer is picked."""

    seizure_no: SeizureNo | None = None


class ValuationExtended(Enforcement, title="延长评估期限"):
    """The court gives the appraiser fifteen days more."""

    valuation_no: ValuationNo
    approver_role: Post | None = None


class ReportSent(Enforcement, title="发送询价、评估报告"):
    """The report has gone to the parties."""

    valuation_no: ValuationNo | None = None
    party_ref: PartyRef | None = None
    received_day: Day | None = Field(None, description="当事人收到日 / day on which the party received it")


class ReportPublished(Enforcement, title="公示询价、评估报告"):
    """The report is on the enforcement information site: received after fifteen days."""

    valuation_no: ValuationNo | None = None


class ReportObjected(Enforcement, title="对报告提出异议"):
    """A party objects to the report."""

    valuation_no: ValuationNo | None = None
    party_ref: PartyRef | None = None


class SaleStarted(Enforcement, title="启动财产变价程序"):
    """The sale of the seized property has begun."""

    seizure_no: SeizureNo | None = None


class AuctionPartiesTold(Enforcement, title="拍卖前通知当事人和优先购买权人"):
    """Parties and holders of a right to buy first are told of the auction."""

    auction_no: AuctionNo | None = None


class AuctionPaused(Enforcement, title="暂缓或中止拍卖"):
    """The auction is paused."""

    auction_no: AuctionNo | None = None


class AuctionPauseCauseEnded(Enforcement, title="暂缓拍卖事由消失"):
    """What paused the auction is gone."""

    auction_no: AuctionNo | None = None
    online: bool | None = Field(None, description="是否网络拍卖 / whether it is an auction on line")


class AuctionResumed(Enforcement, title="恢复拍卖"):
    """The auction goes on, or the auctioneer is told to go on."""

    auction_no: AuctionNo | None = None


class SaleNoticePublished(Enforcement, title="发布变卖公告"):
    """The sale without auction is announced."""

    auction_no: AuctionNo | None = None
    seizure_no: SeizureNo | None = None


class PropertyTakenForDebt(Enforcement, title="以物抵债"):
    """The creditor takes the property for the debt."""

    seizure_no: SeizureNo | None = None
    auction_no: AuctionNo | None = None


class PricePaid(Enforcement, title="付清价款"):
    """The buyer has paid the whole price."""

    auction_no: AuctionNo | None = None
    seizure_no: SeizureNo | None = None
    amount: Amount | None = None


class SaleRulingServed(Enforcement, title="送达成交或抵债裁定"):
    """The ruling on the sale has reached the buyer."""

    auction_no: AuctionNo | None = None
    seizure_no: SeizureNo | None = None


class PropertyHandedOver(Enforcement, title="移交拍卖财产"):
    """The buyer has the property."""

    auction_no: AuctionNo | None = None
    seizure_no: SeizureNo | None = None


class PropertyTransferred(Enforcement, title="过户或转移财产"):
    """Seized property was transferred."""

    seizure_no: SeizureNo | None = None


class RegistrationNeeded(Enforcement, title="需办理过户登记"):
    """A transfer has to be registered."""

    request_no: RequestNo
    seizure_no: SeizureNo | None = None


class AssistanceNoticeServed(Enforcement, title="送达协助执行通知书"):
    """The registry has the notice to assist."""

    request_no: RequestNo


class PerformanceNoticeServed(Enforcement, title="送达到期债权履行通知"):
    """A third party who owes the debtor is told to perform to the creditor."""

    notice_no: NoticeNo
    party_ref: PartyRef | None = None


class ThirdPartyObjected(Enforcement, title="第三人对到期债权提出异议"):
    """The third party objects."""

    notice_no: NoticeNo


class ThirdPartyPerformed(Enforcement, title="第三人履行到期债务"):
    """The third party has performed."""

    notice_no: NoticeNo
