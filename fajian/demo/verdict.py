"""Hold what the bus found against what the simulator planted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fajian.sim.truth import Planted

Key = tuple[str, str, str]  #: subject, rule, instance

_RAISED = ("Overdue", "Breached")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Breaches and leads that were planted, found, missed, or raised without ground."""

    planted: int
    found: int
    missed: tuple[str, ...]
    false: tuple[str, ...]

    def as_json(self) -> dict[str, int]:
        return {
            "planted": self.planted,
            "found": self.found,
            "missed": len(self.missed),
            "false": len(self.false),
        }


def judge(
    truth: Iterable[Planted], flags: Iterable[Mapping[str, Any]], leads: Iterable[Mapping[str, Any]]
) -> Verdict:
    """Compare. *flags* are their bodies with `type`, in the order of each subject's ledger.

    A flag that was withdrawn since stands no longer; a planted breach with a trigger needs its lead too.
    """
    breaches = {(p.subject, p.rule, p.instance): p.trigger for p in truth if p.kind == "breach"}
    flagged = _standing(flags)
    led = {_key(lead): str(lead["trigger"]) for lead in leads}
    missed = [_named(key, "flag") for key in breaches if key not in flagged]
    missed += [
        _named(key, str(wanted)) for key, wanted in breaches.items() if wanted and led.get(key) != wanted
    ]
    false = [_named(key, "flag") for key in flagged if key not in breaches]
    false += [_named(key, trigger) for key, trigger in led.items() if breaches.get(key) != trigger]
    found = sum(key in flagged and (not wanted or led.get(key) == wanted) for key, wanted in breaches.items())
    return Verdict(len(breaches), found, tuple(sorted(missed)), tuple(sorted(false)))


def _standing(flags: Iterable[Mapping[str, Any]]) -> dict[Key, str]:
    standing: dict[Key, str] = {}
    for flag in flags:
        if flag["type"] in _RAISED:
            standing[_key(flag)] = str(flag["type"])
        elif flag["type"] == "Withdrawn":
            standing.pop(_key(flag), None)
    return standing


def _key(said: Mapping[str, Any]) -> Key:
    return str(said["subject"]), str(said["rule"]), str(said["instance"])


def _named(key: Key, what: str) -> str:
    subject, rule, instance = key
    return f"{what}: {rule}{f' ({instance})' if instance else ''} {subject}"
