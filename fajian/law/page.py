"""The catalogue as a page: every row with its source, mark and a worked example. `make docs` writes it."""

from collections.abc import Iterator
from datetime import date, datetime, time
from functools import cache
from typing import Any, Final

from fajian.core.calendar import SHANGHAI
from fajian.core.counting import Due, Length, count_due
from fajian.core.life import drawn
from fajian.core.lives import LIFE_CYCLES
from fajian.core.rules import Cue, Period, Rules, StopKind, StopLife, Trigger
from fajian.law.documents import load_rules
from fajian.law.examples import Example, load_examples
from fajian.law.units import UNITS
from fajian.law.worked import worked_facts

NATURES: Final = {
    "duty": "义务 duty",
    "right": "当事人或他人的期间 right",
    "warning": "提醒线 warning",
    "effect": "效力期间 effect",
    "bar": "禁止期间 bar",
    "window": "窗口 window",
    "check": "核对事项 check",
    "trap": "易混条文 trap",
}
#: What `fajian due` is asked and answers, as it prints it.
ANSWERED: Final = {
    "nominal_end": "名义届满 nominal end",
    "due_day": "届满日 due",
    "lawful_from": "可为之日 lawful from",
    "window_from": "窗口开始 window from",
    "last_safe_day": "最后安全日 last safe day",
    "suspended_since": "停止计算 suspended since",
    "provisional": "暂定 provisional",
    "extra": "延长 extra",
    "nth": "第几次 nth",
    "stops": "扣除 stops",
}
SHOWN_FROM: Final = date(2026, 3, 2)  #: where the catalogue has no worked example of a row, ours begins here

HEAD: Final = """\
# 期限和线索规则 / The law as data

This page is made from the tables in `fajian/law/` by `make docs`; do not edit it.
本页由 `make docs` 根据 `fajian/law/` 的数据表生成，请勿手工修改。
本页是产品的工作依据，不是法律意见；上线前须经双方逐条确认。

Marks / 核实程度:
**V** 已核对原文 read in the original · **V2** 据引文或官方摘要 read as quotation or summary ·
**M** 凭记忆，未核实 from memory · **D** 本产品建议 our own proposal.

Count / 计算: **ND** 自然日，顺延 · **WD** 工作日 · **M**、**Y** 月、年，对应日，顺延 · **H** 小时 ·
**MIN** 最短等待 · **BACK** 倒算 · **EXP** 效力期间，不顺延 ·
**IMM** 条文无日数，所列为提醒日数（D），不构成逾期.

Only a duty (义务) with a number is ever overdue.
Article numbers are those of the newest text; an explanation prints the number that was valid on its day.
"""


LIVES_HEAD: Final = """\
# 案件状态 / Life cycles

This page is made from the tables in `fajian/core/` by `make docs`; do not edit it.
本页由 `make docs` 根据 `fajian/core/` 的状态表生成，请勿手工修改。

A fact that its table does not have where the case stands is recorded all the same. It moves nothing, is
marked, and is told to the side that owns the data (T38). A case of which the bus knows nothing stands at
未知; where its history was not seen from the beginning, nothing is called impossible.
状态表之外的事实照样记录：不改变状态，加以标注，并告知数据所属一方（T38）。
"""

LIVES: Final = {"case": "执行案件 / Enforcement case", "supervision": "监督案件 / Supervision case"}


@cache
def page() -> str:
    """Return the whole page in Markdown."""
    rules = load_rules()
    return "\n".join((*_lines(rules), ""))


def lives_page() -> str:
    """Return the life cycles as a page in Markdown, with their diagrams in Mermaid."""
    lines = [LIVES_HEAD]
    for kind, cycle in LIFE_CYCLES.items():
        lines += [f"## {LIVES[kind]}\n", "```mermaid", drawn(cycle), "```\n"]
        lines += ["| beside 并行状态 | begins | ends |", "| --- | --- | --- |"]
        lines += [
            f"| {one.zh} {name} | {', '.join(sorted(one.begins))} | {', '.join(sorted(one.ends)) or '-'} |"
            for name, one in cycle.beside.items()
        ]
        lines.append("")
    return "\n".join(lines)


