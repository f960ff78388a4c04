"""Places in the feed as words."""

import pytest

from connectors.sinks.places import place_of, word_of


def test_a_place_is_read_back_as_it_was_written() -> None:
    place = {0: 17, 11: 4, 3: 10**17}

    assert place_of(word_of(place)) == place


@pytest.mark.parametrize(
    "word", ["", "17", "0:", ":1", "0:1,", "0:-1", "a:1", "0:1;DROP", "0:" + "9" * 19, "٣:1"]
)
def test_what_the_stream_never_gave_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="expected an id that this stream gave"):
        place_of(word)
