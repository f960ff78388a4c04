"""A made-up county, day by day, with all that goes wrong in it. The same arguments, the same county."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from fajian.law.calendar_data import load_calendar
from fajian.sim.diary import Diary
from fajian.sim.enforcement import Bureau
from fajian.sim.filing import Application, Case, Filing
from fajian.sim.mechanism import meet, reconcile
from fajian.sim.numbers import Numbers
from fajian.sim.special import SpecialCases
from fajian.sim.supervision import CivilDivision
from fajian.sim.truth import DayPlan, Simulation

DUPLICATED = 0.02  #: share of events that are handed over a second time
SUPERVISED = 3  #: one case in so many comes before the procuratorate


def simulate(cases: int, days: int, seed: int, start: date) -> Simulation:
    """Simulate *days* days from *start* with *cases* applications for enforcement.

    Applications come in over the first five sixths of the time. What would happen after the last day is left
    out, so a run of less than about 400 days does not see every rule broken.
    """
    last_day = start + timedelta(days=days - 1)
    run = f"{cases} {days} {seed} {start.isoformat()}"
    diary = Diary(Random(seed), load_calendar(), last_day, run)
    numbers = Numbers()
    docketed = _enforce(diary, numbers, start, days, cases)
    CivilDivision(diary, numbers).supervise(docketed[::SUPERVISED])
    SpecialCases(diary, numbers).run(start, days, cases)
    meet(diary, numbers, start)
    reconcile(diary, start)
    truth = sorted(
        diary.truth, key=lambda planted: (planted.due_day, planted.subject, planted.rule, planted.instance)
    )
    return Simulation(tuple(_plans(diary, start, days)), tuple(truth))


def _enforce(diary: Diary, numbers: Numbers, start: date, days: int, cases: int) -> list[Case]:
    filing, bureau = Filing(diary, numbers), Bureau(diary, numbers)
    span = max(1, days * 5 // 6)
    arrivals = sorted(diary.workday(start + timedelta(days=diary.rng.randrange(span))) for _ in range(cases))
    docketed = []
    for day in arrivals:
        serial = numbers.serial("申请", day.year)
        amount = f"{diary.rng.randrange(8_000, 900_000)}.00"
        case = filing.file(Application(f"SQ{day.year}-{serial:05d}", day, amount))
        if case is not None:
            bureau.carry_out(case)
            docketed.append(case)
    return docketed


def _plans(diary: Diary, start: date, days: int) -> Iterable[DayPlan]:
    """Sort the reports into the days on which they are handed over, some of them twice."""
    handed_over: dict[date, list[dict[str, Any]]] = {start + timedelta(days=n): [] for n in range(days)}
    for event in diary.events:
        day = datetime.fromisoformat(event["recordedtime"]).date()
        handed_over[day].append(event)
        if diary.rng.random() < DUPLICATED:
            again = diary.workdays_after(day, diary.rng.randint(0, 3))
            handed_over.setdefault(again, []).append(event)
    for day in sorted(handed_over):
        if day <= diary.last_day:
            yield DayPlan(day, tuple(sorted(handed_over[day], key=lambda event: str(event["recordedtime"]))))
