"""What happens to some cases beside their course: a detention, a freeze about to end, a term on the list."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from fajian.sim.county import COURT
from fajian.sim.diary import Deck, Diary
from fajian.sim.duties import LEADS, due_day
from fajian.sim.endings import Duty, settle
from fajian.sim.filing import Case

#: One tale for each occasion: what happens, and how it ends.
TALES: Final = (
    "detention:in-time", "renewal:last-day", "term:day-late", "detention:an-hour-late", "renewal:day-late",
    "term:last-day", "detention:day-late", "renewal:late-record", "term:extended", "term:weeks-late",
)  # fmt: skip

MORNING: Final = 10 * 60 + 20  #: minutes after midnight; a period in hours runs from eleven


class Occasions:
    """Deals out its tales to the cases that last long enough."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self._tales = Deck(diary.rng, TALES)

    def befall(self, case: Case) -> None:
        """Let something happen to *case*."""
        what, how = self._tales.deal().split(":")
        tales: dict[str, Callable[[Case, str], None]] = {
            "detention": self._detain,
            "renewal": self._renew,
            "term": self._list_for_a_term,
        }
        tales[what](case, how)

    def _detain(self, case: Case, how: str) -> None:
        """Detain a debtor, whose family has to know within twenty-four hours."""
        diary, number = self._diary, f"{_stem(case)}-J1"
        begun = diary.later(case.docketed, 20, 40)
        due = diary.workdays_after(begun, 1)
        while (due - begun).days > 1:  # the offices are closed when the hours end
            begun, due = due, diary.workdays_after(due, 1)
        told, minute = {
            "in-time": (due, MORNING - 15),
            "an-hour-late": (due, MORNING + 100),
        }.get(how, (diary.workdays_after(due, 1), MORNING))
        until = begun + timedelta(days=10)
        diary.report(
            "Detained", case.subject, begun, minute=MORNING, sanction_no=number, party_ref=case.debtor,
            until_day=until.isoformat(), act="拒不报告财产",
        )  # fmt: skip
        diary.report("DetaineeFamilyTold", case.subject, told, minute=minute, sanction_no=number)
        diary.report("DetentionEnded", case.subject, diary.calendar.roll_back(until), sanction_no=number)
        if how == "in-time":
            diary.near_miss(case.subject, "detain-family", number, due, "told the next morning", bait=due)
            return
        trigger = LEADS.get("detain-family")
        diary.breach(case.subject, "detain-family", number, due, how, trigger=trigger, healed=told)

    def _renew(self, case: Case, how: str) -> None:
        """Renew an impounding that was fixed for a few weeks only."""
        diary, number = self._diary, f"{_stem(case)}-F9"
        frozen = diary.later(case.docketed, 8, 14)
        until = diary.later(frozen, 50, 60)
        freeze: dict[str, Any] = {"seizure_no": number}
        thing: dict[str, Any] = {"kind": "impound", "property": "movable"}
        last: dict[str, Any] = {"until_day": until.isoformat()}
        diary.report("SeizureTookEffect", case.subject, frozen, to_be_sold=False, **freeze, **thing, **last)
        asked = diary.later(frozen, 20, 30)
        diary.report("RenewalRequested", case.subject, asked, **freeze, **last)
        longer = (until + timedelta(days=730)).isoformat()

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            said: dict[str, Any] = {"recorded": recorded, "supersedes": supersedes, "until_day": longer}
            return diary.report("SeizureRenewed", case.subject, day, **freeze, **thing, **said)

        due = due_day("seize-renew", until, diary.calendar)
        settle(diary, Duty(case.subject, "seize-renew", number, asked, due, COURT), how, close)

    def _list_for_a_term(self, case: Case, how: str) -> None:
        """Keep a debtor on the list for what is left of a term, and take him off when it is over."""
        diary = self._diary
        listing: dict[str, Any] = {"listing_no": f"{_stem(case)}-L9"}
        listed = diary.later(case.docketed, 10, 20)
        until = diary.later(listed, 40, 60)
        diary.report(
            "Listed", case.subject, listed, party_ref=case.debtor, ground="1(2)", signed_by="court-president",
            term_until=until.isoformat(), **listing,
        )  # fmt: skip
        diary.report("ConsumptionRestricted", case.subject, listed, party_ref=case.debtor)
        diary.report("ConsumptionRestrictionLifted", case.subject, until, party_ref=case.debtor)

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            said: dict[str, Any] = {"recorded": recorded, "supersedes": supersedes}
            return diary.report("ListingRemoved", case.subject, day, **listing, **said)

        due = due_day("list-remove-term", until, diary.calendar)
        duty = Duty(case.subject, "list-remove-term", listing["listing_no"], until, due, COURT)
        if how == "extended":
            duty = self._lengthen(case, until, duty, listing)
        settle(diary, duty, "last-day" if how == "extended" else how, close)

    def _lengthen(self, case: Case, until: date, duty: Duty, listing: dict[str, Any]) -> Duty:
        """Make the term longer before it is over."""
        diary = self._diary
        longer = diary.later(until, 25, 35)
        decided = diary.calendar.roll_back(until - timedelta(days=6))
        diary.report("ListingTermExtended", case.subject, decided, until_day=longer.isoformat(), **listing)
        due = due_day("list-remove-term", longer, diary.calendar)
        saved_by = "the term was made longer"
        return Duty(
            duty.subject, duty.rule, duty.instance, longer, due, COURT, nominal=duty.due, saved_by=saved_by
        )


def _stem(case: Case) -> str:
    return case.debtor.removesuffix("-D")
