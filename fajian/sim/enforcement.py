"""What becomes of a docketed case: it is paid, ended for want of property, carried on too long, or let go."""

from datetime import date, timedelta

from fajian.core.calendar import ONE_DAY
from fajian.core.counting import Stop
from fajian.sim.county import COURT
from fajian.sim.diary import Deck, Diary
from fajian.sim.duties import LATE_DAYS, due_day
from fajian.sim.endings import Close, Duty, settle
from fajian.sim.errands import OF_CASES, Errands
from fajian.sim.filing import Case
from fajian.sim.listing import ListKeeper
from fajian.sim.money import Cashier
from fajian.sim.numbers import Numbers
from fajian.sim.occasions import Occasions
from fajian.sim.rounds import RoundEnds
from fajian.sim.sales import Sales

#: Lives that take more than half a year come first, so that a run of a year sees their end.
LONG = (
    "ended-checked", "overdue", "saved-by-suspension", "ended-checked", "extended", "ended-restored",
    "suspended-still", "extended-too-late", "ended-checked", "no-property", "saved-by-stay",
    "closed-last-day", "served-too-late", "extended-and-overrun", "audited",
    "sold", "sold", "sold", "sold", "sold", "sold",
)  # fmt: skip
SHORT = (
    "paid", "paid", "ended-too-early", "paid", "terminated", "ended-incomplete", "paid", "withdrawn",
    "ended-on-the-day", "paid-in-rates", "sold", "not-enforced", "paid",
)  # fmt: skip

