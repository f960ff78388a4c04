"""Money that several creditors share: the plan, the time to object to it, and the distribution."""

from datetime import date
from typing import Any, Final

from fajian.core.calendar import ONE_DAY
from fajian.sim.filing import Case
from fajian.sim.tales import Teller, stem

TALES: Final = (
    "distribution:in-the-window", "distribution:after-the-window", "distribution:without-plan",
    "distribution:share-deposited",
)  # fmt: skip


class Distribution(Teller):
    """Divides what came in."""

    def distribute(self, case: Case, how: str) -> None:
        """Serve a plan and distribute, with or without waiting for objections."""
        diary, number = self.diary, f"{stem(case)}-P1"
        served = diary.later(case.docketed, 25, 45)
        if how == "without-plan":
            self._pay(case, number, served)
            self.broken(case, "T32", number, served, "distributed without a plan")
            return
        self.say(case, "DistributionPlanServed", served, plan_no=number)
        window = self.last_day("plan-objection", served)
        if how == "after-the-window":
            day = diary.workday(window + ONE_DAY)
            self._pay(case, number, day)
            self.kept(case, "T32", number, day, "distributed on the first day after the time to object")
            return
        day = diary.between(served + 3 * ONE_DAY, window)
        if how == "share-deposited":
            self._pay(case, number, day, disputed_share_deposited=True)
            self.kept(case, "T32", number, day, "the disputed share was set aside")
        else:
            self._pay(case, number, day)
            self.broken(case, "T32", number, day, "distributed while creditors could still object")

    def _pay(self, case: Case, number: str, day: date, **data: Any) -> None:
        self.say(case, "DistributionMade", day, plan_no=number, amount=case.amount, **data)
