"""What connector tests on the real bus share: configurations, the hub's hand, a look into the inbox."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from connectors import court, procuratorate
from connectors.config import ConnectorConfig, load_side
from connectors.kafka import KafkaInbox, client_options
from connectors.projection import Row, connection
from connectors.runtime import Connector
from connectors.sinks.postgres import PostgresSink
from fajian.local.stack import StackInfo

SIDES = {"court": court, "procuratorate": procuratorate}


def config_of(stack: StackInfo, side: str, **changed: Any) -> ConnectorConfig:
    """Return the shipped configuration of *side* on *stack*; *changed* are settings of its HTTP source."""
    variables = {**stack.environment(side), f"FAJIAN_{side.upper()}_HTTP_PORT": "0"}
    config = load_side(side, SIDES[side].CONFIG, variables)
    return config.model_copy(update={"source": (config.source[0].model_copy(update=changed),)})


@asynccontextmanager
async def running(config: ConnectorConfig) -> AsyncIterator[Connector]:
    """Run the connector of *config* in this event loop."""
    module, stop = SIDES[config.side], asyncio.Event()
    connector = module.assemble(config)
    task = asyncio.create_task(connector.run(stop))
    try:
        async with asyncio.timeout(20):
            await connector.started.wait()
        yield connector
    finally:
        stop.set()
        await task


def sink_of(config: ConnectorConfig, schema: str, *, inbox: KafkaInbox | None = None) -> PostgresSink:
    return PostgresSink(config, SIDES[config.side].RECEIVES, inbox=inbox, schema=schema)


async def catch_up(sink: PostgresSink) -> None:
    """Run *sink* until nothing waits for it; raise what it raises."""
    running_sink = asyncio.create_task(sink.run())
    done = asyncio.create_task(sink.caught_up.wait())
    async with asyncio.timeout(60):
        await asyncio.wait({running_sink, done}, return_when=asyncio.FIRST_COMPLETED)
    for task in (running_sink, done):
        if not task.done():
            task.cancel()
    results = await asyncio.gather(running_sink, done, return_exceptions=True)
    if isinstance(results[0], Exception):
        raise results[0]


async def rows_of(config: ConnectorConfig, schema: str, query: str) -> list[Row]:
    assert config.postgres is not None
    async with connection(config.postgres.dsn.get_secret_value(), schema=schema) as opened:
        return await (await opened.execute(query)).fetchall()


class Hub:
    """Writes what the hub's agents would."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def feed(self, side: str, subject: str, id_: str, **body: Any) -> None:
        """Tell *side* a fact; *type* chooses another `ce_type`, *source* who said it."""
        headers = {
            "ce_id": id_,
            "ce_source": body.pop("source", "//court/皖1324"),
            "ce_type": body.pop("type", "cn.fajian.enforcement.money-paid.v1"),
            "ce_time": "2022-05-01T00:00:00+08:00",
            "ce_subject": subject,
        }
        if "posts" in body:
            headers["ce_posts"] = body.pop("posts")
        await self._send(f"{side}.feed", subject, orjson.dumps(body), headers)

    async def state(self, subject: str, offset: int, partition: int, **body: Any) -> None:
        value = orjson.dumps({"subject": subject, "kind": "case", "clocks": [], **body})
        headers = {"ledgerpartition": str(partition), "ledgeroffset": str(offset)}
        await self._send("case.state", subject, value, headers, partition=partition)

    async def digest_marker(self, partition: int, day: str, offset: int) -> None:
        value = {"partition": partition, "day": day, "offset": offset, "count": 0, "digest": "0" * 32}
        headers = {"ledgerpartition": str(partition), "ledgeroffset": str(offset)}
        await self._send(
            "case.state", f"digest/{partition}", orjson.dumps(value), headers, partition=partition
        )

    async def receipt(self, side: str, id_: str, status: str, **body: Any) -> None:
        value = {"source": f"//{side}/x", "id": id_, "subject": "s", "status": status, **body}
        headers = {"ce_id": f"{id_}-{status}", "ce_type": f"cn.fajian.receipt.{status}.v1"}
        await self._send(f"{side}.receipts", "s", orjson.dumps(value), headers)

    async def raw(self, topic: str, value: bytes) -> None:
        await self._producer.send_and_wait(topic, value, partition=0)

    async def _send(
        self, topic: str, key: str, value: bytes, headers: dict[str, str], partition: int | None = None
    ) -> None:
        encoded = [(name, text.encode()) for name, text in headers.items()]
        await self._producer.send_and_wait(
            topic, value, key=key.encode(), headers=encoded, partition=partition
        )


def hub_options(stack: StackInfo) -> dict[str, Any]:
    return {
        **client_options(config_of(stack, "court").kafka, client_id="test-hub"),
        "sasl_plain_username": "hub",
        "sasl_plain_password": stack.passwords["hub"],
    }


@asynccontextmanager
async def hub(stack: StackInfo) -> AsyncIterator[Hub]:
    producer = AIOKafkaProducer(**hub_options(stack))
    await producer.start()
    try:
        yield Hub(producer)
    finally:
        await producer.stop()


async def read_at(stack: StackInfo, places: Sequence[str]) -> list[ConsumerRecord]:
    """Return the records at *places* (topic/partition/offset), in that order."""
    consumer = AIOKafkaConsumer(**hub_options(stack), group_id=None, enable_auto_commit=False)
    await consumer.start()
    try:
        found = []
        for place in places:
            topic, partition, offset = place.split("/")
            tp = TopicPartition(topic, int(partition))
            consumer.assign([tp])
            consumer.seek(tp, int(offset))
            async with asyncio.timeout(20):
                found.append(await consumer.getone(tp))
        return found
    finally:
        await consumer.stop()


async def read_all(stack: StackInfo, topic: str, partition: int) -> list[ConsumerRecord]:
    """Return everything in one partition."""
    consumer = AIOKafkaConsumer(**hub_options(stack), group_id=None, enable_auto_commit=False)
    await consumer.start()
    try:
        tp = TopicPartition(topic, partition)
        consumer.assign([tp])
        end = (await consumer.end_offsets([tp]))[tp]
        consumer.seek(tp, (await consumer.beginning_offsets([tp]))[tp])
        found: list[ConsumerRecord] = []
        async with asyncio.timeout(20):
            while await consumer.position(tp) < end:
                found += (await consumer.getmany(tp, timeout_ms=200)).get(tp, [])
        return found
    finally:
        await consumer.stop()
