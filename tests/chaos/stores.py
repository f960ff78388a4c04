"""The workers' stores, key by key, against the fold in memory. The workers have been stopped."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from rocksdict import Options, Rdict

from fajian.core.memory import Memory
from schemas.topics import CASE_EVENTS
from tests.chaos.findings import Findings

APPLIED = b"\0applied"


def check_stores(
    folder: Path, number: int, memory: Memory, notes: Mapping[str, str], findings: Findings
) -> int:
    """Compare the stores of partition *number* that have come to the end of the ledger, and count them.

    There must be one: that of whoever had the partition last.
    """
    found = 0
    for path in sorted(folder.glob(f"*/stores/*/casework/{CASE_EVENTS}-{number}")):
        kept = _kept(path, only=APPLIED).get(APPLIED)
        if kept is not None and orjson.loads(kept)["notes"].get("chain") == notes["chain"]:
            found += 1
            wanted = dict(memory.scan(b"\x01", b"\xff\xff"))
            compare(f"store of partition {number}", wanted, _kept(path), findings)
    if not found:
        findings.add("lost", f"no store has come to the end of {CASE_EVENTS}/{number}")
    return found


def compare(where: str, wanted: Mapping[Any, Any], found: Mapping[Any, Any], findings: Findings) -> None:
    """Both must hold the same under the same keys."""
    findings.checked += len(wanted)
    for key in wanted.keys() - found.keys():
        findings.add("lost", f"{where}: {key!r}")
    for key in found.keys() - wanted.keys():
        findings.add("wrong", f"{where}: nothing leads to {key!r}")
    for key in wanted.keys() & found.keys():
        if wanted[key] != found[key]:
            findings.add("wrong", f"{where}: {key!r}")


def _kept(path: Path, *, only: bytes | None = None) -> dict[bytes, Any]:
    store = Rdict(str(path), Options(raw_mode=True))
    try:
        if only is not None:
            return {only: store.get(only)}
        items: Iterator[tuple[Any, Any]] = store.items()
        return {key: value for key, value in items if not key.startswith(b"\0")}
    finally:
        store.close()
