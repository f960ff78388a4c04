"""What the bus says about a duty with a time, stage by stage. All stages have one body."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from schemas.fields import (
    Body,
    Day,
    Evidence,
    FlagId,
    Instance,
    Post,
    RuleId,
    RulesVersion,
    Severity,
    Side,
    SubjectText,
    Sure,
    Text,
)

Explanation = Annotated[
    dict[str, Any], Field(description="期限计算说明 / how the due day was counted, as `fajian due` prints it")
]
Answer = Annotated[
    dict[str, Any], Field(description="责任方答复 / the owner's answer: answer, on, evidence, note")
]


class Flag(Body):
    """One matter: one rule, one instance, one subject. Its id stays the same over all stages."""

    family: ClassVar[str] = "flag"

    rule: RuleId
    instance: Instance
    subject: SubjectText
    due_day: Day | None = Field(
        description="到期日，停止计算时为空 / due day; null while the clock is stopped"
    )
    owed_by: Post
    severity: Severity
    sure: Sure
    side: Side
    on: Day = Field(description="作出之日（一日终了） / day of the tick that raised it")
    flag_id: FlagId
    explanation: Explanation
    evidence: Evidence = ()
    historic: bool = Field(False, description="是否上线前旧事 / whether the breach is older than the bus")
    reported: bool = Field(
        False, description="是否已通报 / whether others than the owner have been told of the breach"
    )
    lateness_days: int | None = Field(
        None, ge=0, description="逾期天数 / days after the due day on which it was met"
    )
    answer: Answer | None = None
    rules: RulesVersion | None = None
    posts: tuple[Post, ...] | None = Field(None, description="通知职务 / posts that are told")
    reason: Text | None = Field(None, description="缘由 / why: what withdrew, paused or extended it")


class DeadlineOpened(Flag, title="期限开始"):
    """A duty with a time has begun."""


class DueSoon(Flag, title="临期提示"):
    """Seven, three or one day are left."""


class DueToday(Flag, title="今日到期"):
    """The coming day is the last one."""


class Overdue(Flag, title="逾期"):
    """The due day has ended without the act."""


class Breached(Flag, title="违反规定"):
    """A breach that no due day shows, such as an act too early: its owner may answer."""


class Lapsed(Flag, title="期满"):
    """The time of an effect or of a party's right is over. Nobody on the bus is late."""


class Escalated(Flag, title="升级"):
    """The owner's answer window has ended and the breach stands: others are told."""


class Met(Flag, title="已履行"):
    """The duty was fulfilled, in time or late."""


class Withdrawn(Flag, title="撤回预警"):
    """What was said does not stand: later knowledge shows that there was no breach."""


class Extended(Flag, title="期限延长"):
    """The due day has moved by an approval."""


class Paused(Flag, title="期限停止计算"):
    """Something stops the clock."""


class Resumed(Flag, title="期限恢复计算"):
    """The clock runs again. (A fact of this name says that a suspended enforcement goes on.)"""
