"""Every row of the law: it is there, begins and ends by facts, and counts as the catalogue works it out."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from fajian.cli.due_request import answer, request_from
from fajian.core.calendar import Calendar
from fajian.core.citations import Citation
from fajian.core.clocks import Clock, clocks_of
from fajian.core.counting import Length
from fajian.core.rules import Cue, LocalPeriod, Period, Rules
from fajian.law.catalogue import faults
from fajian.law.documents import load_rules
from fajian.law.examples import Example, load_examples
from tests.histories import APPLICATION, CASE, SUPERVISION, Told, told, under, view

RULES = load_rules()
BEGUN, LATER = "2026-03-02", "2026-06-01"
SUBJECTS = {"case": CASE, "application": APPLICATION, "supervision": SUPERVISION, "agreement": "agreement/a"}

#: Ids of the catalogue, by its chapters.
_IDS = """
enf-docket enf-handover enf-assign enf-notice enf-notice-undertaker enf-notice-urgent enf-report-order
enf-ask-clues enf-entrust-formalities entr-docket entr-tell-creditor entr-supplement entr-start entr-report
court-approval clue-verify clue-verify-mgmt inv-start inv-complete inv-network audit-decide reward-decide
debtor-report debtor-report-change bank-objection-reply freeze-deposit seize-movable seize-immovable
seize-renew pres-renew-apply entr-renew pres-rule pres-exec pres-release pres-review over-seize-equity
over-seize val-start val-agency-pick val-report val-serve val-publish val-object val-valid sale-start
auc-notice-mov auc-notice-imm auc-tell-parties auc-again auc-again-notice auc-again-offline auc-sale-notice
auc-resume auc-ruling-serve auc-handover reg-assist thirdparty-debt pay-out pay-defer-grounds
pay-out-after-defer pay-arrival-notice pay-cash-handover pay-arrival-month pay-thing-handout
pay-thing-return pay-monthly-check overdue-explain dist-plan-object dist-plan-counter dist-plan-suit
obj-docket obj-notify obj-rule obj-internal recon-apply recon-forward recon-rule obj-refuse-recon
tp-obj-rule tp-suit tp-no-disposal end-object juris-object change-party-rule change-party-recon
exit-ban-recon notar-recon fine-recon detain-max detain-family six-month-up petition-log petition-close
enf-close enf-close-nonlit enf-extend-ask stay-by-court stay-by-higher stay-guarantee suspend-enf zb-min
zb-db zb-db-fix zb-db-block zb-check zb-restore apply-limit settle-reapply after-end-obstruct bankr-answer
entr-6m list-decide list-term list-remove-term list-remove list-revoke list-review list-recon list-no-relist
cons-lift cons-review sup-supplement sup-accept sup-accept-notice sup-other-opinion sup-handover
sup-exofficio-log sup-cm-log sup-cm-notice sup-recuse sup-review sup-hearing sup-entrusted-inv
sup-ask-explain sup-send-advice sup-advice-file sup-no-support sup-suspend sup-monitor-reply
sup-answer-court sup-result-check sup-followup files-return sup-judgment-2y crt-files crt-explain
crt-advice-docket crt-reply crt-reply-upper crt-judge-committee crt-hearing crt-retrial-advice serve-public
serve-entrusted relief-time file-up advice-general advice-investigate
"""
CATALOGUE = _IDS.split()

RUNNING = [pytest.param(period, id=period.id) for period in RULES.periods.values() if period.runs]


def test_every_id_of_the_catalogue_has_its_row() -> None:
    assert set(CATALOGUE) <= RULES.periods.keys()
    assert len(CATALOGUE) == len(set(CATALOGUE)) == 158


def test_every_row_has_its_words_source_and_mark() -> None:
    for period in RULES.periods.values():
        assert period.zh, period.id
        assert period.en, period.id
        assert period.overdue, period.id
        assert period.cites, period.id
        assert period.sure in ("V", "V2", "M", "D"), period.id
        assert period.since or not period.runs, period.id


def test_the_tables_hold_together() -> None:
    assert list(faults(RULES)) == []


# -- beginning and ending ----------------------------------------------------------------------------------


def _fact(cue: Cue, kind: str, day: str, instance: dict[str, Any], named: str) -> Told:
    """Word a fact that *cue* hears, with *named* in the field of its day."""
    body: dict[str, Any] = {name: values[0] for name, values in cue.when.items()}
    if cue.day:
        body[cue.day] = named
    return told(cue.event, day, subject=SUBJECTS[kind], **instance, **body)


def _opened(period: Period) -> tuple[str, list[Told], dict[str, Any]]:
    cue = period.opens[0]
    kind = cue.on or period.on[0]
    instance = {period.instance: "x"} if period.instance else {}
    named = LATER if period.count == "BACK" else BEGUN
    facts = [_fact(cue, kind, BEGUN, instance, named)]
    if period.fixed_by:
        facts = [
            _fact(cue, kind, BEGUN, {**instance, period.fixed_by: "2026-04-15"}, named),
        ]
    if period.per:
        facts.append(_fact(period.per, kind, BEGUN, instance, named))
    return kind, facts, instance


def _clock(period: Period, facts: list[Told]) -> Clock:
    clocks = clocks_of(period, view(*facts), RULES)
    assert len(clocks) == period.repeat
    return clocks[0]


@pytest.mark.parametrize("period", RUNNING)
def test_every_row_that_runs_is_opened_by_a_fact(period: Period) -> None:
    _, facts, _ = _opened(period)

    clock = _clock(period, facts)

    assert clock.due_day is not None
    assert clock.opened_by


@pytest.mark.parametrize("period", RUNNING)
def test_every_row_that_runs_is_closed_by_each_of_its_facts(period: Period) -> None:
    kind, facts, instance = _opened(period)
    if period.closes_all:
        done = [_fact(cue, kind, "2026-03-03", instance, "2026-03-03") for cue in period.closes_all]

        assert _clock(period, [*facts, *done]).phase == "met"
    for cue in period.closes:
        done_on = "2026-03-03"
        fulfilled = _fact(cue, kind, done_on, instance, done_on)

        assert _clock(period, [*facts, fulfilled]).closed is not None, cue.event


@pytest.mark.parametrize("period", [p for p in RULES.periods.values() if not p.runs], ids=lambda p: p.id)
def test_a_row_that_does_not_run_opens_nothing(period: Period) -> None:
    facts = [_fact(cue, cue.on or period.on[0], BEGUN, {}, BEGUN) for cue in period.opens]

    assert clocks_of(period, view(*facts, told("CaseDocketed", BEGUN)), RULES) == []


def test_traps_windows_and_checks_open_nothing() -> None:
    quiet = [p.id for p in RULES.periods.values() if p.nature in ("trap", "window", "check")]

    assert {"sup-judgment-2y", "crt-retrial-advice", "enf-extend-ask", "pay-defer-grounds"} <= set(quiet)
    assert all(not RULES.periods[name].runs and not RULES.periods[name].opens for name in quiet)


def test_a_right_is_never_a_breach_and_neither_is_a_warning() -> None:
    natures = {period.nature for period in RULES.periods.values() if period.can_be_broken}

    assert natures == {"duty"}
    assert not RULES.periods["recon-apply"].can_be_broken
    assert not RULES.periods["clue-verify-mgmt"].can_be_broken
    assert not RULES.periods["crt-advice-docket"].can_be_broken  # a duty without a number


# -- worked examples ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", load_examples(), ids=lambda example: example.no)
def test_a_worked_example_of_the_catalogue(example: Example) -> None:
    request = request_from({"rule": example.rule, "day": example.day.isoformat(), **example.ask})

    shape = answer(request).shape()

    assert {name: shape.get(name) for name in example.answer} == dict(example.answer)
    assert shape["provisional"] is example.answer.get("provisional", False)


def test_every_number_of_the_worked_examples_is_here() -> None:
    numbers = [example.no for example in load_examples()]

    assert len(numbers) == len(set(numbers)) == 47


@pytest.mark.parametrize("period", [p for p in RULES.periods.values() if p.length], ids=lambda p: p.id)
def test_every_row_with_a_number_can_be_looked_up(period: Period) -> None:
    shape = answer(request_from({"rule": period.id, "day": BEGUN})).shape()

    assert shape["rule"] == period.id
    assert shape["due_day"] or shape["lawful_from"]


@pytest.mark.parametrize(
    ("rule", "variant", "expected"),
    [
        ("clue-verify", "urgent", "2026-03-05"),
        (
            "auc-again-notice",
            "movable",
            "2026-02-14",
        ),  # BACK from 2 March: 23 February rolls back to the 14th
        ("police-docket", "complex", "2026-04-01"),
    ],
)
def test_a_variant_is_looked_up_by_its_name(rule: str, variant: str, expected: str) -> None:
    shape = answer(request_from({"rule": rule, "variant": variant, "day": BEGUN})).shape()

    assert (shape["due_day"], shape["variant"]) == (expected, variant)


# -- texts of their day ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "basis"),
    [
        ("2016-05-10", "CPL 225 (2012/2017); EP-I 5"),
        ("2022-05-10", "CPL 232 (2021); EP-I 5"),
        ("2024-05-10", "CPL 236; EP-I 5"),
    ],
)
def test_an_explanation_prints_the_article_number_of_its_day(day: str, basis: str) -> None:
    assert answer(request_from({"rule": "obj-rule", "day": day})).shape()["basis"] == basis


def test_a_period_of_an_earlier_text_is_judged_by_that_text() -> None:
    old = answer(request_from({"rule": "sup-monitor-reply", "day": "2021-07-30"})).shape()
    new = answer(request_from({"rule": "sup-monitor-reply", "day": "2021-08-02"})).shape()

    assert (old["length"], old["basis"], old["variant"]) == (5, "RULE2013", "2013")
    assert (new["length"], new["basis"]) == (10, "RULE 112")


# -- what `law check` finds --------------------------------------------------------------------------------


def _with(period: Period, **changes: Any) -> Rules:
    return replace(RULES, periods={**RULES.periods, period.id: replace(period, **changes)})


def _found(rules: Rules) -> str:
    return "\n".join(faults(rules))


def test_a_row_with_a_hole_is_found() -> None:
    row = RULES.periods["enf-assign"]

    assert "expected an event that opens it" in _found(_with(row, opens=()))
    assert "expected an event that closes it" in _found(_with(row, closes=()))
    assert "expected a length" in _found(_with(row, length=None))
    assert "event 'Nothing' is in no table" in _found(_with(row, opens=(Cue("Nothing"),)))
    assert "field 'noday' is in no table" in _found(_with(row, opens=(Cue("CaseDocketed", day="noday"),)))
    assert "period 'nothing' is in no table" in _found(_with(row, line_of="nothing"))
    assert "a trap opens nothing" in _found(_with(row, nature="trap"))


def test_what_nothing_uses_is_found() -> None:
    unused = replace(RULES, posts={**RULES.posts, "doorman": "court"})
    still = {name: replace(row, stops=()) for name, row in RULES.periods.items()}

    assert "post doorman: owes, hears and decides nothing" in _found(unused)
    assert "stop files: stops no period" in _found(replace(RULES, periods=still))


TRIGGERS: list[tuple[str, dict[str, Any], str]] = [
    ("T01", {"periods": ("nothing",)}, "period 'nothing' is in no table"),
    ("T01", {"periods": ()}, "expected periods, a finder or a pattern"),
    ("T01", {"on": ("nothing",)}, "kind of subject 'nothing' is in no table"),
    ("T07", {"predicate": "nothing"}, "predicate 'nothing' is in no table"),
    ("T07", {"predicate": "always"}, "property-known: no trigger names it"),
    ("T12", {"finder": "nothing"}, "finder 'nothing' is in no table"),
    ("T12", {"finder": "act-missing"}, "sale-without-seizure: no trigger names it"),
    ("T12", {"reads": ("nothing",)}, "period 'nothing' is in no table"),
    ("T12", {"reads": ("crt-reply",)}, "period crt-reply has no clocks"),
    ("T12", {"watches": ("Nothing",)}, "event 'Nothing' is in no table"),
    ("T12", {"owed_by": "nobody"}, "post 'nobody' is in no table"),
    ("T12", {"owed_by": ""}, "expected who owes what it finds"),
    ("T12", {"basis": "NOTHING 1", "cites": (Citation("NOTHING", "1"),)}, "instrument 'NOTHING'"),
    ("T14", {"params": {"minimum": "nothing", "requires": [["Nothing"]]}}, "event 'Nothing' is in no table"),
    ("T37", {"pattern": "nothing"}, "same-fault: no trigger names it"),
    ("T24", {"params": {"posts": ["nobody"]}}, "post 'nobody' is in no table"),
    ("T35", {"params": {"wait": {"length": 1, "unit": "month", "count": "ND"}}}, "does not count in month"),
]


@pytest.mark.parametrize(("trigger", "changes", "fault"), TRIGGERS)
def test_a_trigger_with_a_hole_is_found(trigger: str, changes: dict[str, Any], fault: str) -> None:
    row = replace(RULES.triggers[trigger], **changes)

    assert fault in _found(replace(RULES, triggers={**RULES.triggers, trigger: row}))


def test_every_trigger_of_the_domain_has_its_row() -> None:
    rows = {name.partition("-")[0] for name in RULES.triggers}

    assert rows - {"S01"} == {f"T{number:02}" for number in range(1, 42)}


def _with_trigger(name: str, **changes: Any) -> Rules:
    return replace(RULES, triggers={**RULES.triggers, name: replace(RULES.triggers[name], **changes)})


def test_an_event_that_opens_nothing_and_is_used_nowhere_is_found() -> None:
    lonely = replace(RULES.events["CaseDocketed"], name="Lonely")

    assert "event Lonely: opens, closes, stops and shows nothing" in _found(
        replace(RULES, events={**RULES.events, "Lonely": lonely})
    )


def test_a_period_whose_events_are_never_said_of_its_subject_is_found() -> None:
    row = RULES.periods["enf-assign"]

    found = _found(_with(row, on=("supervision",)))
    assert "period enf-assign: nothing that opens it is ever said of supervision" in found
    assert "period enf-assign: nothing that closes it is ever said of supervision" in found


def test_a_trigger_that_can_raise_nothing_is_found() -> None:
    assert "freeze-deposit is never overdue" in _found(_with_trigger("T20", periods=("freeze-deposit",)))
    assert "pay-out never runs on supervision" in _found(_with_trigger("T20", on=("supervision",)))


def test_a_rung_without_its_audience_is_found() -> None:
    no_audience = replace(RULES.ladder[0], posts=("doorman",))

    assert "post 'doorman' is in no table" in _found(replace(RULES, ladder=(no_audience, *RULES.ladder)))


def test_an_instrument_without_a_version_or_a_row_is_found() -> None:
    bare = replace(RULES.instruments["MONEY"], versions=())
    unread = replace(RULES.instruments["MONEY"], short="UNREAD")
    found = _found(replace(RULES, instruments={**RULES.instruments, "MONEY": bare, "UNREAD": unread}))

    assert "instrument MONEY: expected a version" in found
    assert "instrument UNREAD: no row cites it" in found


def test_a_local_period_that_does_not_shorten_is_found() -> None:
    longer = under(local={"pay-out": LocalPeriod(Length(30, "day"), "ND")})
    shorter = under(local={"pay-out": LocalPeriod(Length(10, "working-day"), "WD")})

    assert "does not shorten it" in _found(longer)
    assert _found(shorter) == ""
    assert "local period 'nothing'" in _found(under(local={"nothing": LocalPeriod(Length(1, "day"), "ND")}))


def test_the_calendar_of_the_law_is_the_bundled_one() -> None:
    assert isinstance(RULES.calendar, Calendar)
    assert RULES.calendar.known_until >= date(2026, 12, 31)
