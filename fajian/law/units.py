"""What the units of a length are called in Chinese, after a number."""

from collections.abc import Mapping
from typing import Final

UNITS: Final[Mapping[str, str]] = {
    "day": "日",
    "working-day": "个工作日",
    "month": "个月",
    "year": "年",
    "hour": "小时",
}
