"""Mails: what stands in them and what never does, threads and names, and a server that says no."""

import ssl
from datetime import date, datetime, time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from connectors.sink_config import MailSink
from connectors.sinks.ladder import Outcome
from connectors.sinks.letter import digest, letter, plain_line
from connectors.sinks.mail import MailCarrier, last_cut
from connectors.sinks.queue import Message
from fajian.clock import SHANGHAI
from tests.certificates import Authority
from tests.mail_server import OK, mail_server

AT = datetime(2026, 5, 4, 9, 0, tzinfo=SHANGHAI)
CASE = "（2022）皖1324执123号"


def sink(port: int = 25, **settings: Any) -> MailSink:
    table = {
        "kind": "mail",
        "name": "desk",
        "smtp": {"host": "127.0.0.1", "port": port, "security": "none"},
        "sender": "fajian@court.test",
        "to": ["bureau-head@court.test"],
        "posts": ["bureau-head"],
    }
    return MailSink.model_validate({**table, **settings})


def event(**data: Any) -> bytes:
    body = {
        "rule": "pay-out", "subject": CASE, "due_day": "2022-05-16", "owed_by": "undertaker",
        "severity": "hard", "flag_id": "0f0f0f0f", **data,
    }  # fmt: skip
    envelope = {"id": "e-1", "type": "cn.fajian.flag.overdue.v1", "subject": CASE, "posts": "bureau-head"}
    return orjson.dumps({**envelope, "data": body})


def mail_of(body: bytes, message_id: str = "m-1", **settings: Any) -> EmailMessage:
    return letter(sink(**settings), "court", body, message_id, at=AT)


def test_a_mail_says_what_until_when_and_how_to_answer_in_both_languages() -> None:
    mail = mail_of(event())
    text = mail.get_content()

    assert mail["Subject"] == f"[法检] 逾期 Overdue {CASE}"
    for part in (
        "责任岗位：承办人 undertaker",
        "严重程度：硬 hard",
        "逾期 Overdue",
        "到期日：2022-05-16",
        "Due day: 2022-05-16",
    ):
        assert part in text


@pytest.mark.parametrize("side", ["court", "procuratorate"])
def test_a_mail_names_the_commands_of_its_side_and_no_answer_that_could_be_pasted(side: str) -> None:
    lines = letter(sink(), side, event(), "m-1", at=AT).get_content().splitlines()

    told = [line.partition("fajian ")[2] for line in lines if "fajian " in line]
    assert told == [
        f"ack --side {side} 0f0f0f0f",
        f"answer --side {side} 0f0f0f0f 答复",
        f"ack --side {side} 0f0f0f0f",
        f"answer --side {side} 0f0f0f0f ANSWER",
    ]
    assert "「答复」换成其中一个：met 已履行，stopped 应停止计算，extended 已延长，contested 有异议" in lines


@pytest.mark.parametrize("stage", ["met", "withdrawn"])
def test_a_mail_about_what_is_over_asks_for_no_answer(stage: str) -> None:
    over = event().replace(b".overdue.", f".{stage}.".encode())

    assert "fajian" not in mail_of(over).get_content()


@pytest.mark.parametrize(
    ("language", "there", "absent"), [("zh", "到期日", "Due day"), ("en", "Due day", "到期日")]
)
def test_a_mail_is_in_the_language_of_its_readers(language: str, there: str, absent: str) -> None:
    text = mail_of(event(), language=language).get_content()

    assert there in text
    assert absent not in text


def test_nothing_that_stands_in_the_case_is_in_the_mail() -> None:
    secret = {
        "note": "张某欠款", "amount": "99.00", "party_ref": "P-77", "evidence": ["doc-1"],
        "answer": {"note": "李某"}, "explanation": {"stops": ["expert"]},
    }  # fmt: skip

    mail = mail_of(event(**secret))

    for text in ("张某", "99.00", "P-77", "doc-1", "李某", "expert"):
        assert text not in mail.as_string() + mail.get_content()


