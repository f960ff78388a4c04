"""Read everything back, and fold it again in memory with the pure core, step by step.

Nothing of the stream runtime, the stores, the connectors or `fajian verify` is used: a fault of theirs cannot
hide itself here. What each step leads to is computed from the records that the step before it left behind.
First all folds say what must be found where, then every partition is held against that; either can be done
for each partition by itself, on as many processors as there are.
"""

import gc
import multiprocessing
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from fajian.core.casework import Casework
from fajian.core.memory import Memory, fold_all
from fajian.core.patterns import Patterns
from fajian.core.ports import Folder
from fajian.core.routing import Router
from fajian.core.rules import Rules
from fajian.law.documents import rules_from_document
from fajian.law.intake import load_intake
from fajian.local.admin import Access
from fajian.sim.check import RAISED
from schemas.names import short_name
from schemas.topics import (
    CASE_EVENTS,
    CASE_STATE,
    DIGESTS,
    FLAGS,
    HOLDS,
    LEADS,
    PATTERNS,
    PROGRESS,
    RULES,
    SIDES,
    TOPICS,
    dead,
    feed,
    inbox,
    receipts,
)
from tests.chaos.findings import Expected, Findings, Wanted
from tests.chaos.reading import Part, Read, Reader
from tests.chaos.stores import check_stores

TICKER = "//hub/ticker"
MARKER = b"digest/"
FINAL = {"recorded", "duplicate", "conflict"}
JUDGED = {*RAISED, "Withdrawn"}  #: the flags that tell whether a breach is said to stand
TOLD = ("subject", "rule", "instance", "on", "due_day", "trigger")

Event = tuple[str, str]  #: source and id
Say = Callable[[str], None]


class State(NamedTuple):
    """One key of `case.state`, as the fold says."""

    value: bytes  #: its hash
    offset: int  #: in the ledger


@dataclass(slots=True)
class Bus:
    """What the fold in memory says of the whole bus, and what of it is held elsewhere too."""

    states: dict[bytes, State] = field(default_factory=dict)
    digests: dict[tuple[int, str], tuple[int, str]] = field(default_factory=dict)  #: (partition, day)
    notes: dict[int, dict[str, str]] = field(default_factory=dict)  #: chain, tick, rules; by partition
    ledger: int = 0
    compacted: int = 0  #: records of `case.state` that Kafka has taken out
    stores: int = 0  #: that have come to the end of the ledger
    flags: int = 0
    leads: int = 0
    told: dict[Event, set[str]] = field(default_factory=lambda: defaultdict(set))  #: statuses of receipts
    said: list[dict[str, Any]] = field(default_factory=list)  #: flags that tell of breaches
    said_leads: list[dict[str, Any]] = field(default_factory=list)
    feeds: dict[str, dict[bytes, bytes]] = field(default_factory=lambda: defaultdict(dict))  #: by side
    receipts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def merge(self, other: "Bus") -> None:
        """Take over what *other* says, of another partition."""
        self.states |= other.states
        self.digests |= other.digests
        self.notes |= other.notes
        for name in ("ledger", "compacted", "stores", "flags", "leads"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for event, statuses in other.told.items():
            self.told[event] |= statuses
        self.said += other.said
        self.said_leads += other.said_leads
        for side, fed in other.feeds.items():
            self.feeds[side] |= fed
        for side, told in other.receipts.items():
            self.receipts[side] |= told


def check(access: Access, stores: Path, submitted: Collection[Event], say: Say) -> tuple[Findings, Bus]:
    """Check all topics, and the *stores* of stopped workers.

    *submitted* are the events that a door or Kafka has acknowledged to their sender.
    """
    reader, findings, bus = Reader(access), Findings(), Bus()
    expected = Expected({name: reader.partitions(name) for name in TOPICS})
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), spawning, _begin, (access,)) as pool:
        say("受理、总账、分送各自重算 / intake, ledger, patterns and routing folded again")
        folds: Sequence[tuple[Callable[..., Any], Sequence[Part]]] = (
            (_fold_ledger, reader.parts(CASE_EVENTS)),
            (_fold_intake, reader.parts(*map(inbox, SIDES))),
            (_fold_routing, reader.parts(FLAGS, LEADS)),
            (_fold_patterns, reader.parts(PATTERNS)),
        )
        waiting = [pool.submit(fold, part, stores) for fold, parts in folds for part in parts]
        for number, done in enumerate(waiting, start=1):
            more, there, found = done.result()
            expected.merge(more)
            bus.merge(there)
            findings.merge(found)
            if number % 12 == 0:
                say(f"  {number}/{len(waiting)}")
        say("各主题比对 / every topic compared")
        parts = reader.parts(CASE_EVENTS, HOLDS, PATTERNS, FLAGS, LEADS)
        parts += reader.parts(*(topic(side) for side in SIDES for topic in (dead, receipts, feed)))
        seen = pool.map(_see, parts, [expected.take(part) for part in parts])
        for found, there in seen:
            findings.merge(found)
            bus.merge(there)
    _check_receipts(submitted, bus, findings)
    _check_digests(reader, bus, findings)
    _check_progress(reader, bus, findings)
    return findings, bus


