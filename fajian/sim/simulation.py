"""A made-up county, day by day, with all that goes wrong in it. The same arguments, the same county."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from fajian.law.calendar_data import load_calendar
from fajian.sim.diary import Diary
from fajian.sim.enforcement import Bureau
from fajian.sim.filing import Application, Filing
from fajian.sim.mechanism import hold_unclaimed_money, meet, reconcile
from fajian.sim.numbers import Numbers
from fajian.sim.recurring import recurring
from fajian.sim.special import SpecialCases
from fajian.sim.supervision import CivilDivision
from fajian.sim.truth import DayPlan, Planted, Simulation

SUPERVISED = 3  #: one case in so many comes before the procuratorate


def simulate(cases: int, days: int, seed: int, start: date) -> Simulation:
    """Simulate *days* days from *start* with *cases* applications for enforcement.

    Applications come in over the first five sixths of the time. What would happen after the last day is left
    out, so a run of less than about 400 days does not see every rule broken.
    """
    run = Run(cases, days, seed, start)
    return Simulation(tuple(run.plans()), run.truth)


class Run:
    """The same, day by day: what was handed over is forgotten. *truth* is complete after the last day."""

    def __init__(self, cases: int, days: int, seed: int, start: date) -> None:
        self._start = start
        self._days = days
        self._cases = cases
        name = f"{cases} {days} {seed} {start.isoformat()}"
        last_day = start + timedelta(days=days - 1)
        self._diary = Diary(Random(seed), load_calendar(), last_day, name)

    @property
    def truth(self) -> tuple[Planted, ...]:
        truth = [*self._diary.truth, *recurring(self._diary.leads, self._diary.last_day)]
        return tuple(sorted(truth, key=lambda p: (p.due_day, p.subject, p.rule, p.instance)))

    def plans(self) -> Iterator[DayPlan]:
        """Yield the days in order. A case leaves no record before the day of its application."""
        diary, numbers, start = self._diary, Numbers(), self._start
        meet(diary, numbers, start)
        reconcile(diary, start)
        hold_unclaimed_money(diary, numbers, start)
        SpecialCases(diary, numbers).run(start, self._days, self._cases)
        filing, bureau, division = (
            Filing(diary, numbers),
            Bureau(diary, numbers),
            CivilDivision(diary, numbers),
        )
        docketed, handed_over = 0, start
        for day in self._arrivals():
            yield from diary.hand_over(handed_over, day)
            handed_over = max(handed_over, day)
            serial = numbers.serial("申请", day.year)
            amount = f"{diary.rng.randrange(8_000, 900_000)}.00"
            case = filing.file(Application(f"SQ{day.year}-{serial:05d}", day, amount))
            if case is None:
                continue
            bureau.carry_out(case)
            if docketed % SUPERVISED == 0:
                division.supervise(case)
            docketed += 1
        yield from diary.hand_over(handed_over, diary.last_day + timedelta(days=1))

    def _arrivals(self) -> list[date]:
        diary, span = self._diary, max(1, self._days * 5 // 6)
        days = (
            diary.workday(self._start + timedelta(days=diary.rng.randrange(span))) for _ in range(self._cases)
        )
        return sorted(day for day in days)
