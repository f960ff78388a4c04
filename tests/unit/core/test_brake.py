"""A tick that yields many times the usual number of flags is held, until two people have decided."""

from datetime import date
from typing import Any

import orjson
import pytest

from fajian.core.brake import HELD, Tally, close, limit, look
from fajian.core.casework import Casework
from fajian.core.memory import Memory, fold_all
from fajian.core.ports import Output
from fajian.core.replay import MemoryRecord
from fajian.core.routing import Router
from fajian.core.rules import Brake, Rules
from fajian.errors import HeldError
from fajian.law.documents import load_rules
from schemas.topics import FLAGS, HOLDS, LEADS, feed
from tests.histories import ledger, told, under

DAY = date(2022, 5, 16)
BRAKE = Brake(times=3, of_ticks=12, at_least=4)


def _flag(rule: str = "pay-out", *, topic: str = FLAGS, historic: bool = False) -> Output:
    body = orjson.dumps({"rule": rule, "historic": historic})
    return Output(7, topic, b"case", body, [("ce_id", b"x")])


def _known(*counts: int) -> Tally:
    return Tally(usual=[*counts, *[0] * (10 - len(counts))])


def _looked(tally: Tally, *outputs: Output, first: int = 0) -> list[Output]:
    out = list(outputs)
    look(out, first, tally, BRAKE, day=DAY, partition=2)
    return out


def _held(outputs: list[Output]) -> list[bool]:
    return [HELD in dict(output.headers) for output in outputs if output.topic != HOLDS]


# -- counting ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usual", "expected"),
    [
        ([100] * 9, None),  # too few ticks to know what is usual
        ([0] * 10, 4),  # at least so many
        ([5] * 10, 15),
        ([1, 1, 1, 1, 1, 9, 9, 9, 9, 9], 4),  # the lower median, not the mean
        ([900, *[5] * 12], 15),  # only the last ones
    ],
)
def test_the_limit_is_a_multiple_of_the_median_and_a_minimum(usual: list[int], expected: int | None) -> None:
    assert limit(Tally(usual=usual), BRAKE) == expected


def test_up_to_the_limit_nothing_is_held() -> None:
    tally = _known()

    assert _held(_looked(tally, *[_flag()] * 4)) == [False] * 4
    assert tally.flags == 4


def test_above_it_all_flags_and_leads_of_the_tick_are_held_and_nothing_else() -> None:
    before, state = _flag(), Output(7, "case.state", b"k", b"{}")

    out = _looked(_known(), before, *[_flag()] * 4, state, _flag("T20", topic=LEADS), first=1)

    assert _held(out) == [False, True, True, True, True, False, True]
    assert dict(out[1].headers) == {"ce_id": b"x", HELD: b"2022-05-16"}


def test_what_is_held_is_told_with_numbers_and_rules_alone() -> None:
    [*_, told_of] = _looked(_known(), *[_flag()] * 3, *[_flag("crt-reply")] * 2)

    assert (told_of.topic, told_of.key, told_of.partition) == (HOLDS, b"held/2022-05-16/2", 0)
    assert orjson.loads(told_of.value or b"") == {
        "kind": "held",
        "day": "2022-05-16",
        "partition": 2,
        "flags": 5,
        "held": 5,
        "limit": 4,
        "usual": 0,
        "rules": {"crt-reply": 2, "pay-out": 3},
    }


def test_breaches_from_before_the_agreement_are_no_flood() -> None:
    assert not any(_held(_looked(_known(), *[_flag(historic=True)] * 50)))


def test_a_tick_in_slices_is_held_from_the_slice_on_that_passes_the_limit() -> None:
    tally = _known()

    slices = [_looked(tally, _flag(), _flag()) for _ in range(4)]
    quiet = _looked(tally)

    assert [any(_held(one)) for one in slices] == [False, False, True, True]
    assert orjson.loads(slices[-1][-1].value or b"")["held"] == 4
    assert quiet == []