def fingerprint(value: Any) -> bytes:
    """Return a hash of bytes, or of what JSON says whatever the order of its names."""
    content = value if isinstance(value, bytes) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return blake2b(content, digest_size=12).digest()


def name_in_feed(source: str, id_: str, subject: str) -> bytes:
    return fingerprint([source, id_, subject])


# --- in a process of its own, one partition at a time


class _Desk(NamedTuple):
    reader: Reader
    rules: dict[str, Rules]
    partitions: dict[str, int]


_desk: list[_Desk] = []
Answer = tuple[Expected, Bus, Findings]


def _begin(access: Access) -> None:
    gc.set_threshold(200_000, 20, 100)  # much is made here, and hardly any of it in circles
    reader = Reader(access)
    adopted = [rules_from_document(record.value or b"") for record in reader.records(RULES)]
    partitions = {name: reader.partitions(name) for name in TOPICS}
    _desk[:] = [_Desk(reader, {rules.version: rules for rules in adopted}, partitions)]


def _fold_intake(part: Part, _stores: Path) -> Answer:
    return _fold(part, load_intake(simulated=True)), Bus(), Findings()


def _fold_routing(part: Part, _stores: Path) -> Answer:
    return _fold(part, Router(_desk[0].rules.__getitem__)), Bus(), Findings()


def _fold_patterns(part: Part, _stores: Path) -> Answer:
    patterns = Patterns(_desk[0].rules.__getitem__, _desk[0].partitions[CASE_EVENTS])
    return _fold(part, patterns), Bus(), Findings()


def _fold(part: Part, folder: Folder) -> Expected:
    expected, store = Expected(_desk[0].partitions), Memory()
    for records in _desk[0].reader.batches(part):
        for folded in fold_all(folder, records, store):
            for output in folded.outputs:
                expected.add(output, part)
    return expected


def _fold_ledger(part: Part, stores: Path) -> Answer:
    """Fold one partition of the ledger; its part of `case.state` and its stores follow from nothing else."""
    expected, bus, findings = Expected(_desk[0].partitions), Bus(), Findings()
    casework, store = Casework(_desk[0].rules.__getitem__), Memory()
    for records in _desk[0].reader.batches(part):
        bus.ledger += len(records)
        for folded in fold_all(casework, records, store):
            bus.notes[part.partition] = folded.notes
            for output in folded.outputs:
                if output.topic == CASE_STATE:
                    _note_state(bus, part.partition, output.key or b"", output.value or b"", output.cause)
                else:
                    expected.add(output, part)
    if bus.notes:
        _check_states(Part(CASE_STATE, part.partition), bus, findings)
        bus.stores = check_stores(stores, part.partition, store, bus.notes[part.partition], findings)
    return expected, bus, findings


def _note_state(bus: Bus, partition: int, key: bytes, value: bytes, cause: int) -> None:
    bus.states[key] = State(fingerprint(value), cause)
    if key.startswith(MARKER):
        body = orjson.loads(value)
        bus.digests[partition, body["day"]] = (body["count"], body["digest"])


