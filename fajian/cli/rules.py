"""`fajian rules`: which versions of law, calendar and policy were adopted, and adopting another."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from fajian import clock
from fajian.cli.cluster import settings_of
from fajian.core.rules import Rules
from fajian.errors import AccessError, LawError, LedgerRecordError, RulesMissingError
from fajian.law.adoption import changes, check_keys, pending
from fajian.law.catalogue import faults
from fajian.law.documents import MODEL, load_rules_under
from fajian.settings import Settings
from fajian.streams.access import check_may_read
from fajian.streams.adoption import moved_subjects
from fajian.streams.log import KafkaLog
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.rules_topic import RulesTopic, publish_rules
from schemas.topics import CASE_EVENTS, HUB, OPERATOR

app = typer.Typer(
    help="规则版本：法律、日历、政策 / Rules versions: law, calendar, policy",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

SIGNED = {
    "both": "双方已签 / signed by both sides",
    "no": "未成立，各方只收到本方提示 / not signed by both: each side hears of its own duties only",
    MODEL: "示范，仅供试用 / the model, for trying things out",
}

Json = Annotated[bool, typer.Option("--json", help="每行一个 JSON / JSON Lines")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """列出已采用的版本 / List the adopted versions, the earliest first."""
    for row in asyncio.run(_adopted(settings_of(OPERATOR))):
        if as_json:
            print(orjson.dumps(row).decode())
        else:
            policy = f"政策 policy {row['policy']}（{SIGNED[row['signed']]}）"
            print(f"{row['effective']}  {row['version']}  日历 calendar {row['calendar']}  {policy}")


@app.command()
def show(version: Annotated[str, typer.Argument(help="版本，见 list / a version, as in `list`")]) -> None:
    """输出一个版本的全文，供重放 / Print a version as JSON, for `fajian replay --rules FILE`."""
    sys.stdout.buffer.write(asyncio.run(_shown(settings_of(OPERATOR), version)))


@app.command()
def adopt(
    policy: Annotated[
        Path | None, typer.Option(help="政策文件，默认示范政策 / a policy instead of the model")
    ] = None,
    effective: Annotated[str | None, typer.Option(help="生效日，默认明日 / default: tomorrow")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只报告，不采用 / report, and adopt nothing")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """采用本版软件的法律与日历，连同政策 / Adopt this release's law and calendar with a policy."""
    first = _day(effective) if effective else clock.now().date() + timedelta(days=1)
    rules = load_rules_under(policy)
    if found := list(faults(rules)):
        raise LawError("\n".join(found))
    report = asyncio.run(_adopt(rules, first, dry_run=dry_run))
    if as_json:
        print(orjson.dumps(report).decode())
        return
    for line in _report_lines(report, model=policy is None):
        print(line)


@app.command()
def diff(
    policy: Annotated[
        Path | None, typer.Option(help="政策文件，默认示范政策 / a policy instead of the model")
    ] = None,
    effective: Annotated[str | None, typer.Option(help="生效日，默认明日 / default: tomorrow")] = None,
    as_json: Json = False,
) -> None:
    """采用之前：哪些案件的期限会变动 / Before adopting: which duties of which cases would move, and how."""
    first = _day(effective) if effective else clock.now().date() + timedelta(days=1)
    rows = asyncio.run(_moved(settings_of(HUB), load_rules_under(policy), first))
    for line in (orjson.dumps(row).decode() for row in rows) if as_json else _moved_lines(rows):
        print(line)


async def _moved(settings: Settings, rules: Rules, effective: date) -> list[dict[str, Any]]:
    """Return what *rules* would move; raise `AccessError` where *settings* name nobody who may know."""
    await asyncio.to_thread(check_may_read, settings, [CASE_EVENTS])
    async with KafkaLog(settings, client_id="fajian-rules") as log:
        topic = RulesTopic(log)
        await topic.refresh()
        before = topic.before(effective)
        if before is None:
            return []
        moves = moved_subjects(log, partitions=settings.partitions, before=before, after=rules)
        return [row async for row in moves]


def _moved_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield from map(_moved_line, rows)
    by_rule = Counter(row["rule"] for row in rows)
    counts = "、".join(f"{rule} {count}" for rule, count in sorted(by_rule.items())) or "无 / none"
    yield f"期限变动 / moved: {len(rows)}（{counts}）"


