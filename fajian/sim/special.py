"""Cases that do not begin with an application to this court: entrusted by another, or without a lawsuit."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from fajian.sim.county import COURT
from fajian.sim.diary import Deck, Diary
from fajian.sim.duties import LEADS, due_day
from fajian.sim.endings import Duty, settle
from fajian.sim.numbers import Numbers

DOCKETING: Final = ("prompt", "last-day", "prompt", "day-late")
STARTING: Final = ("prompt", "last-day", "day-late", "prompt", "late-record")
REPORTING: Final = ("last-day", "prompt", "weeks-late", "day-late", "prompt", "corrected")
CONCLUDING: Final = ("last-day", "weeks-late", "prompt", "day-late")
SHARE: Final = 12  #: one of each kind for so many applications


class SpecialCases:
    """Takes in the letters of other courts, and the cases in which no court has judged."""

    def __init__(self, diary: Diary, numbers: Numbers) -> None:
        self._diary = diary
        self._numbers = numbers
        self._docketing = Deck(diary.rng, DOCKETING)
        self._starting = Deck(diary.rng, STARTING)
        self._reporting = Deck(diary.rng, REPORTING)
        self._concluding = Deck(diary.rng, CONCLUDING)

    def run(self, start: date, days: int, cases: int) -> None:
        """Spread some of each kind over the first half of *days*, so that the run sees their end."""
        for _ in range(max(1, cases // SHARE)):
            self._entrusted(self._begin(start, days))
            self._without_lawsuit(self._begin(start, days))

    def _begin(self, start: date, days: int) -> date:
        return self._diary.later(start, 1, max(1, days // 2))

    def _entrusted(self, received: date) -> None:
        """Enforce what another court has asked for, and report to it."""
        diary = self._diary
        subject = self._numbers.next("执", received.year)
        letter: dict[str, Any] = {"entrustment_no": f"委托-{self._numbers.serial('委托', received.year)}"}
        number = str(letter["entrustment_no"])
        diary.report("EntrustmentReceived", subject, received, **letter)
        docketed = self._do(
            subject, "entr-docket", number, received, "EntrustmentDocketed", self._docketing.deal(), **letter
        )
        self._docket(subject, docketed, "first")
        begun = max(docketed, received)
        self._do(
            subject, "entr-start", number, received, "EntrustedEnforcementStarted", self._starting.deal(),
            first=begun, **letter,
        )  # fmt: skip
        self._do(
            subject, "entr-report", number, received, "EntrustmentReported", self._reporting.deal(),
            first=begun, **letter,
        )  # fmt: skip
        self._conclude(subject, docketed, (("entr-6m", number), ("enf-close", "")))

    def _without_lawsuit(self, docketed: date) -> None:
        """Enforce what an authority has ordered: three months instead of six."""
        subject = self._numbers.next("执", docketed.year)
        self._docket(subject, docketed, "non-litigation")
        self._conclude(subject, docketed, (("enf-close-nonlit", ""),))

    def _docket(self, subject: str, docketed: date, kind: str) -> None:
        diary = self._diary
        diary.report("CaseDocketed", subject, docketed, case_kind=kind, money_claim=True)
        diary.report("UndertakerAssigned", subject, docketed, undertaker_ref=f"O-{diary.rng.randint(1, 9)}")
        diary.report("FileHandedOver", subject, docketed)
        issued = diary.workdays_after(docketed, 1)
        diary.report("EnforcementNoticeIssued", subject, issued)
        diary.report(
            "PropertyReportOrdered", subject, issued, until_day=(issued + timedelta(days=15)).isoformat()
        )
        diary.report("CluesAsked", subject, issued)
        diary.report("NetworkQueried", subject, diary.workdays_after(docketed, 2), found=True)

    def _conclude(self, subject: str, docketed: date, lines: Iterable[tuple[str, str]]) -> None:
        """Close the case by the twist that is dealt; every one of *lines* ends with it, on the same day."""
        diary, twist = self._diary, self._concluding.deal()
        (rule, instance), *others = lines
        due = due_day(rule, docketed, diary.calendar)

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(
                "CaseClosed", subject, day, recorded=recorded, supersedes=supersedes, mode="fulfilled"
            )

        closed = settle(
            diary, Duty(subject, rule, instance, due - timedelta(days=20), due, COURT), twist, close
        )
        for other, of in others:
            if closed > due:
                trigger = LEADS.get(other)
                diary.breach(subject, other, of, due, "with the shorter line", trigger=trigger, healed=closed)

    def _do(
        self,
        subject: str,
        rule: str,
        instance: str,
        start: date,
        name: str,
        twist: str,
        *,
        first: date | None = None,
        **data: Any,
    ) -> date:
        diary = self._diary

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(name, subject, day, recorded=recorded, supersedes=supersedes, **data)

        due = due_day(rule, start, diary.calendar)
        return settle(diary, Duty(subject, rule, instance, first or start, due, COURT), twist, close)
