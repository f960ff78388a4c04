"""The local agreement of court and procuratorate as a file: read strictly, signed by both sides.

The text is TOML with comments; what is signed is its meaning, as canonical JSON. The signatures stand in a
file of their own beside it (`policy.toml.sig`), so that signing changes nothing of what was signed.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fajian.core.rules import LONGEST_WINDOW
from fajian.errors import PolicyError
from fajian.law.signatures import SIDES, Side, Signature, Standing, canonical, check_signature
from fajian.toml_places import Location, dotted, line_of

SIGNATURES_END = ".sig"  #: added to the name of the policy

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
Line = Annotated[str, Field(min_length=1, max_length=200)]
PublicKey = Annotated[str, Field(pattern=r"^ed25519:[A-Za-z0-9+/]{43}=$")]
Posts = Annotated[list[Name], Field(min_length=1)]

Problem = tuple[Location, str]


class Table(BaseModel):
    """A table of the policy: no key but these, no value of another kind."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Party(Table):
    """One of the two who agree."""

    name: Line
    code: Line


class Parties(Table):
    """Who agrees."""

    court: Party
    procuratorate: Party


class Body(Table):
    """The leading group, or its office: posts, never persons."""

    posts: Posts


class Meetings(Table):
    """The rhythm of the joint meetings."""

    every_months: int = Field(ge=1, le=24)
    called_by: Name


class BrakeTable(Table):
    """When the flags of one day are so many that two people must look first."""

    times: int = Field(default=10, ge=2, le=1000)
    of_ticks: int = Field(default=30, ge=5, le=366)
    at_least: int = Field(default=500, ge=1)
    keys: dict[Name, PublicKey] = Field(default_factory=dict)


class SameFaultTable(Table):
    """How many cases with one fault, within how many days, make a pattern."""

    cases: int = Field(ge=2, le=1000)
    days: int = Field(ge=1, le=LONGEST_WINDOW)


class Keys(Table):
    """The key that counts for each side."""

    court: PublicKey | None = None
    procuratorate: PublicKey | None = None


class Local(Table):
    """A shorter period that both sides have agreed on."""

    period: Name
    length: int = Field(ge=1)
    unit: Literal["day", "working-day", "month", "year"] = "day"
    count: Literal["ND", "WD", "M", "Y", "BACK"] | None = None


class Outage(Table):
    """Days on which records could not be made."""

    first: date
    last: date
    reason: Line


class Escalation(Table):
    """One rung of the ladder, in place of the bundled one of the same class."""

    stage: Literal[
        "DueSoon", "DueToday", "Overdue", "Breached", "Escalated", "Contested", "LeadRaised", "Lapsed"
    ]
    side: Side
    severity: Literal["hard", "soft", "any"] = "any"
    topic: Literal["money", "credit", "answer", "case", "own", "record", "any"] = "any"
    posts: Posts


class Annex(Table):
    """One cell of the visibility table, agreed otherwise."""

    row: Name
    side: Literal["court", "procuratorate", "office", "discipline"]
    access: Literal["full", "metadata", "disclosed", "masked", "listed", "referred", "none"]


class PolicyText(Table):
    """The whole agreement, as its file says it."""

    id: Name
    version: Line
    agreement: str = Field(pattern=r"^agreement/\S+$")
    go_live: date | None = None
    answer_window: int = Field(ge=1, le=60)
    grace_minutes: int = Field(default=60, ge=0, le=1440)
    late_days: int = Field(ge=0, le=365)
    approved: list[str] = Field(default_factory=list)
    leads_by_policy: list[str] = Field(default_factory=list)
    parties: Parties
    leading_group: Body
    office: Body
    meetings: Meetings
    brake: BrakeTable = Field(default_factory=BrakeTable)
    same_fault: SameFaultTable | None = None
    keys: Keys = Field(default_factory=Keys)
    local: list[Local] = Field(default_factory=list)
    outage: list[Outage] = Field(default_factory=list)
    escalation: list[Escalation] = Field(default_factory=list)
    visibility: list[Annex] = Field(default_factory=list)


