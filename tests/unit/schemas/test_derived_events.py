"""What the bus publishes itself keeps the contract as well as what it asks of others."""

from collections import Counter
from datetime import date, timedelta

import pytest

from fajian.core.casework import Casework
from fajian.core.ports import Folded, Record, Store
from fajian.core.replay import replay
from fajian.law.documents import load_rules
from fajian.law.intake import load_intake
from fajian.sim import simulate
from schemas.cloudevents import from_kafka
from schemas.envelope import RESERVED
from schemas.topics import CASE_STATE, PATTERNS
from schemas.validation import check

START = date(2025, 1, 2)
DAYS = 200


def test_every_flag_lead_and_receipt_of_a_simulated_county_fits_its_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fold, seen = Casework.fold, Counter[str]()
    problems: list[object] = []

    def fold_and_check(self: Casework, records: list[Record], store: Store) -> Folded:
        folded = fold(self, records, store)
        for output in folded.outputs:
            if output.topic not in (CASE_STATE, PATTERNS):  # neither is made of events
                raw = from_kafka(output.headers, output.value)
                ours = {name: raw.attributes.pop(name, None) for name in RESERVED}
                problems.extend((raw.attributes["type"], ours, problem) for problem in check(raw).problems)
                seen[raw.attributes["type"].split(".")[2]] += 1
        return folded

    monkeypatch.setattr(Casework, "fold", fold_and_check)
    county = [event for day in simulate(cases=30, days=DAYS, seed=1, start=START) for event in day.events]
    replay(county, START + timedelta(days=DAYS), load_rules(), load_intake(simulated=True))

    assert problems == []
    assert min(seen[family] for family in ("flag", "lead", "receipt", "enforcement", "supervision")) > 0
