"""The duties with a time, as a lawyer or `fajian due` looks them up, and whether the tables hold together."""

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Final

from fajian.core.citations import Citation
from fajian.core.counting import FITTING_UNITS
from fajian.core.lives import LIFE_CYCLES
from fajian.core.patterns import PATTERNS_BY_NAME
from fajian.core.rules import Cue, Period, Rules, Trigger, Visibility
from fajian.core.subjects import KINDS
from fajian.core.triggers import FINDERS, PREDICATES
from fajian.law.documents import load_rules
from fajian.law.policy_check import first_day_not_shortened
from schemas.registry import TYPES

OURS: Final = "D"  #: the basis of a row that is our own proposal

#: Events that no row of the law listens to, and what they are there for.
KEPT: Final[Mapping[str, str]] = {
    "ClockTicked": "the clock itself",
    "LedgerDeclared": "the beginning of a ledger",
    "Retracted": "takes a fact back",
    "BaselineImported": "marks earlier breaches historic",
    "OutageNoted": "excuses late records",
    "FlagAcknowledged": "answers a flag",
    "FlagAnswered": "answers a flag",
    "StateDigest": "compares the copies of both sides",
    "CaseDisclosed": "opens what a side may see",
    "DisclosureEnded": "closes it again",
    "LeadRaised": "published by the bus, or raised by a person",
    "SoftBreachesCounted": "published by the bus, in place of single soft breaches",
    "LeadScreened": "decides what becomes of a lead",
    "AlarmHandlingSeen": "the discipline team has seen that an alarm was handled",
    "IssueTabled": "agenda of the joint meeting",
    "MeetingCalled": "agenda of the joint meeting",
    "JointMeetingHeld": "agenda of the joint meeting",
    "IssueSettled": "agenda of the joint meeting",
    "IssueReferredUp": "agenda of the joint meeting",
    "LeadingGroupDecided": "agenda of the joint meeting",
    "ExtensionRequested": "on file: asking in the window extends nothing by itself",
    "AuctionPaused": "on file: the pause of one auction, which resumes under auc-resume",
    "IntegrityLeadReferred": "on file: goes to the discipline team",
}

#: Instruments that no row cites: they hold the rules of counting.
COUNTED_BY: Final = frozenset({"CC"})


def load_catalogue() -> Mapping[str, Period]:
    """Return the bundled periods by id, in the order of the file."""
    return load_rules().periods


def faults(rules: Rules) -> Iterator[str]:
    """Yield what a table names and no table has, duties that cannot begin or end, and rows without a use."""
    for period in rules.periods.values():
        yield from _faults_of(period, rules)
    for stop in rules.stops.values():
        yield from _unknown_events(f"stop {stop.kind}", stop.cues, rules)
    for trigger in rules.triggers.values():
        yield from _faults_of_trigger(trigger, rules)
    for rung in rules.ladder:
        yield from _unknown(f"rung {rung.stage}/{rung.side}", "post", rung.posts, rules.posts)
    for row in rules.visibility.values():
        yield from _faults_of_visibility(row, rules)
    for first, then, _ in rules.impossible:
        yield from _unknown("impossible", "event", (first, then), rules.events)
    yield from _unknown("policy", "approved row", rules.policy.approved, {**rules.periods, **rules.triggers})
    yield from _faults_of_local_periods(rules)
    yield from _orphans(rules)
    yield from _unused_events(rules)
    yield from _faults_of_instruments(rules)


def _faults_of(period: Period, rules: Rules) -> Iterator[str]:
    where = f"period {period.id}"
    yield from _unknown_events(where, period.cues, rules)
    yield from _unknown(where, "stop", period.stops, rules.stops)
    yield from _unknown(where, "period", filter(None, [period.line_of]), rules.periods)
    yield from _unknown_citations(where, period.cites, rules)
    for variant in period.variants:
        yield from _unknown_citations(f"{where}, {variant.name}", variant.cites, rules)
    if period.extension:
        yield from _unknown(where, "event", [period.extension.event], rules.events)
        yield from _unknown(where, "post", period.extension.by, rules.posts)
    if period.runs:
        yield from _faults_of_running(period, where)
        yield from _out_of_reach(period, where, rules)
    elif period.nature in ("trap", "check", "window") and period.opens:
        yield f"{where}: a {period.nature} opens nothing, it names {period.opens[0].event}"


