"""What becomes of a docketed case: it is paid, ended for want of property, carried on too long, or let go."""

from datetime import date, timedelta

from fajian.sim.county import COURT
from fajian.sim.credit import Credit
from fajian.sim.diary import Deck, Diary
from fajian.sim.duties import LATE_DAYS, LEADS, due_day, last_day
from fajian.sim.endings import Duty, settle
from fajian.sim.errands import OF_CASES, Errands
from fajian.sim.filing import Case
from fajian.sim.listing import ListKeeper
from fajian.sim.long_lives import LongLives
from fajian.sim.money import Cashier
from fajian.sim.numbers import Numbers
from fajian.sim.occasions import Occasions
from fajian.sim.rounds import RoundEnds
from fajian.sim.sales import Sales

#: Lives that take more than half a year come first, so that a run of a year sees their end.
LONG = (
    "ended-checked", "extended-far", "overdue", "stayed-too-long", "extended-on-record",
    "saved-by-suspension", "ended-checked", "extended", "ended-restored",
    "suspended-still", "extended-too-late", "ended-checked", "no-property", "saved-by-stay",
    "ended-not-restored",
    "closed-last-day", "served-too-late", "extended-and-overrun", "audited",
    "sold", "sold", "sold", "sold", "sold", "sold",
)  # fmt: skip
SHORT = (
    "paid", "paid", "ended-too-early", "paid", "terminated", "ended-incomplete", "paid", "withdrawn",
    "ended-on-the-day", "paid-in-rates", "sold", "not-enforced", "paid",
)  # fmt: skip

#: Lives that end too soon for an errand on the way.
BRIEF = frozenset({"paid", "paid-in-rates", "withdrawn", "terminated", "not-enforced"})

SEARCHING = (*("prompt",) * 6, "last-day", "weeks-late")
PANEL = (*("prompt",) * 5, "of-three", "officer-on-it", "single-judge")
AFTERWARDS = (*("none",) * 4, "on-the-day", "weeks-later")
NOTIFICATION = (*("prompt",) * 3, "last-day", "day-late")
RECORDING = (*("prompt",) * 8, "last-day", "weeks-late")
FORWARDING = ("prompt", "last-day", "day-late", "prompt", "weeks-late")
THIRD_PARTY = ("last-day", "day-late", "prompt", "late-record")

OBJECTION = (
    "prompt",
    "last-day",
    "third-party",
    "late-record",
    "day-late",
    "corrected",
    "weeks-late",
    "retracted",
)