def test_a_lead_is_marked_as_unverified() -> None:
    lead = event().replace(b"cn.fajian.flag.overdue.v1", b"cn.fajian.lead.lead-raised.v1")

    assert "未经核实" in mail_of(lead).get_content()


def test_mails_on_one_subject_are_a_thread_and_a_repeat_has_the_same_name() -> None:
    first, second, repeat = mail_of(event(), "m-1"), mail_of(event(), "m-2"), mail_of(event(), "m-1")
    other = mail_of(event(subject="（2022）皖1324执9号"), "m-3")

    assert first["Message-ID"] == repeat["Message-ID"] != second["Message-ID"]
    assert first["References"] == second["References"] == second["In-Reply-To"] != other["References"]
    assert first["Message-ID"].endswith("@court.test>")


@pytest.mark.parametrize(
    "text",
    [
        f"{CASE}\r\nBcc: all@evil.test",
        f"{CASE}\nBcc: all@evil.test",
        f"{CASE}\r\n\r\nbody",
        f"{CASE}\x00\x0b\x0c\u2028Bcc: x",
        "x" * 5000,
    ],
)
@pytest.mark.parametrize("name", ["subject", "rule", "due_day", "flag_id", "owed_by"])
async def test_no_text_of_others_becomes_a_header_or_a_line_of_its_own(name: str, text: str) -> None:
    async with mail_server() as mails:
        carrier = MailCarrier(sink(mails.port), side="court")
        outcome = await carrier.send(Message(1, "m-1", "s", event(**{name: text}), 0, 0), now=AT)

    [mail] = mails.taken
    assert outcome.delivered
    assert sorted(mail.keys()) == sorted(
        ["From", "To", "Subject", "Date", "Auto-Submitted", "Message-ID", "In-Reply-To", "References",
         "Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
    )  # fmt: skip
    assert not [line for line in mail.get_content().splitlines() if line.startswith(("Bcc", "body"))]


@pytest.mark.parametrize(
    "text",
    [
        "案：=?utf-8?b?gg==?=案",  # bytes that are no text
        "=?utf-8?q?hidden=0D=0ABcc?=",
    ],
)
def test_what_looks_like_an_encoded_word_stands_in_the_title_as_it_was_written(text: str) -> None:
    mail = mail_of(event(subject=text))

    assert mail["Subject"].endswith(text.replace("=?", "= ?"))
    assert b"Subject: " in mail.as_bytes()


def test_a_line_hides_nothing() -> None:
    assert plain_line("a\u202eb\u200bc\ud800d") == "a b c d"


async def test_the_server_takes_what_was_written_character_for_character() -> None:
    async with mail_server() as mails:
        await MailCarrier(sink(mails.port), side="court").send(Message(1, "m-1", CASE, event(), 0, 0), now=AT)

    [mail] = mails.taken
    assert mail["Subject"] == f"[法检] 逾期 Overdue {CASE}"
    assert mail.get_content().replace("\r\n", "\n") == mail_of(event()).get_content().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("to", "data", "outcome"),
    [
        (OK, "451 later", Outcome(False, status=451)),
        (OK, "554 never", Outcome(False, status=554, is_final=True)),
        ("450 busy", OK, Outcome(False, status=450)),
        ("550 nobody here", OK, Outcome(False, status=550, is_final=True)),
    ],
)
async def test_a_no_for_now_is_tried_again_and_a_no_for_good_is_not(
    to: str, data: str, outcome: Outcome
) -> None:
    async with mail_server() as mails:
        mails.answer, mails.answer_to = (lambda mail: data), (lambda address: to)
        found = await MailCarrier(sink(mails.port), side="court").send(
            Message(1, "m-1", CASE, event(), 0, 0), now=AT
        )

    assert (found.delivered, found.status, found.is_final) == (False, outcome.status, outcome.is_final)


async def test_one_recipient_of_two_that_is_refused_is_told_in_the_log() -> None:
    async with mail_server() as mails:
        mails.answer_to = lambda address: "550 gone" if address.startswith("old") else OK
        two = sink(mails.port, to=["old@court.test", "new@court.test"])
        outcome = await MailCarrier(two, side="court").send(Message(1, "m", CASE, event(), 0, 0), now=AT)

    assert outcome == Outcome(True, "refused for 1 of 2", 250)


