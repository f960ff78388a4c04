"""How the rows of an agency's CSV become events: one TOML file per kind of table.

A mapping names the columns that it reads and what they become; other columns stay where they are, so that
names of persons need not travel.
"""

import fnmatch
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from connectors.sources.file_faults import Fault, fault_of
from fajian.clock import SHANGHAI
from fajian.errors import ConnectorConfigError
from schemas.cloudevents import Raw
from schemas.names import derived_id
from schemas.problems import Problem, pointer_to
from schemas.registry import find

DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d")
INSTANTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M:%S")

_AMOUNT = re.compile(r"(-?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d{1,2})?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ENCODINGS = {
    **dict.fromkeys(("utf-8", "utf-8-sig"), "utf-8"),
    **dict.fromkeys(("gb18030", "gbk", "gb2312"), "gb18030"),
}


class Column(BaseModel):
    """One column, and how its text becomes a value."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    column: str
    kind: Literal["text", "day", "instant", "amount", "whole", "flag", "list"] = "text"
    optional: bool = False  #: the table may lack the column
    formats: tuple[str, ...] = ()  #: of days and instants, as strptime has them
    values: Mapping[str, str] = Field(default_factory=dict)  #: what the agency's words mean on the bus
    yes: tuple[str, ...] = ("是", "1", "true", "Y")
    no: tuple[str, ...] = ("否", "0", "false", "N")
    separator: str = "；"  #: between the items of a list


Value = Column | str | bool | int | list[str]


class Mapped(BaseModel):
    """What a mapping file says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: tuple[str, ...] = Field(min_length=1)  #: patterns of file names, such as 案款发放*.csv
    encoding: str = "utf-8"  #: utf-8 (with or without a mark at the beginning) or gb18030
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    skip_lines: int = Field(default=0, ge=0)  #: above the line of column names
    id: Literal["content", "line"] | Column = "content"
    event: Mapping[str, Value]
    data: Mapping[str, Value] = Field(default_factory=dict)

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, given: str) -> str:
        if given.lower() not in _ENCODINGS:
            raise ValueError(f"expected one of {', '.join(_ENCODINGS)}")
        return _ENCODINGS[given.lower()]

    @model_validator(mode="after")
    def _event_is_whole(self) -> "Mapped":
        missing = [name for name in ("source", "type", "subject", "time") if name not in self.event]
        if missing:
            raise ValueError(f"[event] lacks {', '.join(missing)}")
        return self


class CsvMapping(NamedTuple):
    """A mapping file, read."""

    path: Path
    rules: Mapped

    def fits(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.rules.files)


