"""What `fajian case` says of one subject, as text."""

from typing import Any

import pytest

from fajian.cli.case_text import case_lines

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
