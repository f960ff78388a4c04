"""The local agreement: read strictly, held against the law, in force when both sides have signed one text."""

from pathlib import Path

import orjson
import pytest

from fajian.core.rules import SameFault
from fajian.errors import KeyFileError, PolicyError
from fajian.law.adoption import changes, check_keys, pending
from fajian.law.documents import (
    bundled_document,
    load_rules,
    load_rules_under,
    model_policy,
    rules_from_document,
    rules_under,
)
from fajian.law.policy import parse_policy, read_policy, signatures_beside, write_signatures
from fajian.law.signatures import (
    Side,
    Signature,
    is_locked,
    is_signed,
    load_key,
    new_key,
    public_text,
    sign,
    sign_policy,
)
from tests.policies import COURT_KEY, SIGNERS, THIRD_KEY, policy_text, sign_for, write_policy

BOTH: tuple[Side, Side] = ("court", "procuratorate")


def _problems(text: str) -> list[str]:
    with pytest.raises(PolicyError) as raised:
        rules_under(parse_policy(text, name="p.toml"))
    return list(raised.value.problems)


def _cell(row: str, side: str, access: str) -> str:
    return f'[[visibility]]\nrow = "{row}"\nside = "{side}"\naccess = "{access}"\n'


def _line_of(text: str, beginning: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), start=1) if line.startswith(beginning))


# -- reading -----------------------------------------------------------------------------------------------


def test_the_model_is_a_policy_without_a_problem() -> None:
    assert model_policy().said.id == "model"
    assert rules_under(model_policy()).policy.signed is False  # as a file it is signed by nobody
    assert load_rules().policy.signed is True


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        ("answer_window = 5", 'answer_window = "three"', "answer_window", "integer, 得到 / got 'three'"),
        (
            "answer_window = 5",
            "answer_window = 0",
            "answer_window",
            "greater than or equal to 1, 得到 / got 0",
        ),
        ("answer_window = 5", "", "answer_window", "it is not there"),
        ('version = "1"', 'version = "1"\nsigned = true', "signed", "expected one of the keys id, version,"),
        (
            "every_months = 3",
            "every_months = 3\nweekly = true",
            "meetings.weekly",
            "every_months, called_by; this",
        ),
        ("every_months = 3", "every_months = 2.5", "meetings.every_months", "got 2.5"),
        ('agreement = "agreement/sample"', 'agreement = "sample"', "agreement", "got 'sample'"),
        ('court = "ed25519:', 'court = "rsa:', "keys.court", "got 'rsa:"),
    ],
)
def test_a_wrong_value_is_named_with_its_line_and_what_was_expected(
    old: str, new: str, key: str, expected: str
) -> None:
    text = policy_text().replace(old, new, 1)

    [problem, *_] = _problems(text)

    where, _, message = problem.partition(f": {key}: ")
    assert expected in message
    written = [line for line in text.splitlines() if line.startswith(f"{key.rpartition('.')[2]} =")]
    if written:
        assert where == f"p.toml:{_line_of(text, written[0])}"


