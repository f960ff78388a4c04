"""Fajian (法检): the event bus between a people's court and the people's procuratorate."""
