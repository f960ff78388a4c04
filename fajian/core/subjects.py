"""What an event is about: one canonical subject, and the further ones that its body names.

A case is written as its bare number; everything else has its kind before the first slash. Nothing is looked
up, so every event must carry its links.
"""

import re
from collections.abc import Callable, Iterator, Mapping
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


class Subjects:
    """Reads subjects. The readers of numbers and the table of courts are given, so nothing is loaded here."""

    def __init__(
        self, *, case: CaseReader, procuratorate: ProcuratorateReader, is_court: Callable[[str], bool]
    ) -> None:
        self._case = case
        self._procuratorate = procuratorate
        self._is_court = is_court

    def targets(
        self, name: str, subject: str, body: Body, *, court: str | None = None, year: int | None = None
    ) -> Targets:
        """Return where the event *name* stands. *court* is the submitter's court, if it is one.

        Raises `SubjectError` where a subject is missing or cannot be read.
        """
        reading = _Reading(self, court, year)
        primary = reading.primary(name, subject, body)
        linked = dict.fromkeys(target for target in reading.links(primary, body) if target != primary)
        moved = body.get("moved_from")
        moved_from = reading.read(moved, "/data/moved_from", body) if moved and body.get("supersedes") else None
        if moved_from == primary or moved_from in linked:
            moved_from = None
        return Targets(primary, tuple(linked), moved_from, tuple(reading.remarks))

    def read_case(self, text: str, pointer: str, year: int | None, remarks: list[Remark]) -> CaseNumber:
        number = self._case(text, year)
        if not number.is_accepted or number.canonical is None:
            why = "; ".join(number.reasons)
            raise SubjectError(
                f"expected a case number such as （2022）皖1324执123号, got {_shown(text)}: {why}",
                code="case-number",
                pointer=pointer,
            )
        if number.status == "legacy":
            remarks.append(Remark("legacy-case-number", f"old grammar, taken as {number.canonical}", pointer))
        if number.status == "document":
            remarks.append(Remark("document-number", f"a document of {number.canonical}", pointer))
        remarks.extend(_remark(text, pointer) for text in number.reasons)
        return number

    def read_supervision(self, text: str, pointer: str, year: int | None, remarks: list[Remark]) -> str:
        number = self._procuratorate(text, year)
        if number.canonical is not None:
            remarks.extend(_remark(reason, pointer) for reason in number.reasons)
            return f"supervision/{number.canonical}"
        if self._case(text, None).is_accepted:
            raise SubjectError(
                f"expected the procuratorate's number, got a court's: {_shown(text)}",
                code="supervision-number",
                pointer=pointer,
            )
        # Real samples of these numbers are not published: what we cannot read may well be right.
        remarks.extend(_remark(reason, pointer) for reason in number.reasons)
        return f"supervision/{_segment(normalise(text), 'a supervision number', pointer)}"

    def read_application(self, court: str, number: str, pointer: str, remarks: list[Remark]) -> str:
        code = normalise(court)
        if _COURT.fullmatch(code) is None:
            raise SubjectError(
                f"expected application/<court code>/<receipt no>, such as application/皖1324/2022-0415, "
                f"got the court {_shown(court)}",
                code="subject",
                pointer=pointer,
            )
        if not self._is_court(code):
            remarks.append(Remark("unknown-court", f"court {code} is not listed", pointer))
        return f"application/{code}/{_segment(number.strip(), 'a receipt number', pointer)}"


class _Reading:
    """One event under way: what is odd about its subjects gathers in *remarks*."""

    def __init__(self, subjects: Subjects, court: str | None, year: int | None) -> None:
        self.subjects = subjects
        self.court = court
        self.year = year
        self.remarks: list[Remark] = []

    def primary(self, name: str, text: str, body: Body) -> str:
        kind, _, rest = text.partition("/")
        if kind in PREFIXED:
            return self._prefixed(kind, rest, SUBJECT)
        number = self._case(text, SUBJECT)
        thread = number.type in THREADS
        if thread or (name in OF_THE_PARENT and number.type == RESTORED and body.get("parent_case")):
            return self._parent(text, body)
        self.court = number.court if number.court and self.subjects._is_court(number.court) else self.court
        return str(number.canonical)

    def read(self, text: str, pointer: str, body: Body) -> str:
        """Return the canonical form of a subject that a field of the body names."""
        kind, _, rest = text.partition("/")
        if kind in PREFIXED:
            return self._prefixed(kind, rest, pointer)
        number = self._case(text, pointer)
        return self._parent(text, body) if number.type in THREADS else str(number.canonical)

    def links(self, primary: str, body: Body) -> Iterator[str]:
        if number := body.get("application_no"):
            yield self._application(number, primary)
        if number := body.get("supervision_no"):
            pointer = "/data/supervision_no"
            text = number.removeprefix("supervision/")
            yield self.subjects.read_supervision(text, pointer, self.year, self.remarks)
        for index, number in enumerate(body.get("cases") or ()):
            yield self.read(number, f"/data/cases/{index}", body)

    def _case(self, text: str, pointer: str) -> CaseNumber:
        return self.subjects.read_case(text, pointer, self.year, self.remarks)

    def _parent(self, text: str, body: Body) -> str:
        pointer = "/data/parent_case"
        parent = body.get("parent_case")
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
            return self.subjects.read_supervision(rest, pointer, self.year, self.remarks)
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
        if kind == "application":
            return self.subjects.read_application(first, second, pointer, self.remarks)
        return f"money/{_segment(first, 'an account', pointer)}/{_segment(second, 'a reference', pointer)}"

    def _application(self, number: str, primary: str) -> str:
        pointer = "/data/application_no"
        if number.startswith("application/"):
            return self._prefixed("application", number.removeprefix("application/"), pointer)
        if kind_of(primary) == "application":
            return primary  # its own number, beside the subject that has it already
        if self.court is None:
            raise SubjectError(
                f"expected application/<court code>/<receipt no> where the court is not plain, got {_shown(number)}",
                code="subject",
                pointer=pointer,
            )
        return self.subjects.read_application(self.court, number, pointer, self.remarks)


def _segment(text: str, what: str, pointer: str) -> str:
    if _SEGMENT.fullmatch(text) is None:
        raise SubjectError(
            f"expected {what} of 1 to 128 characters without blanks or slashes, got {_shown(text)}",
            code="subject",
            pointer=pointer,
        )
    return text


def _remark(reason: str, pointer: str) -> Remark:
    code, _, detail = reason.partition(": ")
    return Remark(code, detail, pointer)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
