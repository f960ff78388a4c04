"""What `fajian case` says of one subject, as text."""

from datetime import date
from typing import Any

import pytest

from fajian.cli.case_text import case_lines, case_shape
from fajian.cli.records import _flag_line

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


def test_a_person_reads_rules_posts_stages_and_sources_by_name() -> None:
    found = {
        "basis": "MONEY 10(1)", "first_day": "2022-05-10", "length": 30, "unit": "day", "count": "ND",
        "nominal_end": "2022-06-08", "stops": [{"kind": "suspended", "from": "2022-05-20"}],
    }  # fmt: skip
    clock = _clock("pay-out", "m", "2022-06-08") | {"owed_by": "undertaker", "explanation": found}
    flag = {"rule": "pay-out", "instance": "m", "stage": "Overdue", "on_day": "2022-06-08", "due_day": None}
    step = {"day": "2022-06-08", "kind": "flag", "type": "Overdue", "ce_id": "e-1", **_of("pay-out", "m")}

    text = "\n".join(case_lines({**SHAPE, "clocks": [clock], "flags": [flag], "timeline": [step]}))

    for said in (
        "最近 last 中止执行 Suspended",
        "执行款核算、通知领取和发放 pay-out m  open  到期 due 2022-06-08  承办人 undertaker",
        "依据 basis 《最高人民法院关于执行款物管理工作的规定》第十条（MONEY 10(1)）；起算 from 2022-05-10",
        "期间 length 30 日 (days, ND)",
        "扣除 stop 中止执行 suspended 2022-05-20 – …",
        "  2022-06-08  逾期 Overdue         执行款核算、通知领取和发放 pay-out m  到期 due -",
        "2022-06-08  flag  逾期 Overdue  执行款核算、通知领取和发放 pay-out m",
    ):
        assert said in text


def _of(rule: str, instance: str) -> dict[str, Any]:
    return {"rule": rule, "instance": instance, "due_day": None}


def test_a_flag_in_a_list_is_named() -> None:
    row = {"subject": "s", "stage": "Met", "on_day": "2022-06-08", "flag_id": "f" * 9, "answer": None}

    said = _flag_line({**row, **_of("pay-out", "m")})

    assert said == (
        "2022-06-08  已履行 Met           s  执行款核算、通知领取和发放 pay-out m  到期 due -  ffffffff"
    )