def _faults_of_running(period: Period, where: str) -> Iterator[str]:
    if not period.opens:
        yield f"{where}: expected an event that opens it"
    if period.nature != "effect" and not (period.closes or period.closes_all):
        yield f"{where}: expected an event that closes it"
    if period.length is None and not period.fixed_by:
        yield f"{where}: expected a length, or a field that fixes its end"


def _out_of_reach(period: Period, where: str, rules: Rules) -> Iterator[str]:
    """Yield that no opening, or no closing, is ever said of a subject that carries the clock."""
    for what, cues in (("opens", period.opens), ("closes", (*period.closes, *period.closes_all))):
        if cues and not any(_reaches(cue, period, rules) for cue in cues):
            yield f"{where}: nothing that {what} it is ever said of {', '.join(period.on)}"


def _reaches(cue: Cue, period: Period, rules: Rules) -> bool:
    row = rules.events.get(cue.event)
    kinds = {cue.on} & set(period.on) if cue.on else set(period.on)
    return row is None or not kinds.isdisjoint(row.subjects)


def _faults_of_trigger(trigger: Trigger, rules: Rules) -> Iterator[str]:
    where = f"trigger {trigger.id}"
    yield from _unknown(where, "period", trigger.periods, rules.periods)
    yield from _unknown(where, "event", set(trigger.watches) - {"*"}, rules.events)
    yield from _unknown(where, "predicate", [trigger.predicate], PREDICATES)
    yield from _unknown(where, "finder", filter(None, [trigger.finder]), FINDERS)
    yield from _unknown(where, "post", filter(None, [trigger.owed_by]), rules.posts)
    yield from _unknown(where, "kind of subject", trigger.on, KINDS)
    yield from _faults_of_params(where, trigger, rules)
    if trigger.finder and not (trigger.owed_by and (trigger.watches or trigger.reads)):
        yield f"{where}: expected who owes what it finds, and what it watches or reads"
    if trigger.basis != OURS:
        yield from _unknown_citations(where, trigger.cites, rules)
    yield from _unknown(where, "pattern", filter(None, [trigger.pattern]), PATTERNS_BY_NAME)
    if not (trigger.periods or trigger.finder or trigger.pattern):
        yield f"{where}: expected periods, a finder or a pattern, it has none"
    for period in (rules.periods[name] for name in trigger.periods if name in rules.periods):
        if not period.can_be_broken:
            yield f"{where}: {period.id} is never overdue, so nothing is raised"
        if set(period.on).isdisjoint(trigger.on):
            yield f"{where}: {period.id} never runs on {', '.join(trigger.on)}"


def _faults_of_params(where: str, trigger: Trigger, rules: Rules) -> Iterator[str]:
    """What a finder needs is data too, so it is held against the tables like the rest."""
    yield from _unknown(where, "period", trigger.reads, rules.periods)
    yield from _unknown(where, "post", trigger.params.get("posts", ()), rules.posts)
    yield from _unknown(where, "period", filter(None, [trigger.params.get("minimum")]), rules.periods)
    yield from _unknown(where, "period read", trigger.params.get("capped", ()), trigger.reads)
    required = {name for names in trigger.params.get("requires", ()) for name in names}
    yield from _unknown(where, "event", required, rules.events)
    for name in ("wait", "window"):
        time = trigger.params.get(name)
        if time and time["unit"] not in FITTING_UNITS.get(time["count"], ()):
            yield f"{where}: {name} is counted by {time['count']}, which does not count in {time['unit']}"
    for name in trigger.reads:
        period = rules.periods.get(name)
        if period and (period.length is None or not period.runs or not set(period.on) & set(trigger.on)):
            yield f"{where}: period {name} has no clocks with a length on {', '.join(trigger.on)}"


def _faults_of_visibility(row: Visibility, rules: Rules) -> Iterator[str]:
    """What may be taken out of a body is optional there: a copy without it is still an event."""
    where = f"visibility {row.id}"
    yield from _unknown(where, "event", row.events, rules.events)
    if row.never == "" and not (row.events or row.fields):
        yield f"{where}: expected events or fields that it governs, or why there are none"
    models = {event.name: TYPES[event.ce_type].model.model_fields for event in rules.events.values()}
    for name in row.fields:
        bearers = [event for event, fields in models.items() if name in fields]
        if not bearers:
            yield f"{where}: field {name!r} is in no event"
        for event in bearers:
            if models[event][name].is_required():
                yield f"{where}: field {name!r} of {event} is required, and cannot be taken out"


