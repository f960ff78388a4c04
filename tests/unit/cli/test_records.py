"""Lists of a projection: a filter that nothing can match is wrong usage; an empty list says that it is."""

from typing import Any

import pytest
from typer.testing import CliRunner

from fajian.cli import records
from fajian.cli.filters import canonical
from fajian.cli.main import app

ROW = {
    "seq": 1, "on_day": "2022-05-16", "stage": "Overdue", "subject": "（2022）皖1324执123号",
    "rule": "pay-out", "instance": "", "due_day": "2022-05-15", "flag_id": "0f0f0f0f-1", "answer": None,
}  # fmt: skip


class ShortProjection:
    """Holds as many flags as it was made with."""

    def __init__(self, count: int) -> None:
        self.count = count

    async def fetch(self, query: str, **values: Any) -> list[dict[str, Any]]:
        return [{"receipts": 0, "feed": 0}] if query == "newest" else [ROW] * min(self.count, values["limit"])


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that nobody answers at: whoever asks the database waits for it in vain."""
    for side in ("COURT", "PROCURATORATE"):
        monkeypatch.setenv(f"FAJIAN_{side}_POSTGRES_DSN", "postgresql://127.0.0.1:1/none")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("flags --rule payout", "did you mean pay-out?"),
        ("flags --type overdue", "did you mean Overdue?"),
        ("flags --type T20", "expected one of DeadlineOpened, DueSoon"),
        ("leads --type t20", "did you mean T20?"),
        ("receipts --status recoded", "did you mean recorded?"),
        ("webhook log --state faild", "did you mean failed?"),
        ("answer 0f0f0f0f 答复", "expected met|stopped|extended|contested"),
    ],
)
def test_a_word_that_nothing_bears_is_wrong_usage(words: str, told: str) -> None:
    done = CliRunner().invoke(app, words.split(), env={"COLUMNS": "400"})

    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("command", ["flags", "leads", "receipts", "webhook log"])
def test_a_subject_that_looks_like_a_case_number_and_is_none_is_told_why(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--subject", "2022皖1324执123"])

    assert (done.exit_code, done.stdout) == (1, "")
    assert "案号须以带括号的年份开头" in str(done.exception)


@pytest.mark.parametrize("subject", ["agreement/lingbi", "state/3", "clock"])
def test_other_subjects_are_looked_for_as_they_are(subject: str) -> None:
    assert canonical(subject) == subject


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "无 / none\n"),
        (1, ""),
        (3, "只列最近 2 条，--limit 可增加 / only the newest 2; --limit for more\n"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_list_says_beside_it_that_it_is_empty_or_was_cut(
    count: int, told: str, more: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "Projection", lambda dsn: ShortProjection(count))

    done = CliRunner().invoke(app, ["flags", "--limit", "2", *more])

    assert (done.exit_code, done.stderr, len(done.stdout.splitlines())) == (0, told, min(count, 2))
