"""Small JSON files that hold passwords: written whole or not at all, readable by their owner alone."""

import json
import os
from pathlib import Path
from secrets import token_urlsafe
from typing import Any


def write_secret(path: Path, value: dict[str, Any]) -> None:
    """Write *value* to *path* with mode 0600; a reader sees the old or the new file, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
    fresh.replace(path)


def read_secret(path: Path) -> dict[str, Any]:
    """Return what was written, or an empty dictionary where nothing was."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


def new_password() -> str:
    return token_urlsafe(24)
