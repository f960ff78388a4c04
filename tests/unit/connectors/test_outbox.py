"""Rows of an outbox as submissions and as marks, without a database: no row may keep the others waiting."""

from typing import Any

import orjson
import pytest

from connectors.projection import Row
from connectors.sources.judge import judge_for
from connectors.sources.outbox import _mark, submission_of
from connectors.sources.submissions import Submission
from tests.connector_doubles import CASE

JUDGE = judge_for("court")


def row(**changes: Any) -> Row:
    """Return a row as the query reads it; it is good as it stands."""
    return {
        "seq": 1, "id": "e-1", "source": "//court/皖1324", "type": "MoneyPaid", "subject": CASE,
        "occurred_at": "2022-05-01T00:00:00.000000", "recorded_at": None,
        "data": '{"payment_ref": "P-1", "amount": "100.00"}', "attributes": None, **changes,
    }  # fmt: skip


def marked(row: Row) -> tuple[Submission, dict[str, Any]]:
    submission = submission_of(row, JUDGE)
    return submission, _mark(row, submission, "court.inbox/0/1")


def test_further_attributes_stand_beside_those_of_the_row_and_never_for_them() -> None:
    submission, mark = marked(row(attributes='{"correlationid": "c-1", "id": "other"}'))
    headers = dict(submission.letter.headers)

    assert (headers["ce_correlationid"], headers["ce_id"], mark["state"]) == (b"c-1", b"e-1", "published")


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ('{"x": 1' + "0" * 400 + "}", "json"),  # jsonb holds it, no reader of ours does
        ('{"x": 123456789012345678901234567890}', "json"),
        ('{"x": ' + "[" * 1100 + "]" * 1100 + "}", "too-deep"),
        ('{"x": ' + "[" * 300 + "]" * 300 + "}", "too-deep"),  # can be read, and not be written
    ],
)
def test_a_row_with_attributes_that_cannot_be_read_is_rejected_and_says_why(
    attributes: str, code: str
) -> None:
    submission, mark = marked(row(attributes=attributes))
    [problem] = orjson.loads(mark["problems"])

    assert (mark["state"], mark["verdict"], problem["pointer"]) == ("rejected", code, "/attributes")
    assert ("fajian_refused_at", b"outbox") in submission.letter.headers
    assert (submission.source, submission.id) == ("//court/皖1324", "e-1")


@pytest.mark.parametrize("text", ["\\u0000", "\0"])
@pytest.mark.parametrize("field", ["type", "subject", "source", "attributes", "data"])
def test_what_a_mark_says_of_a_row_is_json_that_the_database_can_hold(field: str, text: str) -> None:
    """Written as six characters it is no NUL: taking it out would leave a lone backslash."""
    values = {"attributes": orjson.dumps({f"x{text}": 1}), "data": orjson.dumps({"amount": text})}
    value = values[field].decode() if field in values else f"{row()[field]}{text}"

    _, mark = marked(row(**{field: value}))

    assert mark["state"] == "rejected"
    assert "\0" not in str(orjson.loads(mark["problems"]))