@pytest.mark.parametrize(
    ("tables", "key", "expected"),
    [
        ('[[local]]\nperiod = "pay-in"\nlength = 3', "local[0].period", "'pay-in', which is in no table"),
        ('[[local]]\nperiod = "pay-out"\nlength = 30', "local[0].length", "less than the law's 30 day"),
        ('[[local]]\nperiod = "pay-out"\nlength = 2\nunit = "month"', "local[0].length", "be due earlier"),
        ('[[local]]\nperiod = "zb-restore"\nlength = 3', "local[0].period", "has none"),
        ('[[local]]\nperiod = "pay-out"\nlength = 0', "local[0].length", "got 0"),
        (
            '[[local]]\nperiod = "pay-out"\nlength = 9\n[[local]]\nperiod = "pay-out"\nlength = 8',
            "local[1].period",
            "expected once",
        ),
        ('[[outage]]\nfirst = 2026-02-10\nlast = 2026-02-09\nreason = "x"', "outage[0].last", "2026-02-09"),
        ('[[outage]]\nfirst = "2026-02-10"\nlast = 2026-02-10\nreason = "x"', "outage[0].first", "date"),
        (
            '[[escalation]]\nstage = "Overdue"\nside = "court"\nposts = ["king"]',
            "escalation[0].posts",
            "'king'",
        ),
        ('[[escalation]]\nstage = "Late"\nside = "court"\nposts = ["police"]', "escalation[0].stage", "Late"),
        (
            '[brake.keys]\none = "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="',
            "brake.keys",
            "at least two people",
        ),
        (_cell("gossip", "court", "none"), "visibility[0].row", "'gossip'"),
        (_cell("drafts", "court", "none"), "visibility[0].row", "no such data"),
        (_cell("leads", "court", "full"), "visibility[0].access", "none or less"),
        (_cell("books", "court", "masked"), "visibility[0].access", "no fields"),
        ("[brake]\ntimes = 1", "brake.times", "got 1"),
        ("[same_fault]\ncases = 1\ndays = 30", "same_fault.cases", "or equal to 2, 得到 / got 1"),
        ("[same_fault]\ncases = 5\ndays = 367", "same_fault.days", "or equal to 366, 得到 / got 367"),
    ],
)  # fmt: skip
def test_what_the_law_does_not_have_is_named_with_its_line(tables: str, key: str, expected: str) -> None:
    text = policy_text(tables=tables)

    [problem] = _problems(text)

    place, _, message = problem.partition(f": {key}: ")
    assert expected in message
    assert int(place.removeprefix("p.toml:")) > _line_of(text, "[keys]")


@pytest.mark.parametrize(
    ("head", "key"),
    [('approved = ["nothing"]', "approved"), ('leads_by_policy = ["pay-out"]', "leads_by_policy")],
)
def test_only_rows_that_exist_are_approved(head: str, key: str) -> None:
    [problem] = _problems(policy_text(head + "\n"))

    assert problem.startswith(f"p.toml:6: {key}: ")


def test_one_key_cannot_stand_for_both_sides() -> None:
    court = public_text(COURT_KEY.public_key())
    text = policy_text().replace(SIGNERS, f'[keys]\ncourt = "{court}"\nprocuratorate = "{court}"\n')

    [problem] = _problems(text)

    assert "expected a key of its own" in problem


def test_a_file_that_is_no_toml_or_not_there_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "policy.toml"
    broken.write_text("answer_window: 3")

    for path in (broken, tmp_path / "nowhere.toml"):
        with pytest.raises(PolicyError, match=path.name):
            load_rules_under(path)


def test_what_the_file_says_is_what_the_rules_have(tmp_path: Path) -> None:
    path = write_policy(
        tmp_path,
        'go_live = 2026-03-01\ngrace_minutes = 30\napproved = ["T38"]\n',
        '[[local]]\nperiod = "pay-out"\nlength = 10\nunit = "working-day"\n'
        '[[outage]]\nfirst = 2026-02-10\nlast = 2026-02-12\nreason = "x"\n'
        "[brake]\ntimes = 20\n"
        "[same_fault]\ncases = 3\ndays = 60\n",
    )

    policy = load_rules_under(path).policy

    assert (policy.answer_window, policy.grace_minutes, str(policy.go_live)) == (5, 30, "2026-03-01")
    assert policy.local["pay-out"].count == "WD"
    assert [[str(day) for day in outage] for outage in policy.outages] == [["2026-02-10", "2026-02-12"]]
    assert (policy.brake.times, policy.brake.of_ticks) == (20, 30)
    assert policy.same_fault == SameFault(cases=3, days=60)
    assert policy.agreement == "agreement/sample"


def test_a_rung_of_the_policy_stands_in_the_place_of_the_bundled_one(tmp_path: Path) -> None:
    rung = '[[escalation]]\nstage = "DueToday"\nside = "court"\nposts = ["court-president"]\n'

    ladder = load_rules_under(write_policy(tmp_path, tables=rung)).ladder

    assert [one.posts for one in ladder if (one.stage, one.side) == ("DueToday", "court")] == [
        ("court-president",)
    ]
    assert len(ladder) == len(load_rules().ladder)


