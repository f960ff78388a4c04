"""Intake with the bundled tables: who may say what, and how case numbers are read."""

from fajian.core.intake import Intake
from fajian.law.events import load_intake_law


def load_intake(*, simulated: bool = False) -> Intake:
    """Return the folder of `agents/intake.py`. In a *simulated* ledger events arrive when recorded."""
    return Intake(load_intake_law(), simulated=simulated)
