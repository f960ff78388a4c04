"""Settlements, stays, the end of a round and what comes after it."""

from pydantic import Field

from schemas.enforcement import Enforcement
from schemas.fields import Day, ObjectionNo, PartyRef, Ref, RequestNo, RuleId, SettlementNo


class ExtensionRecorded(Enforcement, title="延长期限报备"):
    """An extension beyond three months is on record with the high court."""

    period: RuleId | None = None


class StayExtended(Enforcement, title="延长暂缓执行"):
    """The stay is made longer."""

    stay_no: Ref | None = Field(None, description="暂缓编号 / reference of the stay")
    until_day: Day = Field(description="延至 / the new end")


class SuspensionCauseEnded(Enforcement, title="中止事由消失"):
    """The cause of a suspension is gone: enforcement has to go on."""

    suspension_no: Ref | None = Field(None, description="中止编号 / reference of the suspension")


class RoundEndEntered(Enforcement, title="录入终本案件信息库"):
    """The ended round is in the public database."""


class RoundEndErrorConfirmed(Enforcement, title="终本信息错误属实"):
    """An error in that database is found to be one."""


class RoundEndCorrected(Enforcement, title="更正终本信息"):
    """The database is right."""


class RoundEndBlockGroundArose(Enforcement, title="出现屏蔽终本信息的事由"):
    """There is another lawful ground to take the case out of the database."""


class RoundEndBlocked(Enforcement, title="屏蔽终本信息"):
    """The case is out of the public database."""


class SettlementReached(Enforcement, title="达成执行和解"):
    """The parties have settled during enforcement."""

    settlement_no: SettlementNo
    last_day: Day | None = Field(
        None, description="和解协议约定的履行期限届满日 / last day fixed for performance"
    )


class RestorationApplied(Enforcement, title="申请恢复执行"):
    """The creditor asks for enforcement of the title after a settlement or a round that ended."""

    settlement_no: SettlementNo | None = None


class ObstructionRemovalRequested(Enforcement, title="申请排除妨害"):
    """Somebody disturbs what was enforced, and the creditor asks the court to stop it."""


class HigherCourtAsked(Enforcement, title="向上一级法院申请执行"):
    """The creditor asks the court above to act."""


class BankruptcyFileReceived(Enforcement, title="收到移送破产审查材料"):
    """The court of the debtor's home has the file for bankruptcy."""

    request_no: RequestNo


class BankruptcyAnswered(Enforcement, title="告知是否受理破产"):
    """That court has told whether it opens bankruptcy."""

    request_no: RequestNo


class CourtSupervisionApplied(Enforcement, title="向法院申请执行监督"):
    """A party asks a court for supervision of enforcement."""

    objection_no: ObjectionNo


class ObstacleEnded(Enforcement, title="障碍消除"):
    """What kept a party from acting in time is gone."""

    request_no: RequestNo
    party_ref: PartyRef | None = None


class ReliefRequested(Enforcement, title="申请顺延期限"):
    """The party asks for the time that it lost."""

    request_no: RequestNo
    party_ref: PartyRef | None = None
