"""Objections, reconsideration, parties that change, sanctions and what follows from them."""

from typing import Literal

from pydantic import Field

from schemas.enforcement import Enforcement
from schemas.fields import Count, Day, ObjectionNo, PartyRef, Post, Ref, RequestNo, SanctionNo


class ObjectionRefused(Enforcement, title="不予受理执行异议"):
    """The objection is not taken in, or dismissed as not admissible."""

    objection_no: ObjectionNo
    served_day: Day | None = Field(None, description="送达日 / day of service")


class ObjectionPartiesNotified(Enforcement, title="通知异议相关当事人"):
    """Objector and other parties know that the objection is docketed."""

    objection_no: ObjectionNo


class ObjectionFileReceived(Enforcement, title="承办人收到异议材料和案卷"):
    """The officer in charge has the objection and the file."""

    objection_no: ObjectionNo


class ObjectionHearingDecided(Enforcement, title="决定异议听证"):
    """The panel will hear the parties."""

    objection_no: ObjectionNo


class ObjectionHearingHeld(Enforcement, title="举行异议听证"):
    """The parties were heard."""

    objection_no: ObjectionNo


class ObjectionOpinionGiven(Enforcement, title="提出异议审查意见"):
    """The officer in charge has given an opinion to the panel."""

    objection_no: ObjectionNo


class PanelFormed(Enforcement, title="组成合议庭"):
    """The panel that decides an objection is formed."""

    objection_no: ObjectionNo
    judges: Count | None = Field(None, description="合议庭人数 / how many sit on it")
    includes_acting_officer: bool | None = Field(
        None, description="是否含原承办人 / whether who carried out the act sits on it"
    )


class ReconsiderationFileSent(Enforcement, title="报送复议案卷"):
    """The file has gone to the court above."""

    objection_no: ObjectionNo


class ReconsiderationExtended(Enforcement, title="延长复议期限"):
    """The court above gives itself up to thirty days more."""

    objection_no: ObjectionNo
    approver_role: Post | None = None


class ContinuationSecured(Enforcement, title="申请执行人提供担保请求继续执行"):
    """The creditor has given full security, so that enforcement goes on in spite of an objection."""

    objection_no: ObjectionNo


class ObjectionSuitFiled(Enforcement, title="提起执行异议之诉"):
    """A third party or a party has sued."""

    objection_no: ObjectionNo


class PartyChangeApplied(Enforcement, title="申请变更、追加当事人"):
    """Somebody asks to change or add a party."""

    request_no: RequestNo


class PartyChangeExtended(Enforcement, title="延长变更追加审查期限"):
    """The president gives longer for the ruling on the parties."""

    request_no: RequestNo
    until_day: Day = Field(description="延至 / the new end")
    approver_role: Post


class PartyChangeRuled(Enforcement, title="变更、追加当事人裁定"):
    """The court has ruled on the parties."""

    request_no: RequestNo
    served_day: Day | None = Field(None, description="送达日 / day of service")
    by_suit: bool | None = Field(
        None, description="是否以诉讼救济 / whether the remedy is a suit, not reconsideration"
    )


class PartyChangeReviewApplied(Enforcement, title="申请变更追加复议"):
    """Reconsideration of the ruling on the parties is asked for."""

    request_no: RequestNo


class PartyChangeReviewed(Enforcement, title="变更追加复议裁定"):
    """The court above has decided on the parties."""

    request_no: RequestNo


class PartyChangeSuitFiled(Enforcement, title="提起变更追加异议之诉"):
    """A suit about the parties is filed."""

    request_no: RequestNo


class ExitBanned(Enforcement, title="限制出境"):
    """A person may not leave the country."""

    sanction_no: SanctionNo
    party_ref: PartyRef | None = None
    served_day: Day | None = Field(None, description="送达日 / day of service")


class ExitBanReviewApplied(Enforcement, title="申请限制出境复议"):
    """Reconsideration of the ban is asked for."""

    sanction_no: SanctionNo


class ExitBanReviewed(Enforcement, title="限制出境复议决定"):
    """The court above has decided on the ban."""

    sanction_no: SanctionNo


class NonEnforcementRefused(Enforcement, title="驳回不予执行公证债权文书申请"):
    """The court refuses not to enforce a notarised debt."""

    request_no: RequestNo
    served_day: Day | None = Field(None, description="送达日 / day of service")


class NonEnforcementReviewApplied(Enforcement, title="申请不予执行复议"):
    """Reconsideration of that refusal is asked for."""

    request_no: RequestNo


class NonEnforcementReviewed(Enforcement, title="不予执行复议裁定"):
    """The court above has decided on it."""

    request_no: RequestNo


class SanctionImposed(Enforcement, title="决定罚款、拘留"):
    """A fine or a detention is decided."""

    sanction_no: SanctionNo
    sanction: Literal["fine", "detention"] | None = Field(None, description="罚款或拘留 / fine or detention")
    party_ref: PartyRef | None = None
    received_day: Day | None = Field(
        None, description="收到决定日 / day on which the person received the decision"
    )
    act: Ref | None = Field(None, description="所罚行为 / the act, so that a second sanction for it is seen")


class SanctionReviewApplied(Enforcement, title="申请罚款、拘留复议"):
    """Reconsideration of the sanction is asked for."""

    sanction_no: SanctionNo


class SanctionReviewed(Enforcement, title="罚款、拘留复议决定"):
    """The court above has decided on the sanction."""

    sanction_no: SanctionNo


class Detained(Enforcement, title="执行拘留"):
    """A person is detained."""

    sanction_no: SanctionNo
    party_ref: PartyRef | None = None
    until_day: Day | None = Field(None, description="期满日 / last day of the detention")
    act: Ref | None = Field(None, description="所罚行为 / the act, so that a second detention for it is seen")


class DetentionEnded(Enforcement, title="解除拘留"):
    """The person is free."""

    sanction_no: SanctionNo


class DetaineeFamilyTold(Enforcement, title="通知被拘留人家属"):
    """The family knows."""

    sanction_no: SanctionNo


class RefusalOffenceReferred(Enforcement, title="移送拒执罪线索"):
    """Signs of refusing to obey a judgment are handed to the police."""

    request_no: RequestNo
    party_ref: PartyRef | None = None
    complex: bool | None = Field(None, description="是否重大复杂 / whether the matter is grave or complex")


class PoliceDocketed(Enforcement, title="公安机关立案"):
    """The police have opened a case."""

    request_no: RequestNo


class PoliceRefused(Enforcement, title="公安机关不予立案"):
    """The police do not open a case, or drop it."""

    request_no: RequestNo
    told_day: Day | None = Field(None, description="函告法院日 / day on which the court was told")


class PoliceReasonsAsked(Enforcement, title="要求公安说明不立案理由"):
    """The procuratorate asks the police for their reasons."""

    request_no: RequestNo


class PoliceReasonsGiven(Enforcement, title="公安说明不立案理由"):
    """The police have given their reasons."""

    request_no: RequestNo


class PoliceDocketingOrdered(Enforcement, title="通知公安立案"):
    """The procuratorate tells the police to open a case."""

    request_no: RequestNo


class OrganFailedToAssist(Enforcement, title="国家机关不协助执行"):
    """Another organ of the state does not perform, or does not assist."""

    request_no: RequestNo
    organ: Ref | None = Field(None, description="机关 / which organ")


class OrganAssisted(Enforcement, title="国家机关已协助执行"):
    """The organ has done what it was asked for."""

    request_no: RequestNo
