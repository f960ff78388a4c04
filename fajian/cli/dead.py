"""`fajian dead`: what was refused, and sending it back to the inbox that it came from."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

import orjson
import typer

from fajian.cli.cluster import settings_of
from fajian.core.ports import BY_KEY, Header, Output, Record
from fajian.errors import FajianError
from fajian.settings import Settings
from fajian.streams.log import KafkaLog, Part, record_at
from fajian.streams.outbox import KafkaOutbox
from schemas.cloudevents import raw_of, to_kafka
from schemas.topics import SIDES, dead, inbox

app = typer.Typer(
    help="死信：查看与重放 / Dead letters: look, and send back.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Side = Annotated[str, typer.Option("--side", help="哪一方 / which side: " + " | ".join(SIDES))]
Json = Annotated[bool, typer.Option("--json", help="每行一个 JSON / JSON Lines")]
Position = Annotated[str, typer.Argument(help="分区/位置 / partition/offset, as `dead list` prints it")]

Headers = Sequence[Header]

OURS = "fajian_"  #: prefix of the headers that intake puts on a dead letter
REPAIRED = f"{OURS}repaired"
ARRIVED = f"{OURS}arrivedtime"


class Place(NamedTuple):
    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> "Place":
        try:
            partition, offset = text.rpartition(".dead/")[2].split("/")
            return cls(int(partition), int(offset))
        except ValueError:
            raise FajianError(f"expected partition/offset such as 3/17, got {text!r}") from None


@app.command("list")
def list_(side: Side, as_json: Json = False) -> None:
    """列出死信 / List what was refused."""
    for record in asyncio.run(_read_all(settings_of(side), side)):
        row = _row(record)
        if as_json:
            print(orjson.dumps(row).decode())
        else:
            print(f"{row['position']:<10}{row['arrived']}  {row['reason']}  {row['type']} {row['id']}")


@app.command()
def show(position: Position, side: Side, as_json: Json = False) -> None:
    """显示一封死信及原因 / Show one with its reasons."""
    record = asyncio.run(_read_one(settings_of(side), side, Place.parse(position)))
    document = _row(record) | {
        "problems": orjson.loads(_headers(record).get(f"{OURS}problems", "[]")),
        "headers": {name: text for name, text in _headers(record).items() if not name.startswith(OURS)},
        "value": (record.value or b"").decode(errors="replace"),
    }
    print(orjson.dumps(document, option=0 if as_json else orjson.OPT_INDENT_2).decode())


@app.command()
def replay(
    side: Side,
    positions: Annotated[list[str] | None, typer.Argument(help="分区/位置 / partition/offset …")] = None,
    everything: Annotated[bool, typer.Option("--all", help="全部 / all of them")] = False,
) -> None:
    """原样送回收件主题 / Send back to the inbox, as it was."""
    if everything is bool(positions):
        raise typer.BadParameter("expected positions or --all, one of them")
    places = [Place.parse(text) for text in positions or ()]
    count = asyncio.run(_replay(settings_of(side), side, places))
    print(f"已送回 / sent back: {count}", file=sys.stderr)


@app.command()
def repair(
    position: Position,
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(help="改正后的事件 (JSON)，- 为标准输入 / the mended event")
    ],
    side: Side,
) -> None:
    """以改正后的事件送回，保留原到达时间 / Send a mended event back; its first arrival stands."""
    try:
        headers, value = to_kafka(raw_of(orjson.loads(file.read())))
    except ValueError as error:
        raise FajianError(f"expected one CloudEvent as JSON: {error}") from error
    asyncio.run(_repair(settings_of(side), side, Place.parse(position), headers, value))


async def _read_all(settings: Settings, side: str) -> list[Record]:
    parts = [Part(dead(side), partition) for partition in range(settings.partitions)]
    async with KafkaLog(settings, client_id="fajian-dead") as log:
        begins, ends = await log.begins(parts), await log.ends(parts)
        return [
            record
            for part in parts
            async for records in log.read(part, begins[part], ends[part])
            for record in records
        ]


async def _read_one(settings: Settings, side: str, place: Place) -> Record:
    part = Part(dead(side), place.partition)
    async with KafkaLog(settings, client_id="fajian-dead") as log:
        known = place.partition < settings.partitions and place.offset < (await log.ends([part]))[part]
        record = await record_at(log, part, place.offset) if known else None
    if record is None:
        raise FajianError(f"expected a dead letter at {part}/{place.offset}, there is none")
    return record


async def _replay(settings: Settings, side: str, places: list[Place]) -> int:
    if places:
        letters = [await _read_one(settings, side, place) for place in places]
    else:
        letters = await _read_all(settings, side)
    if truncated := [record for record in letters if f"{OURS}truncated" in _headers(record)]:
        raise FajianError(f"{_row(truncated[0])['position']}: only its beginning was kept; submit it again")
    await _send(settings, [_back(record, side, _own_headers(record), record.value) for record in letters])
    return len(letters)


async def _repair(settings: Settings, side: str, place: Place, headers: Headers, value: bytes) -> None:
    letter = await _read_one(settings, side, place)
    await _send(settings, [_back(letter, side, headers, value)])


async def _send(settings: Settings, outputs: list[Output]) -> None:
    async with KafkaOutbox(settings, client_id="fajian-dead") as outbox:
        await outbox.deliver(outputs)


def _back(letter: Record, side: str, headers: Headers, value: bytes | None) -> Output:
    """Our own delay does not count against the side: the first arrival goes along."""
    position = f"{letter.topic}/{letter.partition}/{letter.offset}"
    ours = [(REPAIRED, position.encode()), (ARRIVED, _headers(letter).get(ARRIVED, "").encode())]
    partition = letter.partition if letter.key is None else BY_KEY
    return Output(letter.offset, inbox(side), letter.key, value, [*headers, *ours], partition)


def _own_headers(record: Record) -> Headers:
    return [(name, value) for name, value in record.headers if not name.startswith(OURS)]


def _headers(record: Record) -> Mapping[str, str]:
    return {name: value.decode(errors="replace") for name, value in record.headers}


def _row(record: Record) -> dict[str, str]:
    headers = _headers(record)
    return {
        "position": f"{record.partition}/{record.offset}",
        "origin": headers.get(f"{OURS}origin", ""),
        "arrived": headers.get(ARRIVED, ""),
        "reason": headers.get(f"{OURS}reason", ""),
        "source": headers.get("ce_source", ""),
        "id": headers.get("ce_id", ""),
        "type": headers.get("ce_type", ""),
    }
