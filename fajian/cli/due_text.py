"""Say in words how a due day came about, so that a clerk can follow every step."""

from collections.abc import Iterator
from datetime import date, datetime

from fajian.cli.due_request import Answer
from fajian.core.counting import CountedStop, Due
from fajian.core.rules import Period
from fajian.law import units
from fajian.law.calendar_data import load_calendar, load_holiday_names

WEEKDAYS = ("星期一 Mon", "星期二 Tue", "星期三 Wed", "星期四 Thu", "星期五 Fri", "星期六 Sat", "星期日 Sun")
UNITS = {unit: (zh, f"{unit.replace('-', ' ')}s") for unit, zh in units.UNITS.items()}
STOPS = {
    "files": "调卷",
    "expert": "鉴定、专家咨询",
    "appraisal": "评估",
    "audit": "审计",
    "auction": "拍卖、变卖",
    "public-notice": "公告",
    "stayed": "暂缓执行",
    "suspended": "中止执行",
    "review-suspended": "中止审查",
    "liquidation": "资产清理",
    "jurisdiction": "管辖争议",
    "law-question": "请示法律适用",
    "coordination": "执行争议协调",
}
COUNTS = {
    "ND": "自然日，末日遇休息日顺延 / natural days, the last one rolls",
    "WD": "只计工作日 / working days only",
    "M": "按月，对应日 / months, corresponding day",
    "Y": "按年，对应日 / years, corresponding day",
    "MIN": "须超过此期间，不顺延 / minimum wait, no roll",
    "BACK": "自将来之日倒算 / counted back from a future day",
    "EXP": "效力期限，届期失效，不顺延 / life of an effect, no roll",
    "H": "自下一整时起算，不顺延 / from the next full hour, no roll",
    "IMM": "法律未定期限，仅作提醒 / no number in the law: a reminder only",
}
NATURES = {
    "duty": "义务 / a duty",
    "right": "当事人或他人的期间，不构成逾期 / a party's or another's time, never a breach",
    "warning": "提醒线，不构成逾期 / an earlier line: reminds, never a breach",
    "effect": "效力期间，届满失效 / an effect that lapses",
    "bar": "禁止期间 / an act is forbidden for this time",
    "window": "可以申请的窗口 / the only time to ask",
    "check": "核对事项，无期间 / something to check, no time",
    "trap": "易混条文，不适用 / looks as if it applied, and does not",
}
SURE = {
    "V": "已核原文 verified",
    "V2": "据转引 as quoted",
    "M": "未核，凭记忆 unverified",
    "D": "本系统建议 our proposal",
}


def lines(answer: Answer) -> Iterator[str]:
    """Yield the explanation line by line, the due day last but for what it rests on."""
    due = answer.due
    if answer.period is not None:
        yield from _rule(answer, answer.period)
    yield _row("起算", "start", f"{_when(due.start)}（不计入 not counted）")
    yield _row("首日", "first day", _when(due.first_day))
    yield _row("期间", "length", f"{_length(due)}  {COUNTS[due.count]}")
    yield _row("名义届满", "nominal end", f"{_when(due.nominal_end)}{_month_end(due, due.nominal_end)}")
    for stop in due.stops:
        yield _row("扣除", "stop", _stop(stop))
    if due.extended_to is not None:
        yield _row("延长至", "extended to", _when(due.extended_to))
    if due.rolled_over:
        yield _row("跳过", "rolled over", "、".join(_rest_day(day) for day in due.rolled_over))
    yield from _results(due)
    yield _row(
        "日历", "calendar", due.calendar + (f"，规则 rules {answer.rules.version}" if answer.rules else "")
    )
    if due.provisional:
        yield from (_row("注意", "note", f"暂定：{why}") for why in _unknown_years(due))
    for note in answer.notes:
        yield _row("注意", "note", note)


def _rule(answer: Answer, period: Period) -> Iterator[str]:
    from fajian.law.naming import named_basis, named_post, named_severity  # only a rule needs the whole law

    yield _row("规则", "rule", f"{period.id}  {period.zh} / {period.en}")
    sure = f"{SURE[period.sure]}，{named_severity(period.severity)}"
    yield _row("依据", "basis", f"{named_basis(answer.basis)}；{sure}")
    yield _row("责任", "owed by", named_post(period.owed_by))
    if period.nature != "duty":
        yield _row("性质", "nature", NATURES[period.nature])
    if answer.variant is not None:
        yield _row("情形", "variant", f"{answer.variant.name}  {answer.variant.zh}")


def _results(due: Due) -> Iterator[str]:
    if due.suspended_since is not None:
        yield _row("届满日", "due", f"无：自 {due.suspended_since} 起停止计算 / none: suspended since then")
        return
    if due.lawful_from is not None:
        yield _row("可为之日", "lawful from", _when(due.lawful_from))
    if due.window_from is not None:
        yield _row("窗口开始", "window from", f"{_when(due.window_from)}{_month_end(due, due.window_from)}")
    if due.last_safe_day is not None:
        yield _row("最后安全日", "last safe day", f"{_when(due.last_safe_day)}（续期 renew by then）")
    if due.due_day is not None:
        name = ("失效日", "lapses") if due.count == "EXP" else ("届满日", "due")
        yield _row(*name, _when(due.due_day))
    if due.overdue_from is not None and due.count != "EXP":
        yield _row("逾期始于", "overdue from", _when(due.overdue_from))


def _row(zh: str, en: str, text: str) -> str:
    label = f"{zh} {en}"
    return label + " " * max(1, 26 - len(label) - len(zh)) + text


def _when(moment: date | datetime) -> str:
    shown = moment.isoformat(" ", "minutes") if isinstance(moment, datetime) else moment.isoformat()
    return f"{shown} {WEEKDAYS[moment.weekday()]}"


def _month_end(due: Due, end: date | datetime) -> str:
    """Say why *end* is on another day of its month than the start, where months or years are counted."""
    if due.unit not in ("month", "year") or end.day == due.start.day:
        return ""
    return "（该月无对应日，以月末日为届满日 / no corresponding day: the last day of the month）"


def _unknown_years(due: Due) -> Iterator[str]:
    """Say which of the days that were judged lie outside the notices that are loaded."""
    calendar = load_calendar()
    ends = (due.due_day, due.last_safe_day, due.first_day if due.unit == "working-day" else None)
    days = [moment for moment in (*due.rolled_over, *ends) if moment is not None]
    if min(days) < calendar.known_from:
        first = calendar.known_from.year
        yield f"{first} 年以前的放假通知未载入 / provisional: notices before {first} are not loaded"
    if max(days) > calendar.known_until:
        yield "所涉年份的放假通知尚未公布 / provisional: a notice is not out yet"


def _length(due: Due) -> str:
    zh, en = UNITS[due.unit]
    text = f"{due.length} {zh}"
    if due.nth > 1:
        text += f" × {due.nth}"
    if due.extra:
        text += f" + {due.extra} {zh}"
    return f"{text} ({en})"


def named_stop(kind: str) -> str:
    return f"{STOPS.get(kind, '')} {kind}".strip()


def _stop(stop: CountedStop) -> str:
    kind = named_stop(stop.kind)
    if stop.end is None:
        return f"{kind}  自 {stop.begin} 起，尚未结束 / still open"
    return f"{kind}  {stop.begin} 至 {stop.end}（不含 exclusive）：{stop.days} 日 days"


def _rest_day(day: date) -> str:
    return f"{day} {load_holiday_names().get(day) or WEEKDAYS[day.weekday()]}"