def _lines(rules: Rules) -> Iterator[str]:
    yield HEAD
    yield "## 期限 / Periods\n"
    for period in rules.periods.values():
        yield from _period(period, rules)
    yield "## 线索规则 / Triggers\n"
    for trigger in rules.triggers.values():
        yield from _trigger(trigger, rules)
    yield "## 停止计算 / Stops\n"
    yield "| kind | begins | ends | 自行届满 ends by itself |\n| --- | --- | --- | --- |"
    for stop in rules.stops.values():
        yield f"| {stop.kind} | {_cues(stop.begins)} | {_cues(stop.ends)} | {_lives(stop)} |"
    yield ""
    yield "## 规范 / Instruments\n"
    yield "| short | 名称 | versions | sure |\n| --- | --- | --- | --- |"
    for one in rules.instruments.values():
        texts = ", ".join(f"{version.name} ({version.since})" for version in one.versions)
        yield f"| {one.short} | {one.zh} | {texts} | {one.sure} |"


def _period(period: Period, rules: Rules) -> Iterator[str]:
    yield f"### {period.id}\n"
    yield f"{period.zh} / {period.en}\n"
    of = f" of `{period.line_of}`" if period.line_of else ""
    yield f"- {NATURES[period.nature]}{of}, {period.severity}"
    yield f"- 责任 owed by: `{period.owed_by}` ({period.side})"
    yield f"- 期间 length: {_length(period.length, period.count)}"
    for variant in period.variants:
        basis = f", {variant.basis}" if variant.basis else ""
        yield f"- {variant.zh} `{variant.name}`: {_length(variant.length, variant.count)}{basis}"
    since = f", 自 since {period.since}" if period.since else ""
    yield f"- 依据 basis: {period.basis} (**{period.sure}**{since})"
    if period.opens:
        tie = f", 同一 same {period.tie}" if period.tie else ""
        yield f"- 开始 opens: {_cues(period.opens)}" + (f" × {_cue(period.per)}{tie}" if period.per else "")
    if period.renewed_by:
        yield f"- 重新开始 opens anew after: {_cue(period.renewed_by)}"
    closes = (*period.closes, *period.closes_all)
    if closes:
        yield f"- 履行 closes: {_cues(closes)}" + (f", {period.repeat} 次 times" if period.repeat > 1 else "")
    if period.ends:
        yield f"- 消灭 ends: {_cues(period.ends)}"
    if period.stops:
        yield f"- 扣除 stops: {', '.join(period.stops)}"
    if period.extension:
        by = f" ({', '.join(period.extension.by)})" if period.extension.by else ""
        yield f"- 延长 extension: {period.extension.event}{by}"
    yield f"- 逾期 overdue: {period.overdue or '-'}"
    yield from (f"- 例 {example}" for example in examples_of(period, rules))
    yield ""


def _trigger(trigger: Trigger, rules: Rules) -> Iterator[str]:
    yield f"### {trigger.id}\n"
    yield f"{trigger.zh} / {trigger.en}\n"
    yield f"- 依据 basis: {trigger.basis} (**{trigger.sure}**), 监督事由 ground: {trigger.ground}"
    names = ", ".join(trigger.periods) or "-"
    yield f"- 期限 periods: {names}; 发现 finder: {trigger.finder or trigger.pattern or '-'}"
    yield from (f"- 例 {example}" for example in examples_of(trigger, rules))
    yield ""


def examples_of(row: Period | Trigger, rules: Rules) -> list[str]:
    """Return worked examples of *row*, each with its days and why they are what they are.

    Those of the catalogue come with their number; where it has none, one of ours. A trigger shows facts, and
    what the bus says of them.
    """
    if isinstance(row, Trigger):
        return [f"example: {line}" for line in worked_facts(row, rules)]
    worked = [example for example in load_examples() if example.rule == row.id]
    if worked or row.length is None:
        return [f"{example.no}: {_worked(example)}" for example in worked]
    return [f"example: {_shown(row, rules)}"]


