"""Read everything back, and fold it again in memory with the pure core, step by step.

Nothing of the stream runtime, the stores, the connectors or `fajian verify` is used: a fault of theirs cannot
hide itself here. What each step leads to is computed from the records that the step before it left behind.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from fajian.core.casework import Casework
from fajian.core.memory import Memory, fold_all
from fajian.core.patterns import Patterns
from fajian.core.ports import Folder
from fajian.core.routing import Router
from fajian.core.rules import Rules
from fajian.law.documents import rules_from_document
from fajian.law.intake import load_intake
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
from tests.chaos.findings import Expected, Findings
from tests.chaos.reading import Read, Reader

TICKER = "//hub/ticker"
MARKER = b"digest/"
FINAL = {"recorded", "duplicate", "conflict"}

Event = tuple[str, str]  #: source and id
Say = Callable[[str], None]


@dataclass(slots=True)
class State:
    """One key of `case.state`: what the fold says, and what lies in the topic."""

    value: bytes
    offset: int  #: in the ledger


@dataclass(slots=True)
class Bus:
    """What the fold in memory says of the whole bus."""

    states: dict[bytes, State] = field(default_factory=dict)
    digests: dict[tuple[int, str], tuple[int, str]] = field(default_factory=dict)  #: (partition, day)
    notes: dict[int, Mapping[str, str]] = field(default_factory=dict)  #: chain, tick, rules; by partition
    stores: dict[int, Memory] = field(default_factory=lambda: defaultdict(Memory))
    ledger: int = 0
    told: dict[Event, set[str]] = field(default_factory=dict)  #: statuses of receipts
    flags: list[dict[str, Any]] = field(default_factory=list)
    leads: list[dict[str, Any]] = field(default_factory=list)
    feeds: dict[str, dict[tuple[str, str, str], bytes]] = field(default_factory=dict)
    receipts: dict[str, set[str]] = field(default_factory=dict)


def check(reader: Reader, submitted: Collection[Event], say: Say) -> tuple[Findings, Bus]:
    """Check all topics. *submitted* are the events that a door or Kafka has acknowledged to their sender."""
    findings, bus = Findings(), Bus()
    expected = Expected({name: reader.partitions(name) for name in TOPICS})
    rules = _rules(reader)
    say("intake folded again / 重算受理")
    _fold_inboxes(reader, expected)
    say("ledger folded again / 重算总账")
    _fold_ledger(reader, rules, expected, bus)
    _fold_patterns(reader, rules, expected)
    say("routing folded again / 重算分送")
    for topic in (FLAGS, LEADS):
        _fold_partitions(reader, topic, lambda: Router(rules.__getitem__), expected)
    say("topics compared / 比对各主题")
    _see_all(reader, expected, findings, bus)
    expected.settle(findings)
    _check_receipts(submitted, bus, findings)
    _check_states(reader, bus, findings)
    _check_digests(reader, bus, findings)
    _check_progress(reader, bus, findings)
    return findings, bus


def _rules(reader: Reader) -> dict[str, Rules]:
    adopted = [rules_from_document(record.value or b"") for record in reader.records(RULES)]
    return {rules.version: rules for rules in adopted}


def _fold_inboxes(reader: Reader, expected: Expected) -> None:
    for side in SIDES:
        _fold_partitions(reader, inbox(side), lambda: load_intake(simulated=True), expected)


def _fold_partitions(reader: Reader, topic: str, folder: Callable[[], Folder], expected: Expected) -> None:
    """Fold a topic for an agent that keeps nothing."""
    pure, nothing = folder(), Memory()
    for records in reader.batches(topic):
        for folded in fold_all(pure, records, nothing):
            for output in folded.outputs:
                expected.add(output, f"{topic}/{records[0].partition}/{output.cause}")


def _fold_ledger(reader: Reader, rules: Mapping[str, Rules], expected: Expected, bus: Bus) -> None:
    folders: dict[int, Casework] = defaultdict(lambda: Casework(rules.__getitem__))
    for records in reader.batches(CASE_EVENTS):
        number = records[0].partition
        bus.ledger += len(records)
        for folded in fold_all(folders[number], records, bus.stores[number]):
            bus.notes[number] = folded.notes
            for output in folded.outputs:
                if output.topic == CASE_STATE:
                    _note_state(bus, number, output.key or b"", output.value or b"", output.cause)
                else:
                    expected.add(output, f"{CASE_EVENTS}/{number}/{output.cause}")


def _fold_patterns(reader: Reader, rules: Mapping[str, Rules], expected: Expected) -> None:
    patterns, store = Patterns(rules.__getitem__, reader.partitions(CASE_EVENTS)), Memory()
    for records in reader.batches(PATTERNS):
        for folded in fold_all(patterns, records, store):
            for output in folded.outputs:
                expected.add(output, f"{PATTERNS}/0/{output.cause}")


def _note_state(bus: Bus, partition: int, key: bytes, value: bytes, cause: int) -> None:
    bus.states[key] = State(value, cause)
    if key.startswith(MARKER):
        body = orjson.loads(value)
        bus.digests[partition, body["day"]] = (body["count"], body["digest"])


def _see_all(reader: Reader, expected: Expected, findings: Findings, bus: Bus) -> None:
    for record in reader.records(CASE_EVENTS):
        if record.header("ce_source") != TICKER:
            expected.see(record, findings)
    for topic in (HOLDS, PATTERNS):
        for record in reader.records(topic):
            expected.see(record, findings)
    for topic, kept in ((FLAGS, bus.flags), (LEADS, bus.leads)):
        for record in reader.records(topic):
            if expected.see(record, findings):
                kept.append(
                    {"type": short_name(record.header("ce_type")), **orjson.loads(record.value or b"{}")}
                )
    for side in SIDES:
        fed = bus.feeds[side] = {}
        told = bus.receipts[side] = set()
        for record in reader.records(dead(side)):
            expected.see(record, findings)
        for record in reader.records(receipts(side)):
            expected.see(record, findings)
            body = orjson.loads(record.value or b"{}")
            bus.told.setdefault((body["source"], body["id"]), set()).add(body["status"])
            told.add(record.header("ce_id"))
        for record in reader.records(feed(side)):
            expected.see(record, findings)
            name = (record.header("ce_source"), record.header("ce_id"), (record.key or b"").decode())
            fed[name] = record.value or b""


def _check_receipts(submitted: Iterable[Event], bus: Bus, findings: Findings) -> None:
    for event in submitted:
        statuses = bus.told.get(event, set())
        findings.checked += 1
        if not statuses & {"accepted", "rejected"}:
            findings.add("lost", f"no receipt of intake for {' '.join(event)}")
        elif "accepted" in statuses and not statuses & FINAL:
            findings.add("lost", f"{' '.join(event)} was accepted and never recorded")


def _check_states(reader: Reader, bus: Bus, findings: Findings) -> None:
    """The newest state of each subject must be what the fold says, and be the one that compaction keeps."""
    last: dict[bytes, Read] = {}
    for record in reader.records(CASE_STATE):
        findings.checked += 1
        last[record.key or b""] = record
    for key in sorted(bus.states.keys() | last.keys()):
        found, wanted = last.get(key), bus.states.get(key)
        if found is None:
            findings.add("lost", f"{CASE_STATE} has no {key.decode()}")
        elif wanted is None:
            findings.add("wrong", f"{found.place}: nothing in the ledger leads to {key.decode()}")
        elif (found.value, found.header("ledgeroffset")) != (wanted.value, str(wanted.offset)):
            findings.add("wrong", f"{found.place}: {key.decode()} is not the state at offset {wanted.offset}")


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
