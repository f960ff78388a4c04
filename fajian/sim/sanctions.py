"""Detentions, and what other organs of the state leave undone."""

from datetime import date, timedelta
from typing import Final

from fajian.sim.filing import Case
from fajian.sim.tales import MORNING, Teller, stem

TALES: Final = (
    "detention:in-time", "detention:an-hour-late", "detention:day-late", "detention:fifteen-days",
    "detention:too-long", "detention:again", "organ:silent", "organ:assists", "organ:mistaken",
    "police:refuse", "police:docket",
)  # fmt: skip

POLICE_SINCE: Final = date(2025, 7, 1)  #: before, no paper set the police a time


class Sanctions(Teller):
    """What the court does to people, and asks of others."""

    def detention(self, case: Case, how: str) -> None:
        """Detain a debtor, whose family has to know within twenty-four hours."""
        number = f"{stem(case)}-J1"
        begun = self.day_before_open_ones(self.diary.later(case.docketed, 20, 40), 1)
        due = begun + timedelta(days=1)
        longest = self.last_day("detention", begun)
        until = {"fifteen-days": longest, "too-long": longest + timedelta(days=3)}.get(
            how, longest - timedelta(days=5)
        )
        self._detain(case, number, begun, until)
        told, minute = {
            "an-hour-late": (due, MORNING + 100),
            "day-late": (self.diary.workdays_after(due, 1), MORNING),
        }.get(how, (due, MORNING - 15))
        self.say(case, "DetaineeFamilyTold", told, minute=minute, sanction_no=number)
        match how:
            case "in-time":
                self.kept(case, "detain-family", number, due, "told the next morning")
            case "an-hour-late" | "day-late":
                self.broken(case, "detain-family", number, due, how, healed=told)
            case "fifteen-days":
                self.kept(case, "T31", number, begun, "fifteen days, and no day more")
            case "too-long":
                self.broken(case, "T31", number, begun, "detained for eighteen days")
            case _:
                self._detain_again(case, number, until)

    def _detain(self, case: Case, number: str, begun: date, until: date) -> None:
        self.say(
            case, "Detained", begun, minute=MORNING, sanction_no=number, party_ref=case.debtor,
            until_day=until.isoformat(), act="拒不报告财产",
        )  # fmt: skip
        released = self.diary.calendar.roll_back(until)
        self.say(case, "DetentionEnded", released, sanction_no=number)

    def _detain_again(self, case: Case, number: str, released: date) -> None:
        """Detain for the same act a second time, which the law forbids whatever else is in order."""
        again = f"{stem(case)}-J2"
        begun = self.diary.later(released, 3, 8)
        self._detain(case, again, begun, begun + timedelta(days=5))
        self.say(case, "DetaineeFamilyTold", begun, minute=MORNING + 200, sanction_no=again)
        self.broken(case, "T31", f"{again}-again", begun, "detained a second time for one act")

    def organ(self, case: Case, how: str) -> None:
        """Ask another organ for help, which it refuses, grants too late, or was said to refuse by mistake."""
        number, diary = f"{stem(case)}-X1", self.diary
        failed = diary.later(case.docketed, 25, 45)
        told = self.say(case, "OrganFailedToAssist", failed, request_no=number, organ="不动产登记机构")
        helped = diary.workdays_after(failed, 2)
        match how:
            case "silent":
                self.broken(case, "T40", number, failed, "another organ does not assist")
            case "assists":
                self.say(case, "OrganAssisted", helped, request_no=number)
                self.broken(case, "T40", number, failed, "assisted within the answer window", healed=helped)
            case _:
                self.say(case, "Retracted", helped, retracts=told)
                self.kept(case, "T40", number, failed, "reported by mistake, and retracted", bait=helped)

    def police(self, case: Case, how: str) -> None:
        """Refer a refusal to obey the judgment to the police."""
        number, diary = f"{stem(case)}-G1", self.diary
        referred = diary.later(case.docketed, 30, 50)
        self.say(case, "RefusalOffenceReferred", referred, request_no=number, party_ref=case.debtor)
        if how == "refuse":
            refused = diary.later(referred, 2, 4)
            self.say(case, "PoliceRefused", refused, request_no=number, told_day=refused.isoformat())
            if referred < POLICE_SINCE:
                self.kept(case, "T41", number, refused, "refused before the paper was in force")
            else:
                self.broken(case, "T41", number, refused, "the police open no case")
            return
        last = self.last_day("police", referred)
        self.say(case, "PoliceDocketed", last, request_no=number)
        self.kept(case, "T41", number, last, "the police open a case on the last day")
