"""Supervision leads: unreviewed signals, by the bus or by people. Never findings."""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.fields import Day, Evidence, Fact, Instance, LeadId, Ref, RuleId, RulesVersion, Side, SubjectText
from schemas.flags import Answer, Explanation


class Lead(Fact):
    family: ClassVar[str] = "lead"


class LeadRaised(Lead, title="线索产生（未经核实）"):
    """A possible breach that a prosecutor may look at. The bus fills trigger and rule; people need not."""

    lead_id: LeadId
    ground: Ref = Field(description="监督事由 / ground of supervision, such as 106(2)")
    unverified: Literal[True] = Field(True, description="未经核实 / always: unverified")
    trigger: Ref | None = Field(None, description="触发规则 / trigger, such as T20")
    rule: RuleId | None = None
    instance: Instance = ""
    subject: SubjectText | None = None
    on: Day | None = Field(None, description="产生之日 / day of the tick that raised it")
    side: Side | None = Field(None, description="责任方 / side that owes the duty")
    due_day: Day | None = Field(None, description="到期日 / due day of the breached duty")
    explanation: Explanation | None = None
    evidence: Evidence = ()
    answer: Answer | None = None
    rules: RulesVersion | None = None
