"""Time as data: what the ticker writes into every partition of the ledger."""

from typing import ClassVar

from pydantic import Field

from schemas.fields import Body, Day, RulesVersion


class Clock(Body):
    family: ClassVar[str] = "clock"


class ClockTicked(Clock, title="一日终了"):
    """A day of Shanghai has ended; flags are raised when the fold reads this, never by a wall clock."""

    day: Day
    rules: RulesVersion
    incomplete: bool = Field(
        False, description="是否缺少当日事件 / whether facts of the day may still be missing"
    )


class LedgerDeclared(Clock, title="总账声明"):
    """The first record of every partition of a ledger."""

    simulated: bool = Field(description="是否模拟 / whether this ledger lives in simulated time")
    rules: RulesVersion
    from_day: Day
