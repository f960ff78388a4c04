"""The list of dishonest debtors: who comes on it, and who has to come off again."""

from dataclasses import dataclass
from datetime import date, timedelta

from fajian.sim.county import COURT
from fajian.sim.credit import Credit
from fajian.sim.diary import Deck, Diary
from fajian.sim.duties import due_day
from fajian.sim.endings import Duty, settle
from fajian.sim.filing import Case

LISTING = (
    "none", "prompt", "last-day", "none", "fixed-term", "late-record", "corrected",
    "day-late", "weeks-late", "moved-out", "retracted",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listing:
    subject: str
    number: str
    twist: str


class ListKeeper:
    """Keeps the list, and has three working days to take a debtor off."""

    def __init__(self, diary: Diary, credit: Credit) -> None:
        self._diary = diary
        self._credit = credit
        self._listing = Deck(diary.rng, LISTING)

    def enlist(self, case: Case, day: date) -> Listing | None:
        """Put the debtor on the list, or not."""
        twist = self._listing.deal()
        if twist == "none":
            return None
        number = f"{case.debtor.removesuffix('-D')}-L1"
        fixed = twist == "fixed-term"
        self._diary.report(
            "Listed",
            case.subject,
            day,
            listing_no=number,
            party_ref=case.debtor,
            ground="1(2)" if fixed else "1(1)",
            term_until=(day + timedelta(days=730)).isoformat() if fixed else None,
        )
        self._credit.restrict(case, case.debtor, day)
        return Listing(case.subject, number, twist)

    def remove(self, listing: Listing | None, ground_arose: date) -> None:
        """Take the debtor off: the ground for it arose on *ground_arose*."""
        if listing is None:
            return
        diary = self._diary

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(
                "ListingRemoved",
                listing.subject,
                day,
                recorded=recorded,
                supersedes=supersedes,
                listing_no=listing.number,
            )

        due = due_day("list-remove", ground_arose, diary.calendar)
        if listing.twist == "fixed-term":
            how = "a fixed term still running"
            diary.near_miss(listing.subject, "list-remove", listing.number, due, how, bait=due)
            return
        duty = Duty(listing.subject, "list-remove", listing.number, ground_arose, due, COURT)
        settle(diary, duty, listing.twist, close)
