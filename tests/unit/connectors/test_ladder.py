"""What follows from an attempt: the ladder, what the receiver asks for, the rest that it is given."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.sinks.ladder import Breaker, Outcome, again_at, step_after

NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
LADDER = (5.0, 30.0, 120.0)
GOOD, BAD = Outcome(True), Outcome(False, "answered 500", 500)


def even() -> float:
    return 0.5


@pytest.mark.parametrize(("attempts", "pause"), [(1, 5), (2, 30), (3, 120)])
def test_each_rung_has_its_pause(attempts: int, pause: float) -> None:
    step = step_after(BAD, attempts, LADDER, now=NOW, chance=even)

    assert step == ("waiting", NOW + timedelta(seconds=pause))


def test_after_the_last_rung_it_has_failed_for_good() -> None:
    assert step_after(BAD, 4, LADDER, now=NOW, chance=even) == ("failed", None)


@pytest.mark.parametrize(("chance", "pause"), [(0.0, 4.0), (1.0, 6.0)])
def test_a_pause_varies_by_a_fifth_so_that_not_all_come_again_at_once(chance: float, pause: float) -> None:
    step = step_after(BAD, 1, LADDER, now=NOW, chance=lambda: chance)

    assert step.next_at == NOW + timedelta(seconds=pause)


def test_a_receiver_that_asks_for_more_time_is_given_it_and_never_less_than_the_rung() -> None:
    late, soon = NOW + timedelta(seconds=60), NOW + timedelta(seconds=1)

    assert step_after(Outcome(False, again_at=late), 1, LADDER, now=NOW, chance=even).next_at == late
    assert step_after(Outcome(False, again_at=soon), 2, LADDER, now=NOW, chance=even).next_at == (
        NOW + timedelta(seconds=30)
    )


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("Mon, 04 May 2026 10:01:30 GMT", 90),
        ("Monday, 04-May-26 10:01:30 GMT", 90),
        ("Mon, 04 May 2026 18:01:30 +0800", 90),
        ("999999999", 24 * 3600),  # nobody waits for thirty years
        ("Mon, 04 May 2099 10:00:00 GMT", 24 * 3600),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str, seconds: int) -> None:
    assert again_at(header, now=NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "header",
    [
        None, "", "soon", "-5", "1.5", "Mon, 04 May 2026 09:00:00 GMT", "٣",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",  # beyond what a machine counts
        "Mon, 01 Jan 2030 00:00:00 +99999999999999999",
    ],
)  # fmt: skip
def test_a_retry_after_that_says_nothing_changes_nothing(header: str | None) -> None:
    assert again_at(header, now=NOW) is None


def test_a_receiver_that_fails_again_and_again_is_given_a_rest() -> None:
    breaker = Breaker(after=3, rest_seconds=30)

    for _ in range(2):
        breaker.note(BAD, NOW)
    assert not breaker.is_open(NOW)
    breaker.note(BAD, NOW)

    assert breaker.is_open(NOW + timedelta(seconds=29))
    assert not breaker.is_open(NOW + timedelta(seconds=30))
    assert breaker.is_probing


def test_each_probe_that_fails_doubles_the_rest_up_to_a_limit() -> None:
    breaker, now, rests = Breaker(after=1, rest_seconds=30, most_rests=4), NOW, []
    for _ in range(4):
        breaker.note(BAD, now)
        assert breaker.opened_until is not None
        rests.append((breaker.opened_until - now).total_seconds())
        now = breaker.opened_until

    assert rests == [30, 60, 120, 120]


def test_a_receiver_that_is_back_is_told_once_and_begins_with_a_clean_sheet() -> None:
    breaker = Breaker(after=2, rest_seconds=30)
    for _ in range(2):
        breaker.note(BAD, NOW)

    came_back = [breaker.note(GOOD, NOW + timedelta(seconds=31)) for _ in range(2)]

    assert came_back == [True, False]
    assert not breaker.is_probing


def test_a_wish_for_quiet_holds_for_the_whole_receiver() -> None:
    breaker = Breaker(after=5, rest_seconds=30)

    breaker.note(Outcome(False, again_at=NOW + timedelta(seconds=60)), NOW)

    assert breaker.is_open(NOW + timedelta(seconds=59))
    assert not breaker.is_open(NOW + timedelta(seconds=60))


def test_a_message_that_is_refused_for_good_says_nothing_about_the_receiver() -> None:
    breaker = Breaker(after=1, rest_seconds=30)

    breaker.note(Outcome(False, "no such mailbox", 550, is_final=True), NOW)

    assert not breaker.is_open(NOW)