#: Lives that end too soon for an errand on the way.
BRIEF = frozenset({"paid", "paid-in-rates", "withdrawn", "terminated", "not-enforced"})

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
        self._listings = ListKeeper(diary)
        self._rounds = RoundEnds(diary, numbers, self._cashier)
        self._sales = Sales(diary)
        self._occasions = Occasions(diary)
        self._errands = Errands(diary, OF_CASES, COURT)
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
            self._occasions.befall(case)
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
        diary.report("CaseClosed", case.subject, diary.later(paid, 1, 3), mode="fulfilled")

    def _be_paid(self, case: Case, *, rates: int) -> None:
        diary = self._diary
        self._search(case, found=True)
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
        limit = due_day("enf-close", case.docketed, diary.calendar)
        begun = case.docketed + timedelta(days=55)  # late formalities included: nothing follows the closing
        closed = min(diary.later(max(paid, satisfied, begun), 1, 10), limit)
        diary.report("CaseClosed", case.subject, max(closed, satisfied), mode="fulfilled")

    def _let_go(self, case: Case, life: str) -> None:
        """Withdrawn by the creditor, terminated for good, or its title not to be enforced."""
        diary = self._diary
        self._search(case, found=False)
        listing = self._listings.enlist(case, diary.later(case.docketed, 8, 25))
        ended = diary.later(case.docketed, 55, 100)
        if life == "terminated":
            diary.report("EnforcementTerminated", case.subject, ended)
        else:
            mode = {"withdrawn": "cancelled", "not-enforced": "not-enforced"}[life]
            diary.report("CaseClosed", case.subject, ended, mode=mode)
        if life != "withdrawn":
            self._listings.remove(listing, ended)

    def _carry_on(self, case: Case, life: str) -> None:
        """Six months and more: here stops and extensions decide."""
        diary = self._diary
        due = due_day("enf-close", case.docketed, diary.calendar)
        if life == "served-too-late":
            self._rounds.serve_too_late(case, due)
            return
        self._search(case, found=life != "no-property")
        if life != "no-property":
            self._seize(case, diary.later(case.docketed, 5, 20))

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(
                "CaseClosed", case.subject, day, recorded=recorded, supersedes=supersedes, mode="fulfilled"
            )

        duty = Duty(case.subject, "enf-close", "", due - timedelta(days=20), due, COURT)
        match life:
            case "saved-by-suspension" | "saved-by-stay" | "audited":
                self._close_after_stop(case, duty, life, close)
            case "suspended-still":
                self._suspend_for_good(case, duty)
            case "extended" | "extended-and-overrun":
                self._close_after_extension(case, duty, life, close)
            case "extended-too-late":
                approved = diary.workdays_after(due, 1)
                event_id = self._extend(case, approved, due + timedelta(days=90))
                how = "extended after the end"
                diary.breach(case.subject, "T08", event_id, approved, how, trigger="T08", known=approved)
                settle(diary, duty, "weeks-late", close)
            case "no-property":
                without_lead = Duty(case.subject, "enf-close", "", duty.first, due, COURT, trigger=None)
                settle(diary, without_lead, "weeks-late", close)
            case "closed-last-day":
                settle(diary, duty, "last-day", close)
            case _:
                settle(diary, duty, "weeks-late", close)

    def _close_after_stop(self, case: Case, duty: Duty, life: str, close: Close) -> None:
        diary = self._diary
        begin = diary.later(case.docketed, 60, 100)
        end = diary.later(begin, 25, 60)
        number = f"{case.debtor.removesuffix('-D')}-Z1"
        match life:
            case "saved-by-suspension":
                kind, saved_by = "suspended", "time of a suspension taken out"
                diary.report(
                    "Suspended",
                    case.subject,
                    begin,
                    ground="案外人对执行标的提出确有理由的异议",
                    suspension_no=number,
                )
                diary.report("Resumed", case.subject, end, suspension_no=number)
            case "saved-by-stay":
                kind, saved_by = "stayed", "time of a stay taken out, which ended by itself"
                until = begin + timedelta(days=30)
                diary.report("Stayed", case.subject, begin, stay_no=number, until_day=until.isoformat())
                end = until + ONE_DAY
            case _:
                kind, saved_by = "audit", "time of an audit taken out"
                diary.report("ProcedureStarted", case.subject, begin, procedure="audit", procedure_no=number)
                diary.report("ProcedureEnded", case.subject, end, procedure="audit", procedure_no=number)
        stopped = due_day("enf-close", case.docketed, diary.calendar, stops=[Stop(kind, begin, end)])
        first = diary.workdays_after(duty.due, 1)
        saved = Duty(
            case.subject, "enf-close", "", first, stopped, COURT, nominal=duty.due, saved_by=saved_by
        )
        settle(diary, saved, "last-day", close)

    def _suspend_for_good(self, case: Case, duty: Duty) -> None:
        diary = self._diary
        begin = diary.later(case.docketed, 60, 150)
        diary.report(
            "Suspended", case.subject, begin, ground="被执行人被人民法院受理破产申请", suspension_no="1"
        )
        diary.near_miss(case.subject, "enf-close", "", duty.due, "suspended and not resumed", bait=duty.due)

    def _extend(self, case: Case, day: date, until: date) -> str:
        return self._diary.report(
            "ExtensionApproved",
            case.subject,
            day,
            until_day=until.isoformat(),
            approver_role="court-president",
        )

    def _close_after_extension(self, case: Case, duty: Duty, life: str, close: Close) -> None:
        diary = self._diary
        approved = diary.between(duty.due - timedelta(days=6), duty.due)
        asked = diary.calendar.roll_back(approved - ONE_DAY)
        until = duty.due + timedelta(days=45)
        diary.report("ExtensionRequested", case.subject, asked, until_day=until.isoformat())
        self._extend(case, approved, until)
        due = diary.workday(until)
        first = diary.workdays_after(duty.due, 1)
        saved_by = "" if life == "extended-and-overrun" else "extended by the president in time"
        extended = Duty(case.subject, "enf-close", "", first, due, COURT, nominal=duty.due, saved_by=saved_by)
        settle(diary, extended, "weeks-late" if life == "extended-and-overrun" else "last-day", close)

    def _search(self, case: Case, *, found: bool) -> None:
        self._diary.report(
            "NetworkQueried",
            case.subject,
            self._diary.later(case.docketed, 2, 20),
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
        diary.report("ObjectionReceived", case.subject, received, objection_no=number, objection_kind=kind)
        docketed = self._answer(
            case, number, "obj-docket", received, "ObjectionDocketed", self._docketing.deal()
        )
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