def test_every_tick_is_one_of_the_usual_ones_from_its_end_on() -> None:
    tally = Tally(usual=list(range(12)), flags=40, held={"pay-out": 40})

    close(tally, BRAKE)

    assert tally == Tally(usual=[*range(1, 12), 40])


# -- from the ledger to the feeds --------------------------------------------------------------------------

SMALL = under(brake=Brake(times=3, of_ticks=12, at_least=4))


def _flooded(rules: Rules = SMALL, slice_: int = 1000) -> list[Output]:
    """Fold a ledger in which, after quiet weeks, six cases are due on one day."""
    cases = [f"（2022）皖1324执{number}号" for number in range(1, 7)]
    events = [
        told("FinanceNotified", "2022-05-09", id=f"n{case}", subject=case, payment_ref=case) for case in cases
    ]
    records = ledger(events, "2022-06-14", rules)
    store, folder = Memory(), Casework({rules.version: rules}.__getitem__, slice_=slice_)
    return [output for folded in fold_all(folder, records, store) for output in folded.outputs]


def _records(outputs: list[Output]) -> list[MemoryRecord]:
    said = [output for output in outputs if output.topic in (FLAGS, LEADS)]
    return [
        MemoryRecord(one.topic, 0, offset, 0, one.key, one.value, tuple(one.headers))
        for offset, one in enumerate(said)
    ]


def _router(decision: Any) -> Router:
    return Router({SMALL.version: SMALL}.__getitem__, lambda day, rules: decision(day))


def test_a_flood_is_held_as_a_whole() -> None:
    outputs = _flooded()
    of_day: dict[bytes, set[bool]] = {}
    for output in outputs:
        if output.topic in (FLAGS, LEADS):
            on = orjson.loads(output.value or b"")["on"].encode()
            of_day.setdefault(on, set()).add(HELD in dict(output.headers))

    assert of_day[b"2022-06-08"] == of_day[b"2022-06-13"] == {True}
    assert of_day[b"2022-05-09"] == {False}  # what an event causes is no flood of a tick
    told_of = [orjson.loads(output.value or b"") for output in outputs if output.topic == HOLDS]
    assert [mark["held"] for mark in told_of if mark["day"] == "2022-06-13"] == [12]  # flags and leads


def test_the_same_ledger_gives_the_same_marks() -> None:
    assert _flooded() == _flooded()


def test_the_model_policy_lets_a_county_be() -> None:
    rules = load_rules()

    assert not [output for output in _flooded(rules) if output.topic == HOLDS]


def test_routing_stops_before_what_is_held_until_it_is_decided() -> None:
    records = _records(_flooded())
    first = next(n for n, record in enumerate(records) if HELD in dict(record.headers))
    router = _router(lambda day: None)

    assert router.fold(records[:first], Memory()).applied == first - 1
    with pytest.raises(HeldError, match=f"deadlines.flags/0/{first} .*fajian hold show"):
        router.fold(records[first:], Memory())


def test_what_is_released_goes_where_it_would_have_gone_under_the_same_names() -> None:
    held, free = _records(_flooded()), _records(_flooded(under(brake=Brake(at_least=10_000))))

    released = _router(lambda day: "release").fold(held, Memory()).outputs
    unheld = Router(lambda version: SMALL).fold(free, Memory()).outputs

    assert [(out.topic, out.key, dict(out.headers)["ce_id"]) for out in released] == [
        (out.topic, out.key, dict(out.headers)["ce_id"]) for out in unheld
    ]
    assert not [out for out in released if HELD in dict(out.headers)]


def test_what_is_discarded_reaches_nobody_and_what_comes_after_does() -> None:
    records = _records(_flooded())
    day = next(dict(record.headers)[HELD] for record in records if HELD in dict(record.headers)).decode()

    routed = _router(lambda asked: "discard" if asked == day else "release").fold(records, Memory()).outputs

    causes = [record.offset for record in records if dict(record.headers).get(HELD) != day.encode()]
    assert {out.cause for out in routed} <= set(causes)
    assert [out for out in routed if out.topic == feed("court")]
