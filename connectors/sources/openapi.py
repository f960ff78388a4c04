"""What the door understands and answers, as an OpenAPI 3.1 document for programs that are not ours."""

from collections.abc import Collection
from typing import Any, get_args

from connectors.source_config import HttpSource
from connectors.sources.problems import PROBLEM_JSON
from connectors.sources.queries import LAST_POSITION, LONGEST_WAIT_SECONDS, MOST_ROWS
from fajian import __version__
from schemas.cloudevents import BATCH, STRUCTURED
from schemas.envelope import JSON, LONGEST, OPTIONAL, REQUIRED
from schemas.mechanism import Answer
from schemas.receipts import STATUSES

Shape = dict[str, Any]

_RETRY: Shape = {"Retry-After": {"description": "多少秒后再来 / seconds", "schema": {"type": "integer"}}}
_TEXT: Shape = {"type": "string", "minLength": 1, "maxLength": LONGEST}
_PROBLEM: Shape = {"$ref": "#/components/schemas/Problem"}

_ACK: Shape = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "id": _TEXT,
        "source": _TEXT,
        "time": {"type": "string", "format": "date-time"},
        "note": {"type": "string"},
        "actor_role": {"type": "string"},
    },
}
_ANSWER: Shape = {
    **_ACK,
    "required": ["answer"],
    "properties": {
        **_ACK["properties"],
        "answer": {"enum": list(get_args(Answer))},
        "evidence": {"type": "array", "items": _TEXT},
    },
}


def openapi(config: HttpSource, *, side: str, types: Collection[str], has_stream: bool = False) -> Shape:
    """Return the document of *side*'s door; *types* are the event types that the side may submit."""
    security: list[Shape] = [] if config.authentication == "none" else [{"key": []}, {"certificate": []}]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"法检 Fajian: {side}",
            "version": __version__,
            "description": "报送事件、查询回执 / submit events, ask for receipts. CloudEvents 1.0 over HTTP.",
        },
        "paths": {
            "/v1/events": {"post": {**_post_events(config), "security": security}},
            "/v1/receipts": {"get": {**_get_receipts(), "security": security}},
            "/v1/receipts/{source}/{id}": {"get": {**_get_receipt(), "security": security}},
            "/v1/flags/{flag}/ack": {"post": {**_post_flag("ack", _ACK), "security": security}},
            "/v1/flags/{flag}/answer": {"post": {**_post_flag("answer", _ANSWER), "security": security}},
            **({"/v1/stream": {"get": {**_get_stream(), "security": security}}} if has_stream else {}),
            "/healthz": {"get": _plain("进程在运行 / the process is alive")},
            "/readyz": {
                "get": _plain("各部件的状态 / how the parts do", {"503": _answer("未就绪 / not ready")})
            },
            "/metrics": {"get": _plain("Prometheus 指标 / metrics")},
            "/openapi.json": {"get": _plain("本文档 / this document")},
        },
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "certificate": {"type": "mutualTLS"},
            },
            "schemas": {"Event": _event(types), "Problem": _problem(), "Receipt": _receipt()},
        },
    }


def _post_events(config: HttpSource) -> Shape:
    event = {"$ref": "#/components/schemas/Event"}
    headers = [
        {
            "name": f"ce-{name}",
            "in": "header",
            # OpenAPI cannot limit a header for one content type alone: other modes pass these over
            "schema": {"type": "string"},
            "required": False,
            "description": _binary_mode(is_required=name in REQUIRED),
        }
        for name in (*REQUIRED, *OPTIONAL)
    ]
    batch = {"type": "array", "items": event, "maxItems": config.max_batch_events}
    refusals = {
        "400": "无法读取 / cannot be read",
        "401": "身份不明 / not known",
        "403": "无权 / not allowed",
        "408": "正文太慢 / the body is too slow",
        "413": "过大 / too large",
        "415": "内容类型不支持 / content type not supported",
        "422": "内容不合规 / content not valid",
    }
    return {
        "summary": "报送一个或一批事件 / submit one event, or a batch",
        "description": "202 只在 Kafka 确认之后返回；同一事件重复报送无害。"
        " 202 comes only after Kafka has the events; the same event twice does no harm.",
        "operationId": "postEvents",
        "parameters": headers,
        "requestBody": {
            "required": True,
            "content": {
                STRUCTURED: {"schema": event},
                BATCH: {"schema": batch},
                JSON: {"schema": {"type": "object", "description": "binary mode: the body is the data"}},
            },
        },
        "responses": {
            "202": _answer("已收下 / taken", JSON),
            "207": _answer("部分收下 / some are taken, some refused", JSON),
            **{status: _answer(text, PROBLEM_JSON) for status, text in refusals.items()},
            "429": {**_answer("太多 / too many", PROBLEM_JSON), "headers": _RETRY},
            "503": {**_answer("暂不可用 / away for now", PROBLEM_JSON), "headers": _RETRY},
        },
    }


