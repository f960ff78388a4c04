"""`fajian visible`: who may see an event, and why. It asks the same function that fills the feeds."""

import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from fajian.cli.hints import did_you_mean
from fajian.core.routing import Addressees, addressees_of_flag, addressees_of_lead, addressees_of_type
from fajian.core.rules import Rules
from fajian.errors import FajianError
from fajian.law.documents import load_rules_under
from fajian.law.naming import named_post
from schemas.names import parse_ce_type
from schemas.registry import TYPES, find, suggest
from schemas.topics import SIDES


def visible(
    event: Annotated[
        str, typer.Argument(help="事件类型，或事件文件（JSON），- 为标准输入 / type, or file with one event")
    ],
    to: Annotated[str | None, typer.Option("--to", help=f"只看一方 / one side: {', '.join(SIDES)}")] = None,
    policy: Annotated[Path | None, typer.Option(help="政策文件 / a policy instead of the model")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """谁能看到、为何 / Who may see an event, who must act on it, and why. Exit 1: that side may not."""
    if to is not None and to not in SIDES:
        raise typer.BadParameter(
            f"应为 / expected one of {', '.join(SIDES)}, 得到 / got {to}", param_hint="--to"
        )
    rules = load_rules_under(policy)
    event = _type_or_file(event)
    told = _addressees(event, rules)
    sides = [to] if to else list(SIDES)
    rows = [
        {
            "side": side,
            "visible": side in told.posts,
            "posts": list(told.posts.get(side, ())),
            "hidden": hidden_by_row(event, side, rules),
            "why": told.why,
        }
        for side in sides
    ]
    for row in rows:
        print(orjson.dumps(row).decode() if as_json else _line(row))
    raise typer.Exit(0 if to is None or rows[0]["visible"] else 1)


def _type_or_file(event: str) -> str:
    """Return the short name of the type that *event* names, or *event* where it can only be a file."""
    found = find(event)
    if found is None:
        if event == "-" or _is_path(event):
            return event
        hint = did_you_mean(suggest(event))
        raise typer.BadParameter(f"没有事件类型或文件 {event} / no event type or file of this name{hint}")
    if found.family == "flag":
        raise typer.BadParameter(
            f"{found.zh} {found.name} 须给出事件文件：去向取决于规则"
            " / give a file with the flag: who hears depends on its rule"
        )
    if found.family == "receipt":
        raise typer.BadParameter(
            f"{found.zh} {found.name}：回执只给提交的一方 / a receipt goes to the side that submitted"
        )
    return found.name


def _is_path(text: str) -> bool:
    return Path(text).exists() or "/" in text or (bool(Path(text).suffix) and not text.startswith("cn."))


def _line(row: dict[str, Any]) -> str:
    seen = "可见 / may see" if row["visible"] else "不可见 / may not see"
    posts = f"  须处理 / must act: {'、'.join(map(named_post, row['posts']))}" if row["posts"] else ""
    hidden = "".join(f"  不含 / without {name}（{why}）" for name, why in row["hidden"].items())
    return f"{row['side']:<14} {seen}{posts}{hidden}  （{row['why']}）"


def hidden_by_row(event: str, side: str, rules: Rules) -> dict[str, str]:
    """Return the fields that a copy for *side* lacks, each with the row of the visibility table and its word.

    Nothing is hidden from a side that said the event itself.
    """
    if event in rules.events:
        row, said = (
            rules.events[event],
            dict.fromkeys(TYPES[rules.events[event].ce_type].model.model_fields, 1),
        )
    else:
        read = _read(event)
        name = parse_ce_type(str(read.get("type")))
        if name is None or name.short not in rules.events:
            return {}
        row, said = rules.events[name.short], read.get("data") or {}
        if str(read.get("source", "")).startswith(f"//{side}/"):
            return {}
    if row.publishers == (side,) or side not in rules.seen_by[row.name]:
        return {}
    veiled = rules.veiled_from[side]
    return {name: f"{veiled[name].zh}: {veiled[name].access[side]}" for name in veiled if said.get(name)}


def _addressees(event: str, rules: Rules) -> Addressees:
    if event in rules.events:
        return addressees_of_type(event, rules)
    said = _read(event)
    name = parse_ce_type(str(said.get("type")))
    body = said.get("data")
    if name is None or not isinstance(body, dict):
        raise FajianError(f"expected a CloudEvent of the bus in {event}, got type {said.get('type')!r}")
    try:
        if name.family == "lead" and "side" in body:
            return addressees_of_lead(body, rules)
        if name.family == "flag":
            return addressees_of_flag(name.short, body, rules, raised="leadid" in said)
        return addressees_of_type(name.short, rules)
    except KeyError as error:
        raise FajianError(f"the event in {event} names {error}, which the law does not have") from error


def _read(event: str) -> dict[str, Any]:
    try:
        text = sys.stdin.buffer.read() if event == "-" else Path(event).read_bytes()
        said = orjson.loads(text)
    except (OSError, ValueError) as error:
        raise FajianError(
            f"应为一个事件的文件 / expected a file with one event, got {event!r}: {error}"
        ) from error
    if not isinstance(said, dict):
        raise FajianError(f"expected one JSON object in {event}")
    return said
