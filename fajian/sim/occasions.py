"""What happens to some cases beside their course: every tale is told once before any comes again."""

from typing import Final

from fajian.sim import credit, distribution, sanctions, seizures
from fajian.sim.credit import Credit
from fajian.sim.diary import Deck, Diary
from fajian.sim.distribution import Distribution
from fajian.sim.filing import Case
from fajian.sim.numbers import Numbers
from fajian.sim.sanctions import Sanctions
from fajian.sim.seizures import Seizures

#: What happens, and how it ends.
TALES: Final = (*seizures.TALES, *sanctions.TALES, *credit.TALES, *distribution.TALES)


class Occasions:
    """Deals out its tales to the cases that last long enough."""

    def __init__(self, diary: Diary, numbers: Numbers, credit: Credit) -> None:
        self._tales = Deck(diary.rng, TALES)
        seizures, sanctions = Seizures(diary, numbers), Sanctions(diary)
        self._tellers = {
            "renewal": seizures.renewal,
            "lapse": seizures.lapse,
            "disposal": seizures.disposal,
            "excess": seizures.excess,
            "urgent": seizures.urgent,
            "barred": seizures.barred,
            "detention": sanctions.detention,
            "organ": sanctions.organ,
            "police": sanctions.police,
            "distribution": Distribution(diary).distribute,
            "term": credit.term,
            "listing": credit.listing,
            "unrestricted": credit.unrestricted,
            "death": credit.death,
            "performed": credit.performed,
        }

    def befall(self, case: Case, *, times: int) -> None:
        """Let so many different things happen to *case*."""
        happened: set[str] = set()
        for _ in range(times):
            what, how = self._tales.deal().split(":")
            if what not in happened:
                self._tellers[what](case, how)
            happened.add(what)
