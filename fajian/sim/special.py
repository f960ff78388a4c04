"""Cases beside the ordinary ones: entrusted by another court, without a lawsuit, or two under one title."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from fajian.sim.county import COURT, COURT_CODE
from fajian.sim.diary import Deck, Diary
from fajian.sim.duties import LEADS, due_day
from fajian.sim.endings import Duty, settle
from fajian.sim.numbers import Numbers

DOCKETING: Final = ("prompt", "last-day", "prompt", "day-late")
STARTING: Final = ("prompt", "last-day", "day-late", "prompt", "late-record")
REPORTING: Final = ("last-day", "prompt", "weeks-late", "day-late", "prompt", "corrected")
CONCLUDING: Final = ("last-day", "weeks-late", "prompt", "day-late")
TITLES: Final = ("two-numbers", "two-creditors", "corrected")
LEFT_LYING: Final = 5  #: applications: as many as make a pattern
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
        self._titles = Deck(diary.rng, TITLES)

    def run(self, start: date, days: int, cases: int) -> None:
        """Spread some of each kind over the first half of *days*, so that the run sees their end."""
        for _ in range(max(1, cases // SHARE)):
            self._entrusted(self._begin(start, days))
            self._without_lawsuit(self._begin(start, days))
            self._under_one_title(self._begin(start, days))
        self._left_lying(self._begin(start, days))

    def _left_lying(self, first: date) -> None:
        """Leave the applications of some weeks unanswered: a fault of many cases, not of one."""
        diary = self._diary
        for _ in range(LEFT_LYING):
            received = diary.later(first, 0, 20)
            subject = (
                f"application/{COURT_CODE}/JY{received.year}-{self._numbers.serial('积压', received.year)}"
            )
            said: dict[str, Any] = {"application_no": subject, "money_claim": True}
            diary.report("ApplicationReceived", subject, received, **said)
            for rule in ("enf-docket", "enf-notice"):
                due = due_day(rule, received, diary.calendar)
                diary.breach(subject, rule, "", due, "left lying with others", trigger=LEADS[rule])

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

    def _under_one_title(self, first: date) -> None:
        """Docket a title a second time: for nobody else, for another creditor, or by a slip of the pen."""
        diary, twist = self._diary, self._titles.deal()
        title = f"（{first.year - 1}）{COURT_CODE}民初{self._numbers.serial('民初', first.year)}号"
        second = diary.later(first, 5, 60)
        creditors = ("C-1", "C-2") if twist == "two-creditors" else ("C-1", "C-1")
        for day, creditor in zip((first, second), creditors, strict=True):
            subject = self._numbers.next("执", day.year)
            docketed = self._docket(subject, day, "first", title_no=title, creditor_ref=creditor)
            self._conclude(subject, day, (("enf-close", ""),))
        match twist:
            case "two-numbers":
                diary.pattern(subject, "T39-title", title, second, "one title docketed twice")
                return
            case "corrected":
                said: dict[str, Any] = {"case_kind": "first", "money_claim": True, "creditor_ref": "C-1"}
                other = title.replace("民初", "民终")
                diary.report("CaseDocketed", subject, second, supersedes=docketed, title_no=other, **said)
        how = "of another creditor" if twist == "two-creditors" else "corrected on the same day"
        diary.near_miss(subject, "T39-title", title, second, how, bait=second)

    def _docket(self, subject: str, docketed: date, kind: str, **said: Any) -> str:
        diary = self._diary
        event_id = diary.report("CaseDocketed", subject, docketed, case_kind=kind, money_claim=True, **said)
        diary.report("UndertakerAssigned", subject, docketed, undertaker_ref=f"O-{diary.rng.randint(1, 9)}")
        diary.report("FileHandedOver", subject, docketed)
        issued = diary.workdays_after(docketed, 1)
        diary.report("EnforcementNoticeIssued", subject, issued)
        diary.report(
            "PropertyReportOrdered", subject, issued, until_day=(issued + timedelta(days=15)).isoformat()
        )
        diary.report("CluesAsked", subject, issued)
        diary.report("NetworkQueried", subject, diary.workdays_after(docketed, 2), found=True)
        return event_id

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
