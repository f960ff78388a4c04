"""Read the number of a procuratorate's paper, 泗检民执监〔2022〕1号. Its brackets tell it from a court's."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Literal

from fajian.core.case_numbers import OFFICIAL, normalise, reason

EARLIEST: Final = 1978  #: the procuratorates were set up again in this year

_NUMBER = re.compile(
    r"(?P<office>[\u4e00-\u9fff]{1,8}?)检(?P<kind>[\u4e00-\u9fff]{0,10})"
    r"（(?P<year>[0-9]{4})）(?P<marker>第?)(?P<serial>[0-9]{1,20})号"
)


@dataclass(frozen=True, slots=True)
class ProcuratorateNumber:
    input: str
    status: Literal["valid", "warning", "invalid"]
    canonical: str | None = None
    year: int | None = None
    office: str | None = None  #: short name before 检
    kind: str | None = None
    serial: str | None = None  #: as written: since 2021 often unit code and five digits
    reasons: tuple[str, ...] = ()  #: "code: 中文 (English)"


def parse_procuratorate(
    text: str, *, kinds: Collection[str], current_year: int | None
) -> ProcuratorateNumber:
    """Read *text*, whatever it is; nothing is raised. A kind that is not listed is a warning at most."""
    shown = text.encode("utf-8", "replace").decode("utf-8")
    plain = normalise(shown)
    found = _NUMBER.fullmatch(plain)
    if found is None:
        return ProcuratorateNumber(shown, "invalid", reasons=(_why(plain),))
    year = int(found["year"])
    if year < EARLIEST or (current_year is not None and year > current_year):
        refused = reason("year", f"年份{year}不可能", f"the year {year} is not possible")
        return ProcuratorateNumber(shown, "invalid", reasons=(refused,))
    warnings = _warnings(shown, found, kinds)
    return ProcuratorateNumber(
        shown,
        "warning" if warnings else "valid",
        f"{found['office']}检{found['kind']}〔{year}〕{found['serial']}号",
        year,
        found["office"],
        found["kind"],
        found["serial"],
        warnings,
    )


def describe_procuratorate(number: ProcuratorateNumber) -> dict[str, Any]:
    """Return *number* as other programs read it."""
    shape = {name: getattr(number, name) for name in ProcuratorateNumber.__slots__}
    return {**shape, "reasons": list(number.reasons)}


def _warnings(shown: str, found: re.Match[str], kinds: Collection[str]) -> tuple[str, ...]:
    warnings = []
    if OFFICIAL.isdisjoint(shown):
        warnings.append(reason("brackets", "检察文书号用〔〕", "a procuratorate's number has 〔〕"))
    if found["marker"]:
        warnings.append(reason("marker", "编号前不用“第”", "no 第 before the serial"))
    if found["kind"] not in kinds:
        warnings.append(
            reason("unknown-kind", f"类别“{found['kind']}”不在表中", f"kind {found['kind']!r} is not listed")
        )
    return tuple(warnings)


def _why(plain: str) -> str:
    if plain.startswith("（"):
        return reason("court-number", "以年份开头的是法院案号", "begins with the year, as a court's number")
    return reason(
        "grammar",
        "应为“单位简称+检+类别+〔年份〕+编号+号”",
        "expected short name, 检, kind, 〔year〕, serial, 号",
    )
