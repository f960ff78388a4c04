"""Over random histories: neither the order of arrival nor the cut into batches decides anything."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from hashlib import blake2b
from itertools import accumulate
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from fajian.core.casework import META, SLICE, STATE, Casework
from fajian.core.matters import speak, unsay
from fajian.core.memory import Memory, fold_all
from fajian.core.ports import Folded, Output, Record, Store
from fajian.core.replay import MemoryRecord
from fajian.core.subject_state import SubjectState
from fajian.law.documents import load_rules
from schemas.topics import CASE_STATE, FLAGS, LEADS
from tests.histories import (
    APPLICATION,
    CASE,
    COURT,
    PROCURATORATE,
    SUPERVISION,
    Told,
    declared,
    ticked,
    told,
    under,
)

RULES = load_rules()
WITHOUT_A_TRIGGER = replace(
    under(answer_window=1, late_days=2),
    triggers={name: row for name, row in RULES.triggers.items() if name != "T14"},
)
WITHOUT_PERIODS = replace(
    under(go_live=date(2022, 3, 1)),
    periods={name: row for name, row in RULES.periods.items() if name not in ("enf-assign", "zb-check")},
    triggers={name: row for name, row in RULES.triggers.items() if name != "T15"},
)
VERSIONS = {rules.version: rules for rules in (RULES, WITHOUT_A_TRIGGER, WITHOUT_PERIODS)}

FIRST = date(2022, 1, 3)
DAYS = 420
SUBJECTS = (CASE, "（2022）皖1324执124号", APPLICATION, SUPERVISION)

offsets = st.integers(0, DAYS)
bounds = st.sampled_from(["1949-10-01", "2199-12-31"])  #: the first and the last day that a body may name
days = st.one_of(*[offsets.map(lambda n: (FIRST + timedelta(days=n)).isoformat())] * 9, bounds)
numbers = st.sampled_from(["1", "2"])
posts = st.sampled_from(["court-president", "bureau-head", "undertaker"])
kinds = st.sampled_from(["first", "preservation"])
outcomes = st.sampled_from(["adopted", "rejected"])
names = st.integers(1, 30).map(str)

#: What a body may say, by event; fields in brackets of `_maybe` may be missing.
Fields = dict[str, st.SearchStrategy[Any]]


def _maybe(field: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), field)


BODIES: dict[str, Fields] = {
    "ApplicationReceived": {"complete_day": _maybe(days)},
    "CaseDocketed": {
        "application_day": _maybe(days),
        "case_kind": st.sampled_from(["first", "preservation"]),
        "money_claim": _maybe(st.booleans()),
        "claim_amount": _maybe(st.just("100")),
    },
    "DocketRefused": {},
    "UndertakerAssigned": {},
    "EnforcementNoticeIssued": {},
    "PropertyReportOrdered": {},
    "ConsumptionRestricted": {},
    "NetworkQueried": {"query_no": numbers, "found": st.booleans()},
    "CheckResultTold": {"query_no": numbers},
    "SeizureTookEffect": {
        "seizure_no": numbers,
        "property": st.sampled_from(["deposit", "movable"]),
        "until_day": _maybe(days),
        "value": _maybe(st.sampled_from(["60", "120"])),
    },
    "FinanceNotified": {"payment_ref": numbers},
    "PayoutDeferralApproved": {"payment_ref": numbers, "approver_role": posts},
    "DeferralCauseEnded": {"payment_ref": numbers},
    "MoneyPaid": {"payment_ref": numbers, "partial": st.booleans()},
    "Listed": {"listing_no": numbers, "term_until": _maybe(days)},
    "ListingRemoved": {"listing_no": numbers},
    "SatisfactionRecorded": {},
    "ObjectionReceived": {"objection_no": numbers, "objection_kind": st.sampled_from(["act", "third-party"])},
    "ObjectionRuled": {"objection_no": numbers},
    "Suspended": {"suspension_no": _maybe(numbers)},
    "Resumed": {"suspension_no": _maybe(numbers)},
    "Stayed": {"stay_no": numbers, "until_day": _maybe(days)},
    "StayEnded": {"stay_no": numbers},
    "ExtensionApproved": {"until_day": days, "approver_role": posts},
    "RoundEnded": {"ruling_day": days, "served_day": _maybe(days), "creditor_heard": _maybe(st.booleans())},
    "EnforcementRestored": {},
    "CaseClosed": {"mode": st.sampled_from(["fulfilled", "round-ended", "cancelled"])},
    "SupervisionAccepted": {},
    "PartyInformed": {"what": st.just("acceptance")},
    "FilesRequested": {"request_no": numbers},
    "FilesReceived": {"request_no": numbers},
    "ReviewConcluded": {"decision": st.just("suggestion")},
    "ExplanationRequested": {"request_no": numbers, "received_day": _maybe(days)},
    "ExplanationReceived": {"request_no": numbers},
    "SuggestionReceived": {"suggestion_no": numbers},
    "SuggestionWithdrawn": {"suggestion_no": numbers},
    "ReplyExtensionApproved": {"suggestion_no": numbers, "approver_role": posts},
    "CourtReplied": {
        "suggestion_no": numbers,
        "outcome": outcomes,
        "reasons_given": _maybe(st.booleans()),
    },
    "FlagAnswered": {
        "rule": st.sampled_from(["pay-out", "T14"]),
        "instance": numbers,
        "answer": st.just("met"),
    },
    "BaselineImported": {"as_of_day": days},
    "OutageNoted": {"from_day": days, "to_day": days},
    "LeadScreened": {},
    "SuspensionCauseEnded": {"suspension_no": _maybe(numbers)},
    "PropertyFoundAfterRoundEnd": {},
    "SeizureReleased": {"seizure_no": numbers},
    "SeizureRenewed": {"seizure_no": numbers, "until_day": _maybe(days)},
    "Sold": {"seizure_no": _maybe(numbers)},
    "DebtorDied": {},
    "Detained": {"sanction_no": numbers, "until_day": _maybe(days), "act": _maybe(numbers)},
    "DetentionEnded": {"sanction_no": numbers},
    "CorrectionDone": {"suggestion_no": _maybe(numbers)},
    "MoneyArrived": {"payment_ref": numbers},
    "Retracted": {"retracts": names},
}


@st.composite
def events(draw: st.DrawFn) -> Told:
    name = draw(st.sampled_from(sorted(BODIES)))
    body = {field: draw(values) for field, values in BODIES[name].items()}
    if name != "Retracted" and draw(st.integers(0, 4)) == 0:
        body["supersedes"] = draw(names)
    at = draw(offsets)
    arrives = at + draw(st.sampled_from([0, 0, 0, 1, 5, 30, 200]))
    return told(
        name,
        (FIRST + timedelta(days=at)).isoformat(),
        id=draw(names),
        subject=draw(st.sampled_from(SUBJECTS)),
        source=draw(st.sampled_from([COURT, COURT, COURT, PROCURATORATE])),
        arrives=(FIRST + timedelta(days=arrives)).isoformat(),
        position=draw(st.sampled_from(["inbox/1", "inbox/2"])),
        copy=draw(st.booleans()) and name in ("CaseDocketed", "CourtReplied"),
        **{field: value for field, value in body.items() if value is not None},
    )


histories = st.integers(0, 40).flatmap(lambda size: st.lists(events(), min_size=size, max_size=size))


@st.composite
def ledgers(draw: st.DrawFn) -> list[MemoryRecord]:
    """Draw a ledger: events on the days of their arrival, and ticks, some missed, under changing rules."""
    told_events = sorted(draw(histories), key=lambda event: event.day)
    gaps = draw(st.lists(st.sampled_from([1, 1, 1, 1, 2, 7, 40]), min_size=3, max_size=90))
    ticks = accumulate(gaps, initial=0)
    records = [declared(FIRST, RULES)]
    version = RULES.version
    for number in ticks:
        day = FIRST + timedelta(days=number)
        while told_events and told_events[0].day <= day:
            records.append(told_events.pop(0).record())
        if draw(st.integers(0, 9)) == 0:
            version = draw(st.sampled_from(sorted(VERSIONS)))
        records.append(ticked(day, version, incomplete=draw(st.integers(0, 9)) == 0))
    records += [event.record() for event in told_events]
    return [replace(record, offset=offset) for offset, record in enumerate(records)]


class Fresh:
    """Folds every time by a casework that has nothing but the store."""

    def __init__(self, slice_: int) -> None:
        self._slice = slice_

    def fold(self, records: Sequence[Record], store: Store) -> Folded:
        return Casework(VERSIONS.__getitem__, slice_=self._slice).fold(records, store)


def _folded(
    batches: Sequence[Sequence[MemoryRecord]], *, fresh: bool = False, slice_: int = SLICE
) -> tuple[list[Output], Memory]:
    """Fold *batches*; with *fresh* every call by a casework that has nothing but the store."""
    store, outputs = Memory(), list[Output]()
    casework = Fresh(slice_) if fresh else Casework(VERSIONS.__getitem__, slice_=slice_)
    for batch in batches:
        for folded in fold_all(casework, batch, store):
            outputs += folded.outputs
    return outputs, store


def _cut(records: list[MemoryRecord], sizes: list[int]) -> list[list[MemoryRecord]]:
    batches, rest = [], records
    for size in sizes:
        batches.append(rest[:size])
        rest = rest[size:]
    return [batch for batch in (*batches, rest) if batch]


def _kept(store: Memory) -> list[tuple[bytes, bytes]]:
    return list(store.scan(b"", b"\xff"))


@given(
    records=ledgers(),
    sizes=st.lists(st.integers(1, 12), max_size=30),
    fresh=st.booleans(),
    slice_=st.sampled_from([1, 2, 3, SLICE]),
)
def test_any_cut_into_batches_and_slices_gives_the_same_bytes(
    records: list[MemoryRecord], sizes: list[int], fresh: bool, slice_: int
) -> None:
    whole, store = _folded([records])

    outputs, other = _folded(_cut(records, sizes), fresh=fresh, slice_=slice_)

    assert outputs == whole
    assert _kept(other) == _kept(store)


@given(records=ledgers())
def test_one_record_at_a_time_from_the_store_gives_the_same_bytes_as_all_at_once(
    records: list[MemoryRecord],
) -> None:
    whole, store = _folded([records])

    outputs, other = _folded([[record] for record in records], fresh=True)

    assert outputs == whole
    assert _kept(other) == _kept(store)


@given(records=ledgers())
def test_a_ledger_folded_twice_says_the_same_and_names_all_apart(records: list[MemoryRecord]) -> None:
    once, _ = _folded([records])
    again, _ = _folded([records])

    assert once == again
    ids = [dict(output.headers)["ce_id"] for output in once if output.topic in (FLAGS, LEADS)]
    assert len(set(ids)) == len(ids)


@given(records=ledgers())
def test_the_digest_is_always_the_sum_over_the_latest_states(records: list[MemoryRecord]) -> None:
    outputs, _ = _folded([records])

    states: dict[bytes, bytes] = {}
    for output in outputs:
        if output.topic == CASE_STATE and (output.key or b"").startswith(b"digest/"):
            total = sum(_hash(key, value) for key, value in states.items()) % 2**128
            marker = orjson.loads(output.value or b"")
            assert (marker["digest"], marker["count"]) == (f"{total:032x}", len(states))
        elif output.topic == CASE_STATE:
            states[output.key or b""] = output.value or b""


def _hash(key: bytes, value: bytes) -> int:
    return int.from_bytes(blake2b(key + b"\0" + value, digest_size=16).digest())


@given(history=histories, data=st.data())
def test_facts_and_clocks_do_not_depend_on_the_order_of_arrival(
    history: list[Told], data: st.DataObject
) -> None:
    unique = list({_name(event): event for event in history}.values())
    shuffled = data.draw(st.permutations(unique))
    last = [ticked(FIRST + timedelta(days=DAYS), RULES.version)]

    _, store = _folded([[declared(FIRST, RULES), *[event.record() for event in unique], *last]])
    _, other = _folded([[declared(FIRST, RULES), *[event.record() for event in shuffled], *last]])

    assert _shown(store) == _shown(other)


def _name(event: Told) -> tuple[str, bytes, bytes]:
    headers = dict(event.headers)
    return event.subject, headers["ce_source"], headers.get("ce_originid", headers["ce_id"])


def _shown(store: Memory) -> dict[str, Any]:
    shown = {}
    for key, raw in store.scan(STATE, STATE + b"\xff"):
        state = SubjectState.decode(key[1:].decode(), raw)
        shown[state.subject] = (state.facts, state.look(RULES).facts, state.judge(RULES))
    return shown


@given(history=histories, ticks=st.lists(offsets, max_size=20))
def test_judging_only_what_an_event_or_a_day_touches_leaves_nothing_to_say(
    history: list[Told], ticks: list[int]
) -> None:
    clock = [
        (FIRST + timedelta(days=day), ticked(FIRST + timedelta(days=day), RULES.version)) for day in ticks
    ]
    moments = [*clock, *[(event.day, event.record()) for event in history]]
    in_turn = [record for _, record in sorted(moments, key=lambda moment: moment[0])]

    _, store = _folded([[declared(FIRST, RULES)], *[[record] for record in in_turn]])

    tick = date.fromisoformat(orjson.loads(store.get(META) or b"")["tick"])
    for key, raw in store.scan(STATE, STATE + b"\xff"):
        state = SubjectState.decode(key[1:].decode(), raw)
        shown = {matter.key: matter for matters in state.judge(RULES).values() for matter in matters}
        for name, said in state.said.items():
            told_anew = speak(shown[name], said, tick, RULES) if name in shown else unsay(said)
            assert told_anew == ([], said)
        assert shown.keys() <= state.said.keys()
