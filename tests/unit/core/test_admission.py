"""The verdict without an inbox: the source says whose event it is, and nothing can come too early."""

from fajian.core.admission import Examined, examine
from fajian.law.events import load_intake_law
from tests.intake_doubles import CASE, raw


def verdict(**changes: object) -> Examined:
    return examine(raw(**changes), None, load_intake_law())


def test_offline_the_source_says_whose_event_it_is() -> None:
    assert verdict().problems == []
    assert [problem.code for problem in verdict(source="//procuratorate/泗检").problems] == ["not-authorised"]


def test_offline_a_source_of_no_side_is_refused() -> None:
    found = verdict(source="//hub/casework")

    assert [(problem.code, problem.pointer) for problem in found.problems] == [("wrong-source", "/source")]
    assert (found.event, found.targets) == (None, None)


def test_offline_no_event_comes_too_early_or_too_late() -> None:
    found = verdict(time="2049-01-01T00:00:00+08:00")

    assert (found.problems, found.warnings) == ([], [])
    assert found.targets is not None
    assert found.targets.primary == CASE


def test_offline_the_year_of_the_event_is_the_latest_that_a_case_number_may_have() -> None:
    found = verdict(subject="（2023）皖1324执1号")

    assert [(problem.code, problem.pointer) for problem in found.problems] == [("case-number", "/subject")]
