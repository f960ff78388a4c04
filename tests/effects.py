"""What a side's inbox leads to: its records folded by the real core, in memory."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

import orjson

from fajian.core.casework import DECLARED, Casework
from fajian.core.intake import Intake
from fajian.core.memory import Memory, fold_all
from fajian.core.ports import Output, Record
from fajian.core.replay import MemoryRecord
from fajian.law.documents import load_rules
from fajian.law.events import load_intake_law
from schemas.topics import CASE_EVENTS, receipts, side_of


class Effects(NamedTuple):
    """What the ledger made of the events of one source."""

    recorded: dict[str, list[str]]  #: ids by subject, in the order of the ledger
    fates: Counter[str]  #: final receipts by status


def effects(records: Sequence[Record], source: str) -> Effects:
    """Fold the inbox *records* (of one side, in the order of their partitions) and look at *source* alone."""
    told = receipts(side_of(records[0].topic))
    outputs = list(_ledger_and_receipts(records))
    recorded, fates = defaultdict(list), Counter[str]()
    for output in outputs:
        if output.topic != told or (receipt := orjson.loads(output.value or b""))["source"] != source:
            continue
        if receipt["status"] != "accepted":
            fates[receipt["status"]] += 1
        if receipt["status"] == "recorded":
            recorded[receipt["subject"]].append(receipt["id"])
    return Effects(dict(recorded), fates)


def _ledger_and_receipts(records: Sequence[Record]) -> Iterable[Output]:
    rules, first = load_rules(), date(2022, 1, 1)
    submitted = Intake(load_intake_law()).fold(records, Memory()).outputs
    declared = {"simulated": True, "rules": rules.version, "from_day": first.isoformat()}
    headers = [("ce_id", b"0"), ("ce_source", b"//hub/ticker"), ("ce_type", DECLARED.encode())]
    ledger: list[Record] = [MemoryRecord(CASE_EVENTS, 0, 0, 0, None, orjson.dumps(declared), headers)]
    for output in submitted:
        if output.topic == CASE_EVENTS:
            ledger.append(
                MemoryRecord(CASE_EVENTS, 0, len(ledger), 0, output.key, output.value, output.headers)
            )
        else:
            yield output
    for folded in fold_all(Casework({rules.version: rules}.__getitem__), ledger, Memory()):
        yield from folded.outputs
