"""Load `events.toml`: every event that the ledger may hold."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from fajian.core.admission import IntakeLaw
from fajian.core.events import EventRow
from fajian.core.subjects import Subjects
from fajian.errors import LawError
from fajian.law.court_data import case_number, load_courts, procuratorate_number
from schemas.names import ce_type


@cache
def load_events() -> Mapping[str, EventRow]:
    """Return the rows by short name, in the order of the file."""
    table = tomllib.loads((files("fajian.law") / "events.toml").read_text("utf-8"))
    rows = [_row(row) for row in table["event"]]
    found = {row.name: row for row in rows}
    if len(found) < len(rows):
        raise LawError("expected every event once in events.toml, some name stands there twice")
    return MappingProxyType(found)


def _row(row: Mapping[str, Any]) -> EventRow:
    try:
        lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
        return EventRow(**{**row, **lists, "ce_type": ce_type(row["name"], row["family"])})
    except (KeyError, TypeError) as error:
        raise LawError(f"event {row.get('name')!r} of events.toml cannot be read: {error}") from error


@cache
def load_intake_law() -> IntakeLaw:
    """Return what intake, and whoever checks events offline, needs of the law."""
    subjects = Subjects(
        case=case_number, procuratorate=procuratorate_number, is_court=load_courts().__contains__
    )
    return IntakeLaw(load_events(), subjects)