class Bureau:
    """The enforcement bureau at work on its cases."""

    def __init__(self, diary: Diary, numbers: Numbers) -> None:
        self._diary = diary
        self._numbers = numbers
        self._cashier = Cashier(diary)
        self._credit = Credit(diary)
        self._listings = ListKeeper(diary, self._credit)
        self._long_lives = LongLives(diary, self._credit)
        self._rounds = RoundEnds(diary, numbers, self._cashier)
        self._sales = Sales(diary)
        self._occasions = Occasions(diary, numbers, self._credit)
        self._errands = Errands(diary, OF_CASES, COURT)
        self._searching = Deck(diary.rng, SEARCHING)
        self._panel = Deck(diary.rng, PANEL)
        self._afterwards = Deck(diary.rng, AFTERWARDS)
        self._recording = Deck(diary.rng, RECORDING)
        self._objection = Deck(diary.rng, OBJECTION)
        self._docketing = Deck(diary.rng, NOTIFICATION)
        self._notification = Deck(diary.rng, NOTIFICATION)
        self._forwarding = Deck(diary.rng, FORWARDING)
        self._third_party = Deck(diary.rng, THIRD_PARTY)
        self._filler = Deck(diary.rng, SHORT)
        self._lives = [life for pair in zip(LONG, SHORT, strict=False) for life in pair]
        self._lives += [*LONG[len(SHORT) :], *SHORT[len(LONG) :]]

    def carry_out(self, case: Case) -> None:
        """Let *case* run its course."""
        life = self._lives.pop(0) if self._lives else self._filler.deal()
        if life not in ("paid", "withdrawn") and self._diary.rng.random() < 0.5:
            self._object(case)
        if life not in BRIEF:
            self._errands.run(case.subject, case.docketed, times=3)
        if life not in (*BRIEF, "no-property", "ended-incomplete"):
            self._occasions.befall(case, times=2)
        if life == "sold":
            self._sell(case)
        elif life in ("paid", "paid-in-rates"):
            self._be_paid(case, rates=3 if life == "paid-in-rates" else 1)
        elif life.startswith("ended"):
            self._rounds.run(case, life)
        elif life in ("terminated", "not-enforced", "withdrawn"):
            self._let_go(case, life)
        else:
            self._carry_on(case, life)

    def _sell(self, case: Case) -> None:
        diary = self._diary
        self._search(case, found=True)
        handed_over = self._sales.sell(case)
        paid = self._cashier.receive(case, diary.later(handed_over, 1, 3), twist="prompt")
        closed = diary.later(paid, 1, 3)
        diary.report("CaseClosed", case.subject, closed, mode="fulfilled")
        self._credit.lift(case, closed)

    def _be_paid(self, case: Case, *, rates: int) -> None:
        diary = self._diary
        self._search(case, found=True, brief=True)
        self._seize(case, diary.later(case.docketed, 5, 20))
        day = diary.later(case.docketed, 14, 30)
        listing = self._listings.enlist(case, diary.between(case.docketed, day))
        paid = self._cashier.receive(case, day)
        for _ in range(rates - 1):
            day = diary.later(day, 12, 30)
            paid = max(paid, self._cashier.receive(case, day))
        satisfied = diary.later(day, 0, 2)
        diary.report("SatisfactionRecorded", case.subject, satisfied, party_ref=case.debtor)
        self._listings.remove(listing, satisfied)
        self._credit.lift(case, satisfied)
        limit = due_day("enf-close", case.docketed, diary.calendar)
        closed = min(diary.later(max(paid, satisfied), 1, 10), limit)
        closed = max(closed, satisfied, diary.workdays_after(case.begun, 1))
        diary.report("CaseClosed", case.subject, closed, mode="fulfilled")
        self._receive_more(case, closed)

    def _receive_more(self, case: Case, closed: date) -> None:
        """Let money come in on the day on which the case is closed, or when nobody expects any."""
        diary, twist = self._diary, self._afterwards.deal()
        if twist == "none":
            return
        arrived = closed if twist == "on-the-day" else diary.later(closed, 7, 20)
        self._cashier.receive(case, arrived, twist="prompt")
        payment = self._cashier.last_payment(case)
        if twist == "on-the-day":
            how = "money on the day of closing"
            diary.near_miss(case.subject, "T39", payment, arrived, how, bait=arrived)
        else:
            diary.breach(case.subject, "T39", payment, arrived, "money on a closed case", trigger=None)

    def _let_go(self, case: Case, life: str) -> None:
        """Withdrawn by the creditor, terminated for good, or its title not to be enforced."""
        diary = self._diary
        self._search(case, found=False, brief=True)
        listing = self._listings.enlist(case, diary.later(case.docketed, 8, 25))
        ended = max(diary.later(case.docketed, 40, 100), diary.workdays_after(case.begun, 1))
        if life == "terminated":
            diary.report("EnforcementTerminated", case.subject, ended)
            self._credit.lift(case, ended)
        else:
            mode = {"withdrawn": "cancelled", "not-enforced": "not-enforced"}[life]
            diary.report("CaseClosed", case.subject, ended, mode=mode)
        if life != "withdrawn":
            self._listings.remove(listing, ended)

    def _carry_on(self, case: Case, life: str) -> None:
        """Six months and more."""
        if life == "served-too-late":
            self._rounds.serve_too_late(case, due_day("enf-close", case.docketed, self._diary.calendar))
            return
        self._search(case, found=life != "no-property")
        if life != "no-property":
            self._seize(case, self._diary.later(case.docketed, 5, 20))
        self._long_lives.conclude(case, life)

    def _search(self, case: Case, *, found: bool, brief: bool = False) -> None:
        """Query the network: within a month of the docketing, says the bureau's own rule."""
        diary = self._diary
        twist = "prompt" if brief else self._searching.deal()
        last = last_day("query", case.docketed, diary.calendar)
        if twist == "last-day":
            day = last
            diary.near_miss(case.subject, "T06", "", last, "queried on the last day", bait=last)
        elif twist == "weeks-late":
            day = diary.later(last, 10, 20)
            diary.breach(case.subject, "T06", "", last, "queried weeks late", trigger=None, healed=day)
        else:
            day = diary.later(case.docketed, 2, 20)
        diary.report(
            "NetworkQueried",
            case.subject,
            day,
            query_no=f"{case.debtor.removesuffix('-D')}-Q0",
            found=found,
        )

    def _seize(self, case: Case, day: date) -> None:
        diary = self._diary
        kind, thing, years = diary.rng.choice((("impound", "movable", 2), ("seal", "immovable", 3)))
        late = self._recording.deal()
        recorded = diary.later(day, 12, 20) if late == "weeks-late" else None
        if late == "last-day" and diary.calendar.is_working_day(last := day + timedelta(days=LATE_DAYS)):
            recorded = last
        event_id = diary.report(
            "SeizureTookEffect",
            case.subject,
            day,
            recorded=recorded,
            seizure_no=f"{case.debtor.removesuffix('-D')}-F1",
            kind=kind,
            property=thing,
            to_be_sold=False,
            until_day=(day + timedelta(days=365 * years - 1)).isoformat(),
        )
        if recorded is None:
            return
        if diary.in_order(day, recorded):
            diary.near_miss(
                case.subject, "T38", event_id, day, "recorded on the last day in order", bait=recorded
            )
            return
        diary.breach(case.subject, "T38", event_id, day, "recorded weeks later", trigger=None, known=recorded)

    def _object(self, case: Case) -> None:
        diary, twist = self._diary, self._objection.deal()
        number = self._numbers.next("执异", case.docketed.year)
        received = diary.later(case.docketed, 12, 30)
        kind = "third-party" if twist == "third-party" else "act"
        claimed = f"{number}-X" if kind == "third-party" else None  # nothing that is disposed of meanwhile
        diary.report(
            "ObjectionReceived",
            case.subject,
            received,
            objection_no=number,
            objection_kind=kind,
            seizure_no=claimed,
        )
        docketed = self._answer(
            case, number, "obj-docket", received, "ObjectionDocketed", self._docketing.deal()
        )
        self._form_panel(case, number, docketed)
        twist_of_notice = self._notification.deal()
        self._answer(case, number, "obj-notify", docketed, "ObjectionPartiesNotified", twist_of_notice)

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(
                "ObjectionRuled",
                number,
                day,
                recorded=recorded,
                supersedes=supersedes,
                objection_no=number,
                parent_case=case.subject,
                outcome="rejected",
            )

        rule = "tp-obj-rule" if kind == "third-party" else "obj-rule"
        due = due_day(rule, received, diary.calendar)
        duty = Duty(case.subject, rule, number, docketed, due, COURT)
        ruled = settle(diary, duty, self._third_party.deal() if kind == "third-party" else twist, close)
        if kind == "act" and diary.rng.random() < 0.6:
            self._reconsider(case, number, ruled)

    def _form_panel(self, case: Case, number: str, day: date) -> None:
        """Name who will decide: three judges, none of whom has carried out the act."""
        diary, twist = self._diary, self._panel.deal()
        judges = 1 if twist == "single-judge" else 3
        acted = twist == "officer-on-it"
        diary.report(
            "PanelFormed",
            case.subject,
            day,
            objection_no=number,
            judges=judges,
            includes_acting_officer=acted,
        )
        if twist == "of-three":
            diary.near_miss(case.subject, "T29", number, day, "three judges, none of whom acted", bait=day)
        elif twist != "prompt":
            diary.breach(case.subject, "T29", number, day, f"panel: {twist}", trigger=LEADS["T29"])

    def _reconsider(self, case: Case, number: str, ruled: date) -> None:
        """The loser goes to the court above, which needs the file."""
        diary = self._diary
        received = diary.later(ruled, 2, 9)
        diary.report(
            "ReconsiderationReceived", number, received, objection_no=number, parent_case=case.subject
        )
        twist = self._forwarding.deal()
        sent = self._answer(case, number, "recon-forward", received, "ReconsiderationFileSent", twist)
        due = due_day("recon-rule", received, diary.calendar)
        late = twist == "weeks-late"
        duty = Duty(case.subject, "recon-rule", number, sent, due, COURT)

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(
                "ReconsiderationRuled",
                number,
                day,
                recorded=recorded,
                supersedes=supersedes,
                objection_no=number,
                parent_case=case.subject,
                outcome="upheld",
            )

        settle(diary, duty, "day-late" if late else "last-day" if twist == "last-day" else "prompt", close)

    def _answer(self, case: Case, number: str, rule: str, start: date, name: str, twist: str) -> date:
        diary = self._diary

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(
                name, case.subject, day, recorded=recorded, supersedes=supersedes, objection_no=number
            )

        due = due_day(rule, start, diary.calendar)
        return settle(diary, Duty(case.subject, rule, number, start, due, COURT), twist, close)
