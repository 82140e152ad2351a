"""A real SMTP server on loopback that answers as a test tells it to."""

import asyncio
import email
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

OK = "250 accepted"


class PostOffice:
    """Keeps what it took. Scripted answers are used up one by one, then all is well."""

    def __init__(self) -> None:
        self.port = _free_port()
        self.taken: list[EmailMessage] = []
        self.recipient_answers: list[str] = []
        self.data_answers: list[str] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.delay_seconds = 0.0

    @contextmanager
    def opened(self, **options: object) -> Iterator["PostOffice"]:
        """Answer on the port as long as the block lasts."""
        controller = Controller(self, hostname="127.0.0.1", port=self.port, **cast("Any", options))
        controller.start()
        try:
            yield self
        finally:
            controller.stop()

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.taken]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.recipient_answers.pop(0) if self.recipient_answers else OK
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        answer = self.data_answers.pop(0) if self.data_answers else OK
        if answer.startswith("2"):
            content = cast("bytes", envelope.original_content)
            self.taken.append(cast(EmailMessage, email.message_from_bytes(content, policy=default)))
        await asyncio.sleep(self.delay_seconds)
        return answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"correct horse", handled=False)


def plain_text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return part.get_content()


def html_text(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return part.get_content()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
