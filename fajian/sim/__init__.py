"""A simulated county with known breaches, and real published cases as events."""

from fajian.sim.simulation import Run, simulate
from fajian.sim.truth import DayPlan, Planted, Simulation

__all__ = ["DayPlan", "Planted", "Run", "Simulation", "simulate"]
