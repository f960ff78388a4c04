"""What an event is about, as its submitter writes it and as the ledger keys it."""

from typing import Any

import pytest

from fajian.core.subjects import Targets, kind_of
from fajian.errors import SubjectError
from fajian.law.events import load_intake_law

CASE = "（2022）皖1324执123号"
NUMBER = "泗检民执监〔2022〕1号"


def targets(
    subject: str, body: dict[str, Any] | None = None, *, name: str = "MoneyPaid", **given: Any
) -> Targets:
    return load_intake_law().subjects.targets(name, subject, body or {}, **given)


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        (CASE, "case"),
        ("application/皖1324/2022-0415", "application"),
        ("money/6222/2022-0516-001", "money"),
        (f"supervision/{NUMBER}", "supervision"),
        ("agreement/sixian-2022", "agreement"),
        ("clock", "clock"),
        ("application", "case"),  # no slash: whatever it is, it is no application
    ],
)
def test_the_kind_stands_before_the_first_slash_and_a_case_has_none(subject: str, kind: str) -> None:
    assert kind_of(subject) == kind


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("(2022) 皖1324执 １２３ 号", CASE),
        ("〔2022〕皖1324执123号", CASE),
        ("（2022）皖1324执123号之一", CASE),
        ("application/皖１３２４/ 2022-0415 ", "application/皖1324/2022-0415"),
        ("application/最高法/7", "application/最高法/7"),
        ("money/6222/2022-0516-001", "money/6222/2022-0516-001"),
        ("supervision/泗检民执监（2022） 1号", f"supervision/{NUMBER}"),
        ("supervision/34132400001", "supervision/34132400001"),  # no public grammar: taken as it is
        ("agreement/sixian-2022", "agreement/sixian-2022"),
    ],
)
def test_a_subject_has_one_canonical_form(written: str, canonical: str) -> None:
    found = targets(written)

    assert (found.primary, found.linked) == (canonical, ())


@pytest.mark.parametrize(
    ("subject", "body", "pointer"),
    [
        ("", {}, "/subject"),
        ("泗县法院", {}, "/subject"),
        (NUMBER, {}, "/subject"),  # a procuratorate's number without supervision/
        ("supervision/（2022）皖1324执123号", {}, "/subject"),
        ("supervision/a b/c", {}, "/subject"),
        ("application/皖1324", {}, "/subject"),
        ("application/皖132/7", {}, "/subject"),
        ("application/皖1324/", {}, "/subject"),
        ("money/6222", {}, "/subject"),
        ("money//1", {}, "/subject"),
        ("agreement/", {}, "/subject"),
        ("（2022）皖1324执异12号", {}, "/data/parent_case"),
        ("（2022）皖1324执异12号", {"parent_case": "?"}, "/data/parent_case"),
        ("（2022）皖1324执异12号", {"parent_case": "（2022）皖1324执异11号"}, "/data/parent_case"),
        (CASE, {"cases": [CASE, "x"]}, "/data/cases/1"),
        (CASE, {"supervision_no": CASE}, "/data/supervision_no"),
        (f"supervision/{NUMBER}", {"application_no": "7"}, "/data/application_no"),
        (CASE, {"application_no": "a b"}, "/data/application_no"),
        (CASE, {"supersedes": "e-0", "moved_from": "x"}, "/data/moved_from"),
    ],
)
def test_what_names_no_subject_is_refused_with_its_pointer(
    subject: str, body: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(SubjectError) as refused:
        targets(subject, body)

    assert refused.value.pointer == pointer
    assert "got" in str(refused.value)


@pytest.mark.parametrize("thread", ["（2022）皖1324执异12号", "（2022）皖13执复4号", "（2022）皖1324执监3号"])
def test_threads_are_of_the_case_that_they_name(thread: str) -> None:
    assert targets(thread, {"parent_case": CASE}).primary == CASE
    assert targets(CASE, {"cases": [thread], "parent_case": "（2022）皖1324执9号"}).linked == (
        "（2022）皖1324执9号",
    )


def test_a_restored_case_is_a_subject_of_its_own_but_its_restoring_is_a_fact_of_the_parent() -> None:
    restored, body = "（2023）皖1324执恢5号", {"parent_case": CASE}

    assert targets(restored, body, name="CaseDocketed").primary == restored
    assert targets(restored, body, name="EnforcementRestored").primary == CASE
    assert targets(restored, {}, name="EnforcementRestored").primary == restored


@pytest.mark.parametrize(
    ("subject", "court", "linked"),
    [
        (CASE, None, "application/皖1324/7"),
        ("（2022）皖13执7号", "皖1324", "application/皖13/7"),
        ("（2015）泗执字第00321号", "皖1324", "application/皖1324/7"),
        (f"supervision/{NUMBER}", "皖1324", "application/皖1324/7"),
    ],
    ids=["the court of the case", "rather than the submitter", "an old number has no code", "a supervision"],
)
def test_an_application_is_of_the_court_of_the_case_else_of_the_submitter(
    subject: str, court: str | None, linked: str
) -> None:
    assert targets(subject, {"application_no": "7"}, court=court).linked == (linked,)


def test_an_application_may_name_its_court_itself_and_its_own_number_links_nothing() -> None:
    assert targets(CASE, {"application_no": "application/皖13/7"}).linked == ("application/皖13/7",)
    assert targets("application/皖1324/7", {"application_no": "7"}).linked == ()


def test_links_stand_once_each_and_never_on_the_subject_itself() -> None:
    body = {"supervision_no": NUMBER, "cases": [CASE, "（2022）皖1324执9号", "(2022)皖1324执9号"]}

    assert targets(CASE, body).linked == (f"supervision/{NUMBER}", "（2022）皖1324执9号")
    assert targets(f"supervision/{NUMBER}", body).linked == (CASE, "（2022）皖1324执9号")


def test_moved_from_counts_only_for_a_correction() -> None:
    elsewhere = {"moved_from": "money/6222/1"}

    assert targets(CASE, elsewhere).moved_from is None
    assert targets(CASE, {**elsewhere, "supersedes": "e-0"}).moved_from == "money/6222/1"


def test_a_number_of_a_later_year_is_refused_only_when_the_year_is_known() -> None:
    assert targets("（2027）皖1324执1号").primary == "（2027）皖1324执1号"
    with pytest.raises(SubjectError):
        targets("（2027）皖1324执1号", year=2026)


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("（2015）泗执字第00321号", "legacy-case-number"),
        ("（2022）皖1324执123号之一", "document-number"),
        ("（2022）皖1399执1号", "unknown-court"),
        ("application/皖1399/1", "unknown-court"),
        ("supervision/34132400001", "grammar"),
    ],
)
def test_what_is_odd_about_a_subject_is_remarked(subject: str, code: str) -> None:
    assert code in [remark.code for remark in targets(subject).remarks]
