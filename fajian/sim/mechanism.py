"""The cooperation itself: a joint meeting every quarter, an issue on its table."""

from datetime import date, timedelta
from typing import Any

from fajian.sim.county import AGREEMENT, DISCIPLINE, OFFICE
from fajian.sim.diary import Diary
from fajian.sim.numbers import Numbers

QUARTER = timedelta(days=91)


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
