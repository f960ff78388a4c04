"""Webhooks on the real bus: order, retries, rests, receivers that are slow or gone, and crashes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from starlette.responses import Response
from typer.testing import CliRunner, Result

from connectors.config import ConnectorConfig
from connectors.projection import Row, connection
from connectors.runtime import Connector
from connectors.sink_config import Sink, WebhookSink
from connectors.sinks.queue import QUERIES, SCHEMA, Attempt, DeliveryQueue
from fajian import clock
from fajian.cli.webhook import app as webhook_commands
from fajian.errors import PeerAwayError
from fajian.local.stack import StackInfo
from tests.connector_stack import Hub, config_of, hub, rows_of, running
from tests.webhook_receiver import INSIDE, SECRET, Got, always, receiver, yes

SECONDS = 60
QUICK = {"retry_seconds": [0.05] * 200, "rest_seconds": 0.05, "timeout_seconds": 5}


def sending_to(stack: StackInfo, *sinks: Sink) -> ConnectorConfig:
    config = config_of(stack, "court")
    assert config.postgres is not None
    return config.model_copy(update={"source": (), "sink": (config.postgres, *sinks)})


def hook_of(name: str, url: str, **settings: Any) -> WebhookSink:
    table = {
        "kind": "webhook",
        "name": name,
        "url": url,
        "secret": SECRET,
        "inside": INSIDE,
        "begin": "latest",
        **QUICK,
        **settings,
    }
    return WebhookSink.model_validate(table)


@asynccontextmanager
async def listening(config: ConnectorConfig) -> AsyncIterator[Connector]:
    """Run the connector, once all of its receivers have their place in the feed."""
    async with running(config) as connector, asyncio.timeout(SECONDS):
        while not all(connector.parts[f"{name}-feed"].is_ready for name in connector.couriers):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        yield connector


async def tell(bus: Hub, prefix: str, count: int, subjects: int = 5) -> list[str]:
    """Tell the court *count* facts, in order per subject; return their ids."""
    ids = [f"{prefix}-{i:04}" for i in range(count)]
    for begin in range(0, count, 100):
        part = list(enumerate(ids))[begin : begin + 100]
        await asyncio.gather(  # handed over in this order; Kafka keeps it per subject
            *(bus.feed("court", f"case-{prefix}-{i % subjects}", id_, amount=f"{i}.00") for i, id_ in part)
        )
    return ids


def ids_of(requests: Sequence[Got]) -> list[str]:
    return [got.event["id"] for got in requests]


def by_subject(requests: Sequence[Got]) -> dict[str, list[str]]:
    """Return the ids of each subject in the order in which they were first taken."""
    found: dict[str, list[str]] = {}
    for got in requests:
        ids = found.setdefault(got.event["subject"], [])
        if got.event["id"] not in ids:
            ids.append(got.event["id"])
    return found


async def log_of(config: ConnectorConfig, name: str) -> list[Row]:
    return await rows_of(config, SCHEMA, f"SELECT * FROM deliveries WHERE receiver = '{name}' ORDER BY seq")


async def fajian(config: ConnectorConfig, *arguments: str) -> Result:
    """Run `fajian webhook` as the side's operator."""
    assert config.postgres is not None
    env = {"FAJIAN_COURT_POSTGRES_DSN": config.postgres.dsn.get_secret_value()}
    more = ["--json"] if arguments[0] in ("list", "log") else []
    return await asyncio.to_thread(CliRunner().invoke, webhook_commands, [*arguments, *more], env=env)


def rows_in(result: Result) -> list[Row]:
    return [orjson.loads(line) for line in result.stdout.splitlines()]


async def settled(config: ConnectorConfig, name: str) -> list[Row]:
    """Return the log once nothing waits any more."""
    rows = await log_of(config, name)
    while any(row["state"] == "waiting" for row in rows):
        rows = await log_of(config, name)
    return rows


async def test_every_event_arrives_once_and_in_order_per_subject(stack: StackInfo) -> None:
    async with receiver() as hook, hub(stack) as bus:
        config = sending_to(stack, hook_of("plain", hook.url))
        async with listening(config):
            ids = await tell(bus, "plain", 60)
            await hook.until(lambda each: len(each.taken) >= 60)
            rows = await settled(config, "plain")

    assert sorted(ids_of(hook.taken)) == ids
    assert all(each == sorted(each) for each in by_subject(hook.taken).values())
    assert {row["state"] for row in rows} == {"delivered"}


