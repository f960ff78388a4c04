"""The duties with a time, as a lawyer or `fajian due` looks them up, and whether the tables hold together."""

from collections.abc import Container, Iterable, Iterator, Mapping

from fajian.core.rules import Cue, Period, Rules
from fajian.core.triggers import FINDERS, PREDICATES
from fajian.law.documents import load_rules


def load_catalogue() -> Mapping[str, Period]:
    """Return the bundled periods by id, in the order of the file."""
    return load_rules().periods


def faults(rules: Rules) -> Iterator[str]:
    """Yield everything that a table names and no table has, and every duty that cannot begin or end."""
    for period in rules.periods.values():
        yield from _faults_of(period, rules)
    for stop in rules.stops.values():
        yield from _unknown_events(f"stop {stop.kind}", (*stop.begins, *stop.ends), rules)
    for trigger in rules.triggers.values():
        yield from _unknown(f"trigger {trigger.id}", "period", trigger.periods, rules.periods)
        yield from _unknown(f"trigger {trigger.id}", "event", set(trigger.watches) - {"*"}, rules.events)
        yield from _unknown(f"trigger {trigger.id}", "predicate", [trigger.predicate], PREDICATES)
        yield from _unknown(f"trigger {trigger.id}", "finder", filter(None, [trigger.finder]), FINDERS)
        if not trigger.periods and not trigger.finder:
            yield f"trigger {trigger.id}: expected periods or a finder, it has neither"
    for rung in rules.ladder:
        yield from _unknown(f"rung {rung.stage}/{rung.side}", "post", rung.posts, rules.posts)
    for first, then, _ in rules.impossible:
        yield from _unknown("impossible", "event", (first, then), rules.events)
    yield from _unknown("policy", "approved row", rules.policy.approved, {**rules.periods, **rules.triggers})


def _faults_of(period: Period, rules: Rules) -> Iterator[str]:
    where = f"period {period.id}"
    per = (period.per,) if period.per else ()
    cues = (*period.opens, *period.closes, *period.closes_all, *period.ends, *per)
    yield from _unknown_events(where, cues, rules)
    yield from _unknown(where, "stop", period.stops, rules.stops)
    if period.extension:
        yield from _unknown(where, "event", [period.extension.event], rules.events)
        yield from _unknown(where, "post", period.extension.by, rules.posts)
    if not period.opens:
        yield f"{where}: expected an event that opens it"
    if period.nature == "duty" and not (period.closes or period.closes_all):
        yield f"{where}: expected an event that closes it"


def _unknown_events(where: str, cues: tuple[Cue, ...], rules: Rules) -> Iterator[str]:
    yield from _unknown(where, "event", [cue.event for cue in cues], rules.events)


def _unknown(where: str, what: str, names: Iterable[str], known: Container[str]) -> Iterator[str]:
    for name in sorted(names):
        if name not in known:
            yield f"{where}: {what} {name!r} is in no table"
