"""Ending a round for want of property (终本), the checks that follow for years, and coming back."""

from datetime import date, timedelta
from typing import Any, Final

from fajian.core.calendar import ONE_DAY
from fajian.sim.county import COURT
from fajian.sim.diary import Deck, Diary
from fajian.sim.duties import due_day, earliest_round_end, last_day
from fajian.sim.endings import Duty, settle
from fajian.sim.filing import Case
from fajian.sim.money import Cashier
from fajian.sim.numbers import Numbers

CHECKING = ("last-day", "weeks-late", "prompt", "day-late", "late-record", "prompt", "retracted", "corrected")
ENTERING = (*("prompt",) * 4, "last-day", "day-late")
MENDING = (*("none",) * 3, "last-day", "day-late")
BLOCKING = (*("none",) * 3, "last-day", "day-late")
RESTORING = ("prompt", "last-day")
OMISSION = (
    "no-query", "creditor-not-heard", "no-restriction", "not-approved", "debtor-not-searched", "not-listed",
    "creditor-signed",
)  # fmt: skip
#: What the report of the end says of it, where it says anything.
SAID: Final[dict[str, dict[str, Any]]] = {
    "creditor-not-heard": {"creditor_heard": False},
    "not-approved": {"approved": False},
    "creditor-signed": {"approved": False, "creditor_signed": True},
    "debtor-not-searched": {"debtor_missing": True, "debtor_searched": False},
    "not-listed": {"listing_due": True, "listed": False},
}


