"""The contract for programs that are not ours: JSON Schema 2020-12 of every type, one AsyncAPI 3 document."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from schemas.envelope import OPTIONAL
from schemas.examples import examples
from schemas.registry import TYPES, EventType
from schemas.topics import CASE_EVENTS, FLAGS, LEADS, SIDES, TOPICS, Topic, feed, inbox, receipts

COUNTED: Final = "SoftBreachesCounted"  #: said by the bus, of no single case
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def body_schema(type_: EventType) -> dict[str, Any]:
    """Return the schema of the data of an event type."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:fajian:schema:{type_.ce_type}:data",
        **type_.model.model_json_schema(),
        "title": type_.zh,
        "description": type_.en,
    }


def event_schema(type_: EventType) -> dict[str, Any]:
    """Return the schema of a whole event in structured JSON."""
    body = type_.model.model_json_schema()
    definitions = {"$defs": body.pop("$defs")} if "$defs" in body else {}
    instant = {"type": "string", "format": "date-time"}
    text = {"type": "string", "minLength": 1, "maxLength": 256}
    optional = {name: instant if name == "recordedtime" else text for name in OPTIONAL}
    return {
        "$schema": DIALECT,
        "$id": f"urn:fajian:schema:{type_.ce_type}",
        "title": type_.zh,
        "description": type_.en,
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "subject", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text,
            "source": {**text, "pattern": "^//[^\\s/?#]+/[^\\s?#]+$"},
            "type": {"const": type_.ce_type},
            "time": instant,
            "subject": text,
            "datacontenttype": {"type": "string"},
            **optional,
            "data": {**body, "title": type_.zh},
        },
        "examples": [examples()[type_.ce_type]],
        **definitions,
    }


def asyncapi(publishers: Mapping[str, Collection[str]], version: str) -> dict[str, Any]:
    """Return the AsyncAPI document. *publishers*: short name of a fact -> sides that may submit it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "法检 Fajian",
            "version": version,
            "description": "民事执行监督事件总线 / event bus for the supervision of enforcement",
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(topic, publishers) for name, topic in TOPICS.items()},
        "operations": _operations(),
        "components": {"messages": {name: _message(type_) for name, type_ in TYPES.items()}},
    }


def _channel(topic: Topic, publishers: Mapping[str, Collection[str]]) -> dict[str, Any]:
    carried = [type_.ce_type for type_ in TYPES.values() if _carries(topic.name, type_, publishers)]
    return {
        "address": topic.name,
        "title": topic.zh,
        "description": topic.en,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in carried},
        "bindings": {
            "kafka": {
                "topicConfiguration": {
                    "cleanup.policy": [topic.cleanup],
                    "retention.ms": topic.retention_ms,
                    "max.message.bytes": topic.max_message_bytes,
                }
            }
        },
        "x-writers": list(topic.writers),
        "x-readers": list(topic.readers),
    }


def _carries(topic: str, type_: EventType, publishers: Mapping[str, Collection[str]]) -> bool:
    """Tell whether CloudEvents of this type travel in *topic*."""
    if topic == CASE_EVENTS:
        return type_.is_fact or type_.family == "clock"
    if topic in (FLAGS, LEADS):
        return type_.family == ("flag" if topic == FLAGS else "lead")
    for side in SIDES:
        if topic == inbox(side):
            return type_.is_fact and side in publishers.get(type_.name, ())
        if topic == receipts(side):
            return type_.family == "receipt"
        if topic == feed(side):
            return type_.is_fact or type_.family == "flag" or type_.name == COUNTED
    return False


def _operations() -> dict[str, Any]:
    operations = {}
    for topic in TOPICS.values():
        for principals, action in ((topic.writers, "send"), (topic.readers, "receive")):
            for principal in principals:
                operations[f"{principal}.{action}.{topic.name}"] = {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{topic.name}"},
                }
    return operations


def _message(type_: EventType) -> dict[str, Any]:
    example = examples()[type_.ce_type]
    return {
        "name": type_.ce_type,
        "title": type_.zh,
        "summary": type_.en,
        "contentType": "application/json",
        "payload": {
            "schemaFormat": f"application/schema+json;version={DIALECT}",
            "schema": body_schema(type_),
        },
        "examples": [{"name": type_.name, "payload": example["data"]}],
    }
