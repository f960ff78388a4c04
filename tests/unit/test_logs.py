"""What ends up in the log."""

import logging

from fajian.logs import REPEATED_AFTER_SECONDS, Sparing


def record(text: str, *, name: str = "aiokafka.client") -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "", 0, "Unable connect to %s", (text,), None)


def test_a_broker_that_is_away_is_told_now_and_then_and_not_a_thousand_times() -> None:
    now = [0.0]
    sparing = Sparing(clock=lambda: now[0])

    passed = [sparing.filter(record(str(n))) for n in range(1000)]
    now[0] = REPEATED_AFTER_SECONDS
    again = record("1000")
    passed.append(sparing.filter(again))

    assert (passed[0], any(passed[1:1000]), passed[1000]) == (True, False, True)
    assert again.getMessage() == "Unable connect to 1000 (and 999 more like it)"


def test_nothing_of_our_own_is_left_out() -> None:
    sparing = Sparing(clock=lambda: 0.0)

    assert all(sparing.filter(record("x", name="connectors.runtime")) for _ in range(10))
