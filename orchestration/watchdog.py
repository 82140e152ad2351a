"""A look from outside Dagster: is what is served recent, and does what should run still run?

For cron or a systemd timer. It imports neither Dagster nor dbt, starts no server, and ends within
a few minutes whatever hangs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from orchestration.resources.letter import Alert, Cause, one_line
from orchestration.resources.mailer import deliver, store
from orchestration.resources.outbox import outbox_in
from orchestration.resources.owners import DEFAULT_OWNER, recipients
from orchestration.served import (
    Served,
    installation_name,
    late_letters,
    lateness,
    read_served,
)
from orchestration.services_watch import Trouble, service_troubles, services_expected
from orchestration.settings import Settings
from orchestration.summary import age_text


@dataclass
class Findings:
    """What a look found: troubles, and what became of the mails about them."""

    served: Served
    late: str | None
    troubles: list[Trouble] = field(default_factory=list[Trouble])
    mail_warnings: list[str] = field(default_factory=list[str])

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong, mails included."""
        return not (self.late or self.troubles or self.mail_warnings)

    @property
    def line(self) -> str:
        """All of it in one line."""
        said = [f"the marts are late: {self.late}"] if self.late else []
        said += [trouble.text for trouble in self.troubles] + self.mail_warnings
        if not said and self.served.facts is not None:
            said = [f"all is well, published {age_text(self.served.facts.age)} ago"]
        return one_line("; ".join(said))


def look(settings: Settings, now: datetime | None = None) -> Findings:
    """Look at everything, store a mail for each trouble, and send what waits."""
    now = now or datetime.now(UTC)
    served = read_served(settings)
    if settings.target == "postgres" and not served.unreadable:
        from orchestration.resources.reader_limits import look_after_readers

        look_after_readers(settings)
    findings = Findings(served, lateness(settings, served, now))
    findings.troubles += _troubles(settings, served)
    if settings.smtp_host is not None:
        findings.mail_warnings += _tell(settings, findings, now)
    return findings


def _troubles(settings: Settings, served: Served) -> Iterator[Trouble]:
    if served.unreadable:
        yield Trouble(
            "publication",
            f"what is published cannot be read: {served.unreadable}",
            "Start the database or correct its address; `habitue run` makes a lost file anew.",
        )
    elif settings.target == "postgres":
        yield from _changed_logins(settings)
    if expected := services_expected(settings):
        yield from service_troubles(settings, expected)


def _changed_logins(settings: Settings) -> Iterator[Trouble]:
    from orchestration.resources.reader_limits import told_of_readers

    for text in told_of_readers(settings):
        yield Trouble(
            f"login {text.partition(' ')[0]}",
            text,
            "Find out who did it, and give each user a login of their own, or a new password "
            "to those who may have it, by `habitue postgres roles`.",
        )


def _tell(settings: Settings, findings: Findings, now: datetime) -> list[str]:
    outbox, name = outbox_in(settings.home), installation_name(settings.home)
    if findings.late:
        letters = late_letters(settings, findings.served, findings.late, now)
        store(settings, outbox, name, letters)
    for trouble in findings.troubles:
        alert = _alert(settings, findings.served, trouble, now)
        letters = dict.fromkeys(recipients(settings, DEFAULT_OWNER), alert)
        store(settings, outbox, name, letters)
    return deliver(settings, outbox).warnings


def _alert(settings: Settings, served: Served, trouble: Trouble, now: datetime) -> Alert:
    day = now.astimezone(ZoneInfo(settings.time_zone)).date()
    return Alert(
        kind="watchdog",
        period=f"{day} {trouble.name}",
        title=trouble.text,
        causes=[Cause(trouble.name, [trouble.text])],
        effects=[served.sentence],
        next_steps=[trouble.remedy],
        facts=[("Noticed", f"{now:%Y-%m-%d %H:%M} UTC, by the watchdog")],
        link=settings.ui_address,
        reason=f"You get this for owner {DEFAULT_OWNER}, once a day while it lasts.",
    )
