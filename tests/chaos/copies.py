"""The copies outside Kafka: both sides' databases, and the workers' stores, against the fold in memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import psycopg
from rocksdict import Options, Rdict

from schemas.topics import CASE_EVENTS
from tests.chaos.checker import MARKER, Bus
from tests.chaos.findings import Findings

APPLIED = b"\0applied"


def check_projection(side: str, dsn: str, bus: Bus, findings: Findings) -> None:
    """Every subject, every record of the feed and every receipt: once, and as in the topics."""
    with psycopg.connect(dsn) as opened:
        subjects: dict[str, str] = dict(
            opened.execute("SELECT subject, state::text FROM fajian.subjects").fetchall()
        )
        wanted = {k.decode(): s.value.decode() for k, s in bus.states.items() if not k.startswith(MARKER)}
        _compare(f"{side}'s subjects", wanted, subjects, findings)
        rows = opened.execute("SELECT ce_source, ce_id, subject, body::text FROM fajian.feed")
        feed = {(source, id_, subject): orjson.loads(body) for source, id_, subject, body in rows}
        fed = {name: orjson.loads(value) for name, value in bus.feeds[side].items()}
        _compare(f"{side}'s feed", fed, feed, findings)
        receipts = {id_: "" for (id_,) in opened.execute("SELECT receipt_id FROM fajian.receipts")}
        _compare(f"{side}'s receipts", dict.fromkeys(bus.receipts[side], ""), receipts, findings)
        for (reason,) in opened.execute("SELECT reason FROM fajian.faults"):
            findings.add("wrong", f"{side} could not read a record: {reason}")
        for partition, day, count, digest in opened.execute(
            "SELECT partition, day::text, count, digest FROM fajian.digests"
        ):
            findings.checked += 1
            if bus.digests.get((partition, day)) != (count, digest):
                findings.add("wrong", f"{side}'s digest of partition {partition} on {day}")


def check_stores(folder: Path, bus: Bus, findings: Findings) -> int:
    """Compare each store that has come to the end of the ledger, key by key; return how many there were.

    Every partition must have one: whoever had it last. The workers have been stopped.
    """
    found = set()
    for path in sorted(folder.glob(f"*/stores/*/casework/{CASE_EVENTS}-*")):
        number = int(path.name.rpartition("-")[2])
        if _is_at_end(path, bus, number) and number not in found:
            found.add(number)
            _compare(f"store of partition {number}", _kept_in_memory(bus, number), _kept(path), findings)
    for number in bus.stores.keys() - found:
        findings.add("lost", f"no store has come to the end of {CASE_EVENTS}/{number}")
    return len(found)


def _is_at_end(path: Path, bus: Bus, number: int) -> bool:
    kept = _kept(path, only=APPLIED).get(APPLIED)
    return kept is not None and orjson.loads(kept)["notes"].get("chain") == bus.notes[number]["chain"]


def _kept_in_memory(bus: Bus, number: int) -> dict[bytes, bytes]:
    return dict(bus.stores[number].scan(b"\x01", b"\xff\xff"))


def _kept(path: Path, *, only: bytes | None = None) -> dict[bytes, Any]:
    store = Rdict(str(path), Options(raw_mode=True))
    try:
        if only is not None:
            return {only: store.get(only)}
        items: Iterator[tuple[Any, Any]] = store.items()
        return {key: value for key, value in items if not key.startswith(b"\0")}
    finally:
        store.close()


def _compare(where: str, wanted: dict[Any, Any], found: dict[Any, Any], findings: Findings) -> None:
    findings.checked += len(wanted)
    for key in wanted.keys() - found.keys():
        findings.add("lost", f"{where}: {key}")
    for key in found.keys() - wanted.keys():
        findings.add("wrong", f"{where}: nothing leads to {key}")
    for key in wanted.keys() & found.keys():
        if wanted[key] != found[key]:
            findings.add("wrong", f"{where}: {key}")
