"""From seizure to hand-over: how seized property becomes money, and where it takes too long."""

from datetime import date, timedelta
from typing import Any, Final

from fajian.core.calendar import ONE_DAY
from fajian.core.counting import Length
from fajian.sim.county import COURT
from fajian.sim.diary import Deck, Diary
from fajian.sim.duties import LEADS, due_day
from fajian.sim.endings import Duty, settle
from fajian.sim.filing import Case

#: One tale for each sale: the step at which something is told, and how it ends there.
TALES: Final = (
    "val-start:weeks-late", "val-serve:day-late", "auc-again:last-day", "sale-start:weeks-late",
    "auc-ruling-serve:day-late", "val-start:last-day", "auc-again:day-late", "auc-handover:weeks-late",
    "sale-start:last-day", "auc-notice:short", "auc-handover:last-day", "val-serve:last-day",
    "auc-tell-parties:late", "auc-ruling-serve:last-day", "auc-notice:first-day",
    "auc-notice-imm:short", "auc-again-notice:first-day", "auc-again-offline:day-late",
    "auc-sale-notice:last-day", "auc-tell-parties:last-day", "auc-again-notice:short",
    "auc-notice-imm:first-day", "auc-again-offline:last-day", "auc-sale-notice:day-late",
)  # fmt: skip


NOTICES: Final = frozenset({"auc-notice-mov", "auc-notice-imm", "auc-again-notice"})
OFFLINE: Final = frozenset({"auc-again-offline", "auc-sale-notice"})


