"""The SQL of the projection. Each query has a name and says in a comment what it is for."""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import LiteralString, cast

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def load_queries(file: str) -> Mapping[str, LiteralString]:
    """Return the queries of *file* by name. They are ours: literal text, as psycopg wants it."""
    text = files("connectors.sql").joinpath(file).read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    return {name: cast("LiteralString", body) for name, body in zip(parts[::2], parts[1::2], strict=True)}
