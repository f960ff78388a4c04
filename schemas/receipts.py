"""What became of a submitted event: first intake's word, then that of the fold of its primary subject."""

from typing import Annotated, ClassVar, Final, Literal, get_args

from pydantic import Field, StringConstraints

from schemas.fields import Body, EventId, Ref, Text

Status = Literal["accepted", "rejected", "recorded", "duplicate", "conflict"]
STATUSES: Final[tuple[str, ...]] = get_args(Status)


class ProblemBody(Body):
    """One problem as RFC 9457 has it; the pointer (RFC 6901) leads into the event as structured JSON."""

    type: Text
    title: Text
    detail: Text
    pointer: Text


class Receipt(Body):
    """The answer to one submitted event."""

    family: ClassVar[str] = "receipt"

    source: Ref = Field(description="来源 / source of the event")
    id: EventId = Field(description="事件编号 / id of the event")
    subject: Ref | None = Field(None, description="主体 / canonical subject, where there is one")
    status: Status = Field(description="状态 / status")
    problems: tuple[ProblemBody, ...] = Field((), description="问题 / why it was refused")
    warnings: tuple[ProblemBody, ...] = Field((), description="提醒 / what is odd about it")
    ledger: Annotated[str, StringConstraints(pattern="^case\\.events/[0-9]+/[0-9]+$")] | None = Field(
        None, description="总账位置 / where it stands in the ledger: topic/partition/offset"
    )
    origin: Annotated[str, StringConstraints(pattern="^[a-z]+\\.inbox/[0-9]+/[0-9]+$")] | None = Field(
        None, description="收件位置 / where it stood in the inbox: topic/partition/offset"
    )


class Accepted(Receipt, title="已受理"):
    """Intake has passed the event on to the ledger."""


class Rejected(Receipt, title="已拒收"):
    """Intake has refused the event; a dead letter has its bytes."""


class Recorded(Receipt, title="已入账"):
    """The event stands in the ledger of its subject."""


class Duplicate(Receipt, title="重复"):
    """The same event was recorded before; nothing changes."""


class Conflict(Receipt, title="冲突"):
    """Another event of this source and id was recorded before; nothing changes."""