class RoundEnds:
    """Ends rounds, lawfully or not."""

    def __init__(self, diary: Diary, numbers: Numbers, cashier: Cashier) -> None:
        self._diary = diary
        self._numbers = numbers
        self._cashier = cashier
        self._checking = Deck(diary.rng, CHECKING)
        self._restoring = Deck(diary.rng, RESTORING)
        self._omission = Deck(diary.rng, OMISSION)
        self._entering = Deck(diary.rng, ENTERING)
        self._mending = Deck(diary.rng, MENDING)
        self._blocking = Deck(diary.rng, BLOCKING)

    def run(self, case: Case, life: str) -> None:
        """Search in vain and end the round; *life* says how, and what follows."""
        diary = self._diary
        omitted = self._omission.deal() if life == "ended-incomplete" else ""
        self._prepare(case, omitted)
        lawful = earliest_round_end(case.docketed, diary.calendar)
        match life:
            case "ended-too-early":
                ruled = diary.calendar.roll_back(lawful - ONE_DAY)
            case "ended-on-the-day":
                ruled = diary.workday(lawful)
            case _:
                ruled = diary.later(lawful, 3, 25)
        served = self._end(case, ruled, diary.workdays_after(ruled, 2), omitted)
        if life == "ended-too-early":
            how = "round ended within the three months"
            diary.breach(case.subject, "T14", "", ruled, how, trigger="T14", known=served)
        elif omitted == "creditor-signed":
            how = "not approved, but the creditor has signed"
            diary.near_miss(case.subject, "T14", "", ruled, how, bait=served)
        elif omitted:
            how = f"round ended, {omitted}"
            diary.breach(case.subject, "T14", "", ruled, how, trigger="T14", known=served)
        elif life == "ended-on-the-day":
            how = "round ended on the first lawful day"
            diary.near_miss(case.subject, "T14", "", ruled, how, bait=served)
        if life == "ended-restored":
            self._restore(case, ruled)
            return
        if life == "ended-not-restored":
            found = diary.later(ruled, 40, 70)
            diary.report("PropertyFoundAfterRoundEnd", case.subject, found)
            last = last_day("restore", found, diary.calendar)
            diary.breach(case.subject, "T16", "", last, "property found, never restored", trigger=None)
        self._check(case, ruled)

    def serve_too_late(self, case: Case, due: date) -> None:
        """The ruling is in time, but a round ends with its service on the creditor."""
        diary = self._diary
        self._prepare(case, "")
        ruled = diary.calendar.roll_back(due - ONE_DAY)
        served = self._end(case, ruled, diary.workdays_after(due, 1), "")
        how = "ruled in time, served after the last day"
        diary.breach(case.subject, "enf-close", "", due, how, trigger="T07", healed=served)
        self._check(case, ruled)

    def _prepare(self, case: Case, omitted: str) -> None:
        diary = self._diary
        if omitted == "no-query":
            last = last_day("query", case.docketed, diary.calendar)
            diary.breach(case.subject, "T06", "", last, "never queried", trigger=None)
        else:
            day = diary.later(case.docketed, 2, 20)
            query = f"{case.debtor.removesuffix('-D')}-Q0"
            diary.report("NetworkQueried", case.subject, day, query_no=query, found=False)
        if omitted != "no-restriction":
            day = diary.later(case.docketed, 15, 40)
            diary.report("ConsumptionRestricted", case.subject, day, party_ref=case.debtor)

    def _end(self, case: Case, ruled: date, served: date, omitted: str) -> date:
        self._diary.report(
            "RoundEnded",
            case.subject,
            served,
            ruling_day=ruled.isoformat(),
            served_day=served.isoformat(),
            **{"creditor_heard": True, "approved": True, **SAID.get(omitted, {})},
        )
        self._enter(case, served)
        return served

    def _enter(self, case: Case, served: date) -> None:
        """Enter the ended round in the public database."""
        diary = self._diary

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(
                "RoundEndEntered", case.subject, day, recorded=recorded, supersedes=supersedes
            )

        due = due_day("zb-db", served, diary.calendar)
        duty = Duty(case.subject, "zb-db", "", served, due, COURT)
        entered = settle(diary, duty, self._entering.deal(), close)
        for rule, ground, done, deck in (
            ("zb-db-fix", "RoundEndErrorConfirmed", "RoundEndCorrected", self._mending),
            ("zb-db-block", "RoundEndBlockGroundArose", "RoundEndBlocked", self._blocking),
        ):
            if (twist := deck.deal()) != "none":
                self._mend(case, rule, ground, done, diary.later(entered, 10, 60), twist)

    def _mend(self, case: Case, rule: str, ground: str, done: str, day: date, twist: str) -> None:
        """Correct the entry in the database, or take it out, within three days of the ground for it."""
        diary = self._diary
        diary.report(ground, case.subject, day)

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(done, case.subject, day, recorded=recorded, supersedes=supersedes)

        due = due_day(rule, day, diary.calendar)
        settle(diary, Duty(case.subject, rule, "", day, due, COURT), twist, close)

    def _check(self, case: Case, ruled: date) -> None:
        """Query every six months and tell the creditor, for as long as the run lasts."""
        diary = self._diary
        told = ruled
        for nth in range(1, 11):
            due = due_day("zb-check", ruled, diary.calendar, nth=nth)
            if due > diary.last_day:
                return
            query = f"{case.debtor.removesuffix('-D')}-Q{nth}"

            def close(
                day: date, *, recorded: date | None = None, supersedes: str | None = None, query: str = query
            ) -> str:
                return diary.report(
                    "CheckResultTold",
                    case.subject,
                    day,
                    recorded=recorded,
                    supersedes=supersedes,
                    query_no=query,
                )

            first = max(diary.workday(due - timedelta(days=15)), diary.workdays_after(told, 1))
            diary.report("NetworkQueried", case.subject, first, query_no=query, found=False)
            duty = Duty(case.subject, "zb-check", str(nth), first, due, COURT)
            told = settle(diary, duty, self._checking.deal(), close)

    def _restore(self, case: Case, ruled: date) -> None:
        """Property turns up before the first check is due: a new number, and no more checks."""
        diary = self._diary
        found = diary.later(ruled, 60, 110)
        last = last_day("restore", found, diary.calendar)
        restored_on = last if self._restoring.deal() == "last-day" else diary.later(found, 1, 5)
        if restored_on > diary.last_day:
            return
        restored = self._numbers.next("执恢", restored_on.year)
        diary.report("PropertyFoundAfterRoundEnd", case.subject, found)
        diary.report("EnforcementRestored", case.subject, restored_on, restored_case=restored)
        due = due_day("zb-check", ruled, diary.calendar)
        diary.near_miss(case.subject, "zb-check", "1", due, "restored before the check", bait=due)
        if restored_on == last:
            diary.near_miss(case.subject, "T16", "", last, "restored on the last day", bait=last)
        again = Case(restored, restored_on, case.amount, f"{case.debtor.removesuffix('-D')}R-D", case.officer)
        diary.report(
            "CaseDocketed",
            restored,
            restored_on,
            parent_case=case.subject,
            case_kind="restored",
            money_claim=True,
            claim_amount=case.amount,
        )
        diary.report("FileHandedOver", restored, restored_on)
        diary.report("CluesAsked", restored, diary.workdays_after(restored_on, 1))
        diary.report(
            "UndertakerAssigned", restored, diary.workdays_after(restored_on, 1), undertaker_ref=case.officer
        )
        diary.report(
            "EnforcementNoticeIssued", restored, diary.workdays_after(restored_on, 2), party_ref=case.debtor
        )
        diary.report("NetworkQueried", restored, diary.workdays_after(restored_on, 3), found=True)
        diary.report(
            "PropertyReportOrdered",
            restored,
            diary.workdays_after(restored_on, 2),
            party_ref=case.debtor,
            until_day=(restored_on + timedelta(days=20)).isoformat(),
        )
        paid = self._cashier.receive(again, diary.later(restored_on, 20, 40), twist="prompt")
        diary.report("CaseClosed", restored, diary.later(paid, 1, 5), mode="fulfilled")
