"""`fajian webhook`: who is sent what, what became of it, and sending it again. Mail stands here too."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, get_args

import orjson
import typer

from connectors.projection import Row, connection
from connectors.sinks.ladder import State
from connectors.sinks.queue import QUERIES, SCHEMA, Connection
from fajian.cli import reach
from fajian.cli.filters import canonical, one_of, say_how_many
from fajian.cli.reach import SideOption
from fajian.clock import now
from fajian.errors import RequestError

app = typer.Typer(
    help="推送：接收方、投递记录与重投 / Receivers, their delivery log, and sending again.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Receiver = Annotated[str, typer.Argument(help="接收方名称 / name of the receiver")]
STATES = get_args(State)

Json = Annotated[bool, typer.Option("--json", help="每行一个 JSON / JSON Lines")]


@app.command("list")
def list_(side: SideOption = "court", as_json: Json = False) -> None:
    """接收方及其积压 / The receivers, what waits and what failed. Exit status 1 if one needs a person."""
    rows = _ask(side, lambda opened: _rows(opened, "list"))
    for row in rows:
        typer.echo(orjson.dumps(row).decode() if as_json else _receiver_line(row))
    if any(row["state"] == "disabled" or row["failed"] for row in rows):
        raise typer.Exit(1)


@app.command()
def log(
    receiver: Annotated[str | None, typer.Argument(help="接收方名称 / name of the receiver")] = None,
    side: SideOption = "court",
    state: Annotated[str | None, typer.Option(help=" | ".join(STATES))] = None,
    subject: Annotated[str | None, typer.Option(help="案号 / a subject, such as a case number")] = None,
    message: Annotated[str | None, typer.Option("--id", help="消息编号，可只写开头 / message id")] = None,
    limit: Annotated[int, typer.Option(min=1, help="最多行数 / at most so many rows")] = 100,
    as_json: Json = False,
) -> None:
    """投递记录，每次尝试都在 / The delivery log: each message with each attempt, oldest first."""
    values = {
        "receiver": receiver,
        "state": one_of("--state", state, STATES),
        "subject": canonical(subject),
        "message_id": message,
        "limit": limit,
    }
    rows = _ask(side, lambda opened: _rows(opened, "log", **values))
    for row in rows:
        typer.echo(orjson.dumps(row).decode() if as_json else "\n".join(_log_lines(row)))
    say_how_many(len(rows), limit)


@app.command()
def redeliver(
    receiver: Receiver,
    message: Annotated[str | None, typer.Argument(help="消息编号 / message id")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="全部失败的 / all that failed for good")] = False,
    side: SideOption = "court",
    as_json: Json = False,
) -> None:
    """重新投递 / Send again from the first rung, under the same message id."""
    if failed is (message is not None):
        raise typer.BadParameter(
            "应为消息编号或 --failed 之一 / expected a message id or --failed, one of them"
        )

    async def again(opened: Connection) -> list[Row]:
        await _known(opened, receiver)
        values = {"receiver": receiver, "message_id": message, "now": now()}
        async with opened.transaction():
            rows = await _rows(opened, "redeliver", **values)
            await opened.execute(QUERIES["see"], {**values, "deliveries": [row["seq"] for row in rows]})
        return rows

    rows = _ask(side, again)
    if message is not None and not rows:
        raise RequestError(
            f"没有可重投的消息 / expected a message to {receiver} that has ended,"
            f" found none with id {message!r}"
        )
    for row in rows if as_json else ():
        typer.echo(orjson.dumps(row).decode())
    typer.echo(f"已重新排队 / queued again: {len(rows)}", err=True)


@app.command()
def enable(receiver: Receiver, side: SideOption = "court") -> None:
    """重新启用接收方 / Open a receiver again: what waited goes out in its order."""

    async def opening(opened: Connection) -> list[Row]:
        await _known(opened, receiver)
        values = {"receiver": receiver, "deliveries": None, "now": now()}
        async with opened.transaction():
            await opened.execute(QUERIES["hasten"], values)
            await opened.execute(QUERIES["see"], values)
            return await _rows(opened, "enable", **values)

    _ask(side, opening)
    typer.echo(f"已启用 / enabled: {receiver}", err=True)


def _ask(side: str, question: Callable[[Connection], Awaitable[list[Row]]]) -> list[Row]:
    async def run() -> list[Row]:
        async with connection(reach.dsn(side), schema=SCHEMA) as opened:
            found = await opened.execute("SELECT to_regclass('deliveries') IS NOT NULL AS there")
            row = await found.fetchone()
            if row is None or not row["there"]:
                raise RequestError(
                    f"{side} 没有接收方 / {side} has no receivers: no connector with a [[sink]] of kind"
                    " webhook or mail has run yet"
                )
            return await question(opened)

    return asyncio.run(run())


async def _rows(opened: Connection, query: str, **values: Any) -> list[Row]:
    return await (await opened.execute(QUERIES[query], values)).fetchall()


async def _known(opened: Connection, receiver: str) -> None:
    names = [row["receiver"] for row in await _rows(opened, "list")]
    if receiver not in names:
        raise RequestError(f"没有该接收方 / expected one of {', '.join(names)}, got {receiver!r}")


def _receiver_line(row: Row) -> str:
    why = f"  {row['reason']}" if row["reason"] else ""
    oldest = f"  最早 oldest {row['oldest_waiting']:%Y-%m-%d %H:%M:%S}" if row["oldest_waiting"] else ""
    return (
        f"{row['receiver']:<20}  {row['channel']:<8} {row['state']:<9}"
        f"待投 waiting {row['waiting']}  已投 delivered {row['delivered']}  失败 failed {row['failed']}"
        f"  告警 alerts {row['alerts']}{oldest}{why}"
    )


def _log_lines(row: Row) -> list[str]:
    again = f"  下次 next {row['next_at']:%Y-%m-%d %H:%M:%S}" if row["next_at"] else ""
    first = (
        f"{row['queued_at']:%Y-%m-%d %H:%M:%S}  {row['receiver']}  {row['state']:<9}  {row['type']}  "
        f"{row['subject']}  {row['message_id']}{again}"
    )
    return [first, *map(_attempt_line, row["history"])]


def _attempt_line(each: Row) -> str:
    at = each["at"][:19].replace("T", " ")
    return f"    {each['number']}. {at}  {each['took_ms']} ms  {each['detail']}"
