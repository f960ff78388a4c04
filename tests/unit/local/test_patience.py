"""Rights that take long to show on a loaded machine are waited for as long as something moves."""

from fajian.local.topics import ENOUGH_ANSWERS, IN_FORCE_SECONDS, SILENT_SECONDS, Patience

NOTHING = frozenset[str]()


def test_it_is_over_when_nothing_new_has_shown_for_long_and_over_many_answers() -> None:
    patience = Patience()

    verdicts = [patience.is_over(NOTHING, at=float(second)) for second in range(ENOUGH_ANSWERS + 2)]

    assert verdicts.index(True) == max(ENOUGH_ANSWERS, int(IN_FORCE_SECONDS) + 1)


def test_a_few_slow_answers_are_not_enough_to_give_up() -> None:
    patience = Patience()

    assert not any(patience.is_over(NOTHING, at=n * IN_FORCE_SECONDS) for n in range(5))


def test_it_begins_anew_with_every_topic_that_shows() -> None:
    patience = Patience()

    assert not any(
        patience.is_over(frozenset(map(str, range(n))), at=n * 2 * IN_FORCE_SECONDS) for n in range(100)
    )


def test_it_is_over_when_nobody_answers_at_all() -> None:
    patience = Patience()
    patience.is_over(None, at=0)

    assert not patience.is_over(None, at=SILENT_SECONDS)
    assert patience.is_over(None, at=SILENT_SECONDS + 1)
