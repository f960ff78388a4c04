"""The cooperation itself: a joint meeting every quarter, an issue on its table."""

from datetime import date, timedelta
from typing import Any

from fajian.sim.county import AGREEMENT, COURT, COURT_CODE, DISCIPLINE, OFFICE
from fajian.sim.diary import Deck, Diary
from fajian.sim.duties import due_day, last_day
from fajian.sim.endings import Duty, settle
from fajian.sim.numbers import Numbers

QUARTER = timedelta(days=91)
RECONCILING = (*("prompt",) * 3, "last-day", "late-record", "day-late")


def meet(diary: Diary, numbers: Numbers, first_day: date) -> None:
    """Hold the joint meetings of the whole run."""
    day = first_day + timedelta(days=40)
    while day <= diary.last_day:
        held = diary.workday(day)
        serial = numbers.serial("联席", held.year)
        meeting, issue = f"联席〔{held.year}〕{serial}号", f"议题〔{held.year}〕{serial}号"
        called = diary.calendar.roll_back(held - timedelta(days=7))
        tabled = diary.calendar.roll_back(held - timedelta(days=12))

        def say(name: str, on: date, source: str = OFFICE, **data: Any) -> None:
            diary.report(name, AGREEMENT, on, source=source, **data)

        say("IssueTabled", tabled, issue_no=issue, matter="执行款发放情况")
        say("MeetingCalled", called, meeting_no=meeting, meeting_day=held.isoformat(), issues=[issue])
        say("JointMeetingHeld", held, meeting_no=meeting, issues=[issue])
        say("IssueSettled", held, issue_no=issue, outcome="按月核对并通报")
        say("AlarmHandlingSeen", diary.workdays_after(held, 2), source=DISCIPLINE)
        day += QUARTER


def reconcile(diary: Diary, first_day: date) -> None:
    """Compare the books of bureau and finance every month, year by year."""
    twists = Deck(diary.rng, RECONCILING)
    for year in range(first_day.year, diary.last_day.year + 1):
        begun = diary.workday(max(first_day, date(year, 1, 1)))
        diary.report("ReconciliationYearBegun", AGREEMENT, begun, year=year)
        done = begun
        for nth in range(1, 13):
            due = due_day("pay-monthly-check", begun, diary.calendar, nth=nth)
            if due > diary.last_day:
                return

            def close(
                day: date, *, recorded: date | None = None, supersedes: str | None = None, year: int = year
            ) -> str:
                said: dict[str, Any] = {"recorded": recorded, "supersedes": supersedes}
                return diary.report("MoneyReconciled", AGREEMENT, day, year=year, **said)

            first = max(diary.workday(due - timedelta(days=8)), diary.workdays_after(done, 1))
            duty = Duty(AGREEMENT, "pay-monthly-check", f"{year}-{nth}", first, due, COURT)
            done = settle(diary, duty, twists.deal(), close)


def hold_unclaimed_money(diary: Diary, numbers: Numbers, first_day: date) -> None:
    """Take in money of which nobody says what it is for; find out in time, or never."""
    twists = Deck(diary.rng, ("never", "last-day"))
    day = first_day + timedelta(days=25)
    while day <= diary.last_day:
        arrived = diary.workday(day)
        payment = f"BM-{arrived.year}-{numbers.serial('不明款', arrived.year)}"
        subject = f"money/{COURT_CODE}/{payment}"
        diary.report("MoneyArrived", subject, arrived, payment_ref=payment, amount="12000.00")
        last = last_day("attribution", arrived, diary.calendar)
        if twists.deal() == "never":
            diary.breach(subject, "T21-unclaimed", payment, last, "nobody claims the money", trigger=None)
        else:
            diary.report("MoneyAttributed", subject, last, payment_ref=payment)
            how = "attributed on the last day"
            diary.near_miss(subject, "T21-unclaimed", payment, last, how, bait=last)
        day += QUARTER
