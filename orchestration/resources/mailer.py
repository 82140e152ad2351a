"""Delivery: what waits in the outbox goes to the mail server, each mail once."""

import smtplib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from orchestration.mail_settings import MailSettings
from orchestration.resources.letter import Alert, compose, one_line
from orchestration.resources.outbox import Outbox, StoredMail

DONE, TEMPORARY, PERMANENT = 250, 400, 500
LONGEST_ANSWER = 200
# Enough for a few slow answers; what is left waits for the next delivery.
BUDGET_SECONDS = 60


@dataclass
class Delivery:
    """What became of the mails that were due, in sentences."""

    sent: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])


class MailRefused(RuntimeError):
    """The server answered with an error; the message is its answer."""

    def __init__(self, step: str, code: int, said: bytes | str) -> None:
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        super().__init__(f"{step}: {code} {one_line(text)}"[:LONGEST_ANSWER])
        self.is_final = code >= PERMANENT


def store(
    settings: MailSettings, outbox: Outbox, installation: str, letters: Mapping[str, Alert]
) -> int:
    """Put an alert for each recipient into the outbox; gives how many were not known yet."""
    now = datetime.now(UTC)
    mails = (
        compose(
            alert,
            installation=installation,
            recipient=recipient,
            sender=settings.sender,
            written_at=now,
        )
        for recipient, alert in letters.items()
    )
    return sum(outbox.put(mail) for mail in mails)


def deliver(
    settings: MailSettings,
    outbox: Outbox,
    *,
    at_once: bool = False,
    budget_seconds: float = BUDGET_SECONDS,
) -> Delivery:
    """Send what is due; what cannot be sent waits, and is given up after a day.

    Args:
        settings: Where the mail server is.
        outbox: What waits.
        at_once: Also send what would pause after a failed attempt.
        budget_seconds: No further mail is begun after this time.
    """
    delivery = Delivery()
    if not outbox.file.exists():
        return delivery
    with outbox.sending() as alone:
        if not alone:
            return delivery
        _warn_of_given_up(outbox, delivery)
        due = outbox.due(at_once=at_once)
        if due:
            _deliver_all(settings, outbox, due, delivery, time.monotonic() + budget_seconds)
            _warn_of_given_up(outbox, delivery)
    return delivery


def _warn_of_given_up(outbox: Outbox, delivery: Delivery) -> None:
    delivery.warnings += [
        f"mail to {mail.recipient} is given up ({mail.last_error}): {mail.subject}"
        for mail in outbox.expire()
    ]


def _deliver_all(
    settings: MailSettings,
    outbox: Outbox,
    mails: list[StoredMail],
    delivery: Delivery,
    deadline: float,
) -> None:
    """Send mails over one connection; when it breaks, this mail and the rest wait."""
    left = list(mails)
    try:
        with _Connection(settings) as connection:
            while left and time.monotonic() < deadline:
                _deliver_one(settings, outbox, connection, left[0], delivery)
                left.pop(0)
    except (OSError, smtplib.SMTPException) as error:
        said = _connection_error(settings, error)
        for mail in left:
            outbox.put_off(mail.message_id, said, answered=False)
            delivery.warnings.append(f"mail to {mail.recipient} waits ({said}): {mail.subject}")


def _deliver_one(
    settings: MailSettings,
    outbox: Outbox,
    connection: "_Connection",
    mail: StoredMail,
    delivery: Delivery,
) -> None:
    try:
        connection.send(settings.sender, mail, outbox)
    except MailRefused as refusal:
        if refusal.is_final:
            outbox.give_up(mail.message_id, str(refusal))
            word = "is given up"
        else:
            outbox.put_off(mail.message_id, str(refusal), answered=True)
            word = "waits"
        delivery.warnings.append(f"mail to {mail.recipient} {word} ({refusal}): {mail.subject}")
    else:
        outbox.delivered(mail.message_id)
        delivery.sent.append(f"mail sent to {mail.recipient}: {mail.subject}")


class _Connection:
    """An open connection to the mail server, encrypted and logged in as the settings say."""

    def __init__(self, settings: MailSettings) -> None:
        host, timeout = settings.smtp_host or "", settings.smtp_timeout
        context = ssl.create_default_context() if settings.smtp_tls != "none" else None
        if settings.smtp_tls == "tls":
            self._smtp = smtplib.SMTP_SSL(
                host, settings.mail_port, timeout=timeout, context=context
            )
        else:
            self._smtp = smtplib.SMTP(host, settings.mail_port, timeout=timeout)
        try:
            self._log_in(settings, context)
        except BaseException:
            self._smtp.close()
            raise

    def _log_in(self, settings: MailSettings, context: ssl.SSLContext | None) -> None:
        if settings.smtp_tls == "starttls":
            self._smtp.starttls(context=context)
        self._smtp.ehlo_or_helo_if_needed()
        if settings.smtp_user:
            secret = settings.smtp_password
            self._smtp.login(settings.smtp_user, secret.get_secret_value() if secret else "")

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._smtp.quit()
        except (OSError, smtplib.SMTPException):
            self._smtp.close()

    def send(self, sender: str, mail: StoredMail, outbox: Outbox) -> None:
        """Hand a mail over.

        Raises:
            MailRefused: the server refuses this mail, for now or for good.
            OSError, smtplib.SMTPException: the connection is of no more use.
        """
        code, said = self._smtp.mail(sender)
        if code != DONE:
            # The sender is a setting, not this mail's fault: it waits until that is corrected.
            raise smtplib.SMTPSenderRefused(code, said, sender)
        code, said = self._smtp.rcpt(mail.recipient)
        if code not in (DONE, 251):
            self._smtp.rset()
            raise MailRefused("recipient refused", code, said)
        content = outbox.content(mail.message_id)
        outbox.handing_over(mail.message_id)
        try:
            code, said = self._smtp.data(content)
        except smtplib.SMTPDataError as error:
            code, said = error.smtp_code, error.smtp_error
        if code != DONE:
            raise MailRefused("mail refused", code, said)


def _connection_error(settings: MailSettings, error: Exception) -> str:
    """What is wrong with the connection, without anything secret."""
    place = f"{settings.smtp_host}:{settings.mail_port}"
    if isinstance(error, smtplib.SMTPResponseException):
        refusal = MailRefused(f"{place} refuses", error.smtp_code, error.smtp_error)
        return str(refusal)
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return f"{place} does not answer within {settings.smtp_timeout:g} s"
    return f"{place}: {one_line(str(error)) or type(error).__name__}"[:LONGEST_ANSWER]
