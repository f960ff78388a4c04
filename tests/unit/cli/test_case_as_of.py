"""`fajian case --as-of`: from the rows of a side's feed to what a person reads."""

from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from fajian.cli.case_as_of import OfTheDay, lines_as_of, shape_as_of
from fajian.cli.main import app
from fajian.cli.rules_of_day import in_force_on, rules_of
from fajian.core.as_of import Known
from fajian.core.rules import Rules
from fajian.law.documents import load_rules, rules_from_document
from fajian.streams.memory import MemoryTopics
from fajian.streams.rules_topic import RulesTopic, publish_rules
from schemas.names import short_name
from schemas.topics import feed
from tests.histories import CASE, play, told

DAY = date(2022, 6, 15)
THIS = OfTheDay(None, load_rules())


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
    shape = shape_as_of(CASE, _told(), DAY, known, THIS)

    assert shape is not None
    [clock] = [clock for clock in shape["clocks"] if clock["rule"] == "pay-out"]
    assert (clock["status"], clock["due_day"]) == (status, "2022-06-08")
    assert clock["said"]["explanation"]["basis"] == "MONEY 10(1)"
    [flag] = [flag for flag in shape["flags"] if flag["rule"] == "pay-out"]
    assert flag["type"] == "Escalated"


def test_a_person_reads_which_of_both_it_is() -> None:
    shape = shape_as_of(CASE, _told(), DAY, "then", THIS)

    assert shape is not None
    text = "\n".join(lines_as_of(shape))
    assert "2022-06-15 终了时 / after that day  当时所知 / what was known then" in text
    assert "状态 state 案款发放 paying" in text
    assert "MoneyPaid" not in text


def test_before_anything_was_known_there_is_nothing() -> None:
    assert shape_as_of(CASE, _told(), date(2022, 5, 1), "then", THIS) is None


def test_only_then_and_now_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAJIAN_COURT_POSTGRES_DSN", "postgresql://nowhere")

    done = CliRunner().invoke(app, ["case", CASE, "--as-of", "2022-06-15", "--known", "later"])

    assert done.exit_code == 2
    assert "then|now" in done.output


def _other() -> Rules:
    """Return this release's rules as another document: paying out takes ten days."""
    document = orjson.loads(load_rules().document)
    [row] = [row for row in document["periods"] if row["id"] == "pay-out"]
    row["length"] = 10
    return rules_from_document(orjson.dumps(document))


async def _bus(rules: Rules) -> RulesTopic:
    topics = MemoryTopics()
    await publish_rules(topics, rules, effective_day=date(2022, 5, 1))
    await publish_rules(topics, load_rules(), effective_day=date(2022, 6, 16))
    topic = RulesTopic(topics)
    await topic.refresh()
    return topic


async def test_a_day_is_judged_by_the_version_in_force_then() -> None:
    other = _other()
    topic = await _bus(other)

    shape = shape_as_of(CASE, _told(), DAY, "then", in_force_on(topic, DAY))

    assert shape is not None
    [clock] = [clock for clock in shape["clocks"] if clock["rule"] == "pay-out"]
    assert clock["due_day"] == "2022-05-19"
    assert (shape["rules"], shape["in_force"]) == (other.version, other.version)
    text = "\n".join(lines_as_of(shape))
    assert f"规则 rules {other.version}（当日有效 / in force then）" in text
    assert f"当日所称，依 / said then, by {load_rules().version}: 2022-06-08" in text
    assert in_force_on(topic, date(2022, 6, 16)).rules.version == load_rules().version


async def test_a_version_that_this_release_cannot_read_is_named_and_this_release_judges() -> None:
    topic, strange = MemoryTopics(), orjson.dumps({"fold": 0})
    headers = [("effective", b"2022-05-01")]
    topic.append("rules", key=b"rules-old/2022-05-01", value=strange, headers=headers, partition=0)
    read = RulesTopic(topic)
    await read.refresh()

    shape = shape_as_of(CASE, _told(), DAY, "then", in_force_on(read, DAY))

    assert shape is not None
    assert (shape["rules"], shape["in_force"]) == (load_rules().version, "rules-old")
    assert "当日有效 in force then: rules-old" in "\n".join(lines_as_of(shape))
    assert in_force_on(read, date(2022, 4, 30)) == THIS


async def test_without_a_bus_this_release_judges_and_what_was_in_force_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAJIAN_DATA_DIR", str(tmp_path))

    shape = shape_as_of(CASE, _told(), DAY, "then", await rules_of("court", DAY))

    assert shape is not None
    assert "当日有效 in force then: 未知 / unknown" in "\n".join(lines_as_of(shape))
