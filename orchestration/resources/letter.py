"""An alert in words: what failed, with which effect and what to do, as one mail."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.plain_text import plain

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "mail"
SUBJECT_CHARACTERS = 160
CODE = r'<code style="background:#eef0f2; padding:1px 5px; border-radius:3px">\1</code>'
_COMMAND = re.compile(r"`([^`]+)`")
_CONTROL = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+"
)
# A database as our messages name it, user@host:port/name, is no mail address.
_MAIL_ADDRESS = re.compile(r"[^\s@<>\"'(),;:=]+@(?>[^\s@<>\"'(),;:=]+)(?!:\d+/)")


@dataclass(frozen=True)
class Cause:
    """What is wrong at one place, each fault with its remedy where one is known."""

    place: str
    faults: Sequence[str]


@dataclass(frozen=True)
class Alert:
    """What an owner is told. Kind and period make it the same alert, whoever notices it."""

    kind: str
    period: str
    title: str
    causes: Sequence[Cause]
    effects: Sequence[str]
    next_steps: Sequence[str]
    facts: Sequence[tuple[str, str]] = ()
    link: str | None = None
    reason: str = ""


def message_id(alert: Alert, installation: str, recipient: str, sender: str) -> str:
    """The identity of a mail: the same alert to the same person has the same one."""
    parts = (installation, alert.kind, alert.period, recipient.lower())
    digest = blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
    return f"<habitue.{alert.kind}.{digest}@{sender.rpartition('@')[2]}>"


def compose(
    alert: Alert, *, installation: str, recipient: str, sender: str, written_at: datetime
) -> EmailMessage:
    """The mail of an alert: plain text, and the same as HTML."""
    mail = EmailMessage()
    mail["Message-ID"] = message_id(alert, installation, recipient, sender)
    mail["Date"] = format_datetime(written_at)
    mail["From"] = f"habitue <{sender}>"
    mail["To"] = recipient
    mail["Subject"] = subject(alert)
    mail["Auto-Submitted"] = "auto-generated"
    values = {"alert": alert, "installation": installation}
    mail.set_content(_templates().get_template("alert.txt").render(values))
    html = _templates().get_template("alert.html").render(values)
    mail.add_alternative(html, subtype="html")
    return mail


def subject(alert: Alert) -> str:
    """The title on one short line: data may put no line break into a header."""
    text = one_line(f"habitue: {alert.title}")
    return text if len(text) <= SUBJECT_CHARACTERS else f"{text[: SUBJECT_CHARACTERS - 1]}…"


def one_line(text: str) -> str:
    """A text without line breaks and other control characters."""
    return _CONTROL.sub(" ", text).strip()


def without_addresses(text: str) -> str:
    """A text in which whatever looks like a mail address is masked."""
    return _MAIL_ADDRESS.sub("(an address)", text)


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
    from markupsafe import Markup, escape

    def with_code(text: str) -> Markup:
        """Text for HTML, with `commands` set apart as they are in plain text."""
        return Markup(_COMMAND.sub(CODE, str(escape(text))))  # noqa: S704 it was escaped

    def shown(value: object) -> object:
        """A value without what a reader's terminal obeys; what is escaped stays so."""
        return type(value)(plain(value)) if isinstance(value, str) else value

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=shown,
    )
    environment.filters["with_code"] = with_code  # pyright: ignore[reportUnknownMemberType]
    return environment
