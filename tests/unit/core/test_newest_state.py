"""The newest state of a subject stays the last one in its topic."""

from fajian.core.memory import Memory
from fajian.core.newest_state import NewestState
from fajian.core.ports import Output
from fajian.core.replay import MemoryRecord
from schemas.topics import CASE_STATE


def _state(place: int, value: bytes | None, key: bytes = b"a", offset: int = 0) -> MemoryRecord:
    headers = [("ledgerpartition", b"3"), ("ledgeroffset", b"%d" % place)]
    return MemoryRecord(CASE_STATE, 3, offset, 0, key, value, headers)


def _said(*batches: list[MemoryRecord]) -> list[Output]:
    store, said = Memory(), []
    for batch in batches:
        folded = NewestState().fold(batch, store)
        store.apply(folded.writes)
        said += folded.outputs
    return said


def test_states_that_follow_the_ledger_are_left_alone() -> None:
    assert _said([_state(1, b"1"), _state(5, b"5")], [_state(5, b"5"), _state(7, b"7")]) == []


def test_a_state_that_comes_late_is_followed_by_the_newer_one_again() -> None:
    said = _said([_state(5, b"five")], [_state(2, b"two", offset=8)])

    headers = [("ledgerpartition", b"3"), ("ledgeroffset", b"5")]
    assert said == [Output(8, CASE_STATE, b"a", b"five", headers, 3)]


def test_within_one_batch_too() -> None:
    assert [output.value for output in _said([_state(5, b"five"), _state(2, b"two")])] == [b"five"]


def test_what_was_said_again_is_itself_left_alone() -> None:
    assert len(_said([_state(5, b"five"), _state(2, b"two"), _state(5, b"five")])) == 1


def test_subjects_do_not_mix_and_what_is_no_state_is_passed_by() -> None:
    stranger = MemoryRecord(CASE_STATE, 3, 2, 0, b"a", b"x", [])

    assert _said([_state(5, b"five"), _state(2, b"two", key=b"b"), stranger, _state(1, None)]) == []
