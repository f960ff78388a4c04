"""Courts and types of cases as the product carries them."""

from fajian.law.court_data import case_number, load_case_types, load_courts, procuratorate_number


def test_courts_are_found_by_their_code() -> None:
    courts = load_courts()

    assert len(courts) > 3_500
    assert courts["皖1324"].name == "泗县人民法院"
    assert courts["皖1324"].division_code == "341324"


def test_every_type_has_a_name_a_source_and_a_mark() -> None:
    types = load_case_types()

    assert {"执", "执恢", "执保", "执异", "执复", "执监", "执协", "执他"} <= types.keys()
    assert all(row.zh and row.source and row.sure in {"V", "V2", "M", "D"} for row in types.values())
    assert not any(len(word) > 4 for word in types)


def test_numbers_are_read_with_the_bundled_tables_and_remembered() -> None:
    assert case_number("（2022）皖1324执123号") is case_number("（2022）皖1324执123号")
    assert procuratorate_number("泗检民执监〔2022〕1号").status == "valid"
