"""What became of every event, read from the topics and from where each source has its own receipts."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson
import psycopg

from fajian.core.ports import Record
from fajian.errors import ClusterAwayError
from fajian.local.kafka import ADMIN
from fajian.local.stack import StackInfo
from fajian.streams.log import KafkaLog, Part
from schemas.topics import CASE_EVENTS, receipts
from tests.outage.desk import Desk
from tests.outage.producers import Producer

NO_FAULT = ("sent", "repeated")

Name = tuple[str, str]  #: source, id
Order = Mapping[tuple[str, str], Sequence[str]]  #: source, subject -> ids as each first came into the ledger


class Verdict(NamedTuple):
    """What is wrong with the events of one source; nothing, when every number but the first is zero."""

    sent: int
    lost: int  #: without the receipt `recorded`
    doubled: int  #: with more than one of it
    refused: int  #: rejected, or in conflict
    out_of_order: int  #: subjects whose events came into the ledger in another order
    untold: int  #: whose end the source did not hear in its own way
    undelivered: int  #: that the receiver of webhooks did not hear of
    repeated: int = 0  #: delivered more than once, and recognised: no fault

    @property
    def faults(self) -> dict[str, int]:
        return {name: count for name, count in self._asdict().items() if name not in NO_FAULT and count}

    @property
    def is_good(self) -> bool:
        return not self.faults


class Books:
    """Reads as the administrator of the stack."""

    def __init__(self, info: StackInfo, folder: Path, desk: Desk) -> None:
        self._info = info
        self._folder = folder
        self._desk = desk
        self._statuses: dict[Name, Counter[str]] = {}
        self._heard: set[bytes | None] = set()
        self._read: dict[Part, int] = {}

    async def recorded(self) -> int:
        """Return of how many events the bus has said `recorded` by now, as soon as Kafka answers."""
        for part, records in await self._new(receipts("court")):
            for record in records:
                name = next(value for key, value in record.headers if key == "ce_id")
                if name in self._heard:
                    continue  # Kafka has the same word twice: it was not sure whether it was sent
                self._heard.add(name)
                body = orjson.loads(record.value or b"{}")
                said = self._statuses.setdefault((body["source"], body["id"]), Counter())
                said[body["status"]] += 1
            self._read[part] = records[-1].offset + 1
        return sum(1 for said in self._statuses.values() if said["recorded"])

    def delivered(self) -> int:
        """Return of how many events the receiver of webhooks has heard by now."""
        return len(self._desk.heard())

    async def _new(self, topic: str) -> list[tuple[Part, Sequence[Record]]]:
        parts = [Part(topic, number) for number in range(self._info.partitions)]
        while True:
            try:
                async with KafkaLog(self._info.settings(ADMIN)) as log:
                    return [
                        (part, records)
                        for part, end in (await log.ends(parts)).items()
                        async for records in log.read(part, self._read.get(part, 0), end)
                    ]
            except ClusterAwayError:
                await asyncio.sleep(0.5)

    async def verdicts(self, producers: Sequence[Producer]) -> Mapping[str, Verdict]:
        """Judge the events of each producer; its own way of hearing is read, too."""
        await self.recorded()
        order = await self._ledger_order()
        heard = {"http": self._projected(), "outbox": self._rows(), "files": self._dropped()}
        return {each.name: self._verdict(each, order, heard[each.name]) for each in producers}

    def _verdict(self, producer: Producer, order: Order, heard: set[Name]) -> Verdict:
        names = [(producer.source, f"{number:07}") for number in range(producer.made)]
        said = [self._statuses.get(name, Counter[str]()) for name in names]
        delivered = self._desk.heard()
        subjects = [found for (source, _), found in order.items() if source == producer.source]
        return Verdict(
            sent=len(names),
            lost=sum(1 for each in said if not each["recorded"]),
            doubled=sum(1 for each in said if each["recorded"] > 1),
            refused=sum(1 for each in said if each["rejected"] or each["conflict"]),
            out_of_order=sum(1 for found in subjects if found != sorted(found)),
            untold=len(set(names) - heard),
            undelivered=len(set(names) - delivered),
            repeated=sum(1 for each in said if each["duplicate"]),
        )

    async def _ledger_order(self) -> Order:
        found: dict[tuple[str, str], dict[str, None]] = {}
        for _, records in await self._new(CASE_EVENTS):
            for record in records:
                headers = {name: (value or b"").decode() for name, value in record.headers}
                place = (headers.get("ce_source", ""), headers.get("ce_subject", ""))
                found.setdefault(place, {})[headers["ce_id"]] = None
        return {place: list(ids) for place, ids in found.items()}

    def _projected(self) -> set[Name]:
        with psycopg.connect(self._info.dsns["court"]) as opened:
            query = "SELECT source, id FROM fajian.receipts WHERE status = 'recorded'"
            return set(opened.execute(query).fetchall())

    def _rows(self) -> set[Name]:
        with psycopg.connect(self._info.dsns["court"]) as opened:
            query = "SELECT source, id FROM fajian_outbox WHERE state = 'recorded'"
            return set(opened.execute(query).fetchall())

    def _dropped(self) -> set[Name]:
        lines = [
            orjson.loads(line)
            for path in (self._folder / "receipts").glob("receipts-*.jsonl")
            for line in path.read_bytes().splitlines()
        ]
        return {(line["source"], line["id"]) for line in lines if line["status"] == "recorded"}
