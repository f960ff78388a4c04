"""Write what the ledger says in place of what is held of it."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from fajian.core.ports import Output
from fajian.errors import StoreError
from fajian.streams.store import Stores
from fajian.streams.verify import Difference, Fresh
from schemas.topics import CASE_STATE


def states_again(fresh: Fresh, differences: Iterable[Difference]) -> Iterator[Output]:
    """Yield the right state of each subject that differs, for `case.state`.

    It names its place in the ledger: readers take it in place of an older one and of another one from the
    same place, and where casework has gone on meanwhile its newer one prevails. What the ledger knows
    nothing of stays, for nothing can be put in its place.
    """
    for difference in differences:
        if wanted := fresh.states.get(difference.subject):
            headers = [
                ("ledgerpartition", b"%d" % wanted.partition),
                ("ledgeroffset", b"%d" % wanted.offset),
            ]
            key = difference.subject.encode()
            yield Output(wanted.offset, CASE_STATE, key, wanted.value, headers, wanted.partition)


def forget_stores(folder: Path, *, partitions: Iterable[int], write: bool) -> list[str]:
    """Return the stores in the *folder* of one worker for *partitions*.

    With *write* they are deleted: the worker folds them anew, quietly, when it starts. Raises `StoreError`,
    and deletes nothing, while the worker runs.
    """
    numbers = {f"-{partition}" for partition in partitions}
    found = sorted(path for path in folder.glob("*/*/*-*") if path.name[path.name.rindex("-") :] in numbers)
    if write:
        for path in found:
            _refuse_open(path)
        for path in found:
            shutil.rmtree(path)
    return [str(path.relative_to(folder)) for path in found]


def _refuse_open(path: Path) -> None:
    topic, _, partition = path.name.rpartition("-")
    try:
        Stores(path.parent.parent).open(path.parent.name, topic, int(partition)).close()
    except StoreError as error:
        raise StoreError(f"{error} Stop it first: a store is not taken from under a worker.") from error
