"""Smaller duties on the way of a case: asked on one day, owed by another, each kept by a hair or broken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from fajian.core.counting import Length
from fajian.sim.county import COURT, PROCURATORATE
from fajian.sim.diary import Deck, Diary
from fajian.sim.duties import LEADS, due_day
from fajian.sim.endings import BROKEN, KEPT, Close, Duty, settle

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One duty of an errand, and the event that fulfils it."""

    rule: str
    event: str
    data: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Errand:
    """What is asked, by which number, and what is owed for it, one duty after the other or side by side."""

    asked: str
    number: str  #: body field that ties the answer to what was asked; none: once in a life
    owed: tuple[Step, ...]
    asked_data: Data = field(default_factory=dict)
    chained: bool = False  #: each duty begins with the fulfilment of the one before
    length: Length | None = None  #: where the matter is urgent
    asked_by: str = ""  #: source, where it is not that of the errands
    done_by: str = ""  #: the same of the answer
    anchor: str = ""  #: body field with the day from which the duty is counted
    shorter: str = ""  #: a shorter duty with the same beginning and end, broken by who uses the longer one up


def _errand(rule: str, asked: str, owed: str, number: str = "request_no", **more: Any) -> Errand:
    return Errand(asked, number, (Step(rule, owed),), **more)


_FOUND_WRONG: Final = {"well_founded": True}

OF_CASES: Final = (
    _errand("court-approval", "ApprovalRequested", "ApprovalDecided", "approval_no"),
    _errand("clue-verify", "ClueProvided", "ClueVerified", "clue_no"),
    _errand(
        "clue-verify", "ClueProvided", "ClueVerified", "clue_no",
        asked_data={"urgent": True}, length=Length(3, "day"),
    ),
    _errand("audit-decide", "AuditRequested", "AuditDecided"),
    _errand("reward-decide", "RewardNoticeRequested", "RewardNoticeDecided"),
    _errand("bank-objection-reply", "BankObjectionReceived", "BankObjectionAnswered", "objection_no"),
    Errand(
        "InvestigationRequested", "request_no",
        (Step("inv-start", "InvestigationOpened"), Step("inv-complete", "InvestigationCompleted")),
        chained=True,
    ),
    Errand(
        "PreservationApplied", "preservation_no",
        (Step("pres-rule", "PreservationRuled"), Step("pres-exec", "PreservationStarted")),
        chained=True,
    ),
    _errand("inv-complete", "InvestigationOpened", "InvestigationCompleted"),
    _errand("pres-exec", "PreservationRuled", "PreservationStarted", "preservation_no"),
    _errand("pres-release", "PreservationReleaseApplied", "PreservationReleaseRuled", "preservation_no"),
    _errand("pres-review", "PreservationReviewApplied", "PreservationReviewDecided", "preservation_no"),
    _errand(
        "over-seize-equity", "EquityOverSeizureRuled", "SeizureReleased", "seizure_no",
        anchor="effective_day",
    ),
    _errand("val-agency-pick", "SaleMeasureDecided", "AgencyPicked", "seizure_no"),
    _errand(
        "enf-entrust-formalities", "EntrustmentDecided", "EntrustmentSent", "entrustment_no",
        anchor="docketed_day",
    ),
    Errand(
        "EntrustmentDocketNoticeReceived", "",
        (Step("entr-tell-creditor", "PartyInformed", {"what": "entrustment"}),),
    ),
    _errand("entr-supplement", "EntrustmentSupplementRequested", "EntrustmentSupplemented", "entrustment_no"),
    _errand("pay-cash-handover", "CashTaken", "CashHandedOver", "receipt_no"),
    _errand("pay-thing-handout", "ThingReceived", "ThingHandedOut", "thing_no"),
    _errand("pay-thing-return", "ThingReleased", "ThingReturned", "thing_no"),
    _errand("auc-resume", "AuctionPauseCauseEnded", "AuctionResumed", "auction_no"),
    _errand(
        "auc-resume", "AuctionPauseCauseEnded", "AuctionResumed", "auction_no",
        asked_data={"online": False}, length=Length(15, "day"),
    ),
    _errand("obj-internal", "ObjectionFileReceived", "ObjectionOpinionGiven", "objection_no"),
    Errand(
        "ObjectionHearingDecided", "objection_no",
        (
            Step("obj-internal-hearing", "ObjectionHearingHeld"),
            Step("obj-internal-after-hearing", "ObjectionOpinionGiven"),
        ),
        chained=True,
    ),
    _errand("obj-internal-after-hearing", "ObjectionHearingHeld", "ObjectionOpinionGiven", "objection_no"),
    _errand("change-party-rule", "PartyChangeApplied", "PartyChangeRuled"),
    _errand("change-party-recon", "PartyChangeReviewApplied", "PartyChangeReviewed"),
    _errand("notar-recon", "NonEnforcementReviewApplied", "NonEnforcementReviewed"),
    _errand("exit-ban-recon", "ExitBanReviewApplied", "ExitBanReviewed", "sanction_no"),
    _errand("fine-recon", "SanctionReviewApplied", "SanctionReviewed", "sanction_no"),
    _errand("list-decide", "ListingApplied", "ListingDecided"),
    _errand("list-revoke", "ListingErrorFound", "ListingCorrected", "listing_no"),
    _errand("list-review", "ListingReviewApplied", "ListingReviewDecided", "listing_no"),
    _errand(
        "list-review-correct", "ListingReviewDecided", "ListingCorrected", "listing_no",
        asked_data=_FOUND_WRONG,
    ),
    _errand("list-recon", "ListingReconsiderationApplied", "ListingReconsidered", "listing_no"),
    _errand("cons-review", "ConsumptionReviewApplied", "ConsumptionReviewDecided", "restriction_no"),
    Errand(
        "ConsumptionReviewDecided", "restriction_no",
        (Step("cons-review-correct", "ConsumptionRestrictionLifted", {"party_ref": "P-OF-ANOTHER-CASE"}),),
        asked_data=_FOUND_WRONG,
    ),
    _errand("cons-recon", "ConsumptionReconsiderationApplied", "ConsumptionReconsidered", "restriction_no"),
    _errand("bankr-answer", "BankruptcyFileReceived", "BankruptcyAnswered"),
    _errand("reg-assist", "RegistrationNeeded", "AssistanceNoticeServed"),
    _errand("serve-entrusted", "ServiceEntrusted", "EntrustedServiceDone"),
    _errand("file-up", "FileCalledUp", "FileSentUp"),
    Errand(
        "PetitionReceived", "petition_no",
        (Step("petition-log", "PetitionLogged"), Step("petition-close", "PetitionClosed")),
    ),
)  # fmt: skip

