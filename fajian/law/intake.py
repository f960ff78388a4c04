"""Intake with the bundled tables: who may say what, and how case numbers are read."""

from functools import cache

from fajian.core.intake import Intake, IntakeLaw
from fajian.core.subjects import Subjects
from fajian.law.court_data import case_number, load_courts, procuratorate_number
from fajian.law.events import load_events


@cache
def intake_law() -> IntakeLaw:
    courts = load_courts()
    return IntakeLaw(load_events(), Subjects(case_number, procuratorate_number, courts.__contains__))


def load_intake(*, simulated: bool = False) -> Intake:
    """Return the folder of `agents/intake.py`. In a *simulated* ledger an event arrives when it was recorded."""
    return Intake(intake_law(), simulated=simulated)
