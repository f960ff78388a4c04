"""Two different people decide on a hold, in writing, or nobody does."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fajian.clock import SHANGHAI
from fajian.core.ports import Output
from fajian.core.rules import Brake, Rules
from fajian.errors import DeliveryError, HoldError
from fajian.law.signatures import public_text
from fajian.streams.holds import HoldBook, Vote, cast, name_of
from fajian.streams.memory import MemoryTopics
from schemas.topics import AUDIT, HOLDS
from tests.histories import under
from tests.policies import COURT_KEY, PROCURATORATE_KEY, THIRD_KEY

DAY = "2022-10-08"
AT = datetime(2022, 10, 9, 8, tzinfo=SHANGHAI)
NAMED = under(
    brake=Brake(
        keys={
            "office": public_text(COURT_KEY.public_key()),
            "it": public_text(PROCURATORATE_KEY.public_key()),
        }
    )
)
MODEL = under()


class Desk:
    """A hold, and people in front of it."""

    def __init__(self, rules: Rules = NAMED) -> None:
        self.topics = MemoryTopics()
        self.book = HoldBook(self.topics)
        self.rules = rules
        for partition in (1, 0):
            said = {"kind": "held", "day": DAY, "partition": partition, "held": 9}
            key = f"held/{DAY}/{partition}".encode()
            self.topics.append(HOLDS, key=key, value=orjson.dumps(said), partition=0)

    async def say(self, verdict: str, key: Ed25519PrivateKey, reason: str = "误报") -> str | None:
        await self.book.refresh()
        [hold] = self.book.holds()
        await cast(self.topics, hold, verdict, reason, key, self.rules, AT)  # type: ignore[arg-type]
        await self.book.refresh()
        return self.book.verdict(DAY, self.rules)


async def test_two_people_of_one_mind_decide() -> None:
    desk = Desk()

    assert await desk.say("release", COURT_KEY) is None
    assert await desk.say("release", PROCURATORATE_KEY) == "release"


async def test_a_hold_is_one_for_all_partitions() -> None:
    desk = Desk()
    await desk.book.refresh()

    [hold] = desk.book.holds()

    assert (hold.day, [part["partition"] for part in hold.parts], hold.votes) == (DAY, [0, 1], [])


async def test_two_people_of_two_minds_do_not_decide_and_a_third_does() -> None:
    desk = Desk(MODEL)

    assert await desk.say("release", COURT_KEY) is None
    assert await desk.say("discard", PROCURATORATE_KEY) is None
    assert await desk.say("discard", THIRD_KEY) == "discard"


async def test_nobody_speaks_twice_nor_without_a_name_or_a_reason_nor_after_the_decision() -> None:
    desk = Desk()
    with pytest.raises(HoldError, match=r"brake\.keys.*office, it"):
        await desk.say("release", THIRD_KEY)
    with pytest.raises(HoldError, match="reason"):
        await desk.say("release", COURT_KEY, reason=" ")
    await desk.say("release", COURT_KEY)
    with pytest.raises(HoldError, match="office has spoken"):
        await desk.say("release", COURT_KEY)
    await desk.say("release", PROCURATORATE_KEY)
    with pytest.raises(HoldError, match="is decided: release"):
        await desk.say("discard", COURT_KEY)


async def test_a_vote_that_somebody_else_wrote_into_the_topic_counts_for_nothing() -> None:
    desk = Desk()
    await desk.say("release", COURT_KEY)
    other = public_text(PROCURATORATE_KEY.public_key())
    forged = Vote(day=DAY, verdict="release", reason="误报", key=other, signature="AAAA")
    desk.topics.append(HOLDS, key=f"vote/{DAY}/{other}".encode(), value=forged.model_dump_json().encode())
    desk.topics.append(HOLDS, key=f"vote/{DAY}/x".encode(), value=b"no vote")

    await desk.book.refresh()

    assert desk.book.verdict(DAY, NAMED) is None


async def test_a_vote_for_one_day_says_nothing_of_another() -> None:
    desk = Desk()
    await desk.say("release", COURT_KEY)
    await desk.say("release", PROCURATORATE_KEY)

    for record in desk.topics.records(HOLDS):
        if (record.key or b"").startswith(b"vote/"):
            key = (record.key or b"").replace(DAY.encode(), b"2022-10-09")
            desk.topics.append(HOLDS, key=key, value=record.value, partition=0)
    await desk.book.refresh()

    assert desk.book.verdict("2022-10-09", NAMED) is None


async def test_what_people_said_is_in_the_audit_before_it_counts() -> None:
    desk = Desk()

    await desk.say("discard", COURT_KEY)

    [record] = desk.topics.records(AUDIT)
    said = orjson.loads(record.value or b"")
    assert (said["act"], said["by"], said["day"], said["at"]) == (
        "hold-discard",
        "office",
        DAY,
        AT.isoformat(),
    )


class _NoAudit:
    """Takes everything but what belongs into the audit."""

    def __init__(self, topics: MemoryTopics) -> None:
        self._topics = topics

    async def deliver(self, outputs: Sequence[Output]) -> None:
        if any(output.topic == AUDIT for output in outputs):
            raise DeliveryError("the audit cannot be written")
        await self._topics.deliver(outputs)


async def test_where_the_audit_cannot_be_written_nothing_is_decided() -> None:
    desk = Desk()
    await desk.book.refresh()
    before = len(desk.topics.records(HOLDS))

    with pytest.raises(DeliveryError):
        await cast(_NoAudit(desk.topics), desk.book.holds()[0], "release", "误报", COURT_KEY, NAMED, AT)

    assert len(desk.topics.records(HOLDS)) == before


def test_who_is_not_named_is_shown_by_the_key() -> None:
    key = public_text(THIRD_KEY.public_key())

    assert name_of(key, NAMED) == key[:16]
    assert name_of(key, replace(NAMED, policy=MODEL.policy)) == key[:16]