@dataclass(frozen=True)
class PolicyFile:
    """A policy that could be read: the table that is signed, what it says, and who has signed it."""

    table: Mapping[str, Any]  #: as JSON has it: days as text
    said: PolicyText
    source: str = field(repr=False)  #: the file's text, for line numbers
    name: str = "the policy"
    signatures: Mapping[str, Signature] = field(default_factory=dict)

    @property
    def standing(self) -> dict[Side, Standing]:
        """Return how each side's signature stands."""
        return standing_of(self.table, self.signatures)

    @property
    def is_signed(self) -> bool:
        return all(standing == "valid" for standing in self.standing.values())

    def complaint(self, problems: list[Problem]) -> PolicyError:
        return PolicyError([_placed(self.name, self.source, problem) for problem in problems])


def standing_of(table: Mapping[str, Any], signatures: Mapping[str, Signature]) -> dict[Side, Standing]:
    """Return how each side's signature on *table* stands: with another key or text it is none."""
    keys = table.get("keys", {})
    return {side: check_signature(table, side, keys.get(side), signatures.get(side)) for side in SIDES}


def read_policy(path: Path) -> PolicyFile:
    """Read a policy and the signatures beside it. Raises `PolicyError` with a line for every problem."""
    try:
        source = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError([f"{path}: expected a policy in TOML (UTF-8): {error}"]) from error
    return parse_policy(source, name=str(path), signatures=read_signatures(signatures_beside(path)))


def parse_policy(
    source: str, *, name: str = "the policy", signatures: Mapping[str, Signature] | None = None
) -> PolicyFile:
    """Read the text of a policy, as strictly as it is written."""
    try:
        raw = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError([f"{name}: expected a policy in TOML: {error}"]) from error
    try:
        said = PolicyText.model_validate(raw)
    except ValidationError as error:
        problems = [_problem(item) for item in error.errors(include_url=False)]
        raise PolicyError([_placed(name, source, problem) for problem in problems]) from error
    return PolicyFile(orjson.loads(canonical(raw)), said, source, name, signatures or {})


def _placed(name: str, source: str, problem: Problem) -> str:
    where, message = problem
    return f"{name}:{line_of(source, where)}: {dotted(where)}: {message}"


def _problem(item: Any) -> Problem:
    """Word what pydantic found: what was expected, and what came."""
    where: Location = tuple(part for part in item["loc"] if part != "[key]")
    match item["type"]:
        case "missing":
            return where, "应有此项 / expected this key, it is not there"
        case "extra_forbidden":
            known = ", ".join(_keys_at(where[:-1]))
            return where, f"没有这一项 / expected one of the keys {known}; this one is not known"
    wanted = item["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return where, f"应为 / expected {wanted}, 得到 / got {item['input']!r}"


def _keys_at(where: Location) -> Iterator[str]:
    model: type[BaseModel] = PolicyText
    for part in where:
        if isinstance(part, str):
            model = next(_models_in(model.model_fields[part].annotation))
    yield from model.model_fields


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


# -- the signatures beside it ------------------------------------------------------------------------------


def signatures_beside(path: Path) -> Path:
    return path.with_name(path.name + SIGNATURES_END)


def read_signatures(path: Path) -> dict[str, Signature]:
    """Return the signatures in *path*; none where there is no such file."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
        return {side: Signature(**raw[side]) for side in SIDES if side in raw}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        raise PolicyError(
            [f"{path}: expected the signatures of a policy, as `fajian policy sign` writes them: {error}"]
        ) from error


def write_signatures(path: Path, signatures: Mapping[str, Signature]) -> None:
    """Write them in one go: who reads meanwhile sees the old file or the new one."""
    lines = [
        "# 双方对同一文本的签名，由 fajian policy sign 写入 / written by `fajian policy sign`, not by hand"
    ]
    for side, signature in sorted(signatures.items()):
        lines += ["", f"[{side}]", *(f'{name} = "{text}"' for name, text in signature._asdict().items())]
    half = path.with_name(path.name + ".part")
    half.write_text("\n".join(lines) + "\n", "utf-8")
    half.replace(path)
