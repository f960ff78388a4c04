"""Cases that take six months and more: here stops, stays and extensions decide."""

from datetime import date, timedelta
from typing import Any

from fajian.core.calendar import ONE_DAY
from fajian.core.counting import Stop
from fajian.sim.county import COURT
from fajian.sim.credit import Credit
from fajian.sim.diary import Diary
from fajian.sim.duties import due_day
from fajian.sim.endings import Close, Duty, settle
from fajian.sim.filing import Case
from fajian.sim.tales import Teller, stem


class LongLives(Teller):
    """Concludes such cases, in time or not."""

    def __init__(self, diary: Diary, credit: Credit) -> None:
        super().__init__(diary)
        self._credit = credit

    def conclude(self, case: Case, life: str) -> None:
        """Close *case* by *life*, and lift what was restricted."""
        due = due_day("enf-close", case.docketed, self.diary.calendar)
        duty = Duty(case.subject, "enf-close", "", due - timedelta(days=20), due, COURT)
        close = self.closing(case, "CaseClosed", mode="fulfilled")
        match life:
            case "saved-by-suspension" | "saved-by-stay" | "stayed-too-long" | "audited":
                closed = self._close_after_stop(case, duty, life, close)
            case "suspended-still":
                self._suspend_for_good(case, duty)
                return
            case "extended" | "extended-and-overrun" | "extended-far" | "extended-on-record":
                closed = self._close_after_extension(case, duty, life, close)
            case "extended-too-late":
                day = self.diary.workdays_after(due, 1)
                approval = self._extend(case, day, due + timedelta(days=90))
                self.broken(case, "T08", approval, day, "extended after the end")
                closed = settle(self.diary, duty, "weeks-late", close)
            case "no-property":
                without_lead = Duty(case.subject, "enf-close", "", duty.first, due, COURT, trigger=None)
                closed = settle(self.diary, without_lead, "weeks-late", close)
            case "closed-last-day":
                closed = settle(self.diary, duty, "last-day", close)
            case _:
                closed = settle(self.diary, duty, "weeks-late", close)
        self._credit.lift(case, closed)

    def _close_after_stop(self, case: Case, duty: Duty, life: str, close: Close) -> date:
        diary = self.diary
        begin = diary.later(case.docketed, 60, 100)
        match life:
            case "saved-by-suspension":
                kind, saved_by = "suspended", "time of a suspension taken out"
                end = self._suspend(case, begin)
            case "saved-by-stay" | "stayed-too-long":
                kind, saved_by = "stayed", "time of a stay taken out, which ended by itself"
                end = self._stay(case, begin, too_long=life == "stayed-too-long")
            case _:
                kind, saved_by = "audit", "time of an audit taken out"
                end = diary.later(begin, 25, 60)
                audit: dict[str, Any] = {"procedure": "audit", "procedure_no": f"{stem(case)}-Z1"}
                self.say(case, "ProcedureStarted", begin, **audit)
                self.say(case, "ProcedureEnded", end, **audit)
        stopped = due_day("enf-close", case.docketed, diary.calendar, stops=[Stop(kind, begin, end)])
        first = diary.workdays_after(duty.due, 1)
        saved = Duty(
            case.subject, "enf-close", "", first, stopped, COURT, nominal=duty.due, saved_by=saved_by
        )
        return settle(diary, saved, "last-day", close)

    def _suspend(self, case: Case, begin: date) -> date:
        """Suspend for a while; resume on the last day after the cause has gone."""
        number = f"{stem(case)}-Z1"
        ground = "案外人对执行标的提出确有理由的异议"
        self.say(case, "Suspended", begin, ground=ground, suspension_no=number)
        gone = self.diary.later(begin, 15, 40)
        self.say(case, "SuspensionCauseEnded", gone, suspension_no=number)
        end = self.last_day("resume", gone)
        self.say(case, "Resumed", end, suspension_no=number)
        self.kept(case, "T10", number, end, "resumed on the last day")
        return end

    def _stay(self, case: Case, begin: date, *, too_long: bool) -> date:
        """Stay for as long as the court may, or longer; return the first day on which time runs again."""
        number, longest = f"{stem(case)}-Z1", self.last_day("stay", begin)
        until = longest + timedelta(days=14 if too_long else 0)
        self.say(case, "Stayed", begin, stay_no=number, kind="by-court", until_day=until.isoformat())
        if too_long:
            self.broken(case, "T09", number, begin, "stayed for more than three months")
        else:
            self.kept(case, "T09", number, begin, "stayed for three months, and no day more", bait=longest)
        return longest + ONE_DAY  # what the court fixed beyond its three months stops no time

    def _suspend_for_good(self, case: Case, duty: Duty) -> None:
        """Suspend, and never resume, though the cause has gone."""
        diary = self.diary
        begin = diary.later(case.docketed, 60, 150)
        self.say(case, "Suspended", begin, ground="被执行人被人民法院受理破产申请", suspension_no="1")
        diary.near_miss(case.subject, "enf-close", "", duty.due, "suspended and not resumed", bait=duty.due)
        gone = diary.later(begin, 40, 60)
        self.say(case, "SuspensionCauseEnded", gone, suspension_no="1")
        self.broken(case, "T10", "1", self.last_day("resume", gone), "the cause has gone, never resumed")

    def _extend(self, case: Case, day: date, until: date) -> str:
        return self.say(
            case, "ExtensionApproved", day, until_day=until.isoformat(), approver_role="court-president"
        )

    def _close_after_extension(self, case: Case, duty: Duty, life: str, close: Close) -> date:
        diary = self.diary
        approved = diary.between(duty.due - timedelta(days=6), duty.due)
        asked = diary.calendar.roll_back(approved - ONE_DAY)
        far = life in ("extended-far", "extended-on-record")
        until = duty.due + timedelta(days=130 if far else 45)
        self.say(case, "ExtensionRequested", asked, until_day=until.isoformat())
        self._extend(case, approved, until)
        if far:
            self._go_beyond_three_months(case, on_record=life == "extended-on-record")
        due = diary.workday(until)
        first = diary.workdays_after(duty.due, 1)
        saved_by = "" if life == "extended-and-overrun" else "extended by the president in time"
        extended = Duty(case.subject, "enf-close", "", first, due, COURT, nominal=duty.due, saved_by=saved_by)
        return settle(diary, extended, "weeks-late" if life == "extended-and-overrun" else "last-day", close)

    def _go_beyond_three_months(self, case: Case, *, on_record: bool) -> None:
        """More than three months more need a report to the high court."""
        last = due_day("enf-close", case.docketed, self.diary.calendar, extra=3)
        if on_record:
            self.say(case, "ExtensionRecorded", last, period="enf-close")
            self.kept(case, "T08", "enf-close", last, "on the high court's record on the last day")
        else:
            self.broken(case, "T08", "enf-close", last, "more than three months more, and not on record")
