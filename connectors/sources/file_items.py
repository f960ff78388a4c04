"""From the lines of a file to submissions: JSON Lines, or CSV under a mapping. Nothing is sent here."""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, NamedTuple

import orjson

from connectors.sources.csv_mapping import CsvMapping, Table
from connectors.sources.file_faults import Fault, FileRefusedError, fault_of
from connectors.sources.submissions import Judge, Submission, from_line, judged
from schemas.problems import shown
from schemas.validation import MAX_BYTES

BOM = b"\xef\xbb\xbf"
LONGEST_LINE = 2 * MAX_BYTES  #: escapes may double an event that is just small enough
MOST_LINES_OF_A_RECORD = 50  #: a quotation mark that is never closed must not swallow the file


class Line(NamedTuple):
    """One line as it stands, without its end."""

    number: int  #: from 1
    raw: bytes
    is_whole: bool = True  #: False: it was too long, and *raw* is its beginning


@dataclass(frozen=True)
class Item:
    """One event of a file, or a place where one should be."""

    line: int
    raw: bytes  #: as it stands in the file
    submission: Submission | None  #: None: there is nothing that could be sent
    faults: Sequence[Fault] = ()


@dataclass(frozen=True)
class Gate:
    """What may pass: what the judge finds no fault with, of the sources that the folder may speak for."""

    judge: Judge
    sources: tuple[str, ...]

    def wrong_source(self, submission: Submission) -> Fault | None:
        if submission.problems or (submission.source or "").startswith(self.sources):
            return None
        expected = "、".join(f"{beginning}…" for beginning in self.sources)
        return Fault(
            "来源不属于本目录 / not a source of this folder", expected, shown(submission.source), "/source"
        )


def lines_of(stream: IO[bytes]) -> Iterator[Line]:
    """Yield the lines of *stream*, holding no more than the longest allowed at a time."""
    number = 0
    while raw := stream.readline(LONGEST_LINE + 2):
        number += 1
        if number == 1:
            raw = raw.removeprefix(BOM)
        whole = raw.endswith(b"\n") or len(raw) <= LONGEST_LINE
        if not whole:
            while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
        yield Line(number, raw.rstrip(b"\r\n"), whole)


def json_items(stream: IO[bytes], gate: Gate) -> Iterator[Item]:
    """Yield an item for each line that is not empty."""
    for line in lines_of(stream):
        if not line.is_whole:
            yield Item(line.number, b"", None, [_too_long()])
        elif line.raw.strip():
            yield _json_item(line, gate)


def _json_item(line: Line, gate: Gate) -> Item:
    submission = from_line(line.raw.strip(), gate.judge, door="files")
    if (wrong := gate.wrong_source(submission)) is not None:
        return Item(line.number, line.raw, None, [wrong])
    column = _column_of_fault(line.raw) if submission.status == 400 else None
    faults = [fault_of(problem, column) for problem in submission.problems]
    return Item(line.number, line.raw, submission, faults)


def _column_of_fault(raw: bytes) -> int | None:
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return error.colno
    return None


class CsvReading:
    """One CSV file under its mapping: the line of column names first, then the rows."""

    def __init__(self, stream: IO[bytes], mapping: CsvMapping, *, sha256: str) -> None:
        """Read as far as the column names; raise `FileRefusedError` where the mapping wants others."""
        self._rules = mapping.rules
        self._lines = lines_of(stream)
        self.head = [line.raw for _, line in zip(range(self._rules.skip_lines), self._lines, strict=False)]
        line = next(self._lines, None)
        if line is None:
            raise FileRefusedError(
                Fault("没有列名 / no column names", "一行列名 / a line of names", "没有 / none")
            )
        self.head.append(line.raw)
        text = _decoded(line, self._rules.encoding)
        names = text if isinstance(text, Fault) else _cells([text], self._rules.delimiter)
        if names is None or isinstance(names, Fault):
            raise FileRefusedError(
                names or Fault("列名无法读取 / column names cannot be read", "CSV", shown(text))
            )
        self._table = Table(mapping, names, sha256=sha256)
        self._check_columns(mapping)

    def _check_columns(self, mapping: CsvMapping) -> None:
        came = "、".join(self._table.header)[:500]
        if missing := self._table.missing_columns():
            raise FileRefusedError(
                Fault("缺少列 / columns missing", f"{'、'.join(missing)}（{mapping.path.name}）", came)
            )
        if doubled := self._table.doubled_columns():
            raise FileRefusedError(Fault("列名重复 / columns stand twice", "、".join(doubled), came))

    def items(self, gate: Gate) -> Iterator[Item]:
        """Yield an item for each row that is not empty."""
        waiting: deque[Line] = deque()
        while line := (waiting.popleft() if waiting else next(self._lines, None)):
            if not line.is_whole:
                yield Item(line.number, b"", None, [_too_long()])
                continue
            cells, used = self._record(line, waiting)
            raw = b"\r\n".join(each.raw for each in used)
            if isinstance(cells, Fault):
                yield Item(line.number, raw, None, [cells])
            elif any(cells):
                yield self._item(cells, line.number, raw, gate)

    def _record(self, first: Line, waiting: deque[Line]) -> tuple[list[str] | Fault, list[Line]]:
        """Read one record, over several lines where a quoted cell goes on; what is not needed goes back.

        A quotation mark that is never closed spoils its own line only.
        """
        used: list[Line] = []
        texts: list[str] = []
        while len(used) < MOST_LINES_OF_A_RECORD:
            line = first if not used else (waiting.popleft() if waiting else next(self._lines, None))
            if line is None:
                break
            used.append(line)
            text = _decoded(line, self._rules.encoding)
            if isinstance(text, Fault) or not line.is_whole:
                break
            texts.append(text)
            if (cells := _cells(texts, self._rules.delimiter)) is not None:
                return cells, used
        waiting.extendleft(reversed(used[1:]))
        told = _decoded(first, self._rules.encoding)
        if isinstance(told, Fault):
            return told, [first]
        expected = "引号成对，引号内的引号写两次 / quotation marks in pairs"
        return Fault("CSV 格式错误 / not valid CSV", expected, shown(told)), [first]

    def _item(self, cells: list[str], line: int, raw: bytes, gate: Gate) -> Item:
        event = self._table.event(cells, line)
        if isinstance(event, list):
            return Item(line, raw, None, event)
        submission = judged(event, gate.judge, door="files")
        if (wrong := gate.wrong_source(submission)) is not None:
            return Item(line, raw, None, [wrong])
        return Item(line, raw, submission, [self._table.fault_of(problem) for problem in submission.problems])


def _cells(texts: Sequence[str], delimiter: str) -> list[str] | None:
    """Return the cells of one record; None when it is not whole, or no CSV."""
    try:
        records = list(csv.reader((f"{text}\n" for text in texts), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return records[0] if records else []


def _decoded(line: Line, encoding: str) -> str | Fault:
    try:
        return line.raw.decode(encoding)
    except UnicodeDecodeError as error:
        came = f"0x{line.raw[error.start]:02x}（第 {error.start + 1} 字节 / byte {error.start + 1}）"
        return Fault("编码不符 / wrong encoding", encoding, came)


def _too_long() -> Fault:
    return Fault("行过长 / line too long", f"至多 / at most {LONGEST_LINE} bytes", "更长 / more")