def _check_states(part: Part, bus: Bus, findings: Findings) -> None:
    """The newest state of each subject must be what the fold says, and be the one that compaction keeps."""
    last: dict[bytes, tuple[State, str]] = {}
    for number, record in enumerate(_records(part)):
        findings.checked += 1
        bus.compacted = record.offset - number
        state = State(fingerprint(record.value or b""), int(record.header("ledgeroffset")))
        last[record.key or b""] = state, record.place
    for key in sorted(bus.states.keys() | last.keys()):
        found, wanted = last.get(key), bus.states.get(key)
        if found is None:
            findings.add("lost", f"{part} has no {key.decode()}")
        elif wanted is None:
            findings.add("wrong", f"{found[1]}: nothing in the ledger leads to {key.decode()}")
        elif found[0] != wanted:
            findings.add("wrong", f"{found[1]}: {key.decode()} is not the state at offset {wanted.offset}")


def _see(part: Part, rows: bytearray) -> tuple[Findings, Bus]:
    """Hold one partition against what must be found in it, and note what others hold as well."""
    findings, bus = Findings(), Bus()
    wanted = Wanted(part, rows)
    note = _NOTES.get(part.topic, _note_nothing)
    for record in _records(part):
        if part.topic == CASE_EVENTS and record.header("ce_source") == TICKER:
            continue
        is_new = wanted.see(record, findings)
        note(record, bus, is_new=is_new)
    wanted.settle(findings)
    return findings, bus


def _records(part: Part) -> Iterator[Read]:
    return (record for batch in _desk[0].reader.batches(part) for record in batch)


def _note_nothing(_record: Read, _bus: Bus, *, is_new: bool) -> None:
    pass


def _note_flag(record: Read, bus: Bus, *, is_new: bool) -> None:
    bus.flags += is_new
    name = short_name(record.header("ce_type"))
    if is_new and name in JUDGED:
        bus.said.append({"type": name, **_row(record)})


def _note_lead(record: Read, bus: Bus, *, is_new: bool) -> None:
    bus.leads += is_new
    if is_new:
        bus.said_leads.append(_row(record))


def _row(record: Read) -> dict[str, Any]:
    body = orjson.loads(record.value or b"{}")
    return {name: body[name] for name in TOLD if name in body}


def _note_receipt(record: Read, bus: Bus, *, is_new: bool) -> None:
    if is_new:
        body = orjson.loads(record.value or b"{}")
        bus.told[body["source"], body["id"]].add(body["status"])
        bus.receipts[record.topic.partition(".")[0]].add(record.header("ce_id"))


def _note_fed(record: Read, bus: Bus, *, is_new: bool) -> None:
    if is_new:
        name = name_in_feed(record.header("ce_source"), record.header("ce_id"), (record.key or b"").decode())
        bus.feeds[record.topic.partition(".")[0]][name] = fingerprint(orjson.loads(record.value or b""))


_NOTES: dict[str, Any] = {
    FLAGS: _note_flag,
    LEADS: _note_lead,
    **{receipts(side): _note_receipt for side in SIDES},
    **{feed(side): _note_fed for side in SIDES},
}


# --- of all partitions together


def _check_receipts(submitted: Iterable[Event], bus: Bus, findings: Findings) -> None:
    for event in submitted:
        statuses = bus.told.get(event, set())
        findings.checked += 1
        if not statuses & {"accepted", "rejected"}:
            findings.add("lost", f"no receipt of intake for {' '.join(event)}")
        elif "accepted" in statuses and not statuses & FINAL:
            findings.add("lost", f"{' '.join(event)} was accepted and never recorded")


def _check_digests(reader: Reader, bus: Bus, findings: Findings) -> None:
    """Whoever told a digest, it must be the fold's own."""
    for record in reader.records(DIGESTS):
        told = orjson.loads(record.value or b"{}")
        findings.checked += 1
        wanted = bus.digests.get((told["partition"], told["day"]))
        if wanted != (told["count"], told["digest"]):
            findings.add("wrong", f"{record.place}: {told}, expected {wanted}")


def _check_progress(reader: Reader, bus: Bus, findings: Findings) -> None:
    """The hash chain that casework has stated must be that of the ledger as it lies there."""
    stated = {record.key: record.value for record in reader.records(PROGRESS)}
    for number, notes in bus.notes.items():
        raw = stated.get(f"casework/{CASE_EVENTS}/{number}".encode())
        findings.checked += 1
        if raw is None:
            findings.add("lost", f"casework has stated no progress of {CASE_EVENTS}/{number}")
        elif orjson.loads(raw)["notes"] != notes:
            findings.add("wrong", f"casework states {orjson.loads(raw)['notes']}, the ledger says {notes}")
