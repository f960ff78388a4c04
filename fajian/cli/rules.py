"""`fajian rules`: which versions of law, calendar and policy were adopted, and adopting another."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from fajian import clock
from fajian.cli.cluster import settings_of
from fajian.core.rules import Rules
from fajian.law.catalogue import faults
from fajian.law.documents import load_rules
from fajian.settings import Settings
from fajian.streams.log import KafkaLog
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.rules_topic import RulesTopic, publish_rules
from schemas.topics import OPERATOR

app = typer.Typer(
    help="规则版本：法律、日历、政策 / Rules versions: law, calendar, policy",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="每行一个 JSON / JSON Lines")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """列出已采用的版本 / List the adopted versions, the earliest first."""
    for row in asyncio.run(_adopted(settings_of(OPERATOR))):
        if as_json:
            print(orjson.dumps(row).decode())
        else:
            policy = f"政策 policy {row['policy']}"
            print(f"{row['effective']}  {row['version']}  日历 calendar {row['calendar']}  {policy}")


@app.command()
def adopt(
    policy: Annotated[
        Path | None, typer.Option(help="政策文件，默认示范政策 / a policy instead of the model")
    ] = None,
    effective: Annotated[str | None, typer.Option(help="生效日，默认明日 / default: tomorrow")] = None,
) -> None:
    """采用本版软件的法律与日历，连同政策 / Adopt this release's law and calendar with a policy."""
    first = _day(effective) if effective else clock.now().date() + timedelta(days=1)
    rules = load_rules(policy)
    if found := list(faults(rules)):
        raise typer.BadParameter("；".join(found), param_hint="--policy")
    asyncio.run(_adopt(settings_of(OPERATOR), rules, first))
    typer.echo(f"{rules.version} 自 {first} 起生效 / in force from that day's tick", err=True)


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
            }
            for day, version in topic.adopted()
        ]


async def _adopt(settings: Settings, rules: Rules, effective: date) -> None:
    async with KafkaOutbox(settings, client_id="fajian-rules") as outbox:
        await publish_rules(outbox, rules, effective_day=effective)
