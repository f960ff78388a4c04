"""From seizure to hand-over: how seized property becomes money, and where it takes too long."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from fajian.core.calendar import ONE_DAY
from fajian.sim.county import COURT
from fajian.sim.diary import Diary
from fajian.sim.duties import due_day
from fajian.sim.endings import Duty, settle
from fajian.sim.filing import Case

#: One tale for each sale: the step at which something is told, and how it ends there.
TALES: Final = (
    "val-start:weeks-late", "val-serve:day-late", "auc-again:last-day", "sale-start:weeks-late",
    "auc-ruling-serve:day-late", "val-start:last-day", "auc-again:day-late", "auc-handover:weeks-late",
    "sale-start:last-day", "auc-notice:short", "auc-handover:last-day", "val-serve:last-day",
    "auc-tell-parties:late", "auc-ruling-serve:last-day", "auc-notice:first-day",
)  # fmt: skip


class Sales:
    """Sells what was seized, on line, in two rounds."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self._tales = list(TALES)

    def sell(self, case: Case) -> date:
        """Seize a movable and sell it; return the day on which the buyer has it."""
        self._tales.append(tale := self._tales.pop(0))
        return _Sale(self._diary, case, *tale.split(":")).run()


class _Sale:
    def __init__(self, diary: Diary, case: Case, step: str, how: str) -> None:
        self._diary = diary
        self._case = case
        self._step = step
        self._how = how
        self._lot = f"{case.debtor.removesuffix('-D')}-V1"

    def run(self) -> date:
        diary = self._diary
        seized = diary.later(self._case.docketed, 5, 12)
        until = (seized + timedelta(days=730)).isoformat()
        self._say(
            "SeizureTookEffect", seized, kind="impound", property="movable", to_be_sold=True, until_day=until
        )
        value: dict[str, Any] = {"valuation_no": self._lot, "method": "network-inquiry"}
        started = self._settle("val-start", self._lot, seized, "ValuationStarted", **value)
        reported = diary.later(started, 5, 12)
        self._say("ValuationReported", reported, valuation_no=self._lot)
        sent = self._settle("val-serve", self._lot, reported, "ReportSent", lot=False, valuation_no=self._lot)
        fixed = diary.later(sent, 3, 8)
        self._say("ReferencePriceFixed", fixed, valuation_no=self._lot, amount=self._case.amount)
        begun = self._settle("sale-start", self._lot, fixed, "SaleStarted")
        failed = self._auction(begun)
        paid = diary.later(self._auction_again(failed), 1, 4)
        self._say("PricePaid", paid, amount=self._case.amount)
        served = self._settle("auc-ruling-serve", self._lot, paid, "SaleRulingServed")
        return self._settle("auc-handover", self._lot, served, "PropertyHandedOver")

    def _auction(self, begun: date) -> date:
        """Announce and hold the first auction, at which nobody buys."""
        diary, number = self._diary, f"{self._lot}-1"
        told = diary.later(begun, 0, 2)
        announced = diary.later(told, 4, 7)
        held = diary.workday(announced + timedelta(days=24))
        if self._step == "auc-notice":
            held = self._held_close_to(announced, number)
        if self._step == "auc-tell-parties":
            told = announced
            due = due_day("auc-tell-parties", announced, diary.calendar)
            diary.breach(
                self._case.subject, "auc-tell-parties", number, due, "told with the announcement",
                trigger=None, known=announced,
            )  # fmt: skip
        auction: dict[str, Any] = {"auction_no": number}
        self._say("AuctionPartiesTold", told, lot=False, **auction)
        day: dict[str, Any] = {"auction_day": held.isoformat()}
        self._say("AuctionAnnounced", announced, property="movable", round=1, **auction, **day)
        self._say("AuctionHeld", held, round=1, **auction)
        self._say("AuctionFailed", held, round=1, **auction)
        return held

    def _held_close_to(self, announced: date, number: str) -> date:
        """Return an auction day that is exactly far enough from *announced*, or a little too close."""
        diary, on_time = self._diary, self._how == "first-day"
        day = diary.workday(announced + timedelta(days=15))
        while not on_time and due_day("auc-notice-mov", day, diary.calendar) >= announced:
            day = diary.calendar.roll_back(day - ONE_DAY)
        due = due_day("auc-notice-mov", day, diary.calendar)
        tell: Callable[..., None] = diary.near_miss
        if on_time:
            tell(self._case.subject, "auc-notice-mov", number, due, "announced just in time", bait=announced)
        else:
            diary.breach(
                self._case.subject, "auc-notice-mov", number, due, "announced too late",
                trigger=None, known=announced,
            )  # fmt: skip
        return day

    def _auction_again(self, failed: date) -> date:
        """Hold the second auction; it sells."""
        diary, number = self._diary, f"{self._lot}-2"
        due = due_day("auc-again", failed, diary.calendar)
        how = self._how if self._step == "auc-again" else "prompt"
        first = diary.later(failed, 18, 20)
        duty = Duty(self._case.subject, "auc-again", self._lot, first, due, COURT)
        auction: dict[str, Any] = {"auction_no": number}

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            announced = diary.calendar.roll_back(day - timedelta(days=10))
            told = diary.calendar.roll_back(announced - timedelta(days=5))
            self._say("AuctionPartiesTold", told, lot=False, **auction)
            held_on: dict[str, Any] = {"auction_day": day.isoformat()}
            self._say("AuctionAnnounced", announced, property="movable", round=2, **auction, **held_on)
            return self._say("AuctionHeld", day, round=2, **auction)

        held = settle(diary, duty, how, close)
        self._say("Sold", held, amount=self._case.amount, **auction)
        return held

    def _settle(
        self, rule: str, instance: str, start: date, name: str, *, lot: bool = True, **data: Any
    ) -> date:
        diary = self._diary
        due = due_day(rule, start, diary.calendar)
        duty = Duty(self._case.subject, rule, instance, start, due, COURT)

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return self._say(name, day, lot=lot, recorded=recorded, supersedes=supersedes, **data)

        return settle(diary, duty, self._how if rule == self._step else "prompt", close)

    def _say(self, name: str, day: date, *, lot: bool = True, **data: Any) -> str:
        seizure: dict[str, Any] = {"seizure_no": self._lot} if lot else {}
        return self._diary.report(name, self._case.subject, day, **seizure, **data)
