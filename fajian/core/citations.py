"""What a row of the law rests on: instrument, version and article, never a bare number.

Articles move when a law is amended. A row cites the newest text; what is printed is the number of the day.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

_ARTICLE = re.compile(r"([0-9]+)(.*)", re.DOTALL)


class Citation(NamedTuple):
    """One article of one instrument, as its newest version numbers it."""

    instrument: str
    article: str


@dataclass(frozen=True, slots=True)
class Version:
    """One text of an instrument."""

    name: str
    since: date


@dataclass(frozen=True, slots=True)
class Instrument:
    """A law, interpretation or rule, with the texts that it has had."""

    short: str
    zh: str
    versions: tuple[Version, ...]  #: oldest first; rows cite the articles of the last one
    sure: str
    moved: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: article of the last version -> version -> the number that it has there

    @property
    def since(self) -> date:
        return self.versions[0].since

    def on(self, day: date) -> Version:
        """Return the text in force on *day*; before the first that we know, the first."""
        return next((one for one in reversed(self.versions) if one.since <= day), self.versions[0])

    def article(self, article: str, version: Version) -> str | None:
        """Return the number of *article* in *version*, or None where nobody has told us."""
        newest = self.versions[-1]
        match = _ARTICLE.match(article)
        if version == newest or match is None:
            return article
        number = self.moved.get(match[1], {}).get(version.name)
        return None if number is None else number + match[2]


def read_citations(text: str, instruments: Mapping[str, Instrument]) -> tuple[Citation, ...]:
    """Take a basis such as `CPL 251; MONEY 7(2), 8(1)` apart. What names no instrument has no article."""
    return tuple(found for item in text.split(";") for found in _read(item.strip(), instruments))


def _read(item: str, instruments: Mapping[str, Instrument]) -> Sequence[Citation]:
    name, _, articles = item.partition(" ")
    if name not in instruments:
        return [Citation(item, "")]
    return [Citation(name, article.strip()) for article in articles.split(",") if article.strip()] or [
        Citation(name, "")
    ]


class Cited(NamedTuple):
    """A citation in the text of a day."""

    instrument: str
    version: str
    article: str
    printed: str


def cited_on(cites: Sequence[Citation], instruments: Mapping[str, Instrument], day: date) -> list[Cited]:
    """Return *cites* with the numbers valid on *day*.

    Where the number in the text of that day is not known, the newest one stands, and names its version.
    """
    return [_cited(cite, instruments.get(cite.instrument), day) for cite in cites]


def _cited(cite: Citation, instrument: Instrument | None, day: date) -> Cited:
    if instrument is None:
        return Cited(cite.instrument, "", cite.article, cite.instrument)
    newest, then = instrument.versions[-1], instrument.on(day)
    number = instrument.article(cite.article, then)
    version = newest if number is None else then
    article = cite.article if number is None else number
    printed = f"{cite.instrument} {article}".strip()
    if version != newest or then != newest:
        printed += f" ({version.name})"
    return Cited(cite.instrument, version.name, article, printed)


def printed_on(cites: Sequence[Citation], instruments: Mapping[str, Instrument], day: date) -> str:
    """Return the basis in one line, as it is read on *day*."""
    lines: list[str] = []
    before = ""
    for cited in cited_on(cites, instruments, day):
        if cited.instrument == before:
            lines[-1] += ", " + cited.printed.removeprefix(f"{cited.instrument} ")
        else:
            lines.append(cited.printed)
        before = cited.instrument
    return "; ".join(lines)
