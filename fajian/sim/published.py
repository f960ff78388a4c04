"""Real cases from published texts, as events: what would the bus have said, had it been there?

`data/published_cases.jsonl` holds facts only: day, act, numbers, source. How they become events:

* What the text does not state is not invented. A fact known by its month is not published, for nothing can be
  counted from it; nor is an act without an event type of its own (`other`); `skip` names further reasons. All
  of it is listed in `Converted.skipped`.
* An event needs a subject. A text without a usable number of the enforcement case is left out whole.
* Texts give the day on which a suggestion was sent. The day of receipt is taken to be the same, and the event
  says so (`assumed`); so does a reply whose outcome the text only lets one infer.
* A reply answers the latest suggestion that has no answer yet, else the latest.
* References that the texts leave out (of an application, a seizure, a supervision case) are made from the id
  of the case here; they carry no meaning.
* Nobody knows when these facts were recorded: they count as recorded when they happened.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from importlib.resources import files
from typing import Any, Final

import orjson

from fajian.core.calendar import SHANGHAI
from fajian.sim.cloud_events import structured
from schemas.names import derived_id

FORTNIGHT: Final = timedelta(days=14)
SENT_IS_RECEIVED: Final = "day of receipt taken as the day of sending: the text gives only that"

SEIZURES: Final = frozenset({"SeizureTookEffect", "SeizureRenewed", "SeizureReleased", "SeizureLapsed"})
OBJECTIONS: Final = frozenset(
    {"ObjectionReceived", "ObjectionRuled", "ReconsiderationReceived", "ReconsiderationRuled"}
)
NOTICES: Final = frozenset({"EnforcementNoticeIssued", "EnforcementNoticeServed"})
SUGGESTIONS: Final = frozenset({"SuggestionSent", "SuggestionDocketed", "CourtReplied"})


@dataclass(frozen=True, slots=True)
class Skipped:
    """A fact of the text that is no event, and why."""

    day: str
    act: str
    reason: str


@dataclass(frozen=True, slots=True)
class Converted:
    """One published case as events, in the order of their days."""

    id: str
    title: str
    court: str
    case_no: str
    source: str
    until: date  #: the last day of which the text speaks, and a fortnight for the owner to answer
    events: tuple[Mapping[str, Any], ...]
    skipped: tuple[Skipped, ...]


def published_cases() -> Iterator[Converted]:
    """Return every published case, those without any event included."""
    text = (files("fajian.sim") / "data" / "published_cases.jsonl").read_text("utf-8")
    return (convert(orjson.loads(line)) for line in text.splitlines())


def convert(case: Mapping[str, Any]) -> Converted:
    """Turn the facts of one *case* into events."""
    writer = _Writer(case)
    for fact in case["facts"]:
        reason = _reason_to_skip(case, fact)
        if reason:
            writer.skipped.append(Skipped(fact["day"], fact["act"], reason))
        else:
            writer.write(fact)
    days = [fact["day"] for fact in case["facts"] if fact["precision"] == "day"]
    return Converted(
        case["id"],
        case["title"],
        case["court"],
        case["case_no"],
        case["source"],
        date.fromisoformat(max(days)) + FORTNIGHT,
        tuple(writer.events),
        tuple(writer.skipped),
    )


def _reason_to_skip(case: Mapping[str, Any], fact: Mapping[str, Any]) -> str:
    if fact["act"] == "other":
        return f"no event type: {fact.get('sub', 'an act outside the catalogue')}"
    if not case["case_no"]:
        return "the text gives no usable number of the enforcement case, so there is no subject"
    if fact["precision"] != "day":
        return "known by its month only: nothing can be counted from it"
    return str(fact.get("skip", ""))


@dataclass
class _Writer:
    case: Mapping[str, Any]
    events: list[Mapping[str, Any]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    _applications: int = 0
    _last_application: Mapping[str, Any] | None = None
    _suggestions: list[str] = field(default_factory=list)
    _unanswered: list[str] = field(default_factory=list)
    _seizures: int = 0

    @property
    def _matter(self) -> str:
        return f"supervision/{self.case['id']}"

    def write(self, fact: Mapping[str, Any]) -> None:
        act = fact["act"]
        body = dict(fact.get("body", {}))
        if "assumed" in fact:
            body["assumed"] = fact["assumed"]
        if act == "ApplicationReceived":
            self._apply(fact, body)
        elif act == "CaseDocketed":
            self._docket(fact, body)
        elif act in SUGGESTIONS:
            self._supervise(fact, body)
        else:
            self._add(act, fact, self.case["case_no"], body | self._references(fact))

    def _apply(self, fact: Mapping[str, Any], body: dict[str, Any]) -> None:
        """Several applications in one text are several receipts; the docketing answers the last of them."""
        self._applications += 1
        number = self.case["id"] if self._applications == 1 else f"{self.case['id']}-{self._applications}"
        subject = f"application/{self.case['court_code']}/{number}"
        self._add(
            "ApplicationReceived",
            fact,
            subject,
            body | {"application_no": subject, "cases": [self.case["case_no"]]},
        )
        self._last_application = {"application_no": subject, "application_day": fact["day"]}

    def _docket(self, fact: Mapping[str, Any], body: dict[str, Any]) -> None:
        restored = fact.get("thread") == "restored"
        if restored:
            body |= {"case_kind": "restored", "parent_case": self.case["case_no"]}
        elif self._last_application is not None:
            body |= self._last_application
        subject = self.case["threads"]["restored"] if restored else self.case["case_no"]
        self._add("CaseDocketed", fact, subject, body)

    def _supervise(self, fact: Mapping[str, Any], body: dict[str, Any]) -> None:
        links = {"supervision_no": self.case["id"], "cases": [self.case["case_no"]]}
        if fact["act"] == "SuggestionSent":
            number = f"{self.case['id']}-{len(self._suggestions) + 1}"
            self._suggestions.append(number)
            self._unanswered.append(number)
            self._add(
                "SuggestionSent",
                fact,
                self._matter,
                body | links | {"suggestion_no": number},
                side="procuratorate",
            )
            links["assumed"] = SENT_IS_RECEIVED
            self._add("SuggestionReceived", fact, self._matter, body | links | {"suggestion_no": number})
            return
        number = self._unanswered[-1] if self._unanswered else self._suggestions[-1]
        if fact["act"] == "CourtReplied":
            self._unanswered = [other for other in self._unanswered if other != number]
        if "thread" in fact:
            body["docket_no"] = self.case["threads"][fact["thread"]]
        self._add(fact["act"], fact, self._matter, body | links | {"suggestion_no": number})

    def _references(self, fact: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the event type wants named, where the text names it or not."""
        act, case_id = fact["act"], self.case["id"]
        if act in SEIZURES:
            self._seizures += 1
            return {"seizure_no": f"{case_id}-S{self._seizures}"}
        if act in OBJECTIONS:
            return {"objection_no": self.case["threads"][fact["thread"]]}
        if act in NOTICES and self._last_application is not None:
            return {"application_no": self._last_application["application_no"]}
        if act == "Listed":
            return {"listing_no": f"{case_id}-L1"}
        if act == "EnforcementRestored":
            return {"restored_case": self.case["threads"]["restored"]}
        if act == "CorrectionDone" and self._suggestions:
            return {"supervision_no": case_id, "suggestion_no": self._suggestions[-1]}
        return {}

    def _add(
        self,
        name: str,
        fact: Mapping[str, Any],
        subject: str,
        body: Mapping[str, Any],
        *,
        side: str = "court",
    ) -> None:
        at = datetime.combine(date.fromisoformat(fact["day"]), time(), SHANGHAI)
        event_id = derived_id("published", self.case["id"], name, fact["day"], str(len(self.events)))
        source = f"//{side}/{self.case['court_code']}"
        self.events.append(structured(name, event_id, source, subject, at, at, body))
