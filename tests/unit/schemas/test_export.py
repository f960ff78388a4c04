"""The exported contract says what the code says."""

from typing import Any

import jsonschema
import pytest

from fajian.law.events import load_events
from schemas.examples import examples
from schemas.export import asyncapi, body_schema, event_schema
from schemas.registry import TYPES, EventType
from schemas.topics import TOPICS
from tests.intake_doubles import event


@pytest.mark.parametrize("type_", TYPES.values(), ids=lambda type_: type_.ce_type)
def test_the_example_of_every_type_fits_its_exported_schema(type_: EventType) -> None:
    for schema, instance in (
        (event_schema(type_), examples()[type_.ce_type]),
        (body_schema(type_), examples()[type_.ce_type]["data"]),
    ):
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(instance)


@pytest.mark.parametrize(
    "data",
    [
        {"payment_ref": "p"},
        {"payment_ref": "p", "amount": 1},
        {"payment_ref": "p", "amount": "1", "other": 1},
        {"payment_ref": " p", "amount": "1"},
    ],
)
def test_the_exported_schema_refuses_what_the_code_refuses(data: dict[str, Any]) -> None:
    schema = event_schema(TYPES["cn.fajian.enforcement.money-paid.v1"])

    assert not jsonschema.Draft202012Validator(schema).is_valid(event(data=data))


def test_asyncapi_names_every_topic_every_type_and_who_may_send_what() -> None:
    document = asyncapi({row.name: row.publishers for row in load_events().values()}, "0.1.0")

    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]) == set(TOPICS)
    assert set(document["components"]["messages"]) == set(TYPES)
    court = document["channels"]["court.inbox"]["messages"]
    assert "cn.fajian.enforcement.money-paid.v1" in court
    assert "cn.fajian.supervision.suggestion-sent.v1" not in court
    assert set(document["channels"]["supervision.leads"]["messages"]) == {"cn.fajian.lead.lead-raised.v1"}
    assert document["operations"]["court.send.court.inbox"]["action"] == "send"
    assert "court.receive.supervision.leads" not in document["operations"]


def test_every_reference_of_asyncapi_leads_somewhere() -> None:
    document = asyncapi({}, "0.1.0")

    def look(node: Any) -> None:
        if isinstance(node, dict):
            if str(node.get("$ref", "")).startswith("#/c"):
                kind, _, name = node["$ref"].removeprefix("#/").rpartition("/")
                target = document
                for step in kind.split("/"):
                    target = target[step]
                assert name in target
            for inner in node.values():
                look(inner)

    look(document["channels"])
    look(document["operations"])
