"""`fajian law`: the catalogue as a lawyer reads it."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from fajian.cli.due_text import named_stop
from fajian.core.citations import Citation
from fajian.core.counting import Length
from fajian.core.lives import LIFE_CYCLES
from fajian.core.rules import Cue, Period, Rules, Trigger
from fajian.law import adoption
from fajian.law.catalogue import faults
from fajian.law.documents import load_rules, load_rules_under
from fajian.law.naming import named_basis, named_post, named_rule, named_type
from fajian.law.page import NATURES, examples_of, lives_page, page
from fajian.law.units import UNITS

app = typer.Typer(
    help="期限与线索规则目录 / the catalogue of duties and triggers",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="JSON")]

CORRESPONDING = (
    "对应日，无对应日的为月末日，顺延 / corresponding day, else the last of the month, rolled forward"
)
COUNTS = {
    "ND": "自然日，末日为休息日的顺延 / natural days, rolled forward",
    "WD": "工作日 / working days",
    "M": f"月，{CORRESPONDING}",
    "Y": f"年，{CORRESPONDING}",
    "MIN": "最短期间，次日起方可为之 / minimum wait",
    "BACK": "倒算 / counted back",
    "EXP": "效力期间，不顺延 / life of an effect, never rolled",
    "H": "小时 / hours",
    "IMM": "及时，无确定日数 / without a number",
}
MARKS = {
    "V": "已核对原文 / read in the original",
    "V2": "据引文或官方摘要 / read as quotation or summary",
    "M": "凭记忆，未核实 / from memory",
    "D": "本产品建议，非法律 / our own proposal",
}
SEVERITIES = {"hard": "硬（法律、司法解释） / hard", "soft": "软（规范性文件） / soft"}


@app.command("list")
def list_(as_json: Json = False) -> None:
    """列出全部期限和线索规则 / List all periods and triggers."""
    rules = load_rules()
    for row in _rows(rules):
        if as_json:
            print(orjson.dumps(_plain(row)).decode())
        elif isinstance(row, Period):
            length = _length(row.length)
            print(f"{row.id:<20} {length:<8} {row.count:<5} {row.sure:<3} {row.zh} / {row.en}  [{row.basis}]")
        else:
            print(f"{row.id:<20} {'线索':<7} {'':<5} {row.sure:<3} {row.zh} / {row.en}  [{row.basis}]")


@app.command()
def show(rule: Annotated[str, typer.Argument(help="期限或线索编号 / id")], as_json: Json = False) -> None:
    """一条规则的全部内容 / One row, with its source."""
    rules = load_rules()
    row = rules.periods.get(rule) or rules.triggers.get(rule)
    if row is None:
        known = ", ".join((*rules.periods, *rules.triggers))
        raise typer.BadParameter(f"没有这条规则 / no such rule: {rule}. 有 / there are: {known}")
    examples = examples_of(row, rules)
    if as_json:
        print(orjson.dumps(_plain(row) | {"examples": examples}).decode())
        return
    print(f"{row.id}  {row.zh} / {row.en}")
    for label, text in (*_description(row), *(("例 / example", _plain_text(one)) for one in examples)):
        print(f"  {label}: {text}")


@app.command()
def check(as_json: Json = False) -> None:
    """检查目录是否自洽 / Check that the tables hold together."""
    rules = load_rules()
    found = list(faults(rules))
    counts = {"periods": len(rules.periods), "triggers": len(rules.triggers), "events": len(rules.events)}
    if as_json:
        print(orjson.dumps({"rules": rules.version, **counts, "faults": found}).decode())
    else:
        for fault in found:
            print(fault)
        verdict = "有误 / faults" if found else "自洽 / consistent"
        print(f"{rules.version}: {counts['periods']} 期限, {counts['triggers']} 线索规则, {verdict}")
    raise typer.Exit(1 if found else 0)


@app.command()
def pending(
    policy: Annotated[
        Path | None, typer.Option(help="政策文件，默认示范政策 / a policy instead of the model")
    ] = None,
    as_json: Json = False,
) -> None:
    """未核实、须双方认可的规则 / Unverified rows: own-side reminders until both sides approve.

    An approval counts only in a policy that both sides have signed.
    """
    for row in adoption.pending(load_rules_under(policy)):
        line = {"id": row.id, "sure": row.sure, "zh": row.zh, "en": row.en, "basis": row.basis}
        print(orjson.dumps(line).decode() if as_json else f"{row.id:<20} {row.sure}  {row.zh} / {row.en}")


@app.command("page")
def page_() -> None:
    """目录页（Markdown） / The catalogue as a page, with every source, mark and worked example."""
    print(page(), end="")


@app.command()
def lives(as_json: Json = False) -> None:
    """案件状态图（Markdown、Mermaid） / The two life cycles as a page, with diagrams."""
    if as_json:
        tables = {
            kind: {"states": cycle.states, "transitions": cycle.transitions}
            for kind, cycle in LIFE_CYCLES.items()
        }
        print(orjson.dumps(tables).decode())
    else:
        print(lives_page(), end="")


def _rows(rules: Rules) -> list[Period | Trigger]:
    return [*rules.periods.values(), *rules.triggers.values()]


def _plain_text(example: str) -> str:
    """Return an example of the page without its Markdown."""
    return example.removeprefix("example: ").replace("**", "")


def _description(row: Period | Trigger) -> list[tuple[str, str]]:
    shared = [
        ("依据 / basis", named_basis(row.basis)),
        ("核实 / sure", f"{row.sure} {MARKS[row.sure]}"),
        (
            "性质 / severity",
            SEVERITIES[row.severity],
        ),
    ]
    if isinstance(row, Trigger):
        names = "、".join(map(named_rule, row.periods)) or f"{row.finder or row.pattern}（从事实中发现）"
        return [*shared, ("所指 / names", names), ("监督事由 / ground", named_basis(row.ground))]
    extension = row.extension
    return [
        *shared,
        ("责任人 / owed by", named_post(row.owed_by)),
        ("开始 / opens", "；".join(map(_cue, row.opens))),
        ("履行 / closes", "；".join(map(_cue, (*row.closes, *row.closes_all)))),
        ("消灭 / ends", "；".join(map(_cue, row.ends)) or "-"),
        ("类别 / nature", NATURES[row.nature] + (f"（{named_rule(row.line_of)}）" if row.line_of else "")),
        ("期间 / length", f"{_length(row.length)}，{COUNTS[row.count]}"),
        *((f"{variant.zh} / {variant.name}", _length(variant.length)) for variant in row.variants),
        ("适用 / since", str(row.since or "-")),
        ("扣除 / stops", "、".join(map(named_stop, row.stops)) or "-"),
        (
            "延长 / extension",
            f"{named_type(extension.event, 'fact')}（{'、'.join(map(named_post, extension.by))}）"
            if extension
            else "-",
        ),
        ("逾期 / overdue", row.overdue or "-"),
    ]


def _length(length: Length | None) -> str:
    return "-" if length is None else f"{length.number}{UNITS[length.unit]}"


def _cue(cue: Cue) -> str:
    return named_type(cue.event, "fact") + (f"（{cue.day}）" if cue.day else "")


def _plain(value: Any) -> Any:
    """Return a row as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        kind = {"kind": "trigger"} if isinstance(value, Trigger) else {}
        kind = {"kind": "period"} if isinstance(value, Period) else kind
        return kind | {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Citation):
        return value._asdict()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
