"""Preservation before and during enforcement, renewals, and seizures beyond the claim."""

from pydantic import Field

from schemas.enforcement import Enforcement
from schemas.fields import Day, PreservationNo, SeizureNo


class RenewalRequested(Enforcement, title="申请续行查封"):
    """The creditor asks that a seizure be renewed before its end."""

    seizure_no: SeizureNo
    until_day: Day | None = Field(None, description="原届满日 / last day of the effect that is to be renewed")


class OverSeizureFound(Enforcement, title="发现超标的查封"):
    """What is seized is worth clearly more than the claim."""

    seizure_no: SeizureNo


class EquityOverSeizureRuled(Enforcement, title="裁定股权冻结超标的"):
    """An objection against freezing too many shares was upheld, and the ruling took effect."""

    seizure_no: SeizureNo
    effective_day: Day | None = Field(None, description="裁定生效日 / day on which the ruling took effect")


class PreservationApplied(Enforcement, title="申请保全"):
    """An application for preservation is in, with security where it is needed."""

    preservation_no: PreservationNo
    urgent: bool | None = Field(None, description="是否紧急 / whether it is urgent")
    secured_day: Day | None = Field(None, description="提供担保日 / day on which security was given")


class PreservationRuled(Enforcement, title="保全裁定"):
    """The court has ruled on the preservation."""

    preservation_no: PreservationNo
    granted: bool | None = Field(None, description="是否准许 / whether it is granted")
    urgent: bool | None = Field(None, description="是否紧急 / whether it is urgent")
    served_day: Day | None = Field(None, description="送达日 / day of service")


class PreservationStarted(Enforcement, title="开始执行保全"):
    """The preservation is being carried out."""

    preservation_no: PreservationNo


class PreservationReleaseApplied(Enforcement, title="申请解除保全"):
    """A party asks to lift the preservation."""

    preservation_no: PreservationNo
    urgent: bool | None = Field(None, description="是否紧急 / whether it is urgent")


class PreservationReleaseRuled(Enforcement, title="裁定是否解除保全"):
    """The court has ruled on lifting the preservation."""

    preservation_no: PreservationNo
    granted: bool | None = Field(None, description="是否准许 / whether it is lifted")


class PreservationReviewApplied(Enforcement, title="申请保全复议"):
    """A party asks the court to review its ruling on preservation."""

    preservation_no: PreservationNo


class PreservationReviewDecided(Enforcement, title="保全复议决定"):
    """The court has reviewed its ruling."""

    preservation_no: PreservationNo
