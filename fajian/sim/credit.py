"""Listings and restrictions of consumption that should not be, or that nobody has lifted."""

from datetime import date, timedelta
from typing import Any, Final

from fajian.sim.county import COURT
from fajian.sim.diary import Diary
from fajian.sim.duties import due_day
from fajian.sim.endings import Duty, settle
from fajian.sim.filing import Case
from fajian.sim.tales import Teller, stem

TALES: Final = (
    "term:day-late", "term:last-day", "term:extended", "term:weeks-late", "listing:minor", "listing:unsigned",
    "listing:secured", "listing:secured-but-violent", "unrestricted:never", "unrestricted:last-day",
    "unrestricted:late",
    "death:lifted-last-day", "death:forgotten", "performed:forgotten", "performed:last-day",
)  # fmt: skip

FAR: Final = timedelta(days=730)  #: the two years of a term
FAULTS: Final[dict[str, dict[str, Any]]] = {
    "minor": {"minor": True},
    "unsigned": {"signed_by": "bureau-head"},
    "secured": {"secured": True, "ground": "1(1)"},
    "secured-but-violent": {"secured": True},
}


class Credit(Teller):
    """Keeps, beside the list, who may not spend."""

    def __init__(self, diary: Diary) -> None:
        super().__init__(diary)
        self._restricted: dict[str, list[tuple[str, str]]] = {}

    def restrict(
        self, case: Case, party: str, day: date, *, lifted: str = "prompt", recorded: date | None = None
    ) -> None:
        """Restrict the consumption of *party*, and remember to lift it when the case is over."""
        self.say(case, "ConsumptionRestricted", day, party_ref=party, recorded=recorded)
        self._restricted.setdefault(case.subject, []).append((party, lifted))

    def lift(self, case: Case, over: date) -> None:
        """Lift what was restricted: everything that was owed was performed, or given up, on *over*."""
        last = self.last_day("lift", over)
        for party, lifted in self._restricted.pop(case.subject, ()):
            if lifted == "never":
                self.broken(case, "T25", party, last, "performed, and still restricted")
                continue
            day = last if lifted == "last-day" else self.diary.between(over, last)
            self.say(case, "ConsumptionRestrictionLifted", day, party_ref=party)
            if lifted == "last-day":
                self.kept(case, "T25", party, last, "lifted on the last day")

    def term(self, case: Case, how: str) -> None:
        """Keep a debtor on the list for what is left of a term, and take him off when it is over."""
        diary, number = self.diary, f"{stem(case)}-L9"
        listed = diary.later(case.docketed, 10, 20)
        until = diary.later(listed, 40, 60)
        self._enlist(case, number, listed, until, {})
        self.restrict(case, f"{stem(case)}-{number[-2:]}", listed)
        due = due_day("list-remove-term", until, diary.calendar)
        duty = Duty(case.subject, "list-remove-term", number, until, due, COURT)
        if how == "extended":
            duty = self._lengthen(case, until, duty)
        settle(
            diary,
            duty,
            "last-day" if how == "extended" else how,
            self.closing(case, "ListingRemoved", listing_no=number),
        )

    def _lengthen(self, case: Case, until: date, duty: Duty) -> Duty:
        """Make the term longer before it is over."""
        diary = self.diary
        longer = diary.later(until, 25, 35)
        decided = diary.calendar.roll_back(until - timedelta(days=6))
        self.say(case, "ListingTermExtended", decided, until_day=longer.isoformat(), listing_no=duty.instance)
        due = due_day("list-remove-term", longer, diary.calendar)
        return Duty(
            duty.subject, duty.rule, duty.instance, longer, due, COURT, nominal=duty.due,
            saved_by="the term was made longer",
        )  # fmt: skip

    def listing(self, case: Case, how: str) -> None:
        """List somebody who should not be, or who may be listed although he has given security."""
        number = f"{stem(case)}-L8"
        listed = self.diary.later(case.docketed, 10, 20)
        event_id = self._enlist(case, number, listed, listed + FAR, FAULTS[how])
        self.restrict(case, f"{stem(case)}-L8", listed)
        if how == "secured-but-violent":
            self.kept(case, "T24", number, listed, "secured, but listed on another ground")
        else:
            known = self.diary.on_record(event_id, listed)
            self.broken(case, "T24", number, listed, f"listed: {how}", known=known)

    def _enlist(self, case: Case, number: str, day: date, until: date, data: dict[str, Any]) -> str:
        said = {"ground": "1(2)", "signed_by": "court-president", "term_until": until.isoformat()} | data
        return self.say(case, "Listed", day, listing_no=number, party_ref=number, **said)

    def unrestricted(self, case: Case, how: str) -> None:
        """List somebody without restricting him in time."""
        number = f"{stem(case)}-L7"
        listed = self.diary.later(case.docketed, 10, 20)
        self._enlist(case, number, listed, listed + FAR, {})
        last = self.last_day("restrict", listed)
        if how == "never":
            self.broken(case, "T26", number, last, "listed, and never restricted")
            return
        if how == "late":
            late = self.diary.later(last, 6, 12)
            self.restrict(case, number, late, recorded=late)  # a day later, the answer window may be over
            self.broken(case, "T26", number, last, "restricted days too late", healed=late)
            return
        self.restrict(case, number, last)
        self.kept(case, "T26", number, last, "restricted on the last day")

    def death(self, case: Case, how: str) -> None:
        """A debtor dies who may not spend."""
        party, diary = f"{stem(case)}-D2", self.diary
        restricted = diary.later(case.docketed, 10, 20)
        self.say(case, "ConsumptionRestricted", restricted, party_ref=party)
        died = diary.later(restricted, 10, 30)
        self.say(case, "DebtorDied", died, party_ref=party)
        last = self.last_day("lift", died)
        if how == "forgotten":
            self.broken(case, "T25", f"{party}-dead", last, "dead, and still restricted")
            self._restricted.setdefault(case.subject, []).append((party, "never"))
            return
        self.say(case, "ConsumptionRestrictionLifted", last, party_ref=party)
        self.kept(case, "T25", f"{party}-dead", last, "lifted on the last day after a death")

    def performed(self, case: Case, how: str) -> None:
        """Restrict somebody whom the bureau will forget when the case is over, or nearly."""
        restricted = self.diary.later(case.docketed, 10, 20)
        self.restrict(
            case, f"{stem(case)}-D3", restricted, lifted="never" if how == "forgotten" else "last-day"
        )