OF_REVIEWS: Final = (
    _errand("sup-recuse", "RecusalRequested", "RecusalDecided"),
    _errand("sup-recuse-recon", "RecusalReconsiderationRequested", "RecusalReconsidered"),
    _errand("sup-entrusted-inv", "InquiryEntrusted", "InquiryAnswered"),
    _errand("sup-monitor-reply", "MonitoringNoticeReceived", "MonitoringNoticeAnswered", "notice_no"),
    _errand("sup-answer-court", "CourtCounterSuggested", "CounterAnswered", asked_by=COURT),
    _errand(
        "sup-answer-court-joint", "CourtCounterSuggested", "CounterAnswered",
        asked_by=COURT, shorter="sup-answer-court",
    ),
    _errand("advice-investigate", "AdviceInquiryDecided", "AdviceInquiryDone"),
    _errand(
        "crt-reply-upper", "UpperSuggestionReceived", "UpperCourtReplied", "suggestion_no",
        asked_by=COURT, done_by=COURT,
    ),
)  # fmt: skip

_ENDINGS: Final = ("last-day", "day-late", *KEPT[2:], *BROKEN[1:2])


class Errands:
    """Sends cases or reviews on errands: every errand is run in every way before one comes again."""

    def __init__(self, diary: Diary, errands: tuple[Errand, ...], source: str) -> None:
        self._diary = diary
        self._source = source
        self._errands = errands
        self._first = Deck(diary.rng, [f"{n}:{how}" for n in range(len(errands)) for how in _ENDINGS[:2]])
        self._left = 2 * len(errands)
        self._more = Deck(diary.rng, [f"{n}:{how}" for n in range(len(errands)) for how in _ENDINGS])
        self._run = 0

    def run(self, subject: str, begun: date, *, times: int = 1, **data: Any) -> None:
        """Run errands for *subject* soon after *begun*."""
        once: set[str] = set()
        for _ in range(times):
            deck = self._first if self._left > 0 else self._more
            self._left -= 1
            which, how = deck.deal().split(":")
            errand = self._errands[int(which)]
            if errand.number or errand.asked not in once:
                self._go(errand, subject, begun, how, data)
            once.add(errand.asked)

    def _go(self, errand: Errand, subject: str, begun: date, how: str, data: Data) -> None:
        diary = self._diary
        self._run += 1
        if how == "day-late" and any(step.rule in LEADS for step in errand.owed):
            how = "weeks-late"  # what outlives the answer window alone becomes a lead
        ref = f"E-{'S' if self._source == PROCURATORATE else 'C'}{self._run}"
        said: dict[str, Any] = {errand.number: ref, **data} if errand.number else dict(data)
        instance = ref if errand.number else ""
        asked = diary.later(begun, 2, 8)
        start = asked
        anchor: Data = {}
        if errand.anchor:
            start = begun if errand.anchor == "docketed_day" else diary.later(asked, 3, 6)
            anchor = {errand.anchor: start.isoformat()}
        asked_by = errand.asked_by or self._source
        diary.report(errand.asked, subject, asked, source=asked_by, **said, **errand.asked_data, **anchor)
        source = errand.done_by or self._source
        for step in errand.owed:
            due = due_day(step.rule, start, diary.calendar, length=errand.length)
            duty = Duty(subject, step.rule, instance, max(start, asked), due, source)
            done = settle(diary, duty, how, self._closing(step, subject, source, said))
            if errand.shorter:
                self._break_shorter(errand, subject, instance, start, done)
            if errand.chained:
                start = asked = done
                how = "last-day" if how == "last-day" else "prompt"

    def _break_shorter(self, errand: Errand, subject: str, instance: str, start: date, done: date) -> None:
        due = due_day(errand.shorter, start, self._diary.calendar)
        how = "the longer line used up"
        self._diary.breach(
            subject, errand.shorter, instance, due, how, trigger=LEADS.get(errand.shorter), healed=done
        )

    def _closing(self, step: Step, subject: str, source: str, said: dict[str, Any]) -> Close:
        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return self._diary.report(
                step.event,
                subject,
                day,
                source=source,
                recorded=recorded,
                supersedes=supersedes,
                **said,
                **step.data,
            )

        return close
