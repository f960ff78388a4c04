"""Load the calendar from the yearly notices in `calendars/`, one file a notice."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from fajian.core.calendar import Calendar


@cache
def load_calendar() -> Calendar:
    """Return the calendar of all loaded notices; its version follows from the days themselves."""
    notices = _notices()
    off = frozenset(day for notice in notices for day, _ in _days(notice, "off"))
    worked = frozenset(day for notice in notices for day, _ in _days(notice, "work"))
    first, last = notices[0]["notice_year"], notices[-1]["notice_year"]
    text = "\n".join([f"{first} {last}", *(f"{day} off" for day in sorted(off)), *map(str, sorted(worked))])
    return Calendar(
        version=f"cn-{last}.{sha256(text.encode()).hexdigest()[:8]}",
        days_off=off,
        make_up_days=worked,
        known_from=date(first, 1, 1),
        known_until=date(last, 12, 31),
    )


@cache
def load_holiday_names() -> Mapping[date, str]:
    """Return the holiday to which each day off belongs, in Chinese as the notices name it."""
    return MappingProxyType({day: name for notice in _notices() for day, name in _days(notice, "off")})


@cache
def _notices() -> tuple[dict[str, Any], ...]:
    folder = files("fajian.law") / "calendars"
    texts = (entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(sorted(map(tomllib.loads, texts), key=lambda notice: int(notice["notice_year"])))


def _days(notice: Mapping[str, Any], kind: str) -> Iterator[tuple[date, str]]:
    for holiday in notice["holiday"]:
        for day in holiday.get(kind, ()):
            yield day, holiday["name"]
