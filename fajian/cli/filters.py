"""What the filters of a list may say. A word that nothing bears is refused: an empty list is good news."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

import typer

from fajian.cli.hints import did_you_mean
from fajian.errors import RequestError
from fajian.law.court_data import case_number
from fajian.law.documents import load_rules
from schemas.registry import TYPES

FEW = 12  #: so many words are listed where one of them is expected

_NUMBER_LIKE = re.compile(r"(?=.*[0-9０-９])(?=.*[\u4e00-\u9fff])[^/]*")


def canonical(subject: str | None) -> str | None:
    """Return the subject as the ledger writes it: a case number in any common spelling is understood.

    Raises `RequestError` with the reasons for what looks like a case number and is none.
    """
    if subject is None:
        return None
    number = case_number(subject)
    if number.is_accepted:
        return number.canonical or subject
    if _NUMBER_LIKE.fullmatch(subject):
        reasons = "\n".join(f"  · {reason}" for reason in number.reasons)
        raise RequestError(f"案号无效 / no case number: {subject}\n{reasons}")
    return subject


def known_rule(given: str | None) -> str | None:
    """Return *given* if the catalogue has such a period or trigger."""
    if given is None:
        return None
    rules = load_rules()
    return one_of("--rule", given, (*rules.periods, *rules.triggers))


def known_trigger(given: str | None) -> str | None:
    """Return *given* if the catalogue has such a trigger."""
    return None if given is None else one_of("--type", given, load_rules().triggers)


def known_stage(given: str | None) -> str | None:
    """Return *given* if flags have such a stage."""
    return one_of("--type", given, [found.name for found in TYPES.values() if found.family == "flag"])


def one_of(option: str, given: str | None, words: Iterable[str]) -> str | None:
    """Return *given* if it is one of *words*, or None; else say which one may have been meant."""
    known = {word.lower(): word for word in words}
    if given is None or given in known.values():
        return given
    near = get_close_matches(given.lower(), known, n=1)
    hint = did_you_mean(known[near[0]] if near else None)
    some = f"，应为 / expected one of {', '.join(known.values())}" if len(known) <= FEW else ""
    raise typer.BadParameter(f"没有 / there is no {given}{some}{hint}", param_hint=option)


def say_how_many(count: int, limit: int, *, newest: bool = True) -> None:
    """Say beside a list, for whoever reads it, that it is empty or was cut."""
    if count == 0:
        typer.echo("无 / none", err=True)
    elif count >= limit:
        zh, en = ("最近", "newest") if newest else ("其后", "next")
        typer.echo(f"只列{zh} {limit} 条，--limit 可增加 / only the {en} {limit}; --limit for more", err=True)
