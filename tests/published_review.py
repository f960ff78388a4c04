"""What the bus says of every published case, in the short form that `golden/published_cases.json` keeps.

`python -m tests.published_review` writes that file anew. Whoever does so reviews every difference against the
texts, and `docs/published-cases.md` with it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from fajian.core.replay import replay
from fajian.law.documents import load_rules
from fajian.law.intake import load_intake
from fajian.sim.published import Converted, published_cases
from fajian.sim.review import review

GOLDEN = Path(__file__).parent / "golden" / "published_cases.json"

BREACHES = ("Overdue", "Breached")


def reviewed_cases() -> list[dict[str, Any]]:
    return [_reviewed(case) for case in published_cases()]


def _reviewed(case: Converted) -> dict[str, Any]:
    rules = load_rules()
    result = replay(case.events, case.until, rules, load_intake(simulated=True))
    assert not result.rejected, (case.id, result.rejected)
    told = review(case, result.rows, rules)
    silent = [row for row in told.silent if row["kind"] == "flag" and row["type"] in BREACHES]
    return {
        "id": case.id,
        "title": case.title,
        "case_no": case.case_no,
        "source": case.source,
        "until": case.until.isoformat(),
        "events": len(case.events),
        "borne_out": [_short(row) for row in told.borne_out],
        "silent": [f"{row['rule']} {row['subject']} {row['due_day']}" for row in silent],
        "skipped": [f"{fact.day} {fact.act}: {fact.reason}" for fact in case.skipped],
    }


def _short(row: Mapping[str, Any]) -> dict[str, Any]:
    taken = {name: row[name] for name in ("on", "kind", "type", "subject", "rule", "instance", "due_day")}
    return taken | {"why": _why(row["explanation"])}


def _why(explained: Mapping[str, Any]) -> str:
    if "why" in explained:
        found = ", ".join(f"{name} {value}" for name, value in explained["why"].items())
        return f"{explained['basis']}: {found}"
    assumed = f" ({explained['assumed'][0]})" if "assumed" in explained else ""
    provisional = ", provisional" if explained["provisional"] else ""
    length = f"{explained['length']} {explained['unit']}(s) from {explained['start_day']}"
    return f"{explained['basis']}: {length}{provisional}{assumed}"


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_bytes(orjson.dumps(reviewed_cases(), option=orjson.OPT_INDENT_2) + b"\n")