# -- signatures --------------------------------------------------------------------------------------------


def test_two_signatures_under_the_same_text_put_it_in_force(tmp_path: Path) -> None:
    path = write_policy(tmp_path)
    sign_for(path, *BOTH)

    assert load_rules_under(path).policy.signed is True


def test_comments_and_layout_are_not_what_was_signed(tmp_path: Path) -> None:
    path = write_policy(tmp_path)
    sign_for(path, *BOTH)
    path.write_text("# 注 / a remark\n" + path.read_text("utf-8").replace(" = ", "  =  "), "utf-8")

    assert read_policy(path).is_signed


@pytest.mark.parametrize("side", BOTH)
def test_one_signature_is_none(tmp_path: Path, side: Side) -> None:
    path = write_policy(tmp_path)
    sign_for(path, side)

    other = BOTH[1 - BOTH.index(side)]
    assert read_policy(path).standing == {side: "valid", other: "missing"}
    assert load_rules_under(path).policy.signed is False


def test_a_text_that_was_changed_after_signing_is_not_signed(tmp_path: Path) -> None:
    path = write_policy(tmp_path)
    sign_for(path, *BOTH)
    path.write_text(path.read_text("utf-8").replace("answer_window = 5", "answer_window = 50"), "utf-8")

    assert read_policy(path).standing == {"court": "other-text", "procuratorate": "other-text"}
    assert load_rules_under(path).policy.signed is False


def test_a_signature_with_a_key_that_is_not_registered_counts_for_nothing(tmp_path: Path) -> None:
    path = write_policy(tmp_path)
    policy = sign_for(path, *BOTH)
    forged = {**policy.signatures, "court": sign_policy(policy.table, "court", THIRD_KEY)}
    write_signatures(signatures_beside(path), forged)

    assert read_policy(path).standing["court"] == "other-key"


def test_a_side_cannot_use_the_signature_of_the_other(tmp_path: Path) -> None:
    path = write_policy(tmp_path)
    policy = sign_for(path, "procuratorate")
    mine = policy.signatures["procuratorate"]
    write_signatures(signatures_beside(path), {"court": mine, "procuratorate": mine})

    assert read_policy(path).standing == {"court": "other-key", "procuratorate": "valid"}


def test_a_signature_that_was_made_for_something_else_is_false(tmp_path: Path) -> None:
    path = write_policy(tmp_path)
    policy = sign_for(path, *BOTH)
    false = policy.signatures["court"]._replace(signature=sign(b"something else", COURT_KEY))
    write_signatures(signatures_beside(path), {**policy.signatures, "court": false})

    assert read_policy(path).standing["court"] == "false"
    assert not is_signed(b"x", false.key, "no base64")


