"""What a side reads of its projection, and says to a flag: receipts, flags, leads, case, ack, answer."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Annotated, Any, get_args

import orjson
import typer

from connectors.projection import Projection, Row
from fajian.cli import reach
from fajian.cli.case_as_of import OfTheDay, lines_as_of, shape_as_of
from fajian.cli.case_text import case_lines, case_shape, padded, what_of
from fajian.cli.filters import canonical, known_rule, known_stage, known_trigger, one_of, say_how_many
from fajian.cli.publish import text_of
from fajian.cli.reach import SideOption
from fajian.cli.statement import find_flag, say
from fajian.clock import SHANGHAI
from fajian.errors import PeerAwayError
from fajian.law.naming import named_type
from schemas.mechanism import Answer
from schemas.receipts import STATUSES

RETRY_SECONDS = 1.0
ANSWERS = get_args(Answer)

SubjectOption = Annotated[str | None, typer.Option(help="主体，如案号 / a subject, such as a case number")]
RuleOption = Annotated[str | None, typer.Option(help="期限规则，如 pay-out / a rule")]
SinceOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="自某日起 / from a day on")]
LimitOption = Annotated[int, typer.Option(min=1, help="最多行数 / at most so many rows")]
FollowOption = Annotated[bool, typer.Option("--follow", help="持续输出 / go on as they come")]
JsonOption = Annotated[bool, typer.Option("--json", help="每行一个 JSON / one JSON object a line")]


def receipts(
    side: SideOption = "court",
    source: Annotated[str | None, typer.Option(help="来源 / CloudEvents source")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="事件编号 / id of the event")] = None,
    subject: SubjectOption = None,
    status: Annotated[str | None, typer.Option(help=" | ".join(STATUSES))] = None,
    since: SinceOption = None,
    limit: LimitOption = 100,
    follow: FollowOption = False,
    after: Annotated[int, typer.Option(min=0, help="从该次序之后 / after this `seq`, to go on")] = 0,
    as_json: JsonOption = False,
) -> None:
    """回执 / What became of what this side submitted, oldest first."""
    filters = {
        "source": source,
        "id": id_,
        "subject": canonical(subject),
        "status": one_of("--status", status, STATUSES),
        "since": since.replace(tzinfo=SHANGHAI) if since else None,
        "prefixes": None,
    }
    _list(side, "receipts", filters, _receipt_line, limit=limit, follow=follow, after=after, as_json=as_json)


def flags(
    side: SideOption = "court",
    subject: SubjectOption = None,
    rule: RuleOption = None,
    type_: Annotated[str | None, typer.Option("--type", help="阶段，如 Overdue / a stage")] = None,
    since: SinceOption = None,
    limit: LimitOption = 100,
    follow: FollowOption = False,
    as_json: JsonOption = False,
) -> None:
    """期限提示和预警 / Flags that this side was told, each at its present stage."""
    filters = _filters(subject, rule, known_stage(type_), since)
    _list(side, "flags", filters, _flag_line, limit=limit, follow=follow, as_json=as_json)


def leads(
    side: SideOption = "procuratorate",  # the court is never told of leads
    subject: SubjectOption = None,
    rule: RuleOption = None,
    type_: Annotated[str | None, typer.Option("--type", help="线索触发项，如 T20 / a trigger")] = None,
    since: SinceOption = None,
    limit: LimitOption = 100,
    follow: FollowOption = False,
    as_json: JsonOption = False,
) -> None:
    """监督线索（未经核实） / Leads that this side was told; unverified, never findings."""
    filters = _filters(subject, rule, known_trigger(type_), since)
    _list(side, "leads", filters, _lead_line, limit=limit, follow=follow, as_json=as_json)


def case(
    subject: Annotated[str, typer.Argument(help="案号或其他主体 / case number or other subject")],
    side: SideOption = "court",
    day: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="某日终了时的情形 / as it stood after a day"),
    ] = None,
    known: Annotated[
        str,
        typer.Option(
            metavar="then|now",
            help="当时所知，或者今日所知的当时 / what was known then, or is known now of then",
        ),
    ] = "then",
    as_json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """一个案件：时间线、期限及其计算、预警 / One subject: time line, clocks, flags, ledger offset."""
    name = canonical(subject) or subject
    projection = Projection(reach.dsn(side))
    if day is not None:
        _case_as_of(projection, name, side, day.date(), known, as_json=as_json)
        return
    shape = asyncio.run(case_shape(projection, name))
    if shape is None:
        typer.echo(f"{side} 的投影中没有 / the projection of {side} knows nothing of {name}", err=True)
        raise typer.Exit(1)
    typer.echo(orjson.dumps(shape).decode() if as_json else "\n".join(case_lines(shape)))


def _case_as_of(
    projection: Projection, subject: str, side: str, day: date, known: str, *, as_json: bool
) -> None:
    if known not in ("then", "now"):
        raise typer.BadParameter(f"应为 / expected then|now, 得到 / got {known}", param_hint="--known")
    told = asyncio.run(projection.fetch("history", subject=subject))
    shape = shape_as_of(subject, told, day, "then" if known == "then" else "now", _rules_of(side, day))
    if shape is None:
        typer.echo(f"{side} 至 {day} 一无所知 / {side} knew nothing of {subject} by then", err=True)
        raise typer.Exit(1)
    typer.echo(orjson.dumps(shape).decode() if as_json else "\n".join(lines_as_of(shape)))


def _rules_of(side: str, day: date) -> OfTheDay:
    from fajian.cli.rules_of_day import rules_of  # the other commands need no client of Kafka

    return asyncio.run(rules_of(side, day))


def ack(
    flag: Annotated[str, typer.Argument(help="预警编号，可只写开头 / id of the flag, or its beginning")],
    side: SideOption = "court",
    role: Annotated[
        str | None, typer.Option(help="职务代码 / code of a post, such as court-president")
    ] = None,
    note: Annotated[str | None, typer.Option(help="备注，不写姓名 / a remark, without names")] = None,
    as_json: JsonOption = False,
) -> None:
    """签收预警 / Acknowledge a flag, as a side."""
    found = asyncio.run(find_flag(Projection(reach.dsn(side)), flag))
    _tell(side, found, "FlagAcknowledged", {"flag_id": found["flag_id"]}, role, note, as_json)


def answer(
    flag: Annotated[str, typer.Argument(help="预警编号，可只写开头 / id of the flag, or its beginning")],
    said: Annotated[
        str,
        typer.Argument(metavar="|".join(ANSWERS), help="已履行、应停止计算、已延长、有异议"),
    ],
    note: Annotated[str | None, typer.Option(help="说明，不写姓名 / why, without names")] = None,
    evidence: Annotated[
        list[str] | None, typer.Option(help="证据事件编号，可重复 / id of an event, may be repeated")
    ] = None,
    side: SideOption = "court",
    role: Annotated[
        str | None, typer.Option(help="职务代码 / code of a post, such as court-president")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """答复预警 / Answer a flag, as a side: the answer travels with the lead."""
    if said not in ANSWERS:
        expected = "|".join(ANSWERS)
        raise typer.BadParameter(f"应为 / expected {expected}, 得到 / got {said}", param_hint="ANSWER")
    found = asyncio.run(find_flag(Projection(reach.dsn(side)), flag))
    body = {
        "flag_id": found["flag_id"],
        "rule": found["rule"],
        "instance": found["instance"] or "",
        "answer": said,
        "evidence": evidence or [],
    }
    _tell(side, found, "FlagAnswered", body, role, note, as_json)


def _filters(
    subject: str | None, rule: str | None, type_: str | None, since: datetime | None
) -> dict[str, Any]:
    day: date | None = since.date() if since else None
    return {"subject": canonical(subject), "rule": known_rule(rule), "type": type_, "since": day}


def _list(
    side: str,
    query: str,
    filters: dict[str, Any],
    line: Callable[[Row], str],
    *,
    limit: int,
    follow: bool,
    as_json: bool,
    after: int = 0,
) -> None:
    def show(row: Row) -> None:
        typer.echo(orjson.dumps(row).decode() if as_json else line(row))

    async def run() -> None:
        projection = Projection(reach.dsn(side))
        [newest] = await projection.fetch("newest")
        rows = await projection.fetch(query, **filters, after=after, limit=limit)
        for row in rows:
            show(row)
        if not follow:
            say_how_many(len(rows), limit, newest=not after)
        else:
            known = [row["seq"] for row in rows]
            last = after or newest["receipts" if query == "receipts" else "feed"]
            await _follow(projection, query, filters, max([last, *known]), show)

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


async def _follow(
    projection: Projection, query: str, filters: dict[str, Any], last: int, show: Callable[[Row], None]
) -> None:
    """Show what comes, and go on where it was when the database was away for a while."""
    while True:
        try:
            async for row in projection.follow(query, after=last, **filters, limit=1000):
                show(row)
                last = max(last, row["seq"])
        except PeerAwayError as error:
            typer.echo(f"等待数据库 / waiting for the database: {error}", err=True)
            await asyncio.sleep(RETRY_SECONDS)


def _tell(
    side: str,
    found: Row,
    name: str,
    body: dict[str, Any],
    role: str | None,
    note: str | None,
    as_json: bool,
) -> None:
    more = {"actor_role": role, "note": note}
    whole = {**body, **{key: value for key, value in more.items() if value is not None}}
    fate = asyncio.run(say(side, name, found["subject"], whole))
    typer.echo(orjson.dumps(fate.shape()).decode() if as_json else "\n".join(text_of(fate)))
    if fate.status != "recorded":
        raise typer.Exit(1)


def _receipt_line(row: Row) -> str:
    where = row["ledger"] or row["origin"] or ""
    first = f"{row['at']:%Y-%m-%d %H:%M:%S}  {row['status']:<9}  {row['source']} {row['id']}  {where}"
    return "\n".join([first.rstrip(), *_problem_lines(row)])


def _problem_lines(row: Row) -> Iterator[str]:
    for problem in (*row["problems"], *row["warnings"]):
        yield f"    {problem['pointer'] or '/'}  {problem['title']}：{problem['detail']}"


def _flag_line(row: Row) -> str:
    answered = f"  答复 answered {row['answer']}" if row["answer"] else ""
    return (
        f"{row['on_day']}  {padded(named_type(row['stage'], 'flag'))}  {row['subject']}  {what_of(row)}  "
        f"到期 due {row['due_day'] or '-'}  {row['flag_id'][:8]}{answered}"
    )


def _lead_line(row: Row) -> str:
    what = f"{row['trigger']} {what_of(row)}"
    screened = f"  筛查 screened {row['screened']}" if row["screened"] else ""
    return (
        f"{row['on_day']}  未经核实 unverified  {row['subject']}  {what}  "
        f"到期 due {row['due_day'] or '-'}  {row['lead_id'][:8]}{screened}"
    )