class Sales:
    """Sells what was seized, most of it on line and in two rounds."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self._tales = Deck(diary.rng, TALES)

    def sell(self, case: Case) -> date:
        """Seize a movable and sell it; return the day on which the buyer has it."""
        return _Sale(self._diary, case, *self._tales.deal().split(":")).run()


class _Sale:
    def __init__(self, diary: Diary, case: Case, step: str, how: str) -> None:
        self._diary = diary
        self._case = case
        self._step = step
        self._how = how
        self._lot = f"{case.debtor.removesuffix('-D')}-V1"
        self._movable = step != "auc-notice-imm"
        self._online = step not in OFFLINE

    def run(self) -> date:
        diary = self._diary
        seized = diary.later(self._case.docketed, 5, 12)
        self._say("SeizureTookEffect", seized, to_be_sold=True, **self._thing(seized))
        value: dict[str, Any] = {"valuation_no": self._lot, "method": "network-inquiry"}
        started = self._settle("val-start", self._lot, seized, "ValuationStarted", **value)
        reported = diary.later(started, 5, 12)
        self._say("ValuationReported", reported, valuation_no=self._lot)
        sent = self._settle("val-serve", self._lot, reported, "ReportSent", lot=False, valuation_no=self._lot)
        fixed = diary.later(sent, 3, 8)
        self._say("ReferencePriceFixed", fixed, valuation_no=self._lot, amount=self._case.amount)
        begun = self._settle("sale-start", self._lot, fixed, "SaleStarted")
        failed = self._auction(begun)
        sold = (
            self._sell_without_auction(failed)
            if self._step == "auc-sale-notice"
            else self._auction_again(failed)
        )
        paid = diary.later(sold, 1, 4)
        self._say("PricePaid", paid, amount=self._case.amount)
        served = self._settle("auc-ruling-serve", self._lot, paid, "SaleRulingServed")
        return self._settle("auc-handover", self._lot, served, "PropertyHandedOver")

    def _thing(self, seized: date) -> dict[str, Any]:
        kind, years = ("impound", 2) if self._movable else ("seal", 3)
        return {
            "kind": kind,
            "property": self._property,
            "until_day": (seized + timedelta(days=365 * years)).isoformat(),
        }

    @property
    def _property(self) -> str:
        return "movable" if self._movable else "immovable"

    def _auction(self, begun: date) -> date:
        """Announce and hold the first auction, at which nobody buys."""
        diary, number = self._diary, f"{self._lot}-1"
        told = diary.later(begun, 0, 2)
        announced = diary.later(told, 4, 7)
        held = diary.workday(announced + timedelta(days=24 if self._movable else 38))
        if self._step in ("auc-notice", "auc-notice-imm"):
            held = self._held_close_to(announced, number)
        if self._step == "auc-tell-parties":
            told = self._told_close_to(announced, number)
        self._announce(number, 1, told=told, announced=announced, held=held)
        self._fail(number, 1, held)
        return held

    def _announce(self, number: str, nth: int, *, told: date, announced: date, held: date) -> None:
        auction: dict[str, Any] = {"auction_no": number}
        self._say("AuctionPartiesTold", told, lot=False, **auction)
        day: dict[str, Any] = {"auction_day": held.isoformat(), "property": self._property}
        self._say("AuctionAnnounced", announced, round=nth, online=self._online, **auction, **day)

    def _fail(self, number: str, nth: int, held: date) -> None:
        auction: dict[str, Any] = {"auction_no": number, "round": nth, "online": self._online}
        self._say("AuctionHeld", held, **auction)
        self._say("AuctionFailed", held, **auction)

    def _told_close_to(self, announced: date, number: str) -> date:
        """Return the last day on which the parties may be told, or a day that is too late."""
        diary = self._diary
        due = due_day("auc-tell-parties", announced, diary.calendar)
        if self._how == "last-day":
            self._kept("auc-tell-parties", number, due, "told on the last day", bait=announced)
            return due
        self._broken("auc-tell-parties", number, due, "told with the announcement", known=announced)
        return announced

    def _held_close_to(self, announced: date, number: str) -> date:
        """Return an auction day that is exactly far enough from *announced*, or a little too close."""
        diary, on_time = self._diary, self._how == "first-day"
        rule, days = ("auc-notice-mov", 15) if self._movable else ("auc-notice-imm", 30)
        day = diary.workday(announced + timedelta(days=days))
        while not on_time and due_day(rule, day, diary.calendar) >= announced:
            day = diary.calendar.roll_back(day - ONE_DAY)
        due = due_day(rule, day, diary.calendar)
        if on_time:
            self._kept(rule, number, due, "announced just in time", bait=announced)
        else:
            self._broken(rule, number, due, "announced too late", known=announced)
        return day

    def _auction_again(self, failed: date) -> date:
        """Hold the second auction; it sells."""
        diary, number = self._diary, f"{self._lot}-2"
        rule = "auc-again" if self._online else "auc-again-offline"
        due = due_day(rule, failed, diary.calendar)
        first = diary.later(failed, 18, 20) if self._movable else diary.later(failed, 24, 26)
        duty = Duty(self._case.subject, rule, self._lot, first, due, COURT)

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            announced = self._announced_again(number, day)
            told = diary.calendar.roll_back(announced - timedelta(days=4))
            self._announce(number, 2, told=told, announced=announced, held=day)
            return self._say("AuctionHeld", day, round=2, auction_no=number, online=self._online)

        held = settle(diary, duty, self._how if self._step == rule else "prompt", close)
        self._say("Sold", held, amount=self._case.amount, auction_no=number)
        return held

    def _announced_again(self, number: str, held: date) -> date:
        """Return when the second auction on *held* is announced: long enough before, or too late."""
        diary, rule = self._diary, "auc-again-notice"
        if self._step != rule:
            return diary.calendar.roll_back(held - timedelta(days=10 if self._movable else 17))
        due = due_day(rule, held, diary.calendar, length=Length(7, "day"))
        if self._how == "first-day":
            self._kept(rule, number, due, "announced again just in time", bait=due)
            return due
        announced = diary.workdays_after(due, 1)
        self._broken(rule, number, due, "announced again too late", known=announced)
        return announced

    def _sell_without_auction(self, failed: date) -> date:
        """After two more auctions at which nobody buys, the thing is put up for sale."""
        diary = self._diary
        for nth in (2, 3):
            held = diary.later(failed, 18, 24)
            announced = diary.calendar.roll_back(held - timedelta(days=10))
            self._announce(f"{self._lot}-{nth}", nth, told=announced, announced=announced, held=held)
            self._fail(f"{self._lot}-{nth}", nth, held)
            failed = held
        published = self._settle("auc-sale-notice", self._lot, failed, "SaleNoticePublished")
        sold = diary.later(published, 5, 20)
        self._say("Sold", sold, amount=self._case.amount)
        return sold

    def _kept(self, rule: str, number: str, due: date, how: str, *, bait: date) -> None:
        self._diary.near_miss(self._case.subject, rule, number, due, how, bait=bait)
        if rule in NOTICES:
            self._diary.near_miss(self._case.subject, "T18", number, due, how, bait=bait)

    def _broken(self, rule: str, number: str, due: date, how: str, *, known: date) -> None:
        """Tell of a notice that came too late: nothing can heal it."""
        trigger = LEADS.get(rule)
        self._diary.breach(self._case.subject, rule, number, due, how, trigger=trigger, known=known)
        if rule in NOTICES:
            self._diary.breach(self._case.subject, "T18", number, known, how, trigger=LEADS["T18"])

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
