"""The brake: when one tick yields many times the usual number of flags, they wait for two people.

Casework counts and marks, so that the mark is a function of the ledger like the flag itself. Routing stops
at a marked flag until a decision is there; what is held stays in Kafka, where it is.
"""

from collections import Counter
from collections.abc import Mapping, MutableSequence, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

import orjson

from fajian.core.ports import Output
from fajian.core.rules import Brake
from schemas.topics import FLAGS, HOLDS, LEADS

Verdict = Literal["release", "discard"]

HELD: Final = "ce_hold"  #: header: the day of the tick that was held
FEWEST_TICKS: Final = 10  #: known before anything counts as unusual

#: As the fold writes it: what is historic is for the owner's record, however much of it there is.
_HISTORIC: Final = b'"historic":true'


@dataclass(slots=True)
class Tally:
    """What one partition knows of its ticks. Kept with the fold's own state."""

    usual: list[int] = field(default_factory=list)  #: flags of the ticks before, the last one at the end
    flags: int = 0  #: of the tick under way
    held: dict[str, int] = field(default_factory=dict)  #: of them held, by rule


def limit(tally: Tally, brake: Brake) -> int | None:
    """Return the number of flags above which a tick is held; None while too few ticks are known."""
    recent = tally.usual[-brake.of_ticks :]
    if len(recent) < FEWEST_TICKS:
        return None
    return max(brake.at_least, brake.times * _median(recent))


def look(
    outputs: MutableSequence[Output], first: int, tally: Tally, brake: Brake, *, day: date, partition: int
) -> None:
    """Count the flags and leads among *outputs* from *first* on; above the limit, mark them and tell of it.

    A tick that is judged in slices is held from the slice on in which it passes the limit.
    """
    places = [n for n in range(first, len(outputs)) if outputs[n].topic in (FLAGS, LEADS)]
    tally.flags += sum(_HISTORIC not in (outputs[n].value or b"") for n in places)
    highest = limit(tally, brake)
    if highest is None or tally.flags <= highest or not places:
        return
    tally.held = dict(Counter(tally.held) + Counter(_rule(outputs[n]) for n in places))
    for n in places:
        outputs[n] = outputs[n]._replace(headers=[*outputs[n].headers, (HELD, day.isoformat().encode())])
    outputs.append(_told(tally, highest, day, partition, outputs[places[0]].cause))


def close(tally: Tally, brake: Brake) -> None:
    """End a tick: its number is one of the usual ones from now on."""
    tally.usual = [*tally.usual, tally.flags][-brake.of_ticks :]
    tally.flags, tally.held = 0, {}


def _median(counts: Sequence[int]) -> int:
    """Return the lower median: of an even number the smaller one of the two in the middle."""
    return sorted(counts)[(len(counts) - 1) // 2]


def _rule(output: Output) -> str:
    return str(orjson.loads(output.value or b"{}")["rule"])


def _told(tally: Tally, highest: int, day: date, partition: int, cause: int) -> Output:
    """Say what is held, for those who decide: numbers and rules, nothing of a case."""
    said: Mapping[str, Any] = {
        "kind": "held",
        "day": day.isoformat(),
        "partition": partition,
        "flags": tally.flags,
        "held": sum(tally.held.values()),
        "limit": highest,
        "usual": _median(tally.usual),
        "rules": dict(sorted(tally.held.items())),
    }
    key = f"held/{day.isoformat()}/{partition}".encode()
    return Output(cause, HOLDS, key, orjson.dumps(said), (), 0)
