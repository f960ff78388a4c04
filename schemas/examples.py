"""An example of every event type: `examples.jsonl` tells one invented case of Sixian (皖1324) in order."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import orjson


@cache
def examples() -> Mapping[str, Mapping[str, Any]]:
    """Return an event of every type as structured JSON, by `ce_type`."""
    lines = (files("schemas") / "examples.jsonl").read_bytes().splitlines()
    return MappingProxyType({event["type"]: event for event in map(orjson.loads, lines)})