def load_mapping(path: Path) -> CsvMapping:
    """Read the mapping at *path*; every complaint names file and key."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return CsvMapping(path, Mapped.model_validate(raw))
    except OSError as error:
        raise ConnectorConfigError(f"{path}: expected a readable TOML file, {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConnectorConfigError(f"{path}: expected TOML, {error}") from error
    except ValidationError as error:
        told = [
            f"{path}: {'.'.join(map(str, item['loc']))}: {item['msg']}"
            for item in error.errors(include_url=False)
        ]
        raise ConnectorConfigError("\n".join(told)) from error


class Table:
    """The rows of one file under one mapping."""

    def __init__(self, mapping: CsvMapping, header: Sequence[str], *, sha256: str) -> None:
        self.header = [name.strip() for name in header]
        self._rules = mapping.rules
        self._sha256 = sha256
        self._places = {name: i for i, name in reversed(list(enumerate(self.header)))}
        self._columns = {
            **{pointer_to(name): value for name, value in mapping.rules.event.items()},
            **{pointer_to("data", name): value for name, value in mapping.rules.data.items()},
        }
        if isinstance(mapping.rules.id, Column):
            self._columns["/id"] = mapping.rules.id

    def missing_columns(self) -> list[str]:
        """Return the columns that the mapping needs and the file does not have."""
        wanted = [
            value for value in self._columns.values() if isinstance(value, Column) and not value.optional
        ]
        return [value.column for value in wanted if value.column not in self._places]

    def doubled_columns(self) -> list[str]:
        """Return the columns that the mapping reads and the file has twice."""
        wanted = {value.column for value in self._columns.values() if isinstance(value, Column)}
        return sorted(name for name in wanted if self.header.count(name) > 1)

    def event(self, cells: Sequence[str], line: int) -> Raw | list[Fault]:
        """Make the event of one row, or say what is wrong with it."""
        if len(cells) != len(self.header):
            return [Fault("列数不符 / wrong number of columns", f"{len(self.header)} 列", f"{len(cells)} 列")]
        faults: list[Fault] = []
        values: dict[str, Any] = {}
        for pointer, value in self._columns.items():
            try:
                values[pointer] = self._value(value, cells)
            except _CellError as error:
                assert isinstance(value, Column)
                faults.append(
                    Fault(error.title, error.expected, error.came, pointer, self._number(value), value.column)
                )
        if faults:
            return faults
        return self._raw(values, line)

    def fault_of(self, problem: Problem) -> Fault:
        """Lead *problem* of the finished event back to the column that it comes from."""
        column = self._columns.get(problem.pointer)
        if not isinstance(column, Column):
            return fault_of(problem)
        return fault_of(problem)._replace(column=self._number(column), column_name=column.column)

    def _number(self, column: Column) -> int | None:
        place = self._places.get(column.column)
        return None if place is None else place + 1

    def _value(self, value: Value, cells: Sequence[str]) -> Any:
        if not isinstance(value, Column):
            return value
        place = self._places.get(value.column)
        text = cells[place].strip() if place is not None else ""
        return _converted(value, text) if text else None

    def _raw(self, values: Mapping[str, Any], line: int) -> Raw:
        """Put the event together. Without an id of its own, what it says or where it stood is its name."""
        event = {name: values[pointer_to(name)] for name in self._rules.event}
        data = {name: values[pointer_to("data", name)] for name in self._rules.data}
        body = orjson.dumps({name: value for name, value in data.items() if value is not None})
        known = find(str(event["type"] or ""))
        attributes = {name: _attribute(name, value) for name, value in event.items() if value is not None}
        if known is not None:
            attributes["type"] = known.ce_type
        says = [attributes.get(name, "") for name in ("source", "type", "subject", "time")]
        match self._rules.id:
            case "content":
                name = derived_id("row", *says, body.decode())
            case "line":
                name = derived_id("line", says[0], self._sha256, str(line))
            case Column():
                name = _attribute("id", values["/id"]) if values["/id"] is not None else ""
        return Raw({"specversion": "1.0", **({"id": name} if name else {}), **attributes}, body)


class _CellError(Exception):
    def __init__(self, title: str, expected: str, came: str) -> None:
        super().__init__(title)
        self.title, self.expected, self.came = title, expected, came


def _attribute(name: str, value: Any) -> str:
    """Write an attribute; where an instant is due, a day stands for its beginning."""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"{text}T00:00:00+08:00" if name in ("time", "recordedtime") and _DAY.fullmatch(text) else text


def _converted(column: Column, text: str) -> Any:
    if column.values:
        if text not in column.values:
            raise _CellError("未知取值 / unknown value", "、".join(column.values), text)
        text = column.values[text]
    match column.kind:
        case "text":
            return text
        case "day":
            return _moment(text, column.formats or DAYS, "日期 / a day").date().isoformat()
        case "instant":
            found = _moment(text, column.formats or (*INSTANTS, *DAYS), "日期时间 / an instant")
            return (found if found.tzinfo else found.replace(tzinfo=SHANGHAI)).isoformat()
        case "amount":
            return _amount(text)
        case "whole":
            if not (text.isascii() and text.isdigit() and len(text) <= 18):
                raise _CellError("不是整数 / not a whole number", "整数 / a whole number", text)
            return int(text)
        case "flag":
            if text not in (*column.yes, *column.no):
                raise _CellError("未知取值 / unknown value", "、".join((*column.yes, *column.no)), text)
            return text in column.yes
        case "list":
            return [item.strip() for item in text.split(column.separator) if item.strip()]


def _moment(text: str, formats: Sequence[str], what: str) -> datetime:
    for form in formats:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone follows
        except ValueError:
            continue
    shown = "、".join(date(2022, 5, 1).strftime(form) for form in formats)
    raise _CellError("日期无法读取 / date cannot be read", f"{what}，如 {shown}", text)


def _amount(text: str) -> str:
    """Return yuan as the bus writes them; what people put around a sum is taken off."""
    match = _AMOUNT.fullmatch(text.removeprefix("¥").removeprefix("￥").removesuffix("元").strip())
    if match is None:
        raise _CellError("金额无法读取 / amount cannot be read", "元，至多两位小数，如 12,345.60", text)
    sign, whole, cents = match.groups()
    return f"{sign}{whole.replace(',', '')}.{(cents or '.').removeprefix('.').ljust(2, '0')}"
