"""The procuratorate at work on some of the cases, and the court that answers it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from fajian.core.counting import Stop
from fajian.sim.county import COURT, PROCURATORATE
from fajian.sim.diary import Deck, Diary
from fajian.sim.duties import LEADS, due_day, last_day
from fajian.sim.endings import Close, Duty, settle
from fajian.sim.errands import OF_REVIEWS, Errands
from fajian.sim.filing import Case
from fajian.sim.numbers import Numbers

#: The first of the stories are told in every county, by turns with any of them.
TOLD_EVERYWHERE: Final = 10
#: One story for each supervision case: the stage at which something is told, and how it ends there.
STORIES = (
    "reply:weeks-late", "review:weeks-late", "reply:unsealed", "explain:last-day", "reply:extended",
    "review:saved-by-files", "notice:day-late", "notice:last-day", "explain:weeks-late", "reply:last-day",
    "reply:extended-too-late", "reply:extended-by-the-wrong-post", "review:saved-by-suspension",
    "reply:withdrawn", "notice:corrected", "reply:without-reasons", "explain:late-record", "review:last-day",
    "reply:late-record", "notice:weeks-late", "explain:retracted", "reply:day-late",
    "reply:corrected", "notice:retracted", "handover:day-late", "filing:last-day", "refusal:day-late",
    "sending:last-day", "return:weeks-late", "handover:last-day", "filing:day-late", "refusal:last-day",
    "sending:day-late", "return:last-day", "hearing:last-day", "hearing:day-late",
    "correction:never", "correction:last-day", "correction:weeks-late",
    "step:wrong-hand", "step:committee", "step:complaint", "step:good-reason", "step:remedy-unused",
)  # fmt: skip


REGISTERING: Final = ("last-day", "prompt", "day-late", "prompt")
NOTIFYING: Final = ("prompt", "last-day", "prompt", "day-late", "prompt")
#: Steps of the procuratorate itself: what it says of them, where it says anything.
APPLIED: Final[dict[str, dict[str, Any]]] = {
    "complaint": {"applicant": "other"},
    "remedy-unused": {"applicant": "party", "remedies": "not-used"},
    "good-reason": {"applicant": "party", "remedies": "not-used", "good_reason": True},
}
DECIDED: Final = {"wrong-hand": "civil-division", "committee": "procuratorial-committee"}
FAULTS: Final = {"unsealed": {"sealed": False}, "without-reasons": {"reasons_given": False}}


@dataclass(frozen=True, slots=True)
class Matter:
    """One supervision case on one enforcement case."""

    number: str
    case: str
    stage: str
    twist: str

    @property
    def subject(self) -> str:
        return f"supervision/{self.number}"

    def twist_of(self, stage: str) -> str:
        return self.twist if stage == self.stage else "prompt"


class CivilDivision:
    """The division for civil prosecution, with the divisions that take in and hand out."""

    def __init__(self, diary: Diary, numbers: Numbers) -> None:
        self._diary = diary
        self._numbers = numbers
        self._everywhere = list(STORIES[:TOLD_EVERYWHERE])
        self._stories = Deck(diary.rng, STORIES)
        self._turn = 0
        self._errands = Errands(diary, OF_REVIEWS, PROCURATORATE)
        self._registering = Deck(diary.rng, REGISTERING)
        self._notifying = Deck(diary.rng, NOTIFYING)

    def supervise(self, case: Case) -> None:
        """Take up *case* some weeks after its docketing."""
        self._turn += 1
        fixed = self._everywhere and self._turn % 2
        story = self._everywhere.pop(0) if fixed else self._stories.deal()
        begun = self._diary.later(case.docketed, 15, 40)
        if begun <= self._diary.last_day:
            self._take_up(case, begun, *story.split(":"))

    def _take_up(self, case: Case, begun: date, stage: str, twist: str) -> None:
        diary = self._diary
        serial = self._numbers.serial("检", begun.year)
        matter = Matter(f"泗检民执监〔{begun.year}〕{serial}号", case.subject, stage, twist)
        if stage == "reply" and diary.rng.random() < 0.5:
            self._say(matter, "ExOfficioStarted", begun, supervision_no=matter.number, ground="RULE 37(5)")
            self._register(matter, begun)
            accepted = begun
        else:
            accepted = self._accept(matter, begun)
        if stage == "explain" or diary.rng.random() < 0.3:
            self._ask(matter, accepted)
        if stage not in ("explain", "notice"):
            self._errands.run(matter.subject, accepted, times=2)
        if stage == "hearing":
            self._hear(matter, accepted)
        if stage == "return":
            self._borrow(matter, accepted)
        concluded = self._review(matter, accepted)
        if stage == "refusal":
            self._do(matter, "sup-no-support", concluded, "NoSupportDecisionSent", twist)
            return
        if stage in ("explain", "notice") and diary.rng.random() < 0.6:
            self._say(matter, "SupervisionClosed", diary.later(concluded, 1, 5))
            return
        self._suggest(matter, concluded)

    def _say(self, matter: Matter, name: str, day: date, **data: Any) -> str:
        return self._diary.report(
            name, matter.subject, day, source=PROCURATORATE, cases=[matter.case], **data
        )

    def _accept(self, matter: Matter, applied: date) -> date:
        diary = self._diary
        step = matter.twist_of("step")
        self._say(matter, "SupervisionApplied", applied, **APPLIED.get(step, {}))
        accepted = diary.later(applied, 2, 6)
        event_id = self._say(matter, "SupervisionAccepted", accepted, supervision_no=matter.number)
        if step in APPLIED:
            self._step(matter, event_id, accepted, allowed=step == "good-reason")

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(
                "PartyInformed",
                matter.subject,
                day,
                source=PROCURATORATE,
                recorded=recorded,
                supersedes=supersedes,
                what="acceptance",
            )

        due = due_day("sup-accept-notice", accepted, diary.calendar)
        duty = Duty(matter.subject, "sup-accept-notice", "", accepted, due, PROCURATORATE)
        settle(diary, duty, matter.twist_of("notice"), close)
        self._do(matter, "sup-handover", accepted, "SupervisionHandedOver", matter.twist_of("handover"))
        return accepted

    def _step(self, matter: Matter, event_id: str, day: date, *, allowed: bool) -> None:
        """Plant a step that the texts do not allow where it stands, or one that only looks so."""
        how = f"a step of the procuratorate, {matter.twist}"
        if allowed:
            self._diary.near_miss(matter.subject, "S01", event_id, day, how, bait=day)
        else:
            self._diary.breach(matter.subject, "S01", event_id, day, how, trigger=None, known=day)

    def _do(
        self, matter: Matter, rule: str, start: date, name: str, twist: str, instance: str = "", **data: Any
    ) -> date:
        """Let the procuratorate do *name*, which it owes by *rule* from *start* on."""
        diary = self._diary

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(
                name,
                matter.subject,
                day,
                source=PROCURATORATE,
                recorded=recorded,
                supersedes=supersedes,
                **data,
            )

        due = due_day(rule, start, diary.calendar)
        return settle(diary, Duty(matter.subject, rule, instance, start, due, PROCURATORATE), twist, close)

    def _register(self, matter: Matter, begun: date) -> None:
        """Have a matter that nobody applied for logged by case management, and tell the parties."""
        diary = self._diary
        received = diary.workdays_after(begun, 1)
        self._say(matter, "SupervisionMaterialReceived", received)
        twist = self._registering.deal()
        logged = self._do(matter, "sup-cm-log", received, "SupervisionMaterialLogged", twist)
        self._do(
            matter, "sup-cm-notice", logged, "PartyInformed", self._notifying.deal(), what="registration"
        )

    def _hear(self, matter: Matter, accepted: date) -> None:
        """Hold a hearing, of which the parties hear just in time or too late."""
        diary, number = self._diary, f"{matter.number}-听证1"
        held = diary.later(accepted, 12, 18)
        due = due_day("sup-hearing", held, diary.calendar)
        on_time = matter.twist == "last-day"
        told = due if on_time else diary.workdays_after(due, 1)
        self._say(matter, "HearingNotified", told, hearing_no=number, hearing_day=held.isoformat())
        self._say(matter, "HearingHeld", held, hearing_no=number)
        if on_time:
            diary.near_miss(matter.subject, "sup-hearing", number, due, "told on the last day", bait=told)
            return
        how, trigger = "told too late", LEADS.get("sup-hearing")
        diary.breach(matter.subject, "sup-hearing", number, due, how, trigger=trigger, known=told)

    def _borrow(self, matter: Matter, accepted: date) -> None:
        """Borrow the court's file, and give it back."""
        request = f"{matter.number}-调卷1"
        asked = self._diary.later(accepted, 1, 4)
        received = self._diary.workdays_after(asked, 1)
        self._say(matter, "FilesRequested", asked, request_no=request)
        self._say(matter, "FilesReceived", received, request_no=request)
        self._do(matter, "files-return", received, "FilesReturned", matter.twist, request, request_no=request)

    def _ask(self, matter: Matter, accepted: date) -> None:
        diary = self._diary
        request = f"{matter.number}-说明1"
        asked = diary.later(accepted, 1, 6)
        received = diary.workdays_after(asked, 1)
        if not diary.in_order(asked, received):
            received = asked
        self._say(
            matter,
            "ExplanationRequested",
            asked,
            recorded=received,
            request_no=request,
            received_day=received.isoformat(),
        )

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(
                "ExplanationReceived",
                matter.subject,
                day,
                source=PROCURATORATE,
                recorded=recorded,
                supersedes=supersedes,
                request_no=request,
            )

        due = due_day("crt-explain", received, diary.calendar)
        duty = Duty(matter.subject, "crt-explain", request, received, due, PROCURATORATE)
        settle(diary, duty, matter.twist_of("explain"), close)

    def _review(self, matter: Matter, accepted: date) -> date:
        diary, twist = self._diary, matter.twist_of("review")

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            return diary.report(
                "ReviewConcluded",
                matter.subject,
                day,
                source=PROCURATORATE,
                recorded=recorded,
                supersedes=supersedes,
                cases=[matter.case],
                decision="not-supported" if matter.stage == "refusal" else "suggestion",
                approver_role=DECIDED.get(matter.twist_of("step"), "chief-procurator"),
            )

        due = due_day("sup-review", accepted, diary.calendar)
        if matter.stage != "review":
            concluded = diary.later(accepted, 15, 35)
            event_id = close(concluded)
            if matter.twist_of("step") in DECIDED:
                self._step(matter, event_id, concluded, allowed=matter.twist == "committee")
            return concluded
        if twist.startswith("saved-by"):
            return self._review_with_stop(matter, accepted, due, close)
        return settle(
            diary, Duty(matter.subject, "sup-review", "", accepted, due, PROCURATORATE), twist, close
        )

    def _review_with_stop(self, matter: Matter, accepted: date, due: date, close: Close) -> date:
        diary = self._diary
        begin = diary.later(accepted, 5, 20)
        end = diary.later(begin, 10, 30)
        if matter.twist == "saved-by-files":
            kind, saved_by = "files", "time of sending the file taken out"
            request = f"{matter.number}-调卷1"
            self._say(matter, "FilesRequested", begin, request_no=request)
            self._say(matter, "FilesReceived", end, request_no=request)
            self._say(matter, "FilesReturned", diary.later(end, 5, 40), request_no=request)
        else:
            kind, saved_by = "review-suspended", "time of a suspended review taken out"
            self._say(matter, "ReviewSuspended", begin, ground="等待另案处理结果")
            self._say(matter, "ReviewResumed", end)
        stopped = due_day("sup-review", accepted, diary.calendar, stops=[Stop(kind, begin, end)])
        first = diary.workdays_after(due, 1)
        duty = Duty(
            matter.subject, "sup-review", "", first, stopped, PROCURATORATE, nominal=due, saved_by=saved_by
        )
        return settle(diary, duty, "last-day", close)

    def _suggest(self, matter: Matter, concluded: date) -> None:
        diary = self._diary
        suggestion = matter.number.replace("民执监", "民执建")
        sent = self._send(matter, suggestion, concluded)
        received = diary.between(sent, sent + timedelta(days=2))
        filing = matter.twist_of("filing")
        named: dict[str, Any] = {"suggestion_no": suggestion}
        self._do(matter, "sup-advice-file", sent, "SuggestionFiled", filing, suggestion, **named)
        self._answer(matter, "SuggestionReceived", received, suggestion_no=suggestion)
        docketed = diary.later(received, 1, 6)
        docket_no = self._numbers.next("执监", docketed.year)
        self._answer(matter, "SuggestionDocketed", docketed, suggestion_no=suggestion, docket_no=docket_no)
        self._await_reply(matter, suggestion, received)

    def _send(self, matter: Matter, suggestion: str, concluded: date) -> date:
        named: dict[str, Any] = {"suggestion_no": suggestion, "cases": [matter.case]}
        return self._do(
            matter, "sup-send-advice", concluded, "SuggestionSent", matter.twist_of("sending"), **named
        )

    def _answer(self, matter: Matter, name: str, day: date, **data: Any) -> str:
        return self._diary.report(
            name,
            matter.subject,
            day,
            source=COURT,
            supervision_no=matter.number,
            cases=[matter.case],
            **data,
        )

    def _await_reply(self, matter: Matter, suggestion: str, received: date) -> None:
        diary, twist = self._diary, matter.twist_of("reply")
        faults = FAULTS.get(twist, {})

        def close(day: date, *, recorded: date | None = None, supersedes: str | None = None) -> str:
            outcome = "rejected" if twist == "without-reasons" else "adopted"
            said = {"sealed": True, "reasons_given": True, "rulings_attached": True} | faults
            return self._answer(
                matter,
                "CourtReplied",
                day,
                recorded=recorded,
                supersedes=supersedes,
                suggestion_no=suggestion,
                outcome=outcome,
                **said,
            )

        due = due_day("crt-reply", received, diary.calendar)
        duty = Duty(matter.subject, "crt-reply", suggestion, diary.later(received, 10, 20), due, COURT)
        match twist:
            case "withdrawn":
                self._withdraw(matter, suggestion, duty)
                return
            case "extended" | "extended-too-late" | "extended-by-the-wrong-post":
                replied = self._reply_after_extension(matter, duty, received, close)
            case _:
                replied = settle(diary, duty, twist, close)
        if faults:
            how = f"reply {twist}"
            diary.breach(matter.subject, "T34", suggestion, replied, how, trigger="T34", known=replied)
        self._follow(matter, suggestion, replied, rejected=twist == "without-reasons")

    def _withdraw(self, matter: Matter, suggestion: str, duty: Duty) -> None:
        day = self._diary.between(duty.first, duty.due)
        self._say(matter, "SuggestionWithdrawn", day, suggestion_no=suggestion)
        self._diary.near_miss(
            duty.subject, duty.rule, suggestion, duty.due, "suggestion withdrawn", bait=duty.due
        )

    def _reply_after_extension(self, matter: Matter, duty: Duty, received: date, close: Close) -> date:
        diary = self._diary
        late = matter.twist == "extended-too-late"
        approved = (
            diary.workdays_after(duty.due, 1)
            if late
            else diary.between(duty.due - timedelta(days=7), duty.due)
        )
        post = "bureau-head" if matter.twist == "extended-by-the-wrong-post" else "court-president"
        self._answer(
            matter, "ReplyExtensionApproved", approved, suggestion_no=duty.instance, approver_role=post
        )
        if matter.twist != "extended":
            return settle(diary, duty, "weeks-late", close)
        longer = due_day("crt-reply", received, diary.calendar, extra=1)
        saved = Duty(
            duty.subject,
            duty.rule,
            duty.instance,
            diary.workdays_after(duty.due, 1),
            longer,
            COURT,
            nominal=duty.due,
            saved_by="a month more by the president in time",
        )
        return settle(diary, saved, "last-day", close)

    def _follow(self, matter: Matter, suggestion: str, replied: date, *, rejected: bool) -> None:
        diary, twist = self._diary, matter.twist_of("correction")
        last = last_day("correction", replied, diary.calendar)
        corrected = {"last-day": last, "weeks-late": diary.later(last, 8, 20)}.get(twist)
        if twist in ("never", "weeks-late"):
            how = "adopted, and the correction came late or never"
            diary.breach(matter.subject, "T35", suggestion, last, how, trigger=None, healed=corrected)
        elif twist == "last-day":
            diary.near_miss(matter.subject, "T35", suggestion, last, "corrected on the last day", bait=last)
        if twist == "never":
            return
        if not rejected:
            corrected = corrected or diary.between(replied, replied + timedelta(days=20))
            diary.report(
                "CorrectionDone",
                matter.case,
                corrected,
                source=COURT,
                supervision_no=matter.number,
                suggestion_no=suggestion,
                act="按照检察建议纠正",
            )
        checked = diary.later(max(replied, corrected or replied), 3, 25)
        self._say(
            matter,
            "ResultChecked",
            checked,
            suggestion_no=suggestion,
            result="wrong" if rejected else "satisfied",
        )
        if rejected:
            self._say(matter, "FollowedUp", diary.later(checked, 1, 10), suggestion_no=suggestion)
        else:
            self._say(matter, "SupervisionClosed", diary.later(checked, 1, 10))