async def test_only_what_the_filters_let_pass_is_sent(stack: StackInfo) -> None:
    overdue = "cn.fajian.flag.overdue.v1"
    async with receiver() as hook, hub(stack) as bus:
        hard = hook_of("filtered", hook.url, types=["Overdue"], severities=["hard"])
        async with listening(sending_to(stack, hard)):
            await bus.feed("court", "case-f", "filtered-1", amount="1.00")
            await bus.feed("court", "case-f", "filtered-2", type=overdue, flag_id="f", severity="soft")
            await bus.feed("court", "case-f", "filtered-3", type=overdue, flag_id="f", severity="hard")
            await hook.until(lambda each: bool(each.taken))

    assert ids_of(hook.got) == ["filtered-3"]


async def test_a_failing_event_holds_back_its_subject_and_no_other(stack: StackInfo) -> None:
    broken = asyncio.Event()

    async def refuse_first(got: Got) -> Response:
        is_refused = got.event["id"] == "held-0000" and not broken.is_set()
        return Response(status_code=500 if is_refused else 204)

    async with receiver() as hook, hub(stack) as bus:
        hook.answer = refuse_first
        async with listening(sending_to(stack, hook_of("held", hook.url, break_after=1000))):
            await tell(bus, "held", 20, subjects=4)
            await hook.until(lambda each: len(each.taken) >= 15)
            before = by_subject(hook.taken)
            broken.set()
            await hook.until(lambda each: len(each.taken) >= 20)

    assert "case-held-0" not in before
    assert by_subject(hook.taken)["case-held-0"] == [f"held-{i:04}" for i in range(0, 20, 4)]


async def test_a_receiver_that_does_not_answer_holds_up_no_other(stack: StackInfo) -> None:
    ended = asyncio.Event()

    async def hang(got: Got) -> Response:
        await ended.wait()
        return Response(status_code=204)

    async with receiver() as slow, receiver() as quick, hub(stack) as bus:
        slow.answer = hang
        config = sending_to(stack, hook_of("slow", slow.url), hook_of("quick", quick.url))
        async with listening(config):
            await tell(bus, "beside", 40)
            await quick.until(lambda each: len(each.taken) >= 40)
            taken_by_slow = len(slow.taken)
            ended.set()
            await slow.until(lambda each: len(each.taken) >= 40)

    assert taken_by_slow == 0


async def test_a_message_that_hangs_keeps_its_place_and_lets_all_others_pass(stack: StackInfo) -> None:
    ended = asyncio.Event()

    async def hang_one(got: Got) -> Response:
        if got.event["id"] == "hanging-0000":
            await ended.wait()
        return Response(status_code=204)

    async with receiver() as hook, hub(stack) as bus:
        hook.answer = hang_one
        async with listening(sending_to(stack, hook_of("hanging", hook.url, at_once=2, timeout_seconds=60))):
            await tell(bus, "hanging", 8, subjects=2)
            await hook.until(lambda each: len(each.taken) >= 4)
            await tell(bus, "later", 20)
            await hook.until(lambda each: len(each.taken) >= 24)
            before = by_subject(hook.taken)
            ended.set()
            await hook.until(lambda each: len(each.taken) >= 28)

    assert "case-hanging-0" not in before
    assert all(each == sorted(each) for each in by_subject(hook.taken).values())
    assert len(hook.got) == 28


