"""What `fajian due` is asked: read from options or from one line of JSON, then answered."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, cast

from fajian.core.calendar import SHANGHAI, Calendar
from fajian.core.citations import printed_on
from fajian.core.counting import UNITS, Due, Length, Stop, count_due, explain
from fajian.errors import RequestError
from fajian.law.calendar_data import load_calendar

if TYPE_CHECKING:
    from fajian.core.rules import Period, Rules, Variant

FIELDS = (
    "rule",
    "variant",
    "length",
    "unit",
    "count",
    "day",
    "stops",
    "extended_to",
    "extra",
    "nth",
    "window",
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Request:
    """One question. Either *rule*, or *length*, *unit* and *count*."""

    day: str
    rule: str | None = None
    variant: str | None = None  #: which length of the rule, where it has several
    length: int | None = None
    unit: str | None = None
    count: str | None = None
    stops: Sequence[Stop] = ()
    extended_to: str | None = None
    extra: int = 0
    nth: int | None = None
    window: bool = False


@dataclass(frozen=True)
class Answer:
    """The due day, the rule that it follows from, and what had to be assumed."""

    due: Due
    period: "Period | None"
    variant: "Variant | None"
    rules: "Rules | None"
    nth: int | None
    notes: tuple[str, ...]

    @property
    def basis(self) -> str:
        """Return what the period rests on, with the article numbers of the day on which it begins."""
        assert self.period is not None
        assert self.rules is not None
        start = self.due.start
        day = start.date() if isinstance(start, datetime) else start
        cites = self.variant.cites if self.variant and self.variant.cites else self.period.cites
        return printed_on(cites, self.rules.instruments, day)

    def shape(self) -> dict[str, Any]:
        """Return the answer as other programs read it."""
        head: dict[str, Any] = dict.fromkeys(("rule", "basis", "sure", "severity", "owed_by"))
        if self.period is not None:
            head = {
                "rule": self.period.id,
                "basis": self.basis,
                "sure": self.period.sure,
                "severity": self.period.severity,
                "owed_by": self.period.owed_by,
            }
        shape = head | explain(self.due) | {"rules": self.rules.version if self.rules else None}
        if self.nth is not None:
            shape["number"] = self.nth
        if self.period is not None and self.period.nature != "duty":
            shape["nature"] = self.period.nature
        if self.variant is not None:
            shape["variant"] = self.variant.name
        return shape | ({"notes": list(self.notes)} if self.notes else {})


def answer(request: Request) -> Answer:
    """Count what *request* asks for; what cannot be answered is a `FajianError` that says why."""
    rules, period = _rule(request)
    variant = _variant(period, request)
    length, code = _length_and_code(period, variant, request)
    notes: list[str] = []
    start = _start(request.day, code, notes)
    until = None if request.extended_to is None else parse_day(request.extended_to, "extended_to")
    if period is not None:
        _check_against(period, request, notes)
        if not period.governs(start.date() if isinstance(start, datetime) else start):
            notes.append(f"规则 {period.id} 自 {period.since} 起适用 (the text governs from that day on)")
    if until is not None and until < (start.date() if isinstance(start, datetime) else start):
        raise RequestError(f"延长至 {until}，早于起算日 (the extension ends before the period starts)")
    calendar: Calendar = rules.calendar if rules else load_calendar()
    due = count_due(
        start,
        length,
        code,
        calendar,
        stops=request.stops,
        extra=request.extra,
        extended_to=until,
        window=request.window or (period is not None and period.nature == "window"),
        nth=1 if request.nth is None else request.nth,
    )
    counted = {(stop.kind, stop.begin, stop.end) for stop in due.stops}
    notes += [
        f"{stop.kind} {stop.begin} 起的停止不影响届满日 (this stop does not move the due day)"
        for stop in request.stops
        if (stop.kind, stop.begin, stop.end) not in counted
    ]
    return Answer(due, period, variant, rules, request.nth, tuple(notes))


def _rule(request: Request) -> "tuple[Rules | None, Period | None]":
    own = (request.length, request.unit, request.count)
    if request.rule is None:
        if None in own:
            raise RequestError(
                "请给出规则，或同时给出 length、unit、count (a rule, or all of length, unit, count)"
            )
        return None, None
    if own != (None, None, None):
        raise RequestError("规则与 length、unit、count 不能并用 (a rule has its own length, unit and count)")
    from fajian.law.documents import load_rules  # the whole law is read only when a rule is asked for

    rules = load_rules()
    period = rules.periods.get(request.rule)
    if period is None:
        known = ", ".join(rules.periods)
        raise RequestError(f"没有规则 {request.rule!r} (no such rule)；现有 (there are): {known}")
    return rules, period


def _variant(period: "Period | None", request: Request) -> "Variant | None":
    """Return the variant that is asked for; else the earlier text that governed the start day."""
    variants = period.variants if period else ()
    if request.variant is None:
        fits = period and variants and period.variant(parse_day(request.day[:10], "day"), {})
        return fits or None
    for variant in variants:
        if variant.name == request.variant:
            return variant
    known = ", ".join(variant.name for variant in variants) or "无 (none)"
    raise RequestError(f"没有 {request.variant!r} 这种期间 (no such variant)；现有 (there are): {known}")


def _length_and_code(
    period: "Period | None", variant: "Variant | None", request: Request
) -> tuple[Length, str]:
    if variant is not None:
        return variant.length, variant.count
    if period is None:
        return _length(request), cast(str, request.count)
    if period.length is None:
        raise RequestError(
            f"规则 {period.id} 没有确定的期间，由文书或协议确定 (its text has no number: an order or"
            f" agreement fixes the day)"
        )
    return period.length, period.count


def _length(request: Request) -> Length:
    if request.unit not in UNITS:
        raise RequestError(f"单位须为 (expected a unit of) {', '.join(UNITS)}，收到 (got) {request.unit!r}")
    return Length(cast(int, request.length), request.unit)


def _check_against(period: "Period", request: Request, notes: list[str]) -> None:
    """Refuse what the rule does not know; an extension that the row lacks is only noted."""
    for stop in request.stops:
        if stop.kind not in period.stops:
            kinds = ", ".join(period.stops) or "无 (none)"
            raise RequestError(
                f"{stop.kind!r} 不停止 {period.id} 的计算 (does not stop it)；适用的有 (these do): {kinds}"
            )
    if request.nth is not None and request.nth > period.repeat:
        raise RequestError(
            f"规则 {period.id} 只有 {period.repeat} 次，没有第 {request.nth} 次 (it repeats no further)"
        )
    if (request.extended_to or request.extra) and period.extension is None:
        notes.append(f"规则 {period.id} 未规定延长 (the rule knows no extension)")


def _start(text: str, code: str, notes: list[str]) -> date | datetime:
    if "T" in text or " " in text.strip():
        return _instant(text)
    day = parse_day(text, "day")
    if code != "H":
        return day
    notes.append("未给出时刻，按当日零时起算 (no hour given: taken as midnight)")
    return datetime.combine(day, time(0), SHANGHAI)


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise RequestError(
            f"时刻须如 2022-07-01T10:20:00+08:00，收到 {text!r} (expected an instant with its zone)"
        ) from error


def parse_day(text: object, name: str) -> date:
    """Return the day written as YYYY-MM-DD, and nothing else that Python would take for one."""
    try:
        if isinstance(text, str) and _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # 2022-02-30: the shape of a day, and none
    raise RequestError(f"{name} 须为日期 YYYY-MM-DD，收到 {text!r} (expected a day)")


def parse_stop(text: str) -> Stop:
    """Return the stop written as KIND:FROM:[TO]; without TO it lasts."""
    parts = text.split(":")
    if len(parts) not in (2, 3) or not parts[0]:
        raise RequestError(f"停止须写作 KIND:FROM:[TO]，收到 {text!r} (expected a stop)")
    end = parts[2] if len(parts) == 3 and parts[2] else None
    return _stop(parts[0], parts[1], end)


def _stop(kind: str, begin: object, end: object) -> Stop:
    return Stop(kind, parse_day(begin, "stop from"), None if end is None else parse_day(end, "stop to"))


def request_from(value: object) -> Request:
    """Return the request in one line of bulk input; every field is checked, none is guessed."""
    if not isinstance(value, dict):
        raise RequestError(f"每行须为一个 JSON 对象，收到 {type(value).__name__} (expected an object)")
    unknown = [name for name in value if name not in FIELDS]
    if unknown:
        raise RequestError(
            f"不认识的字段 (unknown fields): {', '.join(unknown)}；可用 (known): {', '.join(FIELDS)}"
        )
    if "day" not in value:
        raise RequestError("缺少 day (the field day is missing)")
    return Request(
        day=_text(value, "day") or "",
        rule=_text(value, "rule"),
        variant=_text(value, "variant"),
        length=_number(value, "length"),
        unit=_text(value, "unit"),
        count=_text(value, "count"),
        stops=tuple(_stop_from(stop) for stop in _list(value, "stops")),
        extended_to=_text(value, "extended_to"),
        extra=_number(value, "extra") or 0,
        nth=_number(value, "nth"),
        window=_flag(value, "window"),
    )


def _text(value: Mapping[str, Any], name: str) -> str | None:
    return cast("str | None", _typed(value, name, str, "文字 (text)"))


def _number(value: Mapping[str, Any], name: str) -> int | None:
    return cast("int | None", _typed(value, name, int, "整数 (a whole number)"))


def _flag(value: Mapping[str, Any], name: str) -> bool:
    found = value.get(name, False)
    if not isinstance(found, bool):
        raise RequestError(f"{name} 须为 true 或 false，收到 (got) {found!r}")
    return found


def _list(value: Mapping[str, Any], name: str) -> Sequence[object]:
    return cast("Sequence[object] | None", _typed(value, name, list, "列表 (a list)")) or ()


def _typed(value: Mapping[str, Any], name: str, kind: type, expected: str) -> object:
    found = value.get(name)
    if found is not None and (not isinstance(found, kind) or isinstance(found, bool)):
        raise RequestError(f"{name} 须为{expected}，收到 (got) {found!r}")
    return found


def _stop_from(value: object) -> Stop:
    if isinstance(value, str):
        return parse_stop(value)
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        raise RequestError(f'停止须如 {{"kind","from","to"}}，收到 {value!r} (expected a stop)')
    return _stop(value["kind"], value.get("from"), value.get("to"))
