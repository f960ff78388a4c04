"""Hold a policy against the law: it may name only what there is, and shorten a period, never lengthen it."""

from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from fajian.core.calendar import Calendar
from fajian.core.clocks import as_day
from fajian.core.counting import count_due
from fajian.core.rules import LocalPeriod, Period, Rules, Visibility
from fajian.law.policy import PolicyText, Problem
from fajian.law.units import UNITS
from fajian.toml_places import Location

#: Anchor days on which a local period is held against the law: two years, holidays and all.
SAMPLE_DAYS: Final = tuple(date(2025, 1, 1) + timedelta(days=n) for n in range(0, 700, 7))


def problems_with(said: PolicyText, rules: Rules, law: Mapping[str, Visibility]) -> Iterator[Problem]:
    """Yield what *said* asks of the law that cannot be. *rules* are those that the policy is a part of,
    *law* is the visibility table without its annex."""
    rows = {**rules.periods, **rules.triggers}
    yield from _unknown(("approved",), "规则 / a row of the law", said.approved, rows)
    yield from _unknown(("leads_by_policy",), "线索规则 / a trigger", said.leads_by_policy, rules.triggers)
    yield from _unknown(("leading_group", "posts"), "职务 / a post", said.leading_group.posts, rules.posts)
    yield from _unknown(("office", "posts"), "职务 / a post", said.office.posts, rules.posts)
    yield from _unknown(("meetings", "called_by"), "职务 / a post", [said.meetings.called_by], rules.posts)
    yield from _problems_with_keys(said)
    for number, local in enumerate(said.local):
        yield from _problems_with_local(local.period, ("local", number, "period"), rules)
    yield from _twice([local.period for local in said.local], "local", "period")
    for number, outage in enumerate(said.outage):
        if outage.last < outage.first:
            yield (
                ("outage", number, "last"),
                f"应不早于首日 / expected {outage.first} or later, got {outage.last}",
            )
    for number, rung in enumerate(said.escalation):
        yield from _unknown(("escalation", number, "posts"), "职务 / a post", rung.posts, rules.posts)
    yield from _problems_with_annex(said, law)


#: From most to least: an annex may give less, and more only where the row is not fixed.
_ACCESS = ("full", "metadata", "disclosed", "masked", "listed", "referred", "none")


def _problems_with_annex(said: PolicyText, law: Mapping[str, Visibility]) -> Iterator[Problem]:
    for number, cell in enumerate(said.visibility):
        where = ("visibility", number)
        row = law.get(cell.row)
        if row is None:
            yield from _unknown(
                (*where, "row"), "可见表的一行 / a row of the visibility table", [cell.row], law
            )
        elif row.never:
            yield (*where, "row"), f"总线没有此类数据 / the bus holds no such data: {row.never}"
        elif row.fixed and _ACCESS.index(cell.access) < _ACCESS.index(row.access[cell.side]):
            yield (
                (*where, "access"),
                f"不得放宽 / expected {row.access[cell.side]} or less, got {cell.access}: the row is fixed",
            )
        elif not row.fields and cell.access in ("metadata", "disclosed", "masked"):
            yield (
                (*where, "access"),
                f"应为 full 或 none / expected full or none, got {cell.access}: it has no fields",
            )


def _unknown(where: Location, what: str, names: Iterable[str], known: Container[str]) -> Iterator[Problem]:
    for name in names:
        if name not in known:
            yield where, f"应为{what}, 得到 / got {name!r}, which is in no table"


def _problems_with_keys(said: PolicyText) -> Iterator[Problem]:
    if said.keys.court is not None and said.keys.court == said.keys.procuratorate:
        yield ("keys", "procuratorate"), "应为另一把公钥 / expected a key of its own, got that of the court"
    keys = said.brake.keys
    if keys and len(set(keys.values())) < 2:
        yield ("brake", "keys"), "应至少两人各一把 / expected keys of at least two people, got one"


def _problems_with_local(name: str, where: Location, rules: Rules) -> Iterator[Problem]:
    period = rules.periods.get(name)
    if period is None:
        yield where, f"应为期限规则 / expected a period of the law, got {name!r}, which is in no table"
    elif period.length is None or not period.can_be_broken:
        yield where, f"应为有确定日数的义务 / expected a duty with a number of days, {name} has none"
    elif (day := first_day_not_shortened(period, rules.policy.local[name], rules.calendar)) is not None:
        number, unit = period.length
        shorter = f"本地期限应短于法定 {number} {UNITS[unit]} / expected less than the law's {number} {unit}"
        yield (*where[:-1], "length"), f"{shorter}: what begins on {day} would not be due earlier"


def _twice(names: list[str], table: str, key: str) -> Iterator[Problem]:
    for number, name in enumerate(names):
        if name in names[:number]:
            yield (table, number, key), f"应只出现一次 / expected once, {name!r} stands here again"


def first_day_not_shortened(period: Period, local: LocalPeriod, calendar: Calendar) -> date | None:
    """Return a day on which what begins is not due earlier by *local* than by the law, if there is one."""
    assert period.length is not None
    for start in SAMPLE_DAYS:
        law = as_day(count_due(start, period.length, period.count, calendar).due_day)
        here = as_day(count_due(start, local.length, local.count, calendar).due_day)
        if law is None or here is None or here >= law:
            return start
    return None
