"""What follows from one attempt to deliver: done, again at a time, failed for good, or closed. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

JITTER = 0.2  #: a pause is this much shorter or longer, so that not all come again at once
LONGEST_WISH = timedelta(hours=24)  #: that a receiver is granted

State = Literal["waiting", "delivered", "failed"]


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended. *detail* is ours to show: it never holds case contents."""

    delivered: bool
    detail: str = ""
    status: int | None = None  #: as the receiver numbers it: HTTP or SMTP
    again_at: datetime | None = None  #: as the receiver asked
    is_final: bool = False  #: this message will not be taken, now or later
    closes: bool = False  #: the receiver wants no more messages at all


class Step(NamedTuple):
    """Where a delivery stands after an attempt."""

    state: State
    next_at: datetime | None


def step_after(
    outcome: Outcome, attempts: int, ladder: Sequence[float], *, now: datetime, chance: Callable[[], float]
) -> Step:
    """Return what follows from attempt number *attempts* (from 1). *chance* yields numbers from 0 to 1."""
    if outcome.delivered:
        return Step("delivered", None)
    if outcome.closes:
        return Step("waiting", now)  # for the person who opens the receiver again
    if outcome.is_final or attempts > len(ladder):
        return Step("failed", None)
    pause = ladder[attempts - 1] * (1 + JITTER * (2 * chance() - 1))
    soonest = now + timedelta(seconds=pause)
    return Step("waiting", max(soonest, outcome.again_at) if outcome.again_at else soonest)


def again_at(header: str | None, *, now: datetime) -> datetime | None:
    """Read Retry-After: seconds or an HTTP date. What cannot be read, or lies in the past, is no wish."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return now + min(timedelta(seconds=int(text[:9])), LONGEST_WISH)
    try:
        wished = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a year or a zone beyond what a machine counts
        return None
    wished = wished if wished.tzinfo else wished.replace(tzinfo=UTC)
    return min(wished, now + LONGEST_WISH) if wished > now else None


class Breaker:
    """Gives a receiver that fails again and again a rest, and then tries with a single message."""

    def __init__(self, *, after: int, rest_seconds: float, most_rests: int = 10) -> None:
        self._after = after
        self._rest = timedelta(seconds=rest_seconds)
        self._longest = self._rest * most_rests
        self._pause = self._rest
        self.failures = 0  #: in a row
        self.opened_until: datetime | None = None
        self._wished_until: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        return any(until is not None and now < until for until in (self.opened_until, self._wished_until))

    @property
    def is_probing(self) -> bool:
        """Tell whether the receiver has not yet shown that it is back: then one message at a time."""
        return self.opened_until is not None

    def note(self, outcome: Outcome, now: datetime) -> bool:
        """Take in an outcome; tell whether the receiver has just come back."""
        if outcome.delivered:
            came_back = self.is_probing
            self.failures, self.opened_until, self._pause = 0, None, self._rest
            self._wished_until = None
            return came_back
        if outcome.is_final:  # about the message, not about the receiver
            return False
        self.failures += 1
        if outcome.again_at is not None:
            self._wished_until = outcome.again_at
        if self.failures >= self._after and not self.is_open(now):
            self.opened_until = now + self._pause
            self._pause = min(2 * self._pause, self._longest)
        return False
