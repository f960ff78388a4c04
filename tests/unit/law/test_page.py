"""The page of the law is made from the tables, and is up to date."""

from pathlib import Path

from fajian.core.lives import LIFE_CYCLES
from fajian.core.rules import Period, Trigger
from fajian.law.documents import load_rules
from fajian.law.page import lives_page, page

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_is_current() -> None:
    assert (DOCS / "law.md").read_text("utf-8") == page(), "run `make docs`"


def test_the_page_of_the_life_cycles_is_current() -> None:
    assert (DOCS / "life-cycles.md").read_text("utf-8") == lives_page(), "run `make docs`"


def test_every_state_and_every_word_is_drawn() -> None:
    text = lives_page()

    for cycle in LIFE_CYCLES.values():
        for state, zh in cycle.states.items():
            assert f'"{zh} {state}"' in text
        for word in cycle.words:
            assert word.replace(":", " = ") in text


def test_every_row_stands_on_the_page_with_its_source_and_mark() -> None:
    text = page()

    rows: list[Period | Trigger] = [*load_rules().periods.values(), *load_rules().triggers.values()]
    for row in rows:
        section = text.partition(f"### {row.id}\n")[2].partition("\n### ")[0]
        assert row.basis in section, row.id
        assert f"(**{row.sure}**" in section, row.id


def test_every_row_with_a_number_has_a_worked_example() -> None:
    text = page()

    for period in load_rules().periods.values():
        section = text.partition(f"### {period.id}\n")[2].partition("\n### ")[0]
        assert ("- 例 " in section) == (period.length is not None), period.id


def test_every_trigger_has_an_example_that_says_when_it_is_a_lead() -> None:
    text = page()

    for trigger in load_rules().triggers.values():
        section = text.partition(f"### {trigger.id}\n")[2].partition("\n### ")[0]
        assert "- 例 example: " in section, trigger.id


def test_an_example_says_why_its_day_is_what_it_is() -> None:
    section = page().partition("### auc-again\n")[2].partition("\n### ")[0]

    assert "次日起算 from the next day, 2026-03-03；届满 nominal end 2026-04-01" in section
