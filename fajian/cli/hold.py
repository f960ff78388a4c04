"""`fajian hold`: floods of flags that the brake holds, and the two people who release or discard them."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from fajian import clock
from fajian.cli.cluster import settings_of
from fajian.cli.policy import KeyOption, unlock
from fajian.core.brake import Verdict
from fajian.core.rules import Rules
from fajian.errors import HoldError
from fajian.settings import Settings
from fajian.streams.holds import NEEDED, Hold, HoldBook, cast, counts, decided, name_of
from fajian.streams.log import KafkaLog
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.rules_topic import RulesTopic
from schemas.topics import OPERATOR

app = typer.Typer(
    help="异常多的提示：放行或作废，须两人 / Floods of flags: two people release or discard them",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="每行一个 JSON / JSON Lines")]
DayArgument = Annotated[
    str, typer.Argument(metavar="DAY", help="被扣下的日终 / the day, as `hold list` has it")
]
Reason = Annotated[str, typer.Option("--reason", help="理由，不写姓名 / why, without names")]

STATUS = {
    "held": "扣下，待两人决定 / held, two people must decide",
    "release": "已放行 / released",
    "discard": "已作废 / discarded",
}
VERDICTS = {"release": "放行 release", "discard": "作废 discard"}
Row = dict[str, Any]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """列出被扣下的提示 / List what is held, and what became of it."""
    for row in asyncio.run(_rows(settings_of(OPERATOR))):
        if as_json:
            print(orjson.dumps(row).decode())
        else:
            print(f"{row['day']}  {row['held']:>6}  {STATUS[row['status']]}  {_tally(row)}")


@app.command()
def show(day: DayArgument, as_json: Json = False) -> None:
    """一次扣下的详情：哪些规则、多少条、谁已表态 / One hold: which rules, how many, who has spoken."""
    row = next((row for row in asyncio.run(_rows(settings_of(OPERATOR))) if row["day"] == day), None)
    if row is None:
        raise HoldError(f"expected a hold, as `fajian hold list` names it, got {day}")
    print(orjson.dumps(row).decode() if as_json else "\n".join(_lines(row)))


@app.command()
def release(day: DayArgument, key_file: KeyOption, reason: Reason) -> None:
    """放行：照常送达 / Release: everything that is held goes where it would have gone."""
    _decide(day, "release", key_file, reason)


@app.command()
def discard(day: DayArgument, key_file: KeyOption, reason: Reason) -> None:
    """作废：不再送达，总账不变 / Discard: what is held reaches nobody; the ledger stays as it is."""
    _decide(day, "discard", key_file, reason)


def _decide(day: str, verdict: Verdict, key_file: Path, reason: str) -> None:
    print("\n".join(_lines(asyncio.run(_cast(settings_of(OPERATOR), day, verdict, key_file, reason)))))


async def _cast(settings: Settings, day: str, verdict: Verdict, key_file: Path, reason: str) -> Row:
    key = unlock(key_file)
    async with (
        KafkaLog(settings, client_id="fajian-hold") as log,
        KafkaOutbox(settings, client_id="fajian-hold") as outbox,
    ):
        book, rules = HoldBook(log), RulesTopic(log)
        await book.refresh()
        await rules.refresh()
        hold = next((hold for hold in book.holds() if hold.day == day), None)
        if hold is None:
            raise HoldError(f"expected a hold, as `fajian hold list` names it, got {day}")
        of_day = _rules_of(hold, rules)
        vote = await cast(outbox, hold, verdict, reason, key, of_day, clock.now())
        return _row(hold._replace(votes=[*hold.votes, vote]), of_day)


async def _rows(settings: Settings) -> list[Row]:
    async with KafkaLog(settings, client_id="fajian-hold") as log:
        book, rules = HoldBook(log), RulesTopic(log)
        await book.refresh()
        await rules.refresh()
        return [_row(hold, _rules_of(hold, rules)) for hold in book.holds()]


def _rules_of(hold: Hold, topic: RulesTopic) -> Rules:
    return topic.get(topic.in_force(date.fromisoformat(hold.day)))


def _row(hold: Hold, rules: Rules) -> Row:
    by_rule: dict[str, int] = {}
    for part in hold.parts:
        for rule, count in part["rules"].items():
            by_rule[rule] = by_rule.get(rule, 0) + count
    return {
        "day": hold.day,
        "status": decided(hold.votes, rules) or "held",
        "held": sum(part["held"] for part in hold.parts),
        "rules": dict(sorted(by_rule.items(), key=lambda item: (-item[1], item[0]))),
        "partitions": [
            {name: part[name] for name in ("partition", "flags", "held", "limit", "usual")}
            for part in hold.parts
        ],
        "votes": [
            {"by": name_of(vote.key, rules), "verdict": vote.verdict, "reason": vote.reason}
            for vote in hold.votes
            if counts(vote, rules)
        ],
    }


def _lines(row: Row) -> Iterator[str]:
    yield f"{row['day']}  {STATUS[row['status']]}"
    yield f"  扣下 held: {row['held']}"
    for part in row["partitions"]:
        yield (
            f"  分区 partition {part['partition']}: {part['flags']}，平常 usual {part['usual']}，"
            f"上限 limit {part['limit']}"
        )
    yield "  规则 rules: " + "，".join(f"{rule} {count}" for rule, count in row["rules"].items())
    for vote in row["votes"]:
        yield f"  {vote['by']}: {vote['verdict']}（{vote['reason']}）"
    if row["status"] == "held":
        needed = NEEDED - max(_count(row).values(), default=0)
        yield f"  还需 / still needed: {needed} 人意见一致 / of one mind"


def _tally(row: Row) -> str:
    """Say how far people are from a decision: votes of one mind count, not all votes."""
    said = _count(row)
    votes = "、".join(f"{VERDICTS[verdict]} {said[verdict]}" for verdict in VERDICTS if said[verdict])
    return f"{votes or 0} / {NEEDED}"


def _count(row: Row) -> Counter[str]:
    return Counter(vote["verdict"] for vote in row["votes"])
