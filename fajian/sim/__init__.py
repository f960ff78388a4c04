"""A simulated county with known breaches, and real published cases as events."""

from fajian.sim.simulation import simulate
from fajian.sim.truth import DayPlan, Planted, Simulation

__all__ = ["DayPlan", "Planted", "Simulation", "simulate"]