def _binary_mode(*, is_required: bool) -> str:
    need = ("必填", "required") if is_required else ("可选", "optional")
    return (
        f"仅二进制模式：{need[0]}，百分号解码后 1 至 {LONGEST} 个字符 / "
        f"binary mode alone: {need[1]}, 1 to {LONGEST} characters once percent-decoded"
    )


def _get_receipts() -> Shape:
    filters = {
        "source": _TEXT,
        "id": _TEXT,
        "subject": _TEXT,
        "status": {"enum": list(STATUSES)},
        "since": {"type": "string", "format": "date-time"},
        "after": {"type": "integer", "minimum": 0, "maximum": LAST_POSITION},
        "limit": {"type": "integer", "minimum": 0, "maximum": MOST_ROWS},
        "wait": {"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT_SECONDS},
    }
    return {
        "summary": "回执 / receipts",
        "operationId": "getReceipts",
        "parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in filters.items()],
        "responses": {"200": _answer("回执 / receipts", JSON), **_read_refusals("400", "401", "404", "503")},
    }


def _get_receipt() -> Shape:
    return {
        "summary": "一个事件的下落 / what became of one event",
        "operationId": "getReceipt",
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": _TEXT} for name in ("source", "id")
        ],
        "responses": {
            "200": _answer("回执 / the receipt", JSON, {"$ref": "#/components/schemas/Receipt"}),
            **_read_refusals("401", "403", "404", "503"),
        },
    }


def _get_stream() -> Shape:
    filters = ("kinds", "types", "rules", "severities", "posts", "begin", "last_event_id")
    parameters = [{"name": name, "in": "query", "schema": _TEXT} for name in filters]
    place = {"name": "Last-Event-ID", "in": "header", "schema": _TEXT}
    return {
        "summary": "实时流 / the live stream",
        "operationId": "getStream",
        "parameters": [*parameters, place],
        "responses": {
            "200": _answer("持续输出 / goes on", "text/event-stream", {"type": "string"}),
            **_read_refusals("400", "401", "503"),
        },
    }


def _post_flag(what: str, body: Shape) -> Shape:
    refusals = ("400", "401", "403", "404", "408", "413", "415", "422", "429", "503")
    return {
        "summary": {"ack": "签收预警 / acknowledge a flag", "answer": "答复预警 / answer a flag"}[what],
        "operationId": f"{what}Flag",
        "parameters": [{"name": "flag", "in": "path", "required": True, "schema": _TEXT}],
        "requestBody": {"required": what == "answer", "content": {JSON: {"schema": body}}},
        "responses": {"202": _answer("已收下 / taken", JSON), **_read_refusals(*refusals)},
    }


def _read_refusals(*statuses: str) -> Shape:
    return {status: _answer("见 detail / see detail", PROBLEM_JSON) for status in statuses}


def _plain(summary: str, more: Shape | None = None) -> Shape:
    return {"summary": summary, "security": [], "responses": {"200": _answer(summary), **(more or {})}}


def _answer(description: str, media: str | None = None, schema: Shape | None = None) -> Shape:
    if media is None:
        return {"description": description}
    found = schema or (_PROBLEM if media == PROBLEM_JSON else {"type": "object"})
    return {"description": description, "content": {media: {"schema": found}}}


def _event(types: Collection[str]) -> Shape:
    return {
        "type": "object",
        "description": "CloudEvents 1.0；各类型的 data 见 fajian schema TYPE / the data of each type: there",
        "required": [*REQUIRED, "data"],
        "properties": {
            **dict.fromkeys((*REQUIRED, *OPTIONAL), _TEXT),
            "specversion": {"const": "1.0"},
            "type": {"enum": sorted(types)},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": JSON},
            "data": {"type": "object"},
        },
    }


def _problem() -> Shape:
    members = {name: {"type": "string"} for name in ("type", "title", "detail")}
    one = {"type": "object", "properties": {**members, "pointer": {"type": "string"}}}
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            **members,
            "status": {"type": "integer"},
            "problems": {"type": "array", "items": one},
        },
    }


def _receipt() -> Shape:
    texts = {name: {"type": "string"} for name in ("source", "id")}
    return {
        "type": "object",
        "required": ["source", "id", "status"],
        "properties": {
            **texts,
            "subject": {"type": ["string", "null"]},
            "status": {"enum": list(STATUSES)},
            "ledger": {"type": ["string", "null"]},
            "problems": {"type": "array"},
            "warnings": {"type": "array"},
            "history": {"type": "array"},
        },
    }