def _moved_line(row: dict[str, Any]) -> str:
    what = " ".join(part for part in (row["rule"], row["instance"]) if part)
    return f"{row['subject']}  {what}  {_judged(row['was'])} → {_judged(row['becomes'])}"


def _judged(shape: dict[str, Any] | None) -> str:
    if shape is None:
        return "-"
    provisional = "（暂定 provisional）" if shape["provisional"] else ""
    local = f"（本地 local {shape['local_day']}）" if shape["local_day"] else ""
    return f"{shape['phase']} {shape['due_day'] or '-'}{local}{provisional}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"应为 / expected YYYY-MM-DD, 得到 / got {text}", param_hint="--effective"
        ) from None


async def _adopted(settings: Settings) -> list[dict[str, Any]]:
    async with KafkaLog(settings, client_id="fajian-rules") as log:
        topic = RulesTopic(log)
        await topic.refresh()
        return [
            {
                "effective": day.isoformat(),
                "version": version,
                "calendar": topic.get(version).calendar.version,
                "policy": f"{topic.get(version).policy.id} {topic.get(version).policy.version}",
                "signed": _signed(topic.get(version)),
            }
            for day, version in topic.adopted()
        ]


async def _shown(settings: Settings, version: str) -> bytes:
    async with KafkaLog(settings, client_id="fajian-rules") as log:
        topic = RulesTopic(log)
        await topic.refresh()
        try:
            return topic.document(version)
        except KeyError:
            raise RulesMissingError(f"没有这个版本 / no such version in the topic rules: {version}") from None


def _signed(rules: Rules) -> str:
    """Return `model`, `both` or `no`."""
    if not rules.policy.signed:
        return "no"
    return MODEL if orjson.loads(rules.document)["signatures"] == MODEL else "both"


async def _adopt(rules: Rules, effective: date, *, dry_run: bool) -> dict[str, Any]:
    """Publish *rules* and report what they change beside those that they follow, and for which subjects.

    `moved` is null where we may not read the ledger, or cannot: `unread` says why.
    """
    settings, moved, unread = settings_of(OPERATOR), None, None
    async with (
        KafkaLog(settings, client_id="fajian-rules") as log,
        KafkaOutbox(settings, client_id="fajian-rules") as outbox,
    ):
        topic = RulesTopic(log)
        await topic.refresh()
        before = topic.before(effective)
        pinned = {"court": settings.policy_key_court, "procuratorate": settings.policy_key_procuratorate}
        check_keys(rules, before, pinned)
        try:
            moved = await _moved(settings_of(HUB), rules, effective)
        except (AccessError, LedgerRecordError) as error:
            unread = str(error)
        if not dry_run:
            await publish_rules(outbox, rules, effective_day=effective)
    return {
        "version": rules.version,
        "effective": effective.isoformat(),
        "adopted": not dry_run,
        "policy": f"{rules.policy.id} {rules.policy.version}",
        "signed": _signed(rules),
        "follows": before.version if before else None,
        "changes": changes(before, rules) if before else {},
        "moved": moved,
        "unread": unread,
        "pending": [row.id for row in pending(rules)],
    }


def _report_lines(report: dict[str, Any], *, model: bool) -> Iterator[str]:
    done = "已采用 / adopted" if report["adopted"] else "仅报告，未采用 / report only"
    yield f"{report['version']}  自 {report['effective']} 起 / from the tick of that day  {done}"
    yield f"政策 policy: {report['policy']}（{SIGNED[report['signed']]}）"
    yield f"接替 follows: {report['follows'] or '-'}"
    for part, what in report["changes"].items():
        yield f"变动 changes: {part} {_what(what)}"
    if report["follows"] and not report["changes"]:
        yield "变动 changes: 无 / none"
    if report["moved"] is None:
        yield "期限变动 / moved: 未知，读不到总账 / unknown, the ledger cannot be read:"
        yield report["unread"]
    else:
        yield from _moved_lines(report["moved"])
    yield f"未核实且未认可 / pending rows: {len(report['pending'])}（fajian law pending）"


def _what(what: Any) -> str:
    if isinstance(what, dict):
        return "；".join(f"{how}: {'、'.join(names)}" for how, names in what.items())
    return " → ".join(map(str, what)) if isinstance(what, list) else str(what)