async def test_a_backlog_goes_out_as_many_at_once_as_the_receiver_may_get(stack: StackInfo) -> None:
    """After an outage: a probe, then all places taken until all of it is delivered."""
    going, most = 0, 0
    full = asyncio.Event()

    async def take(got: Got) -> Response:
        nonlocal going, most
        if hook.taken:  # else this is the probe, which comes alone
            going += 1
            most = max(most, going)
            if going == 4:
                full.set()
            await full.wait()
            going -= 1
        return Response(status_code=204)

    async with receiver() as hook, hub(stack) as bus:
        hook.answer = always(503)
        config = sending_to(stack, hook_of("backlog", hook.url, at_once=4, retry_seconds=[0.05, *[3600] * 9]))
        async with listening(config):
            await tell(bus, "backlog", 300, subjects=30)
            await hook.until(lambda each: len(each.got) >= 10)
            hook.answer = take
            refused = len(hook.got)
            await hook.until(lambda each: len(each.taken) >= 300)

    assert most == 4
    assert len(hook.got) - refused <= 300 + 4
    assert all(each == sorted(each) for each in by_subject(hook.taken).values())


async def test_looking_for_what_is_due_reads_a_long_queue_once_and_not_once_for_each_message(
    stack: StackInfo,
) -> None:
    async with receiver() as hook:
        config = sending_to(stack, hook_of("long", hook.url))
        async with listening(config):
            pass
    assert config.postgres is not None
    waiting = 2000
    async with connection(config.postgres.dsn.get_secret_value(), schema=SCHEMA, autocommit=False) as opened:
        await opened.execute(
            "INSERT INTO deliveries"
            " (receiver, message_id, subject, kind, type, event, place, next_at, queued_at) SELECT 'long',"
            " n::text, 'case-' || n %% 250, 'fact', 'MoneyPaid', '{}', 'p',"
            " now() + make_interval(hours => CASE WHEN n <= 100 THEN 1 ELSE 0 END), now()"
            " FROM generate_series(1, %s) AS n",
            [waiting],
        )
        values = {"receiver": "long", "limit": 500, "busy": [], "now": clock.now()}
        found = await opened.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {QUERIES['due']}", values)
        [row] = await found.fetchall()
        due = await DeliveryQueue(opened, "long").due(limit=waiting, now=clock.now(), busy=["case-249"])
        await opened.rollback()

    held = {f"case-{n}" for n in range(1, 101)}
    assert len(due) == (250 - 100 - 1) * 8
    assert not {message.subject for message in due} & {*held, "case-249"}
    assert _rows_read(row["QUERY PLAN"][0]["Plan"]) < 10 * waiting


def _rows_read(plan: dict[str, Any]) -> float:
    """Return how many rows a plan's nodes have looked at, all together."""
    looked = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    looked += plan.get("Rows Removed by Join Filter", 0)
    return float(looked * plan["Actual Loops"]) + sum(map(_rows_read, plan.get("Plans", ())))


async def test_a_receiver_that_was_away_gets_everything_and_nothing_has_failed(stack: StackInfo) -> None:
    """With a rest between probes, an outage costs few attempts: the ladder is not used up."""
    async with receiver() as hook, hub(stack) as bus:
        config = sending_to(stack, hook_of("away", hook.url, retry_seconds=[0.02] * 50, break_after=3))
        hook.answer = always(503)
        async with listening(config) as connector:
            await tell(bus, "away", 200, subjects=20)
            await hook.until(lambda each: len(each.got) >= 12)
            health = connector.parts["away"]
            assert health.state != "ready"
            hook.answer = yes
            await hook.until(lambda each: len(each.taken) >= 200)
            refused = len(hook.got) - len(hook.taken)
            rows = await settled(config, "away")

    assert {row["state"] for row in rows} == {"delivered"}
    assert all(each == sorted(each) for each in by_subject(hook.taken).values())
    assert refused < 100


async def test_a_receiver_that_is_gone_is_closed_its_messages_wait_and_operators_are_alerted(
    stack: StackInfo,
) -> None:
    async with receiver() as hook, hub(stack) as bus:
        config = sending_to(stack, hook_of("gone", hook.url, at_once=1))
        hook.answer = always(410)
        async with listening(config) as connector:
            await tell(bus, "gone", 10)
            await hook.until(lambda each: bool(each.got))
            while connector.parts["gone"].state != "stopped":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            hook.answer = yes
            [shown] = [row for row in rows_in(await fajian(config, "list")) if row["receiver"] == "gone"]
            await fajian(config, "enable", "gone")
            await hook.until(lambda each: len(each.taken) >= 10)

    alerts = await rows_of(config, SCHEMA, "SELECT kind, detail FROM alerts WHERE receiver = 'gone'")
    assert alerts == [{"kind": "disabled", "detail": "answered 410"}]
    assert (shown["state"], shown["reason"], shown["alerts"]) == ("disabled", "answered 410", 1)
    assert len(hook.got) == 11


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["enable", "nobody"], "expected one of"),
        (["redeliver", "nobody", "x"], "expected one of"),
        (["redeliver", "plain", "no-such-message"], "found none with id"),
    ],
)
async def test_a_command_for_what_is_not_there_says_what_is(
    stack: StackInfo, arguments: list[str], told: str
) -> None:
    async with receiver() as hook:
        config = sending_to(stack, hook_of("plain", hook.url))
        async with listening(config):
            result = await fajian(config, *arguments)

    assert told in str(result.exception)


