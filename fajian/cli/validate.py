"""`fajian validate`: what intake would say of events, without a broker. Only the arrival is not judged."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NamedTuple

import orjson
import typer

from fajian.core.admission import Examined, examine
from fajian.errors import WireError
from fajian.law.events import load_intake_law
from schemas.cloudevents import from_structured
from schemas.problems import Problem, problem_of
from schemas.validation import MAX_BYTES

STDIN = "-"


class Verdict(NamedTuple):
    """What was found out about the event of one line."""

    file: str
    line: int
    problems: list[Problem]
    warnings: list[Problem]

    def shape(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "line": self.line,
            "valid": not self.problems,
            "problems": [problem.as_dict() for problem in self.problems],
            "warnings": [warning.as_dict() for warning in self.warnings],
        }


def validate(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="JSON Lines 文件，- 为标准输入 / or - for stdin")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="每个事件一行 JSON / one JSON line per event")
    ] = False,
) -> None:
    """离线校验事件 / Check events (structured JSON, one a line). Exit status 1 if any is invalid."""
    for name in files:
        if name != STDIN and not Path(name).is_file():
            typer.echo(f"没有文件 {name} / expected a file, found none: {name}", err=True)
            raise typer.Exit(2)
    events = invalid = 0
    for name in files:
        with nullcontext(sys.stdin.buffer) if name == STDIN else Path(name).open("rb") as stream:
            for verdict in check_lines(name, stream):
                events += 1
                invalid += bool(verdict.problems)
                _tell(verdict, as_json)
    typer.echo(f"事件 {events}，无效 {invalid} / {events} events, {invalid} invalid", err=True)
    if invalid:
        raise typer.Exit(1)


def check_lines(name: str, lines: BinaryIO) -> Iterator[Verdict]:
    """Judge every line that is not empty, in order."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            found = _examine(line.rstrip(b"\r\n"))
            yield Verdict(name, number, found.problems, found.warnings)


def _examine(line: bytes) -> Examined:
    try:
        if len(line) > MAX_BYTES:
            detail = f"expected at most {MAX_BYTES} bytes, got {len(line)}"
            raise WireError(detail, code="too-large", pointer="")
        raw = from_structured(line)
    except WireError as error:
        return Examined(None, None, [problem_of(error)], [])
    return examine(raw, None, load_intake_law())


def _tell(verdict: Verdict, as_json: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(verdict.shape(), option=orjson.OPT_APPEND_NEWLINE))
        return
    told = [("错误 error", problem) for problem in verdict.problems]
    told += [("提醒 warning", warning) for warning in verdict.warnings]
    for kind, problem in told:
        where = f"{verdict.file}:{verdict.line}: {problem.pointer or '/'}"
        sys.stdout.buffer.write(f"{where} {kind}: {problem.title}: {problem.detail}\n".encode())
