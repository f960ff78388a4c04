"""`fajian case --as-of`: from the rows of a side's feed to what a person reads."""

from datetime import date
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from fajian.cli.case_as_of import lines_as_of, shape_as_of
from fajian.cli.main import app
from fajian.core.as_of import Known
from schemas.names import short_name
from schemas.topics import feed
from tests.histories import CASE, play, told

DAY = date(2022, 6, 15)


def _told(side: str = "court") -> list[dict[str, Any]]:
    """Return what a side's feed holds of a payment that was made in time and reported late."""
    bench = play(
        told("CaseDocketed", "2022-05-04", case_kind="first"),
        told("FinanceNotified", "2022-05-09", payment_ref="p"),
        told("MoneyPaid", "2022-06-08", payment_ref="p", amount="1.00", arrives="2022-06-20"),
        until="2022-06-30",
    )
    rows = []
    for output in bench.outputs:
        if output.topic not in (feed(side), "deadlines.flags"):
            continue
        headers = {name: value.decode() for name, value in output.headers}
        body = orjson.loads(output.value or b"")
        name = short_name(headers["ce_type"])
        rows.append(
            {
                "kind": "flag" if "flag_id" in body and "on" in body else "fact",
                "type": name,
                "trigger": None,
                "rule": body.get("rule"),
                "instance": body.get("instance"),
                "due_day": body.get("due_day"),
                "day": date.fromisoformat(body.get("on") or headers["ce_time"][:10]),
                "matter": body.get("flag_id"),
                "ce_source": headers["ce_source"],
                "ce_id": headers["ce_id"],
                "envelope": headers,
                "body": body,
            }
        )
    return rows


@pytest.mark.parametrize(("known", "status"), [("then", "overdue"), ("now", "met")])
def test_the_clocks_are_those_of_the_day(known: Known, status: str) -> None:
    shape = shape_as_of(CASE, _told(), DAY, known)

    assert shape is not None
    [clock] = [clock for clock in shape["clocks"] if clock["rule"] == "pay-out"]
    assert (clock["status"], clock["due_day"]) == (status, "2022-06-08")
    assert clock["said"]["explanation"]["basis"] == "MONEY 10(1)"
    [flag] = [flag for flag in shape["flags"] if flag["rule"] == "pay-out"]
    assert flag["type"] == "Escalated"


def test_a_person_reads_which_of_both_it_is() -> None:
    shape = shape_as_of(CASE, _told(), DAY, "then")

    assert shape is not None
    text = "\n".join(lines_as_of(shape))
    assert "2022-06-15 终了时 / after that day  当时所知 / what was known then" in text
    assert "状态 state 案款发放 paying" in text
    assert "MoneyPaid" not in text


def test_before_anything_was_known_there_is_nothing() -> None:
    assert shape_as_of(CASE, _told(), date(2022, 5, 1), "then") is None


def test_only_then_and_now_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAJIAN_COURT_POSTGRES_DSN", "postgresql://nowhere")

    done = CliRunner().invoke(app, ["case", CASE, "--as-of", "2022-06-15", "--known", "later"])

    assert done.exit_code == 2
    assert "then|now" in done.output
