"""What people read in `rejected/`: per file one report, Chinese first, in the form that any Windows shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.sources.file_faults import Fault

MOST_TOLD = 1000


class Refused(NamedTuple):
    """The faults of one line, or of the file as a whole."""

    member: str | None  #: of a package
    line: int | None
    faults: Sequence[Fault]


@dataclass
class Tally:
    """How a file fared."""

    delivered: int = 0
    refused: int = 0
    told: list[Refused] = field(default_factory=list)  #: the first of them

    def refuse(self, entry: Refused) -> None:
        self.refused += 1
        if len(self.told) < MOST_TOLD:
            self.told.append(entry)

    @property
    def is_good(self) -> bool:
        """Tell whether the file belongs in `done/`: all is well, or some of it."""
        return self.delivered > 0 or self.refused == 0


def report_of(name: str, sha256: str | None, tally: Tally, mended: Sequence[str]) -> bytes:
    """Write the report. Old editors need the mark at its beginning, and CR LF."""
    text = "\r\n".join(_lines(name, sha256, tally, mended))
    return text.encode("utf-8-sig")


def _lines(name: str, sha256: str | None, tally: Tally, mended: Sequence[str]) -> Iterator[str]:
    kept = "done" if tally.is_good else "rejected"
    yield f"文件 / file：{name}"
    yield f"结论 / verdict：{_verdict(tally)}"
    yield f"原件 / original：{kept}/{name}" + (f"（sha256 {sha256}）" if sha256 else "")
    if mended:
        names = "、".join(f"rejected/{each}" for each in mended)
        yield f"改正 / mend：{names} 只含被拒收的行，改正后放入 inbox/。"
        yield "    These hold the refused lines only: mend them and put them into inbox/."
        yield "    原件不要再次放入 / do not send the original again."
    elif not tally.is_good:
        yield "改正 / mend：改正原件后重新放入 inbox/ / mend the original and put it into inbox/ again."
    yield ""
    number = 0
    for entry in tally.told:
        for fault in entry.faults:
            number += 1
            yield from _fault(number, entry, fault)
    if tally.refused > len(tally.told):
        yield f"另有 {tally.refused - len(tally.told)} 行未列出 / more lines are not listed."


def _verdict(tally: Tally) -> str:
    sent, refused = tally.delivered, tally.refused
    counts = f"报送 {sent} 条，拒收 {refused} 处 / {sent} sent, {refused} refused"
    return f"{'部分拒收 / partly refused' if sent else '全部拒收 / refused'}（{counts}）"


def _fault(number: int, entry: Refused, fault: Fault) -> Iterator[str]:
    place = [f"包内文件 / in the package：{entry.member}"] if entry.member else []
    place += [f"第 {entry.line} 行 / line {entry.line}"] if entry.line else []
    if fault.column_name:
        place += [f"第 {fault.column} 列「{fault.column_name}」/ column {fault.column}"]
    elif fault.column:
        place += [f"第 {fault.column} 字符 / character {fault.column}"]
    yield f"{number}. {'，'.join(place) or '整个文件 / the whole file'}"
    yield f"   问题 / problem：{fault.title}" + (f"（{fault.pointer}）" if fault.pointer else "")
    yield f"   应为 / expected：{fault.expected}"
    if fault.came:
        yield f"   实为 / came：{fault.came}"
    yield ""
