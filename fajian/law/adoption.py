"""What a rules version changes beside the one before it, for whoever is about to adopt it."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from fajian.core.rules import Period, Rules, Trigger
from fajian.errors import PolicyError
from fajian.law.documents import MODEL
from fajian.law.signatures import SIDES

#: Tables of a rules document whose rows are told apart by this field.
TABLES: Mapping[str, str] = {
    "periods": "id",
    "triggers": "id",
    "events": "name",
    "stops": "kind",
    "posts": "id",
}


def changes(before: Rules, after: Rules) -> dict[str, Any]:
    """Return what differs: row by row for the law, key by key for the policy."""
    old, new = orjson.loads(before.document), orjson.loads(after.document)
    found: dict[str, Any] = {}
    for table, name in TABLES.items():
        if differing := _differing(_by(old[table], name), _by(new[table], name)):
            found[table] = differing
    for part in ("fold", "ladder"):
        if old[part] != new[part]:
            found[part] = "changed"
    if old["calendar"] != new["calendar"]:
        found["calendar"] = [before.calendar.version, after.calendar.version]
    if policy := _differing(old["policy"], new["policy"]):
        found["policy"] = policy
    if before.policy.signed != after.policy.signed:
        found["signed"] = [before.policy.signed, after.policy.signed]
    return found


def _by(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return {row[name]: row for row in rows}


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[str]]:
    found = {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "changed": [name for name in new if name in old and new[name] != old[name]],
    }
    return {how: names for how, names in found.items() if names}


def pending(rules: Rules) -> Iterator[Period | Trigger]:
    """Return the unverified rows that both sides have not approved: they stay with their owner."""
    rows: list[Period | Trigger] = [*rules.periods.values(), *rules.triggers.values()]
    return (row for row in rows if not rules.is_settled(row.id, row.sure))


def check_keys(rules: Rules, before: Rules | None, pinned: Mapping[str, str | None]) -> None:
    """Refuse a signed policy whose keys are not those that count on this bus.

    These are the *pinned* ones (settings); where none is pinned, those of the signed policy *before*.
    """
    document = orjson.loads(rules.document)
    if not rules.policy.signed or document["signatures"] == MODEL:
        return
    known = _keys_of(before)
    problems = []
    for side in SIDES:
        expected, got = pinned.get(side) or known.get(side), document["policy"]["keys"][side]
        if expected is not None and got != expected:
            problems.append(
                f"keys.{side}: 应为登记的公钥 / expected the key that counts here, {expected}, got {got}. "
                f"Where it was changed on purpose, name the new one in FAJIAN_POLICY_KEY_{side.upper()}"
            )
    if problems:
        raise PolicyError(problems)


def _keys_of(rules: Rules | None) -> Mapping[str, str]:
    if rules is None or not rules.policy.signed:
        return {}
    keys: Mapping[str, str] = orjson.loads(rules.document)["policy"].get("keys", {})
    return keys
