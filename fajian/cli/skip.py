"""`fajian skip`: pass over one record that no fold can take, because two people answer for it."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

import orjson
import typer

from fajian import clock
from fajian.cli.cluster import settings_of
from fajian.clock import SHANGHAI
from fajian.core.ports import Output, Record
from fajian.errors import RequestError
from fajian.settings import Settings
from fajian.streams.access import check_may_read
from fajian.streams.log import KafkaLog, Part, record_at
from fajian.streams.outbox import KafkaOutbox
from fajian.streams.skips import NEEDED, Skip
from schemas.topics import AUDIT, HUB, OPERATOR, SKIPS, TOPICS

Row = dict[str, Any]


class Place(NamedTuple):
    part: Part
    offset: int

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Read `case.events/3/17`. Only what workers fold can be passed over."""
        topic, _, rest = text.partition("/")
        partition, _, offset = rest.partition("/")
        known = topic in TOPICS and HUB in TOPICS[topic].readers
        if not (known and _is_number(partition) and _is_number(offset)):
            raise RequestError(
                "应为处理程序所读主题的 主题/分区/位置 / expected topic/partition/offset of a topic that "
                f"workers read, such as case.events/3/17, got {text!r}"
            )
        return cls(Part(topic, int(partition)), int(offset))

    def __str__(self) -> str:
        return f"{self.part}/{self.offset}"


def skip(
    position: Annotated[
        str,
        typer.Argument(metavar="TOPIC/PARTITION/OFFSET", help="哪一条 / which record, as the error names it"),
    ],
    reason: Annotated[str, typer.Option(help="理由，不写当事人 / why, without names of parties")],
    signer: Annotated[
        list[str],
        typer.Option(
            help="具名人，给两次，每次一人；只记录，不核验 / a person; give two: recorded, not verified"
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只显示，不写入 / show the record, write nothing")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """跳过一条无法处理的记录，须两人具名 / Pass over a record that cannot be folded, under two names.

    姓名只记录，不核验；谁可写入 skips 和 audit，由 Kafka 账户把关。 The names are recorded and not verified:
    what guards `skips` and `audit` is the Kafka account, which must be allowed to read the record too.
    """
    place = Place.parse(position)
    entry = Skip(
        topic=place.part.topic,
        partition=place.part.partition,
        offset=place.offset,
        reason=reason.strip(),
        signers=tuple(name.strip() for name in signer),
    )
    _check(entry)
    record = asyncio.run(_record(settings_of(HUB), place))
    if not dry_run:
        asyncio.run(_write(settings_of(OPERATOR), entry))
    row = {**_shown(record, place), "reason": entry.reason, "signers": entry.signers, "written": not dry_run}
    print(orjson.dumps(row).decode() if as_json else "\n".join(_lines(row)))


def _check(entry: Skip) -> None:
    if len({name.casefold() for name in entry.signers}) < len(entry.signers) or not entry.counts:
        raise RequestError(
            f"应有理由和 {NEEDED} 个不同的具名人 / expected a reason and {NEEDED} different people, "
            f"got {entry.reason!r} and {', '.join(entry.signers)}"
        )


async def _record(settings: Settings, place: Place) -> Record:
    await asyncio.to_thread(check_may_read, settings, [place.part.topic])
    async with KafkaLog(settings, client_id="fajian-skip") as log:
        record = None
        if place.part.partition < TOPICS[place.part.topic].partition_count(settings.partitions):
            begins, ends = await log.begins([place.part]), await log.ends([place.part])
            if begins[place.part] <= place.offset < ends[place.part]:
                record = await record_at(log, place.part, place.offset)
    if record is None:
        raise RequestError(f"没有这条记录 / expected a record at {place}, there is none")
    return record


async def _write(settings: Settings, entry: Skip) -> None:
    """Into the audit first: nothing is passed over of which the audit knows nothing."""
    audit = {"at": clock.now().isoformat(), "act": "skip", **entry.model_dump()}
    async with KafkaOutbox(settings, client_id="fajian-skip") as outbox:
        await outbox.deliver([Output(0, AUDIT, None, orjson.dumps(audit), (), 0)])
        await outbox.deliver([Output(0, SKIPS, entry.key, entry.model_dump_json().encode(), (), 0)])


def _shown(record: Record, place: Place) -> Row:
    """Say which record it is; what stands in it is not shown."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    appended = datetime.fromtimestamp(record.timestamp / 1000, UTC).astimezone(SHANGHAI)
    return {
        "position": str(place),
        "appended": appended.isoformat(timespec="seconds"),
        "key": (record.key or b"").decode(errors="replace"),
        **{name: headers.get(f"ce_{name}", "") for name in ("type", "source", "id")},
        "bytes": len(record.value or b""),
    }


def _lines(row: Row) -> list[str]:
    verdict = "将跳过 / passed over from now on" if row["written"] else "未写入 / nothing was written"
    return [
        f"{row['position']}  {row['appended']}  {row['bytes']} bytes",
        f"  主体 key: {row['key']}",
        f"  事件 event: {row['type']} {row['source']} {row['id']}",
        f"  理由 reason: {row['reason']}",
        f"  具名 names: {'、'.join(row['signers'])}（未核验 / not verified）",
        verdict,
    ]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
