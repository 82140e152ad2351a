"""Settings of alerts: the mail server, who gets what, and when a publication is late."""

import re
import socket
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

TlsMode = Literal["starttls", "tls", "none"]
PORTS: Mapping[TlsMode, int] = {"starttls": 587, "tls": 465, "none": 25}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"
)


class MailSettings(BaseSettings):
    """What alerts need. Every field is the variable HABITUE_<FIELD>; no SMTP_HOST, no alerts."""

    model_config = SettingsConfigDict(env_prefix="HABITUE_", extra="ignore")

    smtp_host: str | None = Field(default=None, description="mail server; none, no alerts")
    smtp_port: int | None = Field(default=None, ge=1, le=65535, description="by TLS: 587, 465, 25")
    smtp_user: str | None = Field(default=None, description="login of the mail server")
    smtp_password: SecretStr | None = Field(default=None, description="its password")
    smtp_tls: TlsMode = Field(default="starttls", description="how the connection is encrypted")
    smtp_from: str = Field(default="", description="sender; habitue@<this machine> when unset")
    smtp_timeout: float = Field(default=30, gt=0, description="seconds to wait for each answer")
    alerts_to: str = Field(default="", description="who gets what no mapped owner gets")
    alerts_owners: str = Field(default="", description="owner=address, owner=address address")
    ui_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s\"<>]+)?$",
        description="address of the Dagster UI for readers of mails, http(s)://…",
    )
    published_within: float = Field(default=26, gt=0, description="hours until marts are late")
    watch_services: bool | None = Field(
        default=None, description="whether the watchdog expects web server and daemon"
    )

    @field_validator(
        "smtp_host", "smtp_port", "smtp_user", "smtp_password", "watch_services", mode="before"
    )
    @classmethod
    def _nothing_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("smtp_from")
    @classmethod
    def _one_address(cls, value: str) -> str:
        return checked_address(value) if value else value

    @field_validator("alerts_to")
    @classmethod
    def _addresses(cls, value: str) -> str:
        return ", ".join(checked_address(text) for text in _words(value))

    @field_validator("alerts_owners")
    @classmethod
    def _mapping(cls, value: str) -> str:
        parse_owners(value)
        return value

    @field_validator("smtp_tls")
    @classmethod
    def _no_readable_password(cls, value: str, info: ValidationInfo) -> str:
        host = info.data.get("smtp_host")
        if value == "none" and info.data.get("smtp_user") and host not in LOOPBACK:
            raise ValueError(
                f"the password would travel readable to {host}; use starttls or tls, "
                "or no HABITUE_SMTP_USER"
            )
        return value

    @property
    def mail_port(self) -> int:
        """The port of the mail server."""
        return self.smtp_port or PORTS[self.smtp_tls]

    @property
    def sender(self) -> str:
        """Who the mails come from."""
        return self.smtp_from or f"habitue@{_machine()}"

    @property
    def default_recipients(self) -> list[str]:
        """Who gets what belongs to nobody else."""
        return _words(self.alerts_to)

    @property
    def owner_recipients(self) -> dict[str, list[str]]:
        """The addresses of each owner that is mapped."""
        return parse_owners(self.alerts_owners)


def checked_address(text: str) -> str:
    """`text` itself, when it is one plain mail address.

    Raises:
        ValueError: it is not; a line break, for example, could smuggle in a header.
    """
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"{text!r} is no mail address; write it as name@example.org")
    return text


def parse_owners(text: str) -> dict[str, list[str]]:
    """Owners and their addresses, from `owner=address, owner=address address`.

    Raises:
        ValueError: a part is no such pair.
    """
    found: dict[str, list[str]] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        owner, sign, addresses = part.partition("=")
        if not sign or not owner.strip() or not addresses.split():
            raise ValueError(
                f"{part!r} maps no owner; write team:name=name@example.org, and a comma between two"
            )
        found[owner.strip()] = [checked_address(address) for address in addresses.split()]
    return found


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _machine() -> str:
    name = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname()).strip(".-")
    return name or "localhost"
