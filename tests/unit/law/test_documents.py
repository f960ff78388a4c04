"""A rules version is a document: named after its content, read back as it was, refused where it is broken."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from fajian.errors import LawError
from fajian.law.catalogue import faults
from fajian.law.documents import (
    bundled_document,
    load_rules,
    load_rules_under,
    rules_document,
    rules_from_document,
)
from tests.policies import write_policy


def changed(**parts: Any) -> bytes:
    return orjson.dumps(orjson.loads(bundled_document()) | parts, option=orjson.OPT_SORT_KEYS)


def test_reading_a_document_again_gives_the_same_rules() -> None:
    rules = load_rules()

    again = rules_from_document(rules_document(rules))

    assert (again.version, again.periods, again.triggers) == (rules.version, rules.periods, rules.triggers)


def test_another_policy_is_another_version(tmp_path: Path) -> None:
    rules = load_rules_under(write_policy(tmp_path))

    assert rules.version != load_rules().version
    assert rules.policy.answer_window == 5


def test_a_row_that_lacks_something_is_named() -> None:
    periods = orjson.loads(bundled_document())["periods"]
    del periods[0]["basis"]

    with pytest.raises(LawError, match=r"'enf-docket'.*basis"):
        rules_from_document(changed(periods=periods))


def test_rules_for_another_fold_are_refused() -> None:
    with pytest.raises(LawError, match="fold 99"):
        rules_from_document(changed(fold=99))


def test_the_bundled_tables_hold_together() -> None:
    assert list(faults(load_rules())) == []


@pytest.mark.parametrize(
    ("table", "field", "value", "fault"),
    [
        ("periods", "closes", [{"event": "Nothing"}], "period enf-docket: event 'Nothing' is in no table"),
        ("periods", "closes", [], "period enf-docket: expected an event that closes it"),
        ("periods", "opens", [], "period enf-docket: expected an event that opens it"),
        ("periods", "stops", ["sleep"], "period enf-docket: stop 'sleep' is in no table"),
        ("triggers", "periods", ["pay-in"], "trigger T01: period 'pay-in' is in no table"),
        ("triggers", "periods", [], "trigger T01: expected periods, a finder or a pattern, it has none"),
        ("triggers", "predicate", "perhaps", "trigger T01: predicate 'perhaps' is in no table"),
        ("visibility", "events", ["Nothing"], "visibility skeleton: event 'Nothing' is in no table"),
        (
            "visibility",
            "events",
            [],
            "visibility skeleton: expected events or fields that it governs, or why there are none",
        ),
        ("visibility", "fields", ["soul"], "visibility skeleton: field 'soul' is in no event"),
        (
            "visibility",
            "fields",
            ["payment_ref"],
            "visibility skeleton: field 'payment_ref' of MoneyArrived is required, and cannot be taken out",
        ),
        ("ladder", "posts", ["king"], "rung DueSoon/court: post 'king' is in no table"),
        ("stops", "begins", [{"event": "Nothing"}], "stop files: event 'Nothing' is in no table"),
    ],
)
def test_a_row_that_names_what_is_nowhere_is_a_fault(table: str, field: str, value: Any, fault: str) -> None:
    rows = orjson.loads(bundled_document())[table]
    rows[0][field] = value

    assert fault in list(faults(rules_from_document(changed(**{table: rows}))))
