"""The topic `holds`: what the brake holds, and the votes of those who may release or discard it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, get_args

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, ValidationError

from fajian.core.brake import Verdict
from fajian.core.ports import Output
from fajian.core.rules import Rules
from fajian.errors import HoldError
from fajian.law.signatures import canonical, is_signed, public_text, sign
from fajian.streams.compacted import CompactedTopic
from fajian.streams.log import Log
from fajian.streams.outbox import Outbox
from schemas.topics import AUDIT, HOLDS

NEEDED: Final = 2  #: different people who must say the same

_VOTE: Final = b"fajian hold v1\n"


class Vote(BaseModel):
    """What one person says of a hold, signed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    day: str
    verdict: Verdict
    reason: str
    key: str
    signature: str

    @property
    def is_genuine(self) -> bool:
        said = {"day": self.day, "verdict": self.verdict, "reason": self.reason}
        return is_signed(_VOTE + canonical(said), self.key, self.signature)


class Hold(NamedTuple):
    """One tick that was held: what each partition says of it, and what people said."""

    day: str
    parts: list[Mapping[str, Any]]
    votes: list[Vote]


class HoldBook:
    """Holds and votes as of the last `refresh`."""

    def __init__(self, log: Log) -> None:
        self._topic = CompactedTopic(HOLDS, log)
        self._verdicts: dict[
            tuple[str, str], Verdict | None
        ] = {}  # of the last refresh: asked for every flag

    async def refresh(self) -> None:
        await self._topic.refresh()
        self._verdicts.clear()

    def holds(self) -> list[Hold]:
        """Return every hold, the earliest first."""
        parts: dict[str, list[Mapping[str, Any]]] = {}
        for record in self._topic:
            said = orjson.loads(record.value or b"{}")
            if said.get("kind") == "held":
                parts.setdefault(said["day"], []).append(said)
        return [
            Hold(day, sorted(rows, key=lambda row: row["partition"]), self._votes(day))
            for day, rows in sorted(parts.items())
        ]

    def verdict(self, day: str, rules: Rules) -> Verdict | None:
        """Return what two people whose keys the policy names have decided on the hold of *day*."""
        asked = day, rules.version
        if asked not in self._verdicts:
            self._verdicts[asked] = decided(self._votes(day), rules)
        return self._verdicts[asked]

    def _votes(self, day: str) -> list[Vote]:
        begin = f"vote/{day}/".encode()
        read = (_parse(record.value) for record in self._topic if (record.key or b"").startswith(begin))
        return sorted((vote for vote in read if vote and vote.day == day), key=lambda vote: vote.key)


def decided(votes: list[Vote], rules: Rules) -> Verdict | None:
    """Return the verdict that enough different people have signed, if there is one.

    Under the model policy, which names nobody, any two keys count.
    """
    for verdict in get_args(Verdict):
        keys = {vote.key for vote in votes if vote.verdict == verdict and counts(vote, rules)}
        if len(keys) >= NEEDED:
            return verdict  # type: ignore[no-any-return]
    return None


def counts(vote: Vote, rules: Rules) -> bool:
    """Tell whether a vote is genuine, and its key one of those that the policy names."""
    named = set(rules.policy.brake.keys.values())
    return vote.is_genuine and (not named or vote.key in named)


def name_of(key: str, rules: Rules) -> str:
    """Return the post that the policy gives the key to; else the beginning of the key."""
    names = {public: name for name, public in rules.policy.brake.keys.items()}
    return names.get(key, key[:16])


async def cast(
    outbox: Outbox,
    hold: Hold,
    verdict: Verdict,
    reason: str,
    key: Ed25519PrivateKey,
    rules: Rules,
    at: datetime,
) -> Vote:
    """Say *verdict* of *hold* with *key*: first into the audit, then into `holds`.

    Raises `HoldError` where the hold is decided, the key does not count, or has spoken already. Where the
    audit cannot be written, `DeliveryError` is raised and nothing was said.
    """
    public = public_text(key.public_key())
    named = rules.policy.brake.keys
    if named and public not in named.values():
        raise HoldError(
            f"expected a key that the policy names under [brake.keys] ({', '.join(named)}), got {public}"
        )
    if (done := decided(hold.votes, rules)) is not None:
        raise HoldError(f"the hold of {hold.day} is decided: {done}")
    if any(vote.key == public for vote in hold.votes):
        raise HoldError(f"{name_of(public, rules)} has spoken already: expected another person's key")
    if not reason.strip():
        raise HoldError("expected a reason, got none")
    said = {"day": hold.day, "verdict": verdict, "reason": reason}
    vote = Vote(**said, key=public, signature=sign(_VOTE + canonical(said), key))
    audit = {
        "at": at.isoformat(),
        "act": f"hold-{verdict}",
        "by": name_of(public, rules),
        **vote.model_dump(),
    }
    await outbox.deliver([Output(0, AUDIT, None, orjson.dumps(audit), (), 0)])
    place = f"vote/{hold.day}/{public}".encode()
    await outbox.deliver([Output(0, HOLDS, place, vote.model_dump_json().encode(), (), 0)])
    return vote


def _parse(value: bytes | None) -> Vote | None:
    """A vote that cannot be read is none."""
    try:
        return Vote.model_validate_json(value or b"")
    except ValidationError:
        return None
