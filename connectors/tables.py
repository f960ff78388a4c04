"""Rows of the tables that people open with a spreadsheet."""

import csv
import io
from collections.abc import Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  #: a spreadsheet would calculate what begins so


def table_row(cells: Sequence[object], encoding: str) -> bytes:
    """Return one line of CSV. None is an empty cell; a character that *encoding* lacks becomes `?`."""
    text = io.StringIO()
    csv.writer(text).writerow([_harmless(cell) for cell in cells])
    return text.getvalue().encode(encoding, "replace")


def _harmless(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
