"""What every teller of tales needs: to report, to break a rule, and to keep one by a hair."""

from datetime import date, timedelta
from typing import Any, Final

from fajian.sim.county import COURT
from fajian.sim.diary import Diary
from fajian.sim.duties import LEADS, due_day, last_day
from fajian.sim.endings import Close, Duty, settle
from fajian.sim.filing import Case

MORNING: Final = 10 * 60 + 20  #: minutes after midnight; a period in hours runs from eleven


class Teller:
    """Tells what happens to a case beside its course."""

    def __init__(self, diary: Diary) -> None:
        self.diary = diary

    def say(self, case: Case, name: str, day: date, **data: Any) -> str:
        return self.diary.report(name, case.subject, day, **data)

    def owe(
        self, case: Case, rule: str, instance: str, start: date, name: str, twist: str, **data: Any
    ) -> date:
        """Let the court do *name*, which it owes by *rule* from *start* on, in the way of *twist*."""
        due = due_day(rule, start, self.diary.calendar)
        return settle(
            self.diary,
            Duty(case.subject, rule, instance, start, due, COURT),
            twist,
            self.closing(case, name, **data),
        )

    def closing(self, case: Case, name: str, **data: Any) -> Close:
        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return self.say(case, name, day, recorded=recorded, supersedes=supersedes, **data)

        return close

    def broken(
        self,
        case: Case,
        rule: str,
        instance: str,
        day: date,
        how: str,
        *,
        known: date | None = None,
        healed: date | None = None,
    ) -> None:
        """Break *rule* on *day*: the last on which it could have been kept, or that of the wrong act."""
        trigger = LEADS.get(rule)
        self.diary.breach(case.subject, rule, instance, day, how, trigger=trigger, known=known, healed=healed)

    def kept(
        self, case: Case, rule: str, instance: str, day: date, how: str, *, bait: date | None = None
    ) -> None:
        self.diary.near_miss(case.subject, rule, instance, day, how, bait=bait or day)

    def day_before_open_ones(self, day: date, days: int) -> date:
        """Return *day* or the next after which the offices are open for so many *days* in a row."""
        while self.diary.workdays_after(day, days) != day + timedelta(days=days):
            day = self.diary.workdays_after(day, 1)
        return day

    def last_day(self, what: str, start: date) -> date:
        return last_day(what, start, self.diary.calendar)


def stem(case: Case) -> str:
    """Return what the references of a case have in common."""
    return case.debtor.removesuffix("-D")
