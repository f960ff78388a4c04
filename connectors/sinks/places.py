"""A place in the feed, as one word: the next offset of each partition. Pure.

It is the id of every message of the live stream, so it must say all that is needed to go on, after a
restart of either end and after the projection was rebuilt.
"""

import re
from collections.abc import Mapping

Place = Mapping[int, int]  #: partition -> next offset

_WORD = re.compile(r"\d{1,6}:\d{1,18}(,\d{1,6}:\d{1,18}){0,9999}", re.ASCII)


def word_of(place: Place) -> str:
    """Write a place."""
    return ",".join(f"{partition}:{offset}" for partition, offset in sorted(place.items()))


def place_of(word: str) -> Place:
    """Read what `word_of` wrote, or raise `ValueError`."""
    if not _WORD.fullmatch(word):
        raise ValueError("expected an id that this stream gave, such as 0:17,1:4")
    pairs = (part.split(":") for part in word.split(","))
    return {int(partition): int(offset) for partition, offset in pairs}
