"""How much each system may bring, so that one that floods the door does not keep the others waiting.

A bucket for each system fills at its rate up to its burst. Who finds anything in it may come in, and pays
for what he brought afterwards, if need be on credit: the size of a request is known only when it is read.
Who finds nothing is held, unread, until it is his turn by the rate. If that would take too long he is held
all the same, and sent away then: a refusal costs the door nearly as much as an event, and who hears it at
once comes again at once. What one system brings is read one request after the other, and in turns with what
the others bring.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import ceil

from connectors.source_config import HttpSource
from connectors.sources.problems import HttpProblem

Sleep = Callable[[float], Awaitable[None]]

BURST_SECONDS = 1  #: of its rate: what a system may bring at once after a rest, unless told otherwise


@dataclass
class Account:
    """What a system may bring; all its requests share it."""

    system: str
    rate: float  #: events per second
    burst: int
    patience: float  #: seconds
    level: float  #: negative by those who are held, and by what was brought on credit
    at: float
    under_way: int = 0
    held: int = 0  #: who will be sent away
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until this system's other requests are read; raise 429 if what they brought is still owed."""
        async with self.reading:
            if self.level < -self.rate * self.patience:
                raise self.too_much()
            yield

    @property
    def wait(self) -> float:
        """Return the seconds until who comes now may come in."""
        return 0.0 if self.level > 0 else (1 - self.level) / self.rate

    def too_much(self) -> HttpProblem:
        detail = f"{self.system}: expected at most {self.rate:g} events per second"
        return _too_much(detail, max(1, ceil((1 - self.level) / self.rate)))

    def charge(self, events: int) -> None:
        """Pay for so many events; the request itself has been paid for."""
        self.level -= max(0, events - 1)


class Rates:
    """The buckets of all systems of one door."""

    def __init__(
        self, config: HttpSource, *, clock: Callable[[], float], sleep: Sleep = asyncio.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._config = config
        self._own = {
            entry.system: (
                entry.events_per_second or config.events_per_second,
                entry.burst_events or config.burst_events,
            )
            for entry in config.keys
        }
        self._accounts: dict[str, Account] = {}

    @asynccontextmanager
    async def let_in(self, system: str) -> AsyncIterator[Account]:
        """Let *system* in, or raise `HttpProblem` 429; what it brings is to be charged to its account."""
        account, most = self._account(system), self._config.requests_at_once
        if account.wait > account.patience:
            await self._hold(account)
            raise account.too_much()
        if account.under_way >= most:
            await self._hold(account)
            raise _too_much(f"{system}: expected at most {most} requests at once", 1)
        wait = account.wait
        account.under_way += 1
        account.level -= 1  # for the request itself, even if nothing of use is in it
        try:
            if wait:
                await self._sleep(wait)
            yield account
        finally:
            account.under_way -= 1

    async def _hold(self, account: Account) -> None:
        """Wait before a refusal, unless so many do already that they would fill the door."""
        if account.held < self._config.requests_at_once:
            account.held += 1
            try:
                await self._sleep(account.patience)
            finally:
                account.held -= 1

    def _account(self, system: str) -> Account:
        now = self._clock()
        if (account := self._accounts.get(system)) is None:
            rate, burst = self._own.get(system, (self._config.events_per_second, self._config.burst_events))
            burst = burst or ceil(BURST_SECONDS * rate)
            patience = self._config.patience_seconds
            account = self._accounts[system] = Account(system, rate, burst, patience, burst, now)
        account.level = min(account.burst, account.level + (now - account.at) * account.rate)
        account.at = now
        return account


def _too_much(detail: str, wait_seconds: int) -> HttpProblem:
    return HttpProblem(429, "too-many", detail, headers={"Retry-After": str(wait_seconds)})