async def test_a_server_that_is_away_is_tried_again() -> None:
    async with mail_server() as mails:
        port = mails.port

    outcome = await MailCarrier(sink(port), side="court").send(Message(1, "m-1", CASE, event(), 0, 0), now=AT)

    assert (outcome.delivered, outcome.is_final, outcome.status) == (False, False, None)


async def test_a_server_without_tls_is_not_told_anything_where_tls_is_asked_for() -> None:
    async with mail_server() as mails:
        wants_tls = sink(smtp={"host": "127.0.0.1", "port": mails.port})
        outcome = await MailCarrier(wants_tls, side="court").send(
            Message(1, "m-1", CASE, event(), 0, 0), now=AT
        )

    assert not outcome.delivered
    assert mails.tried == 0


def shown_as(name: str, authority: Authority) -> ssl.SSLContext:
    certificate, key = authority.vouch_for(name)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


def trusting(authority: Authority, port: int, password: str = "right") -> MailSink:
    smtp = {
        "host": "localhost",
        "port": port,
        "username": "fajian",
        "password": password,
        "tls_ca": authority.certificate,
    }
    return sink(smtp=smtp)


@pytest.mark.parametrize(
    ("server", "password", "told"),
    [
        ("localhost", "right", Outcome(True, "", 250)),
        ("localhost", "wrong", Outcome(False, "SMTPAuthenticationError: answered 535", 535)),
        ("elsewhere.test", "right", None),
    ],
)
async def test_after_starttls_the_password_and_the_mail_go_to_the_server_whose_name_was_meant(
    tmp_path: Path, server: str, password: str, told: Outcome | None
) -> None:
    authority = Authority(tmp_path)
    async with mail_server(shown_as(server, authority), b"right") as mails:
        carrier = MailCarrier(trusting(authority, mails.port, password), side="court")
        found = await carrier.send(Message(1, "m-1", CASE, event(), 0, 0), now=AT)

    assert len(mails.taken) == int(found.delivered)
    assert found == told or (told is None and not found.delivered and not found.is_final)


async def test_a_server_whose_authority_is_not_ours_hears_nothing(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    async with mail_server(shown_as("localhost", theirs), b"right") as mails:
        carrier = MailCarrier(trusting(ours, mails.port), side="court")
        found = await carrier.send(Message(1, "m-1", CASE, event(), 0, 0), now=AT)

    assert (found.delivered, found.is_final, mails.tried) == (False, False, 0)


def test_a_digest_names_its_items_and_is_named_after_them() -> None:
    both = digest(sink(), "2026-05-04", [event(), event(rule="crt-reply")], ["m-1", "m-2"], at=AT)
    again = digest(sink(), "2026-05-04", [event(), event(rule="crt-reply")], ["m-1", "m-2"], at=AT)
    other = digest(sink(), "2026-05-04", [event()], ["m-1"], at=AT)

    assert "2026-05-04 共 2 项" in both.get_content()
    assert "crt-reply" in both.get_content()
    assert both["Message-ID"] == again["Message-ID"] != other["Message-ID"]


@pytest.mark.parametrize(("at", "day"), [(time(8, 29), 3), (time(8, 30), 4), (time(23, 0), 4)])
def test_a_digest_holds_what_was_queued_before_its_hour(at: time, day: int) -> None:
    cut = last_cut(sink(digest_at="08:30"), datetime.combine(date(2026, 5, 4), at, tzinfo=SHANGHAI))

    assert (cut.date(), cut.time()) == (date(2026, 5, day), time(8, 30))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"posts": []}, "give posts"),
        ({"to": ["a@b.test\r\nBcc: c@d.test"]}, "to.0"),
        ({"sender": "no address"}, "sender"),
        ({"smtp": {"host": "h", "port": 25, "security": "none", "password": "x"}}, "needs security"),
    ],
)
def test_a_table_that_cannot_be_is_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        sink(**settings)

    assert told in str(refused.value)
