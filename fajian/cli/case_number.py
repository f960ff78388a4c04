"""`fajian case-number`: read case numbers and say what is wrong with them."""

from collections.abc import Iterator
from typing import Annotated

import orjson
import typer

from fajian.clock import now
from fajian.core.case_numbers import CaseNumber, describe
from fajian.law.court_data import case_number as read

STATUS = {
    "valid": "有效 valid",
    "legacy": "旧案号 legacy",
    "document": "文书号 document of a case",
    "warning": "可用，请核对 accepted with a warning",
    "invalid": "无效 invalid",
}
LEVELS = {
    "supreme": "最高人民法院 supreme court",
    "high": "高级人民法院 high court",
    "intermediate": "中级人民法院 intermediate court",
    "basic": "基层人民法院 basic court",
}


def case_number(
    texts: Annotated[list[str], typer.Argument(metavar="TEXT...", help="案号 / case numbers")],
    as_json: Annotated[bool, typer.Option("--json", help="每行一个 JSON / one JSON object a line")] = False,
) -> None:
    """核对案号 / Parse and check case numbers. Exit status 1 if any is invalid."""
    year = now().year
    numbers = [read(text, year) for text in texts]
    for number in numbers:
        if as_json:
            typer.echo(orjson.dumps(describe(number)).decode())
        else:
            typer.echo("\n".join(_lines(number)))
    if not all(number.is_accepted for number in numbers):
        raise typer.Exit(1)


def _lines(number: CaseNumber) -> Iterator[str]:
    yield f"{number.input}：{STATUS[number.status]}"
    if number.canonical is not None and number.canonical != number.input:
        yield f"  规范写法 canonical  {number.canonical}"
    if number.court is not None:
        level = LEVELS.get(number.court_level or "", "")
        yield f"  法院 court  {number.court} {number.court_name or ''} {level}".rstrip()
    if number.type is not None:
        yield f"  类型 type  {number.type} {number.type_name or ''}".rstrip()
    for reason in number.reasons:
        yield f"  · {reason}"
