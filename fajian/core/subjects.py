"""What an event is about: one canonical subject, and the further ones that its body names.

A case is written as its bare number; everything else has its kind before the first slash. Nothing is looked
up, so every event must carry its links.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from fajian.core.case_numbers import PROVINCES, CaseNumber, normalise
from fajian.core.procuratorate_numbers import ProcuratorateNumber
from fajian.errors import SubjectError

Body = Mapping[str, Any]
CaseReader = Callable[[str, int | None], CaseNumber]  #: (text, current year)
ProcuratorateReader = Callable[[str, int | None], ProcuratorateNumber]

CASE = "case"
CLOCK = "clock"
PREFIXED: Final = ("application", "money", "supervision", "agreement")
KINDS: Final = (CASE, CLOCK, *PREFIXED)

#: Objection, reconsideration and docketed suggestion are threads of the case that `parent_case` names.
THREADS: Final = frozenset({"执异", "执复", "执监"})
#: Facts of the parent case, whatever number they come under: the restored case has no use for them.
OF_THE_PARENT: Final = frozenset({"EnforcementRestored"})
RESTORED: Final = "执恢"

SUBJECT = "/subject"
_COURT = re.compile(rf"最高法|[{PROVINCES}](?:[0-9]{{2}}|[0-9]{{4}})?")
_SEGMENT = re.compile(r"[^\s/\x00-\x1f\x7f-\x9f]{1,128}")


class Remark(NamedTuple):
    """Something odd that is no reason to refuse."""

    code: str
    detail: str
    pointer: str


class Targets(NamedTuple):
    """Where a fact stands: on its primary subject, and as a copy on each linked one."""

    primary: str
    linked: tuple[str, ...] = ()
    moved_from: str | None = None  #: where what it corrects stood, if that was elsewhere
    remarks: tuple[Remark, ...] = ()


def kind_of(subject: str) -> str:
    """Return the kind of a canonical subject."""
    if subject == CLOCK:
        return CLOCK
    head, slash, _ = subject.partition("/")
    return head if slash and head in PREFIXED else CASE


@dataclass(frozen=True, slots=True)
class Subjects:
    """Reads subjects. The readers of numbers and the table of courts are given, so nothing is loaded here."""

    case: CaseReader
    procuratorate: ProcuratorateReader
    is_court: Callable[[str], bool]

    def targets(
        self, name: str, subject: str, body: Body, *, court: str | None = None, year: int | None = None
    ) -> Targets:
        """Return where the event *name* stands. *court* is the submitter's court, if it is one.

        Raises `SubjectError` where a subject is missing or cannot be read.
        """
        reading = _Reading(self, body, court, year)
        primary = reading.primary(name, subject)
        linked = dict.fromkeys(target for target in reading.links(primary) if target != primary)
        moved_from = reading.moved_from()
        if moved_from == primary or moved_from in linked:
            moved_from = None  # `supersedes` does it where the fact still stands
        return Targets(primary, tuple(linked), moved_from, tuple(reading.remarks))


class _Reading:
    """One event under way: what is odd about its subjects gathers in *remarks*."""

    def __init__(self, subjects: Subjects, body: Body, court: str | None, year: int | None) -> None:
        self._subjects = subjects
        self._body = body
        self._court = court
        self._year = year
        self.remarks: list[Remark] = []

    def primary(self, name: str, text: str) -> str:
        kind, _, rest = text.partition("/")
        if kind in PREFIXED:
            return self._prefixed(kind, rest, SUBJECT)
        number = self._case(text, SUBJECT)
        of_parent = name in OF_THE_PARENT and number.type == RESTORED and self._body.get("parent_case")
        if number.type in THREADS or of_parent:
            return self._parent(text)
        if number.court_level:  # old numbers have a short word instead of a code
            self._court = number.court
        return str(number.canonical)

    def links(self, primary: str) -> Iterator[str]:
        if number := self._body.get("application_no"):
            yield self._application(number, primary)
        if number := self._body.get("supervision_no"):
            yield self._supervision(number.removeprefix("supervision/"), "/data/supervision_no")
        for index, number in enumerate(self._body.get("cases") or ()):
            yield self._named(number, f"/data/cases/{index}")

    def moved_from(self) -> str | None:
        text = self._body.get("moved_from")
        return self._named(text, "/data/moved_from") if text and self._body.get("supersedes") else None

    def _named(self, text: str, pointer: str) -> str:
        """Return the canonical form of a subject that a field of the body names."""
        kind, _, rest = text.partition("/")
        if kind in PREFIXED:
            return self._prefixed(kind, rest, pointer)
        number = self._case(text, pointer)
        return self._parent(text) if number.type in THREADS else str(number.canonical)

    def _case(self, text: str, pointer: str) -> CaseNumber:
        number = self._subjects.case(text, self._year)
        if not number.is_accepted or number.canonical is None:
            raise SubjectError(
                f"expected a case number such as （2022）皖1324执123号, "
                f"got {_shown(text)}: {'; '.join(number.reasons)}",
                code="case-number",
                pointer=pointer,
            )
        if number.status == "legacy":
            self._remark("legacy-case-number", f"旧案号 (old grammar, taken as {number.canonical})", pointer)
        if number.status == "document":
            self._remark("document-number", f"文书号 (a document of {number.canonical})", pointer)
        self._remark_all(number.reasons, pointer)
        return number

    def _parent(self, text: str) -> str:
        pointer = "/data/parent_case"
        parent = self._body.get("parent_case")
        if not parent:
            raise SubjectError(
                f"expected parent_case beside {_shown(text)}, which is a thread of another case; got none",
                code="parent-case",
                pointer=pointer,
            )
        number = self._case(parent, pointer)
        if number.type in THREADS:
            raise SubjectError(
                f"expected the enforcement case itself, got another thread: {_shown(parent)}",
                code="parent-case",
                pointer=pointer,
            )
        return str(number.canonical)

    def _prefixed(self, kind: str, rest: str, pointer: str) -> str:
        if kind == "supervision":
            return self._supervision(rest, pointer)
        if kind == "agreement":
            return f"agreement/{_segment(rest, 'an id of the agreement', pointer)}"
        first, slash, second = rest.partition("/")
        if not slash:
            raise SubjectError(
                f"expected {kind}/<{'court code' if kind == 'application' else 'account'}>/<number>, "
                f"got {_shown(f'{kind}/{rest}')}",
                code="subject",
                pointer=pointer,
            )
        if kind == "money":
            return (
                f"money/{_segment(first, 'an account', pointer)}/{_segment(second, 'a reference', pointer)}"
            )
        return self._of_court(first, second, pointer)

    def _application(self, number: str, primary: str) -> str:
        pointer = "/data/application_no"
        if number.startswith("application/"):
            return self._prefixed("application", number.removeprefix("application/"), pointer)
        if kind_of(primary) == "application":
            return primary  # its own number, beside the subject that has it already
        if self._court is None:
            raise SubjectError(
                "expected application/<court code>/<receipt no>, for nothing else tells the court; "
                f"got {_shown(number)}",
                code="subject",
                pointer=pointer,
            )
        return self._of_court(self._court, number, pointer)

    def _of_court(self, court: str, number: str, pointer: str) -> str:
        code = normalise(court)
        if _COURT.fullmatch(code) is None:
            raise SubjectError(
                f"expected application/<court code>/<receipt no>, such as application/皖1324/2022-0415, "
                f"got the court {_shown(court)}",
                code="subject",
                pointer=pointer,
            )
        if not self._subjects.is_court(code):
            self._remark("unknown-court", f"法院代字“{code}”不在表中 (court {code} is not listed)", pointer)
        return f"application/{code}/{_segment(number.strip(), 'a receipt number', pointer)}"

    def _supervision(self, text: str, pointer: str) -> str:
        number = self._subjects.procuratorate(text, self._year)
        if number.canonical is None and self._subjects.case(text, None).is_accepted:
            raise SubjectError(
                f"expected the procuratorate's number, got a court's: {_shown(text)}",
                code="supervision-number",
                pointer=pointer,
            )
        self._remark_all(number.reasons, pointer)
        # Few samples of these numbers are public, so one that we cannot read may well be right.
        written = number.canonical or _segment(normalise(text), "a supervision number", pointer)
        return f"supervision/{written}"

    def _remark(self, code: str, detail: str, pointer: str) -> None:
        self.remarks.append(Remark(code, detail, pointer))

    def _remark_all(self, reasons: Iterable[str], pointer: str) -> None:
        for reason in reasons:
            code, _, detail = reason.partition(": ")
            self._remark(code, detail, pointer)


def _segment(text: str, what: str, pointer: str) -> str:
    if _SEGMENT.fullmatch(text) is None:
        raise SubjectError(
            f"expected {what} of 1 to 128 characters without blanks or slashes, got {_shown(text)}",
            code="subject",
            pointer=pointer,
        )
    return text


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
