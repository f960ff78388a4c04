"""Articles move with the versions of a law: what is printed is the number of the day."""

from datetime import date

from fajian.core.citations import Citation, Instrument, Version, cited_on, printed_on, read_citations

OLD, NEW = Version("2012", date(2013, 1, 1)), Version("2023", date(2024, 1, 1))
INSTRUMENTS = {
    "CPL": Instrument("CPL", "民事诉讼法", (OLD, NEW), "V", {"236": {"2012": "225"}}),
    "ER": Instrument("ER", "执行工作规定", (Version("2020", date(1998, 7, 18)),), "V"),
}


def _printed(text: str, day: str) -> str:
    return printed_on(read_citations(text, INSTRUMENTS), INSTRUMENTS, date.fromisoformat(day))


def test_a_basis_is_read_article_by_article() -> None:
    assert read_citations("CPL 236(2), 250; ER 63; D", INSTRUMENTS) == (
        Citation("CPL", "236(2)"),
        Citation("CPL", "250"),
        Citation("ER", "63"),
        Citation("D", ""),
    )
    assert read_citations("ER", INSTRUMENTS) == (Citation("ER", ""),)


def test_the_newest_text_is_printed_as_it_stands() -> None:
    assert _printed("CPL 236(2), 250; ER 63", "2024-01-01") == "CPL 236(2), 250; ER 63"


def test_an_earlier_day_has_the_number_of_its_text() -> None:
    assert _printed("CPL 236(2)", "2023-12-31") == "CPL 225(2) (2012)"


def test_a_number_that_nobody_has_told_us_names_its_version() -> None:
    assert _printed("CPL 250", "2023-12-31") == "CPL 250 (2023)"


def test_before_the_first_text_that_we_know_the_first_one_stands() -> None:
    assert _printed("CPL 236", "2009-01-01") == "CPL 225 (2012)"
    assert INSTRUMENTS["CPL"].since == date(2013, 1, 1)


def test_what_is_no_instrument_is_printed_as_it_is() -> None:
    assert _printed("D", "2024-01-01") == "D"


def test_a_citation_of_a_day_has_its_parts() -> None:
    cited = cited_on([Citation("CPL", "236"), Citation("CPL", "item one")], INSTRUMENTS, date(2020, 1, 1))

    assert [(one.instrument, one.version, one.article) for one in cited] == [
        ("CPL", "2012", "225"),
        ("CPL", "2012", "item one"),
    ]