def _faults_of_local_periods(rules: Rules) -> Iterator[str]:
    """A local agreement may shorten a duty, never lengthen it."""
    yield from _unknown("policy", "local period", rules.policy.local, rules.periods)
    for name, local in rules.policy.local.items():
        period = rules.periods.get(name)
        if period is None or period.length is None:
            continue
        if (start := first_day_not_shortened(period, local, rules.calendar)) is not None:
            yield f"policy: the local period of {name} does not shorten it for {start}"


def _orphans(rules: Rules) -> Iterator[str]:
    """Yield stops that stop nothing, posts that neither owe, hear nor decide, and functions without a row."""
    stopping = {kind for period in rules.periods.values() for kind in period.stops}
    for kind in sorted(rules.stops.keys() - stopping):
        yield f"stop {kind}: stops no period"
    used = {period.owed_by for period in rules.periods.values()}
    used |= {trigger.owed_by for trigger in rules.triggers.values()}
    used |= {post for rung in rules.ladder for post in rung.posts}
    finders = {trigger.finder for trigger in rules.triggers.values()}
    predicates = {trigger.predicate for trigger in rules.triggers.values()}
    patterns = {trigger.pattern for trigger in rules.triggers.values()}
    unused = (FINDERS.keys() - finders) | (PREDICATES.keys() - predicates)
    for name in sorted(unused | (PATTERNS_BY_NAME.keys() - patterns)):
        yield f"finder or predicate {name}: no trigger names it"
    used |= {post for period in rules.periods.values() if period.extension for post in period.extension.by}
    for post in sorted(rules.posts.keys() - used):
        yield f"post {post}: owes, hears and decides nothing"


def _unused_events(rules: Rules) -> Iterator[str]:
    """Yield events that open, close, stop, extend and show nothing, and that the bus does not act on."""
    used = {name for period in rules.periods.values() for name in period.mentions}
    used |= {cue.event for stop in rules.stops.values() for cue in stop.cues}
    used |= {name for trigger in rules.triggers.values() for name in trigger.watches}
    used |= {name for first, then, _ in rules.impossible for name in (first, then)}
    used |= {word.partition(":")[0] for cycle in LIFE_CYCLES.values() for word in cycle.words}
    for name in sorted(rules.events.keys() - used - KEPT.keys()):
        yield f"event {name}: opens, closes, stops and shows nothing"
    for name in sorted(KEPT.keys() & used):
        yield f"kept: event {name} has a row that listens to it, and needs no other reason"
    yield from _unknown("kept", "event", KEPT, rules.events)


def _faults_of_instruments(rules: Rules) -> Iterator[str]:
    cites = [cite for period in rules.periods.values() for cite in period.cites]
    cites += [cite for trigger in rules.triggers.values() for cite in trigger.cites]
    variants = (variant for period in rules.periods.values() for variant in period.variants)
    cites += [cite for variant in variants for cite in variant.cites]
    cited = {cite.instrument for cite in cites}
    for short, instrument in rules.instruments.items():
        if not instrument.versions:
            yield f"instrument {short}: expected a version, with the day from which it is in force"
        if short not in cited | COUNTED_BY:
            yield f"instrument {short}: no row cites it"


def _unknown_citations(where: str, cites: Iterable[Citation], rules: Rules) -> Iterator[str]:
    yield from _unknown(where, "instrument", {cite.instrument for cite in cites}, rules.instruments)


def _unknown_events(where: str, cues: tuple[Cue, ...], rules: Rules) -> Iterator[str]:
    yield from _unknown(where, "event", [cue.event for cue in cues], rules.events)
    for cue in cues:
        row = rules.events.get(cue.event)
        if row is not None:
            fields = TYPES[row.ce_type].model.model_fields
            named = {*filter(None, [cue.day]), *cue.when, *cue.unless}
            yield from _unknown(f"{where}, {cue.event}", "field", named, fields)


def _unknown(where: str, what: str, names: Iterable[str], known: Container[str]) -> Iterator[str]:
    for name in sorted(names):
        if name not in known:
            yield f"{where}: {what} {name!r} is in no table"
