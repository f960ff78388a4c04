"""How listings and restrictions are applied for, reviewed and corrected."""

from pydantic import Field

from schemas.enforcement import Enforcement
from schemas.fields import Day, ListingNo, PartyRef, RequestNo, RestrictionNo


class ListingApplied(Enforcement, title="申请纳入失信名单"):
    """The creditor asks that the debtor be listed."""

    request_no: RequestNo
    party_ref: PartyRef | None = None


class ListingDecided(Enforcement, title="决定是否纳入失信名单"):
    """The court has decided on the listing."""

    request_no: RequestNo
    granted: bool | None = Field(None, description="是否纳入 / whether the debtor is listed")


class ListingTermExtended(Enforcement, title="延长失信期限"):
    """The term of a listing is made longer."""

    listing_no: ListingNo
    until_day: Day = Field(description="延至 / the new last day")


class ListingErrorFound(Enforcement, title="发现不应纳入或记载不准确"):
    """The court finds that a listing is wrong."""

    listing_no: ListingNo


class ListingRevoked(Enforcement, title="撤销失信信息"):
    """A listing that should not have been is gone."""

    listing_no: ListingNo


class ListingReviewApplied(Enforcement, title="申请纠正失信信息"):
    """The person asks for a correction."""

    listing_no: ListingNo


class ListingReviewDecided(Enforcement, title="决定失信纠正申请"):
    """The court has decided on the correction."""

    listing_no: ListingNo
    well_founded: bool | None = Field(None, description="理由是否成立 / whether the application is right")
    served_day: Day | None = Field(None, description="送达日 / day of service")


class ListingReconsiderationApplied(Enforcement, title="申请失信复议"):
    """Reconsideration by the court above is asked for."""

    listing_no: ListingNo


class ListingReconsidered(Enforcement, title="失信复议决定"):
    """The court above has decided."""

    listing_no: ListingNo


class ConsumptionReviewApplied(Enforcement, title="申请纠正限制消费"):
    """The person asks to correct a restriction of consumption."""

    restriction_no: RestrictionNo


class ConsumptionReviewDecided(Enforcement, title="决定限制消费纠正申请"):
    """The court has decided on it."""

    restriction_no: RestrictionNo
    well_founded: bool | None = Field(None, description="理由是否成立 / whether the application is right")
    served_day: Day | None = Field(None, description="送达日 / day of service")


class ConsumptionReconsiderationApplied(Enforcement, title="申请限制消费复议"):
    """Reconsideration by the court above is asked for."""

    restriction_no: RestrictionNo


class ConsumptionReconsidered(Enforcement, title="限制消费复议决定"):
    """The court above has decided."""

    restriction_no: RestrictionNo
