"""Money that arrives for a case and has to go out again, in one payment or several."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from fajian.sim.county import COURT
from fajian.sim.diary import Deck, Diary
from fajian.sim.duties import LEADS, due_day
from fajian.sim.endings import Close, Duty, settle
from fajian.sim.filing import Case

PAYMENT = (
    *("prompt",) * 4, "in-parts", "in-parts", "last-day", "late-record", "corrected", "deposited",
    "deferred", "deferred-last-day", "deferred-too-late", "paid-late-after-deferral", "wrongly-notified",
    "first-part-only", "moved-out", "retracted", "day-late", "weeks-late", "deferred-by-the-wrong-post",
)  # fmt: skip

ARRIVAL = (*("prompt",) * 9, "last-day", "late-record", "day-late")


class Cashier:
    """Court finance and the undertaker who settles with the creditor."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self._payment = Deck(diary.rng, PAYMENT)
        self._arrival = Deck(diary.rng, ARRIVAL)
        self._arrivals: dict[str, int] = {}

    def receive(self, case: Case, day: date, *, twist: str | None = None) -> date:
        """Let money arrive on *day*; return the day on which the last of it has gone out."""
        diary = self._diary
        self._arrivals[case.subject] = self._arrivals.get(case.subject, 0) + 1
        payment = self.last_payment(case)
        amount = diary.rng.randrange(5_000, 400_000)
        sums: dict[str, Any] = {"payment_ref": payment, "amount": f"{amount}.00"}
        arrival = diary.report("MoneyArrived", case.subject, day, **sums)
        twist = twist or self._payment.deal()
        if twist == "wrongly-notified":
            notified = diary.between(day, day + timedelta(days=2))
            notice = diary.report("FinanceNotified", case.subject, notified, **sums)
            return self._notified_by_mistake(case, payment, notified, (arrival, notice))
        return self._pay(case, payment, amount, self._tell(case, day, sums), twist)

    def last_payment(self, case: Case) -> str:
        """Return the reference of what *case* received last."""
        return f"{case.debtor.removesuffix('-D')}-K{self._arrivals[case.subject]}"

    def _tell(self, case: Case, arrived: date, sums: Mapping[str, Any]) -> date:
        """Let finance tell the officer that money *arrived*."""
        diary = self._diary

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(
                "FinanceNotified", case.subject, day, recorded=recorded, supersedes=supersedes, **sums
            )

        due = due_day("pay-arrival-notice", arrived, diary.calendar)
        duty = Duty(case.subject, "pay-arrival-notice", sums["payment_ref"], arrived, due, COURT)
        return settle(diary, duty, self._arrival.deal(), close)

    def _pay(self, case: Case, payment: str, amount: int, notified: date, twist: str) -> date:
        diary = self._diary

        def pay(day: date, part: int, *, partial: bool = False) -> None:
            diary.report(
                "MoneyPaid",
                case.subject,
                day,
                payment_ref=payment,
                amount=f"{part}.00",
                partial=True if partial else None,
            )

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            name = "MoneyDeposited" if twist == "deposited" else "MoneyPaid"
            sums: dict[str, Any] = {} if twist == "deposited" else {"amount": f"{rest}.00"}
            return diary.report(
                name, case.subject, day, recorded=recorded, supersedes=supersedes, payment_ref=payment, **sums
            )

        due = due_day("pay-out", notified, diary.calendar)
        duty = Duty(case.subject, "pay-out", payment, notified, due, COURT)
        rest = amount
        if twist in ("in-parts", "first-part-only"):
            first = diary.between(notified, notified + timedelta(days=12))
            pay(first, amount // 2, partial=True)
            rest = amount - amount // 2
            duty = Duty(case.subject, "pay-out", payment, first, due, COURT)
            return settle(diary, duty, "last-day" if twist == "in-parts" else "weeks-late", close)
        if twist in ("deferred", "deferred-last-day", "paid-late-after-deferral"):
            return self._pay_after_deferral(duty, twist, close)
        if twist == "deferred-by-the-wrong-post":
            day = diary.between(duty.first, duty.due)
            self._defer(duty, day, by="undertaker")
            how = "deferred by a post that may not"
            diary.breach(case.subject, "T21", payment, day, how, trigger=LEADS["T21"])
            twist = "last-day"
        if twist == "deferred-too-late":
            self._defer(duty, diary.workdays_after(due, 1))
            twist = "weeks-late"
        return settle(diary, duty, twist, close)

    def _defer(self, duty: Duty, day: date, *, by: str = "bureau-head") -> None:
        ground = self._diary.rng.choice(("allocation", "frozen-elsewhere", "not-collected"))
        self._diary.report(
            "PayoutDeferralApproved",
            duty.subject,
            day,
            payment_ref=duty.instance,
            ground=ground,
            approver_role=by,
        )

    def _pay_after_deferral(self, duty: Duty, twist: str, close: Close) -> date:
        diary = self._diary
        in_time = duty.due if twist == "deferred-last-day" else diary.between(duty.first, duty.due)
        self._defer(duty, in_time)
        diary.near_miss(
            duty.subject, "pay-out", duty.instance, duty.due, "deferral approved in time", bait=duty.due
        )
        ended = diary.later(duty.due, 5, 40)
        diary.report("DeferralCauseEnded", duty.subject, ended, payment_ref=duty.instance)
        due = due_day("pay-out-after-defer", ended, diary.calendar)
        after = Duty(duty.subject, "pay-out-after-defer", duty.instance, ended, due, COURT)
        ending = {"deferred": "prompt", "deferred-last-day": "last-day"}.get(twist, "weeks-late")
        return settle(diary, after, ending, close)

    def _notified_by_mistake(
        self, case: Case, payment: str, notified: date, reports: tuple[str, str]
    ) -> date:
        """Money and notice belonged to another case: retracted, so nothing is owed here."""
        diary = self._diary
        due = due_day("pay-out", notified, diary.calendar)
        retracted = diary.later(notified, 2, 20)
        for report in reports:
            diary.report("Retracted", case.subject, retracted, retracts=report)
        if retracted <= diary.last_day:
            diary.near_miss(case.subject, "pay-out", payment, due, "notice of arrival retracted", bait=due)
        return retracted
