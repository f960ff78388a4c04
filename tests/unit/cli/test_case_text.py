"""What `fajian case` says of one subject, as text."""

from datetime import date
from typing import Any

import pytest

from fajian.cli.case_text import case_lines, case_shape

SHAPE: dict[str, Any] = {
    "subject": "（2022）皖1324执123号",
    "kind": "case",
    "stage": "Suspended",
    "last_day": "2022-08-01",
    "state": "controlling",
    "beside": ["suspended"],
    "ledger": "case.events/3/41",
    "clocks": [],
    "flags": [],
    "leads": [],
    "timeline": [],
}


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, "状态 state 财产控制 controlling，中止 suspended  "),
        ({"beside": []}, "状态 state 财产控制 controlling  "),
        ({"state": None}, "状态 state -  "),
        ({"kind": "money"}, "状态 state -  "),
    ],
)
def test_the_first_line_says_where_the_case_stands(known: dict[str, Any], said: str) -> None:
    assert said in next(case_lines({**SHAPE, **known}))


class _Projection:
    """Answers with what a side's database would hold."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    async def fetch(self, name: str, **asked: Any) -> list[dict[str, Any]]:
        return self._rows.get(name, [])


def _clock(rule: str, instance: str, due_day: str | None) -> dict[str, Any]:
    return {"rule": rule, "instance": instance, "due_day": due_day, "status": "open", "owed_by": "x"}


def _flag(rule: str, instance: str | None, due_day: str | None) -> dict[str, Any]:
    day = date.fromisoformat(due_day) if due_day else None
    body = {"explanation": {"basis": f"{rule} {instance}"}}
    return {"rule": rule, "instance": instance, "due_day": day, "body": body}


@pytest.mark.parametrize(
    ("clock", "basis"),
    [
        (_clock("enf-close", "", "2022-06-09"), "enf-close None"),
        (_clock("pay-out", "m", "2022-06-09"), "pay-out m"),
        (_clock("pay-out", "n", "2022-06-09"), None),  # of which this side was told nothing
        (_clock("cons-lift", "", "2022-05-12"), "cons-lift party-1"),  # whose it is the state does not say
        (_clock("cons-lift", "", None), "cons-lift party-2"),
        (_clock("cons-lift", "", "2022-05-13"), None),
    ],
)
async def test_a_clock_is_explained_by_its_last_flag(clock: dict[str, Any], basis: str | None) -> None:
    flags = [
        _flag("enf-close", None, "2022-06-09"),
        _flag("pay-out", "m", "2022-06-09"),
        _flag("cons-lift", "party-1", "2022-05-12"),
        _flag("cons-lift", "party-2", None),
    ]
    projection: Any = _Projection(
        subject=[{"ledger_partition": 0, "ledger_offset": 1, "state": {"clocks": [clock]}}], flags=flags
    )

    shape = await case_shape(projection, "（2022）皖1324执123号")

    assert shape is not None
    [shown] = shape["clocks"]
    assert (shown["explanation"] or {}).get("basis") == basis
