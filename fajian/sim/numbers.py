"""Case numbers and document numbers, in the order of asking."""

from collections import Counter

from fajian.sim.county import COURT_CODE


class Numbers:
    """Counts separately for every kind of number and year, as the courts do."""

    def __init__(self) -> None:
        self._serials: Counter[tuple[str, int]] = Counter()

    def serial(self, kind: str, year: int) -> int:
        self._serials[kind, year] += 1
        return self._serials[kind, year]

    def next(self, type_word: str, year: int) -> str:
        """Return the next case number of *type_word*, such as 执 or 执恢."""
        return f"（{year}）{COURT_CODE}{type_word}{self.serial(type_word, year)}号"
