"""A mail server for tests: a real one, on this machine, that keeps what it takes."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope

OK = "250 taken"


@dataclass
class MailServer:
    """What came, in order. *answer* may refuse: an SMTP line for each mail."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    tried: int = 0
    answer: Callable[[EmailMessage], str] = lambda mail: OK
    answer_to: Callable[[str], str] = lambda address: OK
    came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, options: Any
    ) -> str:
        said = self.answer_to(address)
        if said == OK:
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        raw = cast("bytes", envelope.content)
        mail = message_from_bytes(raw, policy=default)
        self.tried += 1
        said = self.answer(mail)
        if said == OK:
            self.taken.append(mail)
            self.raw.append(raw)
        async with self.came:
            self.came.notify_all()
        return said

    async def until(self, is_enough: Callable[["MailServer"], bool]) -> None:
        async with self.came:
            await self.came.wait_for(lambda: is_enough(self))


@asynccontextmanager
async def mail_server(
    tls: ssl.SSLContext | None = None, password: bytes | None = None
) -> AsyncIterator[MailServer]:
    """Serve; with *tls* nothing is heard before STARTTLS, and with *password* nothing without it."""
    mails, loop = MailServer(), asyncio.get_running_loop()

    def login(server: SMTP, session: Any, envelope: Envelope, mechanism: str, said: Any) -> AuthResult:
        return AuthResult(success=said.password == password, handled=False)

    def serve() -> SMTP:
        return SMTP(
            mails, enable_SMTPUTF8=True, hostname="mail.test", loop=loop, tls_context=tls,
            require_starttls=tls is not None, auth_required=password is not None, authenticator=login,
        )  # fmt: skip

    server = await loop.create_server(serve, "127.0.0.1", 0)
    mails.port = server.sockets[0].getsockname()[1]
    async with server:
        yield mails
