"""What stands in a mail: what it is about, until when, and how to answer. Pure.

Never what is in the case: no amounts, notes, parties or documents, whatever the event holds. Whoever
needs those looks into the agency's own system. All texts of others pass through `plain_line`.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, NamedTuple

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined

from connectors.sink_config import MailSink
from connectors.sinks.told import posts_of
from fajian.law.documents import load_rules
from fajian.law.naming import named_post, named_severity
from schemas.names import derived_id, parse_ce_type
from schemas.registry import TYPES

LANGUAGES: Mapping[str, tuple[str, ...]] = {"zh": ("zh",), "en": ("en",), "both": ("zh", "en")}
OVER = frozenset({"Met", "Withdrawn"})  #: stages that nobody needs to answer
LONGEST_LINE = 200  #: characters of any text of others

_TEXTS = Environment(
    loader=PackageLoader("connectors.sinks", "letters"),
    undefined=StrictUndefined,
    autoescape=False,  # plain text
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEXTS.filters |= {"post": named_post, "severity": named_severity}
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")


class Name(NamedTuple):
    """What a type or a rule is called."""

    id: str
    zh: str
    en: str


def letter(sink: MailSink, side: str, body: bytes, message_id: str, *, at: datetime) -> EmailMessage:
    """Write the mail about one event. A repeat has the same Message-ID; mails on one subject are a thread."""
    item = {**_item(body), "side": side}
    title = " ".join(part for part in (_short(item["what"], sink), item["subject"]) if part)
    mail = _mail(sink, title, "message", item, at=at)
    thread = _message_id(sink, derived_id("mail-thread", side, sink.name, item["subject"]))
    mail["Message-ID"] = _message_id(sink, derived_id("mail", sink.name, message_id))
    mail["In-Reply-To"] = thread
    mail["References"] = thread
    return mail


def digest(
    sink: MailSink, day: str, bodies: Sequence[bytes], message_ids: Sequence[str], *, at: datetime
) -> EmailMessage:
    """Write the mail about all events of a day. Its name follows from what it holds."""
    items = [_item(body) for body in bodies]
    mail = _mail(sink, f"每日汇总 digest {day} ({len(items)})", "digest", {"day": day, "items": items}, at=at)
    mail["Message-ID"] = _message_id(sink, derived_id("mail-digest", sink.name, day, *message_ids))
    return mail


def _mail(
    sink: MailSink, title: str, template: str, values: Mapping[str, Any], *, at: datetime
) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sink.sender
    mail["To"] = ", ".join(sink.to)
    # "=?" begins an encoded word: it would be decoded, to what nobody has judged or no mail can hold.
    mail["Subject"] = plain_line(f"[法检] {title}").replace("=?", "= ?")
    mail["Date"] = format_datetime(at)
    mail["Auto-Submitted"] = "auto-generated"
    texts = [
        _TEXTS.get_template(f"{template}.{language}.txt").render(values)
        for language in LANGUAGES[sink.language]
    ]
    mail.set_content("\n----\n\n".join(text.strip() + "\n" for text in texts))
    return mail


def _message_id(sink: MailSink, name: str) -> str:
    return f"<{name}@{sink.sender.rpartition('@')[2]}>"


def _item(body: bytes) -> dict[str, Any]:
    event = orjson.loads(body)
    data = event["data"]
    lines = {
        name: plain_line(data[name]) if data.get(name) is not None else ""
        for name in ("due_day", "owed_by", "severity", "flag_id")
    }
    what = _type(event["type"])
    return {
        **lines,
        "what": what,
        "asks": ".flag." in event["type"] and what.id not in OVER,
        "rule": _rule(data.get("trigger") or data.get("rule")),
        "subject": plain_line(data.get("subject") or event.get("subject") or ""),
        "posts": plain_line(", ".join(posts_of(event))),
        "unverified": ".lead." in event["type"],
    }


def _type(text: str) -> Name:
    name = parse_ce_type(text)
    short = name.short if name else plain_line(text)
    known = TYPES.get(text)
    return Name(short, f"{known.zh} {short}" if known else short, short)


def _rule(id_: object) -> Name | None:
    if not id_:
        return None
    rules = load_rules()
    row = rules.periods.get(str(id_)) or rules.triggers.get(str(id_))
    name = plain_line(id_)
    return Name(name, row.zh, row.en) if row else Name(name, name, name)


def _short(what: Name, sink: MailSink) -> str:
    return what.en if sink.language == "en" else what.zh


def plain_line(text: object) -> str:
    """Return *text* as one line that hides nothing: no line ends, controls or turns of direction."""
    line = _UNSEEN.sub(" ", str(text)).strip()
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"