def test_without_registered_keys_nobody_can_have_signed(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(policy_text().replace(SIGNERS, ""), "utf-8")
    sign_for(path, *BOTH)

    assert set(read_policy(path).standing.values()) == {"unregistered"}


def test_a_signature_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    path = write_policy(tmp_path)
    signatures_beside(path).write_text('[court]\nkey = "x"\n')

    with pytest.raises(PolicyError, match=r"policy\.toml\.sig"):
        read_policy(path)


def test_a_document_in_the_topic_that_was_changed_after_signing_is_not_signed(tmp_path: Path) -> None:
    path = write_policy(tmp_path)
    document = orjson.loads(bundled_document(sign_for(path, *BOTH)))
    document["policy"]["answer_window"] = 50

    rules = rules_from_document(orjson.dumps(document))

    assert (rules.policy.answer_window, rules.policy.signed) == (50, False)


# -- keys of people ----------------------------------------------------------------------------------------


def test_a_key_is_for_its_owner_alone_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "court.key"

    made = new_key(path)

    assert path.stat().st_mode & 0o077 == 0
    assert public_text(load_key(path).public_key()) == public_text(made.public_key())
    with pytest.raises(KeyFileError, match="new file"):
        new_key(path)


def test_a_key_with_a_passphrase_opens_with_it_alone(tmp_path: Path) -> None:
    path = tmp_path / "court.key"
    new_key(path, "春眠不觉晓")

    assert is_locked(path)
    load_key(path, "春眠不觉晓")
    for wrong in ("x", None):
        with pytest.raises(KeyFileError, match=r"court\.key"):
            load_key(path, wrong)


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "court.key"
    path.write_text("no key")

    with pytest.raises(KeyFileError, match="PEM"):
        load_key(path)
    with pytest.raises(KeyFileError, match="nowhere"):
        load_key(tmp_path / "nowhere")


# -- adoption ----------------------------------------------------------------------------------------------


def test_a_signed_policy_counts_only_with_the_keys_of_the_one_before_or_those_pinned(tmp_path: Path) -> None:
    before = rules_under(sign_for(write_policy(tmp_path), *BOTH))
    text = policy_text().replace(public_text(COURT_KEY.public_key()), public_text(THIRD_KEY.public_key()))
    path = tmp_path / "other.toml"
    path.write_text(text, "utf-8")
    policy = sign_for(path, "procuratorate")
    write_signatures(
        signatures_beside(path),
        {**policy.signatures, "court": sign_policy(policy.table, "court", THIRD_KEY)},
    )
    rules = load_rules_under(path)
    new = public_text(THIRD_KEY.public_key())

    assert rules.policy.signed
    with pytest.raises(PolicyError, match=r"keys\.court.*FAJIAN_POLICY_KEY_COURT"):
        check_keys(rules, before, {})
    check_keys(rules, before, {"court": new})
    with pytest.raises(PolicyError, match=r"keys\.procuratorate"):
        check_keys(rules, None, {"procuratorate": new})
    check_keys(rules, load_rules(), {})  # the model has no keys to hold on to
    check_keys(load_rules(), before, {"court": new})  # nor need it have any


def test_the_report_names_what_an_adoption_changes(tmp_path: Path) -> None:
    signed = rules_under(sign_for(write_policy(tmp_path, 'approved = ["T38"]\n'), *BOTH))

    found = changes(load_rules(), signed)

    assert found["policy"]["changed"][:2] == ["agreement", "answer_window"]
    assert "periods" not in found
    assert changes(signed, signed) == {}


def test_the_report_names_rows_of_the_law_that_changed_came_or_went() -> None:
    document = orjson.loads(bundled_document())
    first, second, *rest = document["periods"]
    document["periods"] = [{**first, "en": "otherwise"}, *rest, {**second, "id": "new-row"}]
    document["triggers"] = [
        {**row, "periods": [name for name in row.get("periods", ()) if name != second["id"]] or ["pay-out"]}
        if second["id"] in row.get("periods", ())
        else row
        for row in document["triggers"]
    ]
    document["calendar"]["version"] = "2027"
    document["ladder"] = document["ladder"][1:]
    document["signatures"] = {}

    found = changes(load_rules(), rules_from_document(orjson.dumps(document)))

    assert found["periods"] == {"added": ["new-row"], "removed": [second["id"]], "changed": [first["id"]]}
    assert (found["calendar"][1], found["ladder"], found["signed"]) == ("2027", "changed", [True, False])


def test_approvals_count_only_in_a_policy_that_both_sides_have_signed(tmp_path: Path) -> None:
    path = write_policy(tmp_path, 'approved = ["T38"]\n')

    def waiting() -> set[str]:
        return {row.id for row in pending(load_rules_under(path))}

    before = waiting()
    sign_for(path, "court")
    assert "T38" in before
    assert waiting() == before
    sign_for(path, "procuratorate")
    assert before - waiting() == {"T38"}


def test_signatures_are_kept_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "x.sig"
    one = Signature("ed25519:k", "sha256:d", "s")

    write_signatures(path, {"court": one})

    assert 'key = "ed25519:k"' in path.read_text("utf-8")
