"""`fajian schema`: the contract of one event type, the list of all, or everything exported to a folder."""

from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from fajian import __version__
from fajian.cli.hints import did_you_mean
from fajian.law.events import load_events
from schemas.examples import examples
from schemas.export import asyncapi, event_schema
from schemas.registry import TYPES, EventType, find, suggest

EXPORT = "export"


def schema(
    type_: Annotated[
        str | None,
        typer.Argument(metavar="TYPE | export DIR", help="简称或 ce_type / short name or ce_type"),
    ] = None,
    folder: Annotated[Path | None, typer.Argument(hidden=True)] = None,
    example: Annotated[bool, typer.Option("--example", help="一个有效示例 / a valid example")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="列表逐行 JSON / list as JSON Lines")] = False,
) -> None:
    """事件契约 / The contract of an event type as JSON Schema; without TYPE the list of all types."""
    if type_ == EXPORT:
        _export(folder)
    elif folder is not None:
        raise typer.BadParameter(f"应为一个类型 (expected one TYPE, got also {folder})")
    elif type_ is None:
        _list(as_json)
    elif example:
        typer.echo(orjson.dumps(examples()[_find(type_).ce_type]).decode())
    else:
        typer.echo(_pretty(event_schema(_find(type_))).decode())


def _find(text: str) -> EventType:
    found = find(text)
    if found is None:
        hint = did_you_mean(suggest(text))
        typer.echo(f"没有事件类型 {text} / no event type of this name{hint}", err=True)
        raise typer.Exit(2)
    return found


def _list(as_json: bool) -> None:
    rows = load_events()
    for found in TYPES.values():
        row = rows.get(found.name) if found.family not in ("flag", "receipt") else None
        publishers = list(row.publishers) if row else []
        if as_json:
            shape: dict[str, Any] = {
                "name": found.name,
                "type": found.ce_type,
                "family": found.family,
                "zh": found.zh,
                "en": found.en,
                "publishers": publishers,
            }
            typer.echo(orjson.dumps(shape).decode())
        else:
            typer.echo(f"{found.name:<30} {found.ce_type:<58} {','.join(publishers) or 'hub':<24} {found.zh}")


def _export(folder: Path | None) -> None:
    if folder is None:
        raise typer.BadParameter("应为 export DIR (expected a folder to export to)")
    target = folder / "schemas"
    target.mkdir(parents=True, exist_ok=True)
    for found in TYPES.values():
        (target / f"{found.ce_type}.json").write_bytes(_pretty(event_schema(found)) + b"\n")
    publishers = {row.name: row.publishers for row in load_events().values()}
    (folder / "asyncapi.json").write_bytes(_pretty(asyncapi(publishers, __version__)) + b"\n")
    outbox = resources.files("connectors.sql").joinpath("outbox.sql").read_bytes()
    (folder / "outbox.sql").write_bytes(outbox)
    typer.echo(f"{len(TYPES)} 个类型 / types, asyncapi.json, outbox.sql: {folder}", err=True)


def _pretty(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)
