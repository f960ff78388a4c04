"""Objects under seizure: renewed or lapsed, given away too soon, and more of them than the claim needs."""

from datetime import date, timedelta
from typing import Any, Final

from fajian.core.calendar import ONE_DAY
from fajian.sim.county import COURT
from fajian.sim.diary import Diary
from fajian.sim.duties import due_day
from fajian.sim.endings import Duty, settle
from fajian.sim.filing import Case
from fajian.sim.numbers import Numbers
from fajian.sim.tales import MORNING, Teller, stem

TALES: Final = (
    "renewal:last-day", "renewal:day-late", "renewal:late-record", "lapse:unnoticed",
    "lapse:renewed-last-day", "disposal:after-release", "disposal:last-day", "excess:kept-on",
    "excess:released", "urgent:in-time", "urgent:an-hour-late", "barred:pending",
    "barred:in-the-window", "barred:after-the-window",
)  # fmt: skip

DEPOSIT: Final[dict[str, Any]] = {"kind": "freeze", "property": "deposit"}
FAR: Final = timedelta(days=1000)  #: longer than any run in which somebody looks


class Seizures(Teller):
    """What becomes of single objects beside the course of the case."""

    def __init__(self, diary: Diary, numbers: Numbers) -> None:
        super().__init__(diary)
        self._numbers = numbers

    def renewal(self, case: Case, how: str) -> None:
        """Renew a freeze that the bank holds for a few weeks only; the creditor has asked for it."""
        number, diary = f"{stem(case)}-F9", self.diary
        frozen = diary.later(case.docketed, 8, 14)
        until = diary.later(frozen, 50, 60)
        self._freeze(case, number, frozen, until)
        asked = diary.later(frozen, 20, 30)
        self.say(case, "RenewalRequested", asked, seizure_no=number, until_day=until.isoformat())
        longer = (until + FAR).isoformat()
        due = due_day("seize-renew", until, diary.calendar)
        duty = Duty(case.subject, "seize-renew", number, asked, due, COURT)
        settle(
            diary,
            duty,
            how,
            self.closing(case, "SeizureRenewed", seizure_no=number, until_day=longer, **DEPOSIT),
        )

    def lapse(self, case: Case, how: str) -> None:
        """Let a freeze run out while the claim is unpaid, or renew it on its very last day."""
        number, diary = f"{stem(case)}-F8", self.diary
        frozen = diary.later(case.docketed, 8, 14)
        until = diary.later(frozen, 40, 55)
        self._freeze(case, number, frozen, until)
        if how == "unnoticed":
            self.broken(case, "T11", number, until, "lapsed while the claim was unpaid")
            return
        self.say(
            case, "SeizureRenewed", until, seizure_no=number, until_day=(until + FAR).isoformat(), **DEPOSIT
        )
        self.kept(case, "T11", number, until, "renewed on the last day")

    def _freeze(self, case: Case, number: str, day: date, until: date) -> None:
        self.say(
            case,
            "SeizureTookEffect",
            day,
            seizure_no=number,
            to_be_sold=False,
            until_day=until.isoformat(),
            **DEPOSIT,
        )

    def disposal(self, case: Case, how: str) -> None:
        """Give an object to the creditor for the debt, when its seizure is gone or on its last day."""
        number, diary = f"{stem(case)}-F7", self.diary
        seized = diary.later(case.docketed, 8, 14)
        until = diary.later(seized, 40, 50)
        self._impound(case, number, seized, until)
        if how == "last-day":
            self._take(case, number, until)
            self.kept(case, "T12", number, until, "taken for the debt on the last day of the seizure")
            return
        released = diary.later(seized, 20, 25)
        self.say(case, "SeizureReleased", released, seizure_no=number)
        taken = diary.later(released, 3, 8)
        self._take(case, number, taken)
        self.broken(case, "T12", number, taken, "taken for the debt after its release")

    def _impound(self, case: Case, number: str, day: date, until: date, **data: Any) -> None:
        self.say(
            case, "SeizureTookEffect", day, seizure_no=number, kind="impound", property="movable",
            to_be_sold=False, until_day=until.isoformat(), **data,
        )  # fmt: skip

    def _take(self, case: Case, number: str, day: date) -> None:
        """Give an object to the creditor, with the ruling and the thing itself in time."""
        served = self.diary.workdays_after(day, 2)
        self.say(case, "PropertyTakenForDebt", day, seizure_no=number)
        self.say(case, "SaleRulingServed", served, seizure_no=number)
        self.say(case, "PropertyHandedOver", self.diary.workdays_after(served, 3), seizure_no=number)

    def urgent(self, case: Case, how: str) -> None:
        """Rule on an urgent preservation within forty-eight hours, or not; then lift it."""
        number = f"{stem(case)}-B1"
        asked = self.day_before_open_ones(self.diary.later(case.docketed, 8, 14), 2)
        due = asked + 2 * ONE_DAY
        minute = MORNING - 15 if how == "in-time" else MORNING + 100
        named: dict[str, Any] = {"preservation_no": number}
        for rule, question, answer in (
            ("pres-rule", "PreservationApplied", "PreservationRuled"),
            ("pres-release", "PreservationReleaseApplied", "PreservationReleaseRuled"),
        ):
            self.say(case, question, asked, minute=MORNING, urgent=True, **named)
            self.say(case, answer, due, minute=minute, **named)
            if how == "in-time":
                self.kept(case, rule, number, due, "urgent, ruled within forty-eight hours")
            else:
                self.broken(case, rule, number, due, "urgent, ruled too late by hours", healed=due)
        self.say(case, "PreservationStarted", due, minute=minute + 30, **named)

    def excess(self, case: Case, how: str) -> None:
        """Seize two objects of which each is worth more than the claim."""
        diary = self.diary
        value = {"value": f"{float(case.amount) * 1.5:.2f}"}
        first = diary.later(case.docketed, 8, 14)
        second = diary.later(first, 2, 6)
        numbers = [f"{stem(case)}-F5", f"{stem(case)}-F6"]
        for number, day in zip(numbers, (first, second), strict=True):
            self._impound(case, number, day, day + FAR, **value)
        last = self.last_day("excess", second)
        if how == "kept-on":
            self.broken(case, "T13", "", last, "two objects, of which one would do")
            return
        self.say(case, "SeizureReleased", last, seizure_no=numbers[1])
        self.kept(case, "T13", "", last, "the second object released on the last day")

    def barred(self, case: Case, how: str) -> None:
        """Give away an object that a third party claims: before that is settled, too soon after, or later."""
        diary, thing = self.diary, f"{stem(case)}-F4"
        seized = diary.later(case.docketed, 8, 14)
        self._impound(case, thing, seized, seized + FAR)
        received = diary.later(seized, 3, 8)
        number = self._numbers.next("执异", received.year)
        named = {"objection_no": number}
        kind = {"objection_kind": "third-party"}
        self.say(case, "ObjectionReceived", received, seizure_no=thing, **named, **kind)
        docketed = diary.workdays_after(received, 1)
        self.say(case, "ObjectionDocketed", docketed, **named)
        self.say(case, "ObjectionPartiesNotified", docketed, **named)
        ruled = diary.between(docketed, due_day("tp-obj-rule", received, diary.calendar))
        self.say(
            case, "ObjectionRuled", ruled, outcome="rejected", served_day=ruled.isoformat(), **named, **kind
        )
        window = self.last_day("objection-suit", ruled)
        instance = f"{number}-{thing}"
        match how:
            case "pending":
                taken = diary.between(docketed, ruled)
                self.broken(
                    case,
                    "T28",
                    instance,
                    taken,
                    "taken for the debt while a third party's objection is pending",
                )
            case "in-the-window":
                taken = diary.between(ruled + ONE_DAY, window)
                self.broken(
                    case, "T28", instance, taken, "taken for the debt before the third party could sue"
                )
            case _:
                taken = diary.workday(window + ONE_DAY)
                self.kept(case, "T28", instance, taken, "taken for the debt when the time to sue is over")
        self._take(case, thing, taken)
