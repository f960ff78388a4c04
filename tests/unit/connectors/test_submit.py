"""How the client matches receipts to what it has published."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from fajian.cli.submit import Fate, Line, batches, publish

LINES = [Line(i, orjson.dumps({"id": str(i)})) for i in range(1, 4)]


class Way:
    """Accepts everything at once, and then tells the receipts that it was given."""

    def __init__(self, receipts: Sequence[Mapping[str, Any]]) -> None:
        self._receipts: list[Mapping[str, Any]] = [
            {"seq": i, **receipt} for i, receipt in enumerate(receipts, start=1)
        ]

    async def __aenter__(self) -> "Way":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def send(self, lines: Sequence[Line]) -> list[Fate]:
        return [
            Fate(line.number, "s", orjson.loads(line.raw)["id"], inbox=f"court.inbox/0/{line.number}")
            for line in lines
        ]

    async def receipts(self, after: int, *, wait_seconds: int) -> list[Mapping[str, Any]]:
        return [receipt for receipt in self._receipts if receipt["seq"] > after][:2]

    async def newest(self) -> int:
        return 0


def receipt(id_: str, status: str, origin: str | None = None, **more: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"subject": None, "ledger": None, "problems": [], "warnings": []}
    return {**empty, "source": "s", "id": id_, "status": status, "origin": origin, **more}


async def test_an_event_waits_for_the_word_of_the_fold() -> None:
    way = Way(
        [
            receipt("1", "accepted", "court.inbox/0/1"),
            receipt("unknown", "rejected", "court.inbox/0/2", problems=[{"pointer": "/id"}]),
            receipt("1", "recorded", ledger="case.events/0/7"),
            receipt("3", "conflict"),
        ]
    )

    fates = [fate async for fate in publish(way, LINES, wait_seconds=5)]

    assert [(fate.line, fate.status) for fate in fates] == [(2, "rejected"), (1, "recorded"), (3, "conflict")]
    assert fates[1].ledger == "case.events/0/7"


async def test_the_same_id_twice_in_one_file_has_a_fate_each() -> None:
    same = [Line(1, b'{"id":"x"}'), Line(2, b'{"id":"x"}')]

    fates = [
        fate
        async for fate in publish(
            Way([receipt("x", "recorded"), receipt("x", "duplicate")]), same, wait_seconds=5
        )
    ]

    assert [(fate.line, fate.status) for fate in fates] == [(1, "recorded"), (2, "duplicate")]


async def test_receipts_of_others_and_of_earlier_events_are_passed_over() -> None:
    way = Way(
        [receipt("other", "recorded"), receipt("1", "accepted", "court.inbox/9/9"), receipt("1", "recorded")]
    )

    fates = [fate async for fate in publish(way, LINES[:1], wait_seconds=5)]

    assert [fate.status for fate in fates] == ["recorded"]


async def test_without_waiting_every_event_is_told_as_delivered() -> None:
    fates = [fate async for fate in publish(Way([]), LINES, wait_seconds=0)]

    assert [fate.status for fate in fates] == ["waiting"] * 3


def test_a_broken_line_spoils_no_batch() -> None:
    lines = [LINES[0], LINES[1], Line(9, b"{broken"), LINES[2]]

    packed = batches(lines)

    assert [[line.number for line in batch] for batch in packed] == [[1, 2], [9], [3]]
