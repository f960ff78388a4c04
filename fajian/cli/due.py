"""`fajian due`: explain one due day, or answer many questions from standard input. Needs no broker."""

import sys
from typing import Annotated, BinaryIO

import orjson
import typer

from fajian.cli.due_request import Request, answer, parse_stop, request_from
from fajian.errors import FajianError

BULK = "-"


def due(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="[RULE] DAY | -",
            help="规则与起算日；- 表示逐行读入 JSON / rule and start day, or - for bulk",
        ),
    ],
    length: Annotated[int | None, typer.Option(help="期间长度 / length, instead of RULE")] = None,
    unit: Annotated[str | None, typer.Option(help="day, working-day, month, year, hour")] = None,
    count: Annotated[str | None, typer.Option(help="ND, WD, M, Y, MIN, BACK, EXP, H, IMM")] = None,
    stop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:FROM:[TO]", help="停止计算，可重复 / a stop, repeatable; no TO: still open"
        ),
    ] = None,
    extend: Annotated[str | None, typer.Option(metavar="UNTIL", help="延长至 / extended to this day")] = None,
    extra: Annotated[int, typer.Option(help="延长的单位数，同一起算日 / units added, same start")] = 0,
    nth: Annotated[int | None, typer.Option(help="第几次（重复的义务）/ which repetition")] = None,
    window: Annotated[
        bool, typer.Option("--window", help="BACK：届满前的窗口 / the time before DAY")
    ] = False,
    variant: Annotated[
        str | None,
        typer.Option(help="规则的另一种期间，如 urgent / another length of the rule, such as urgent"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """解释一个届满日 / Explain one due day: every step from the start to the end."""
    if arguments == [BULK]:
        raise typer.Exit(answer_lines(sys.stdin.buffer, sys.stdout.buffer))
    try:
        rule, day = _positions(arguments)
        found = answer(
            Request(
                day=day,
                rule=rule,
                variant=variant,
                length=length,
                unit=unit,
                count=count,
                stops=tuple(map(parse_stop, stop or ())),
                extended_to=extend,
                extra=extra,
                nth=nth,
                window=window,
            )
        )
    except FajianError as error:
        typer.echo(f"错误 / error: {error}", err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(orjson.dumps(found.shape()).decode())
        return
    from fajian.cli.due_text import lines

    for line in lines(found):
        typer.echo(line)


def _positions(arguments: list[str]) -> tuple[str | None, str]:
    if len(arguments) == 1:
        return None, arguments[0]
    if len(arguments) == 2:
        return arguments[0], arguments[1]
    raise typer.BadParameter(f"应为 RULE DAY，收到 {len(arguments)} 项 (expected a rule and a day)")


def answer_lines(requests: BinaryIO, answers: BinaryIO) -> int:
    """Answer every line in order, a bad one with its error; return 1 if there was any."""
    failed = 0
    for line in requests:
        try:
            shape = answer(request_from(orjson.loads(line))).shape()
            text = orjson.dumps(shape)
        except orjson.JSONDecodeError as error:
            failed = 1
            text = orjson.dumps({"error": f"不是 JSON (not JSON): {error}"})
        except FajianError as error:
            failed = 1
            text = orjson.dumps({"error": str(error)})
        answers.write(text + b"\n")
        answers.flush()
    return failed
