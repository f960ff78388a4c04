"""How much each system may bring, so that one that floods the door does not keep the others waiting.

A bucket for each system fills at its rate up to its burst. Who finds anything in it may come in, and pays
for what he brought afterwards, if need be on credit: the size of a request is known only when it is read.
What one system brings is read one request after the other, and in turns with what the others bring.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from math import ceil

from connectors.source_config import HttpSource
from connectors.sources.problems import HttpProblem

BURST_SECONDS = 2  #: of its rate: what a system may bring at once after a rest, unless told otherwise


@dataclass
class Account:
    """What a system may bring; all its requests share it."""

    system: str
    rate: float  #: events per second
    burst: int
    level: float
    at: float
    under_way: int = 0
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until this system's other requests are read; raise 429 if what they brought is still owed."""
        async with self.reading:
            if self.level < 0:
                raise self.too_much()
            yield

    def too_much(self) -> HttpProblem:
        wait = max(1, ceil((1 - self.level) / self.rate))
        return _too_much(f"{self.system}: expected at most {self.rate:g} events per second", wait)

    def charge(self, events: int) -> None:
        """Pay for so many events; the request itself has been paid for."""
        self.level -= max(0, events - 1)


class Rates:
    """The buckets of all systems of one door."""

    def __init__(self, config: HttpSource, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._config = config
        self._own = {
            entry.system: (
                entry.events_per_second or config.events_per_second,
                entry.burst_events or config.burst_events,
            )
            for entry in config.keys
        }
        self._accounts: dict[str, Account] = {}

    @contextmanager
    def let_in(self, system: str) -> Iterator[Account]:
        """Let *system* in, or raise `HttpProblem` 429; what it brings is to be charged to its account."""
        account = self._account(system)
        if account.level <= 0:
            raise account.too_much()
        if account.under_way >= self._config.requests_at_once:
            raise _too_much(f"{system}: expected at most {self._config.requests_at_once} requests at once", 1)
        account.under_way += 1
        account.level -= 1  # for the request itself, even if nothing of use is in it
        try:
            yield account
        finally:
            account.under_way -= 1

    def _account(self, system: str) -> Account:
        now = self._clock()
        if (account := self._accounts.get(system)) is None:
            rate, burst = self._own.get(system, (self._config.events_per_second, self._config.burst_events))
            burst = burst or ceil(BURST_SECONDS * rate)
            account = self._accounts[system] = Account(system, rate, burst, burst, now)
        account.level = min(account.burst, account.level + (now - account.at) * account.rate)
        account.at = now
        return account


def _too_much(detail: str, wait_seconds: int) -> HttpProblem:
    return HttpProblem(429, "too-many", detail, headers={"Retry-After": str(wait_seconds)})
