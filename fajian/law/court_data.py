"""Load courts and types of cases, and read case numbers with them. Sources: `SOURCES.md`."""

import csv
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from fajian.core.case_numbers import CaseNumber, CaseType, Court, parse
from fajian.core.procuratorate_numbers import ProcuratorateNumber, parse_procuratorate

REMEMBERED = 65_536  #: case numbers; a county has fewer open cases


@cache
def load_courts() -> Mapping[str, Court]:
    """Return the courts by their code. The table is not complete: an unknown code proves nothing."""
    lines = (files("fajian.law") / "courts.csv").read_text("utf-8").splitlines()
    return MappingProxyType({row[0]: Court(*row) for row in csv.reader(lines[1:])})


@cache
def load_case_types() -> Mapping[str, CaseType]:
    """Return the types of cases by their word."""
    rows = _tables()["type"]
    return MappingProxyType(
        {row["word"]: CaseType(**{**row, "levels": tuple(row.get("levels", ()))}) for row in rows}
    )


@cache
def load_procuratorate_kinds() -> Mapping[str, str]:
    """Return the kinds of procuratorate numbers with their Chinese names."""
    return MappingProxyType({row["word"]: row["zh"] for row in _tables()["procuratorate_kind"]})


@lru_cache(maxsize=REMEMBERED)
def case_number(text: str, current_year: int | None = None) -> CaseNumber:
    """Read *text* with the bundled tables; remembered, so that every event may ask."""
    return parse(text, courts=load_courts(), types=load_case_types(), current_year=current_year)


@lru_cache(maxsize=REMEMBERED)
def procuratorate_number(text: str, current_year: int | None = None) -> ProcuratorateNumber:
    """Read *text* as a number of the procuratorate, with the bundled kinds."""
    return parse_procuratorate(text, kinds=load_procuratorate_kinds(), current_year=current_year)


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads((files("fajian.law") / "case_types.toml").read_text("utf-8"))
