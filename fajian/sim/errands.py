"""Smaller duties on the way of a case: asked on one day, owed by another, each kept by a hair or broken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from fajian.core.counting import Length
from fajian.sim.county import COURT, PROCURATORATE
from fajian.sim.diary import Deck, Diary
from fajian.sim.duties import due_day
from fajian.sim.endings import BROKEN, KEPT, Close, Duty, settle

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Errand:
    """What is asked, by which number, and what is owed for it, one duty after the other or side by side."""

    asked: str
    number: str  #: body field that ties the answer to what was asked
    owed: tuple[tuple[str, str], ...]  #: (period, event that fulfils it)
    asked_data: Data = field(default_factory=dict)
    chained: bool = False  #: each duty begins with the fulfilment of the one before
    length: Length | None = None  #: where the matter is urgent
    asked_by: str = ""  #: source, where it is not that of who owes


def _errand(rule: str, asked: str, owed: str, number: str = "request_no", **more: Any) -> Errand:
    return Errand(asked, number, ((rule, owed),), **more)


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
        (("inv-start", "InvestigationOpened"), ("inv-complete", "InvestigationCompleted")), chained=True,
    ),
    Errand(
        "PreservationApplied", "preservation_no",
        (("pres-rule", "PreservationRuled"), ("pres-exec", "PreservationStarted")), chained=True,
    ),
    _errand("pres-release", "PreservationReleaseApplied", "PreservationReleaseRuled", "preservation_no"),
    _errand("pay-cash-handover", "CashTaken", "CashHandedOver", "receipt_no"),
    _errand("pay-thing-handout", "ThingReceived", "ThingHandedOut", "thing_no"),
    _errand("pay-thing-return", "ThingReleased", "ThingReturned", "thing_no"),
    _errand("change-party-rule", "PartyChangeApplied", "PartyChangeRuled"),
    _errand("list-decide", "ListingApplied", "ListingDecided"),
    _errand("fine-recon", "SanctionReviewApplied", "SanctionReviewed", "sanction_no"),
    _errand("reg-assist", "RegistrationNeeded", "AssistanceNoticeServed"),
    _errand("serve-entrusted", "ServiceEntrusted", "EntrustedServiceDone"),
    _errand("file-up", "FileCalledUp", "FileSentUp"),
    Errand(
        "PetitionReceived", "petition_no",
        (("petition-log", "PetitionLogged"), ("petition-close", "PetitionClosed")),
    ),
)  # fmt: skip

OF_REVIEWS: Final = (
    _errand("sup-recuse", "RecusalRequested", "RecusalDecided"),
    _errand("sup-entrusted-inv", "InquiryEntrusted", "InquiryAnswered"),
    _errand("sup-monitor-reply", "MonitoringNoticeReceived", "MonitoringNoticeAnswered", "notice_no"),
    _errand("sup-answer-court", "CourtCounterSuggested", "CounterAnswered", asked_by=COURT),
)

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
        for _ in range(times):
            deck = self._first if self._left > 0 else self._more
            self._left -= 1
            which, how = deck.deal().split(":")
            self._go(self._errands[int(which)], subject, self._diary.later(begun, 2, 8), how, data)

    def _go(self, errand: Errand, subject: str, day: date, how: str, data: Data) -> None:
        diary = self._diary
        self._run += 1
        ref = f"E-{'S' if self._source == PROCURATORATE else 'C'}{self._run}"
        said: dict[str, Any] = {errand.number: ref, **data}
        asked_by = errand.asked_by or self._source
        diary.report(errand.asked, subject, day, source=asked_by, **said, **errand.asked_data)
        for rule, name in errand.owed:
            due = due_day(rule, day, diary.calendar, length=errand.length)
            duty = Duty(subject, rule, ref, day, due, self._source)
            done = settle(diary, duty, how, self._closing(name, subject, said))
            if errand.chained:
                day, how = done, "last-day" if how == "last-day" else "prompt"

    def _closing(self, name: str, subject: str, said: dict[str, Any]) -> Close:
        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return self._diary.report(
                name, subject, day, source=self._source, recorded=recorded, supersedes=supersedes, **said
            )

        return close
