"""Both sides' databases, row by row, against the topics and the fold in memory."""

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg

from tests.chaos.checker import MARKER, Bus, fingerprint, name_in_feed
from tests.chaos.findings import Findings
from tests.chaos.stores import compare

AT_ONCE = 5_000


def check_projection(side: str, dsn: str, bus: Bus, findings: Findings) -> None:
    """Every subject, every record of the feed and every receipt: once, and as in the topics."""
    with psycopg.connect(dsn) as opened:
        subjects = _rows(opened, "SELECT subject, state::text FROM fajian.subjects")
        held = {subject: fingerprint(state.encode()) for subject, state in subjects}
        wanted = {k.decode(): s.value for k, s in bus.states.items() if not k.startswith(MARKER)}
        compare(f"{side}'s subjects", wanted, held, findings)
        rows = _rows(opened, "SELECT ce_source, ce_id, subject, body FROM fajian.feed")
        fed = {name_in_feed(source, id_, subject): fingerprint(body) for source, id_, subject, body in rows}
        compare(f"{side}'s feed", bus.feeds[side], fed, findings)
        told = dict.fromkeys((id_ for (id_,) in _rows(opened, "SELECT receipt_id FROM fajian.receipts")), "")
        compare(f"{side}'s receipts", dict.fromkeys(bus.receipts[side], ""), told, findings)
        for (reason,) in opened.execute("SELECT reason FROM fajian.faults"):
            findings.add("wrong", f"{side} could not read a record: {reason}")
        for partition, day, count, digest in opened.execute(
            "SELECT partition, day::text, count, digest FROM fajian.digests"
        ):
            findings.checked += 1
            if bus.digests.get((partition, day)) != (count, digest):
                findings.add("wrong", f"{side}'s digest of partition {partition} on {day}")


def _rows(opened: psycopg.Connection[Any], query: LiteralString) -> Iterator[Any]:
    """Yield rows without holding all of them."""
    with opened.cursor(name="chaos") as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(query)
        yield from cursor
