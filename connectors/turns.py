"""All parts of a connector share one event loop: who has much to do lets the others have their turn."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")

TURN = 32  #: events read, judged or written before it is somebody else's turn: a few milliseconds


async def in_turns(items: Iterable[T]) -> list[T]:
    """Return what *items* yields; what making it costs falls on many turns."""
    done = []
    for item in items:
        done.append(item)
        if len(done) % TURN == 0:
            await asyncio.sleep(0)
    return done


async def slices(items: Sequence[T], size: int = 4 * TURN) -> AsyncIterator[Sequence[T]]:
    """Yield *items* in slices, a turn of the others between them."""
    for begin in range(0, len(items), size):
        if begin:
            await asyncio.sleep(0)
        yield items[begin : begin + size]
