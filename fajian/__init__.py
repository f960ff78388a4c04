"""Fajian (法检): the event bus between a people's court and the people's procuratorate."""

__version__ = "0.1.0"

__version__ = "0.1.0"
