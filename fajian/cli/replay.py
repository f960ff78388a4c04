"""`fajian replay`: fold a file of events in memory, without a broker."""

import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from fajian.core.replay import Adopted, Replayed
from fajian.core.replay import replay as fold
from fajian.core.rules import Rules
from fajian.errors import FajianError, RequestError
from fajian.law.documents import load_rules, load_rules_under, rules_from_document
from fajian.law.naming import named_basis, named_rule, named_type


def replay(
    file: Annotated[str, typer.Argument(help="事件文件，JSON Lines，- 为标准输入 / events, one per line")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="最后一日 / the last day to judge")],
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE[@DAY]",
            help="政策文件，@ 后为生效日，可多次；默认示范政策 / a policy, from DAY on; may be given again",
        ),
    ] = None,
    rules: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE[@DAY]",
            help="规则版本（见 rules show），自该日起 / a whole version, from DAY on; may be given again",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="每行一个 JSON / JSON Lines")] = False,
) -> None:
    """重放：哪天、因何会提示、预警、产生线索 / Replay: what would have been flagged, on which day and why."""
    adopted = _adopted(policy or (), rules or ())
    unread: list[str] = []
    lines: list[int] = []
    result = fold(_events(file, lines, unread), until.date(), adopted, intake=_intake())
    for row in result.rows:
        print(orjson.dumps(row).decode() if as_json else _line(row))
    _tell(result, lines, unread, until.date())
    if unread or result.rejected:
        raise typer.Exit(1)


def _adopted(policies: Iterable[str], versions: Iterable[str]) -> Adopted:
    """Read which rules judge which day; the one without a day judges from the beginning, else the model."""
    given = [(text, load_rules_under) for text in policies] + [(text, _version_in) for text in versions]
    by_day: dict[date | None, Rules] = {}
    for text, load in given:
        path, day = _dated(text)
        if day in by_day:
            since = day or "the beginning"
            raise RequestError(
                f"同日只能有一个版本 / expected one version from {since} on, got another: {text}"
            )
        by_day[day] = load(path)
    first = by_day.pop(None, None) or load_rules()
    return Adopted(first, {day: rules for day, rules in by_day.items() if day})


def _dated(text: str) -> tuple[Path, date | None]:
    path, at, day = text.rpartition("@")
    if not at or not path:
        return Path(text), None
    try:
        return Path(path), date.fromisoformat(day)
    except ValueError:
        raise RequestError(f"应为 / expected FILE@YYYY-MM-DD, 得到 / got {text}") from None


def _version_in(path: Path) -> Rules:
    try:
        return rules_from_document(path.read_bytes())
    except OSError as error:
        raise FajianError(f"expected a rules version at {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise FajianError(
            f"expected a rules version as `fajian rules show` prints it at {path}: {error!r}"
        ) from error


def _intake() -> Any:
    from fajian.law.intake import load_intake

    return load_intake(simulated=True)


def _events(file: str, lines: list[int], unread: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the events of *file*; say in *lines* on which line each stands, in *unread* what is none."""
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        try:
            event = orjson.loads(line)
            if not isinstance(event, dict):
                raise ValueError("expected a JSON object")
        except ValueError as error:
            unread.append(f"{_place(number)}: {error}")
            continue
        lines.append(number)
        yield event


def _place(number: int) -> str:
    return f"第 {number} 行 / line {number}"


def _lines(file: str) -> Iterator[bytes]:
    if file == "-":
        yield from sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as opened:
            yield from opened
    except OSError as error:
        raise FajianError(f"expected a file of events at {file}: {error.strerror}") from error


def _line(row: dict[str, Any]) -> str:
    what = named_type(row["type"], "flag")
    if row["kind"] == "lead":
        what = f"线索 lead {row['type']} 未经核实 unverified"
    why = row["explanation"]
    due = why.get("due_day") or why.get("suspended_since") or ""
    instance = f"（{row['instance']}）" if row["instance"] else ""
    rule, basis = named_rule(row["rule"]), named_basis(why.get("basis", ""))
    return f"{row['on']}  {what}  {rule}{instance}  {row['subject']}  {due}  {basis}"


def _tell(result: Replayed, lines: list[int], unread: list[str], until: date) -> None:
    for text in unread:
        print(f"无法读取 / cannot be read: {text}", file=sys.stderr)
    for receipt, place in zip(result.rejected, result.places, strict=True):
        for problem in receipt["problems"]:
            where = f"{_place(lines[place])}: {receipt['source']} {receipt['id']} {problem['pointer']}"
            print(f"拒收 / rejected: {where}: {problem['detail']}", file=sys.stderr)
    if result.later:
        print(f"{until} 之后到达，未计入 / arrived later, left out: {result.later}", file=sys.stderr)
