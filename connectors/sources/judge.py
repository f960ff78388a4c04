"""What the door says of an event at once: the same rules as intake's, which has the last word."""

from connectors.sources.submissions import Judge, Verdict
from fajian.core.admission import examine
from fajian.law.events import load_events, load_intake_law
from schemas.cloudevents import Raw


def judge_for(side: str) -> Judge:
    """Return the judge of *side*'s events. It has no clock: whether a time lies ahead is for intake."""
    law = load_intake_law()

    def judge(raw: Raw) -> Verdict:
        examined = examine(raw, side, law)
        subject = examined.targets.primary if examined.targets else None
        return Verdict(examined.problems, examined.warnings, subject)

    return judge


def types_of(side: str) -> list[str]:
    """Return the event types that *side* may submit."""
    rows = load_events().values()
    return [row.ce_type for row in rows if side in row.publishers]