def _lives(stop: StopKind) -> str:
    """Return when *stop* ends by itself."""
    said = [stop.until] if stop.until else []
    for life in (*stop.lives, StopLife(cap=stop.cap)):
        times = (
            ("未定期限 usually", life.usual),
            ("至多 at most", life.cap),
            ("延长后 extended", life.extended),
        )
        told = ", ".join(f"{word} {time.number}{UNITS[time.unit]}" for word, time in times if time)
        of = "; ".join(f"{name} {_values(values)}" for name, values in life.when.items())
        of = of or ("其余 otherwise" if stop.lives else "")
        said += [f"{of}: {told}" if of else told] if told else []
    said += [f"延长 extended by {_cue(stop.extended_by)}"] if stop.extended_by else []
    return "; ".join(said) or "-"


def _length(length: Length | None, count: str) -> str:
    if length is None:
        return "条文无确定期间 no number in the text" + ("" if count == "IMM" else f" ({count})")
    return f"{length.number}{UNITS[length.unit]} ({count})"


def _cues(cues: tuple[Cue, ...]) -> str:
    return ", ".join(_cue(cue) for cue in cues)


def _cue(cue: Cue) -> str:
    said = [cue.day] if cue.day else []
    said += [f"{name} {_values(values)}" for name, values in cue.when.items()]
    said += [f"not {name} {_values(values)}".rstrip() for name, values in cue.unless.items()]
    said += [f"+ {cue.plus.number}{UNITS[cue.plus.unit]}"] if cue.plus else []
    said += [f"by {cue.side}"] if cue.side else []
    words = (("timely", cue.timely), ("after", cue.after), ("later", cue.later))
    said += [word for word, holds in words if holds]
    return f"{cue.event} ({'; '.join(said)})" if said else cue.event


def _values(values: tuple[Any, ...]) -> str:
    return "/".join(str(value).lower() if isinstance(value, bool) else str(value) for value in values)


def _worked(example: Example) -> str:
    asked = ", ".join(f"{ANSWERED.get(name, name)} {_plain(value)}" for name, value in example.ask.items())
    said = ", ".join(
        f"{ANSWERED.get(name, name)} **{_plain(value)}**" for name, value in example.answer.items()
    )
    why = f"; {example.why}" if example.why else ""
    return f"{example.day}{f' ({asked})' if asked else ''} → {said}{why}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    return "、".join(value) if isinstance(value, list) else str(value)


def _shown(period: Period, rules: Rules) -> str:
    assert period.length is not None
    start = datetime.combine(SHOWN_FROM, time(10, 20), SHANGHAI) if period.count == "H" else SHOWN_FROM
    window = period.nature == "window"
    due = count_due(start, period.length, period.count, rules.calendar, window=window)
    return f"{start} → {_answer(due)}; {_why(due, window=window)}"


def _why(due: Due, *, window: bool) -> str:
    """Say in words how the day came about."""
    if due.count == "H":
        return f"自下一整时起算 from the next full hour, {due.first_day}"
    if due.count == "BACK":
        how = "届满前的窗口 the window before the end" if window else "自该日倒算 counted back from that day"
    else:
        how = f"次日起算 from the next day, {due.first_day}"
    steps = [how, f"届满 nominal end {due.nominal_end}"]
    if due.rolled_over:
        steps.append(f"末日休息 rolled over {', '.join(map(str, due.rolled_over))}")
    if due.count == "MIN":
        steps.append("超过，不含本数 more than: the last day itself is too early")
    if due.count == "EXP":
        steps.append("效力不顺延 an effect lapses even on a rest day")
    return "；".join(steps)


def _answer(due: Due) -> str:
    names = ("lawful_from", "window_from", "due_day", "last_safe_day")
    days = {name: day for name in names if (day := getattr(due, name)) is not None}
    return ", ".join(f"{ANSWERED[name]} **{day}**" for name, day in days.items())
