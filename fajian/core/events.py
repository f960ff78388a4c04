"""What the law knows of an event type: who may say it, of what, who sees it, what it stops."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventRow:
    """One row of `events.toml`."""

    name: str
    zh: str
    family: str
    ce_type: str
    publishers: tuple[str, ...]  #: sides that may submit it; none: the hub alone
    subjects: tuple[str, ...]  #: kinds of subject that it may be about
    visible: tuple[str, ...]  #: sides that see it by default
    precedence: int  #: order among the facts of one instant
    source: str
    sure: str
    begins_stop: tuple[str, ...] = ()
    ends_stop: tuple[str, ...] = ()
