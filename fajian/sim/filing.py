"""From the application to the officer in charge: docketing, notice of enforcement, assignment."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from fajian.core.calendar import ONE_DAY
from fajian.sim.county import COURT, COURT_CODE
from fajian.sim.diary import Deck, Diary
from fajian.sim.duties import LEADS, due_day, last_day
from fajian.sim.endings import Close, Duty, settle
from fajian.sim.numbers import Numbers

DOCKETING = (
    *("prompt",) * 6, "last-day", "last-day", "late-record", "corrected",
    "papers-completed", "refused", "day-late", "day-late", "unanswered",
)  # fmt: skip
NOTICE = (
    *("prompt",) * 4, "last-day", "last-day", "late-record", "corrected",
    "moved-out", "retracted", "day-late", "weeks-late",
)  # fmt: skip
ASSIGNMENT = (
    *("prompt",) * 4, "last-day", "late-record", "corrected",
    "moved-out", "retracted", "before-docketing", "day-late", "weeks-late",
)  # fmt: skip


URGENT = (*("none",) * 6, "last-day", "day-late")
ORDERING = (*("prompt",) * 7, "last-day", "weeks-late")
HANDOVER = (*("prompt",) * 3, "last-day", "late-record", "day-late")
CLUES = (*("prompt",) * 4, "last-day", "weeks-late")


@dataclass(frozen=True, slots=True)
class Application:
    """What somebody asks the court to enforce."""

    number: str
    day: date
    amount: str

    @property
    def subject(self) -> str:
        return f"application/{COURT_CODE}/{self.number}"


@dataclass(frozen=True, slots=True)
class Case:
    """A docketed enforcement case. Parties and officers are opaque references."""

    subject: str  #: its case number
    docketed: date
    amount: str
    debtor: str
    officer: str
    begun: date = date.min  #: day on which officer and notice were there: no case is closed before


class Filing:
    """The docketing division and the first days of the enforcement bureau."""

    def __init__(self, diary: Diary, numbers: Numbers) -> None:
        self._diary = diary
        self._numbers = numbers
        self._docketing = Deck(diary.rng, DOCKETING)
        self._notice = Deck(diary.rng, NOTICE)
        self._assignment = Deck(diary.rng, ASSIGNMENT)
        self._urgent = Deck(diary.rng, URGENT)
        self._ordering = Deck(diary.rng, ORDERING)
        self._handover = Deck(diary.rng, HANDOVER)
        self._clues = Deck(diary.rng, CLUES)

    def file(self, application: Application) -> Case | None:
        """Take *application* in. None if it never becomes a case within the run."""
        diary, twist = self._diary, self._docketing.deal()
        received = self._receive(application)
        due = due_day("enf-docket", application.day, diary.calendar)
        notice_due = due_day("enf-notice", application.day, diary.calendar)
        if twist == "unanswered":
            diary.breach(application.subject, "enf-docket", "", due, "never answered", trigger="T01")
            diary.breach(application.subject, "enf-notice", "", notice_due, "never answered", trigger="T02")
            return None
        if twist == "refused":
            self._refuse(application, due)
            return None
        case_no = self._numbers.next("执", application.day.year)
        docketed, known = self._docket(application, case_no, received, twist, due, notice_due)
        if docketed > diary.last_day:
            return None
        case = Case(
            case_no, docketed, application.amount, f"P-{application.number}-D", f"O-{diary.rng.randint(1, 9)}"
        )
        assigned = self._assign(case)
        self._hand_over(case)
        return replace(case, begun=max(assigned, self._notify(case, notice_due, known)))

    def _hand_over(self, case: Case) -> None:
        """Bring the file to the bureau, which asks the creditor for clues."""
        handed_over = self._do(case, "enf-handover", case.docketed, "FileHandedOver", self._handover.deal())
        self._do(case, "enf-ask-clues", handed_over, "CluesAsked", self._clues.deal())

    def _do(self, case: Case, rule: str, start: date, name: str, twist: str) -> date:
        diary = self._diary

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(name, case.subject, day, recorded=recorded, supersedes=supersedes)

        due = due_day(rule, start, diary.calendar)
        return settle(diary, Duty(case.subject, rule, "", start, due, COURT), twist, close)

    def _receive(self, application: Application) -> str:
        return self._diary.report(
            "ApplicationReceived",
            application.subject,
            application.day,
            application_no=application.subject,
            claim_amount=application.amount,
            money_claim=True,
        )

    def _refuse(self, application: Application, due: date) -> None:
        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return self._diary.report(
                "DocketRefused",
                application.subject,
                day,
                recorded=recorded,
                supersedes=supersedes,
                reason="执行依据尚未生效",
            )

        duty = Duty(application.subject, "enf-docket", "", application.day, due, COURT)
        settle(self._diary, duty, "last-day", close)

    def _docket(
        self, application: Application, case_no: str, received: str, twist: str, due: date, notice_due: date
    ) -> tuple[date, date]:
        """Docket no later than the notice falls due: the late one shall break one duty, not two.

        Return the day of it, and that from which it is on record; a corrected one only then.
        """
        diary, known = self._diary, date.min

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            nonlocal known
            known = max(known, recorded or day)
            return diary.report(
                "CaseDocketed",
                case_no,
                day,
                recorded=recorded,
                supersedes=supersedes,
                application_no=application.subject,
                application_day=application.day.isoformat(),
                case_kind="first",
                money_claim=True,
                claim_amount=application.amount,
            )

        duty = Duty(application.subject, "enf-docket", "", application.day, due, COURT)
        if twist == "papers-completed":
            return self._docket_after_completion(application, received, duty, notice_due, close), known
        latest = diary.workdays_after(due, 1)
        if twist in ("day-late", "corrected") and latest >= notice_due:
            twist = "last-day"
        return settle(diary, duty, twist, close), known

    def _docket_after_completion(
        self, application: Application, received: str, duty: Duty, notice_due: date, close: Close
    ) -> date:
        """The papers lacked something: the seven days run from the day on which they were complete."""
        diary = self._diary
        completed = diary.workday(application.day + timedelta(days=2))
        due = due_day("enf-docket", completed, diary.calendar)
        day = diary.workdays_after(duty.due, 1)
        if day > min(due, notice_due - ONE_DAY) or not diary.in_order(application.day, completed):
            return settle(diary, duty, "last-day", close)
        diary.report(
            "ApplicationReceived",
            application.subject,
            application.day,
            recorded=completed,
            supersedes=received,
            application_no=application.subject,
            claim_amount=application.amount,
            money_claim=True,
            complete_day=completed.isoformat(),
        )
        close(day)
        diary.near_miss(application.subject, "enf-docket", "", due, "papers completed later", bait=duty.due)
        return day

    def _assign(self, case: Case) -> date:
        diary, twist = self._diary, self._assignment.deal()

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(
                "UndertakerAssigned",
                case.subject,
                day,
                recorded=recorded,
                supersedes=supersedes,
                undertaker_ref=case.officer,
            )

        due = due_day("enf-assign", case.docketed, diary.calendar)
        if twist == "before-docketing":
            self._assign_too_early(case, close)
            return case.docketed
        return settle(diary, Duty(case.subject, "enf-assign", "", case.docketed, due, COURT), twist, close)

    def _assign_too_early(self, case: Case, close: Close) -> None:
        """An officer responsible for a case that did not exist yet: an order of acts that cannot be."""
        diary = self._diary
        day = diary.calendar.roll_back(case.docketed - ONE_DAY)
        recorded = diary.workdays_after(case.docketed, 1)
        if not diary.in_order(day, recorded):
            close(case.docketed)
            return
        event_id = close(day, recorded=recorded)
        diary.breach(
            case.subject, "T38", event_id, day, "assigned before docketing", trigger=None, known=recorded
        )

    def _notify(self, case: Case, due: date, known: date) -> date:
        """Issue the notice. The day of docketing is on record from *known*."""
        diary = self._diary

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            nonlocal known
            known = max(known, recorded or day)
            return diary.report(
                "EnforcementNoticeIssued",
                case.subject,
                day,
                recorded=recorded,
                supersedes=supersedes,
                party_ref=case.debtor,
            )

        urgent = self._urgent.deal()
        sooner = due_day("enf-notice-urgent", case.docketed, diary.calendar)
        if urgent != "none" and diary.workdays_after(sooner, 1) < due:
            twist = urgent
            diary.report("UrgentMeasureTaken", case.subject, case.docketed)
            duty = Duty(case.subject, "enf-notice-urgent", "", case.docketed, sooner, COURT)
        else:
            twist = self._notice.deal()
            duty = Duty(case.subject, "enf-notice", "", case.docketed, due, COURT)
        issued = settle(diary, duty, twist, close)
        return max(issued, self._order_report(case, issued, known))

    def _order_report(self, case: Case, issued: date, known: date) -> date:
        """Order the debtor to report his property: together with the notice, or long after it.

        Docketing and notice are on record from *known*; corrected ones only then.
        """
        diary, twist = self._diary, self._ordering.deal()
        last = last_day("report-order", issued, diary.calendar)
        ordered = {"last-day": last, "weeks-late": diary.later(last, 12, 20)}.get(twist, issued)
        diary.report(
            "PropertyReportOrdered",
            case.subject,
            ordered,
            party_ref=case.debtor,
            until_day=(ordered + timedelta(days=15)).isoformat(),
        )
        if twist == "last-day":
            diary.near_miss(case.subject, "T03", "", last, "ordered on the day after the notice", bait=last)
        elif twist == "weeks-late":
            how = "ordered weeks after the notice"
            diary.breach(
                case.subject, "T03", "", last, how, trigger=LEADS["T03"], known=known, healed=ordered
            )
        return ordered