async def test_what_failed_for_good_is_kept_alerted_and_lets_later_events_pass(stack: StackInfo) -> None:
    async def refuse_one(got: Got) -> Response:
        return Response(status_code=500 if got.event["id"] == "final-0000" else 204)

    async with receiver() as hook, hub(stack) as bus:
        hook.answer = refuse_one
        config = sending_to(stack, hook_of("final", hook.url, retry_seconds=[0.01, 0.01], break_after=99))
        async with listening(config):
            await tell(bus, "final", 3, subjects=1)
            await hook.until(lambda each: len(each.taken) >= 2)
            [failed, *others] = await settled(config, "final")
            [told] = rows_in(await fajian(config, "log", "final", "--state", "failed"))
            hook.answer = yes
            await fajian(config, "redeliver", "final", failed["message_id"])
            await hook.until(lambda each: len(each.taken) >= 3)
            again = await settled(config, "final")

    [alert] = await rows_of(config, SCHEMA, "SELECT * FROM alerts WHERE receiver = 'final'")
    assert (failed["state"], failed["attempts"], failed["detail"]) == ("failed", 3, "answered 500")
    assert [row["state"] for row in others] == ["delivered", "delivered"]
    assert (alert["kind"], alert["delivery"]) == ("failed", failed["seq"])
    assert [each["status"] for each in told["history"]] == [500, 500, 500]
    assert (again[0]["state"], again[0]["attempts"], alert["seen_at"] is None) == ("delivered", 4, False)
    assert hook.taken[-1].id == failed["message_id"]


class CrashingQueue(DeliveryQueue):
    """Loses its connection at a step, before or after it is done."""

    crash_at = ""
    crashed = 0

    async def take(self, *args: Any, **values: Any) -> None:
        self._crash("before take")
        await super().take(*args, **values)
        self._crash("after take")

    async def note(self, attempts: Sequence[Attempt]) -> None:
        self._crash("before note")
        await super().note(attempts)
        self._crash("after note")

    def _crash(self, step: str) -> None:
        if CrashingQueue.crash_at == step and CrashingQueue.crashed < 3:
            CrashingQueue.crashed += 1
            raise PeerAwayError(f"crash {step}")


@pytest.mark.parametrize("step", ["before take", "after take", "before note", "after note"])
async def test_a_crash_at_any_step_loses_nothing_and_repeats_under_the_same_id(
    stack: StackInfo, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    name = f"crash-{step.replace(' ', '-')}"
    monkeypatch.setattr("connectors.sinks.courier.DeliveryQueue", CrashingQueue)
    monkeypatch.setattr("connectors.runtime.FIRST_PAUSE_SECONDS", 0.01)
    CrashingQueue.crash_at, CrashingQueue.crashed = step, 0
    async with receiver() as hook, hub(stack) as bus:
        config = sending_to(stack, hook_of(name, hook.url))
        async with listening(config):
            for part in range(1, 5):
                await tell(bus, f"{name}-{part}", 10)
                await hook.until(lambda each, part=part: len(set(ids_of(each.taken))) >= 10 * part)  # type: ignore[misc]
            await settled(config, name)

    assert CrashingQueue.crashed >= 2
    assert len({(got.id, got.event["id"]) for got in hook.taken}) == 40
    assert all(each == sorted(each) for each in by_subject(hook.taken).values())
    assert len(hook.taken) == 40 or step == "before note"
