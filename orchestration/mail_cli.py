"""`habitue mail`: the mails that wait, and `habitue watchdog`."""

import sys
from typing import TYPE_CHECKING

import click

from orchestration.plain_text import plain

if TYPE_CHECKING:
    from orchestration.resources.mailer import Delivery
    from orchestration.settings import Settings


@click.group()
def mail() -> None:
    """The mails of alerts: what waits, what was sent, what was given up.

    A mail that cannot be sent waits for a day and is sent once. Settings: HABITUE_SMTP_HOST, _PORT,
    _USER, _PASSWORD, _TLS (starttls, tls, none), _FROM, and HABITUE_ALERTS_TO.
    """


@mail.command("list")
def list_mails() -> None:
    """Show the mails of the last 30 days, and why one waits or was given up."""
    from orchestration.resources.outbox import outbox_in

    mails = outbox_in(_settings().home).mails()
    for one in mails:
        when = one.ended_at or one.waits_since
        reason = f" ({one.last_error})" if one.last_error else ""
        state = one.state.replace("_", " ")
        click.echo(plain(f"{state:<9} {when} UTC  {one.recipient}  {one.subject}{reason}"))
    if not mails:
        click.echo("no mail was ever stored")


@mail.command()
def send() -> None:
    """Send what waits, now."""
    _say(_deliver(_settings()))


@mail.command()
def retry() -> None:
    """Let what was given up wait again, and send it."""
    from orchestration.resources.outbox import outbox_in

    settings = _settings()
    count = outbox_in(settings.home).try_again()
    click.echo(plain(f"{count} mails wait again"))
    _say(_deliver(settings))


@mail.command()
@click.argument("address")
def test(address: str) -> None:
    """Send a mail to ADDRESS that says the settings work."""
    from datetime import UTC, datetime

    from orchestration.mail_settings import checked_address
    from orchestration.resources.letter import Alert, Cause
    from orchestration.resources.mailer import store
    from orchestration.resources.outbox import outbox_in
    from orchestration.served import installation_name, read_served

    settings = _settings()
    alert = Alert(
        kind="test",
        period=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}",
        title="The mail settings work",
        causes=[Cause("nothing", ["This is a test: no run and no gate failed."])],
        effects=[read_served(settings).sentence],
        next_steps=["Nothing."],
        link=settings.ui_address,
    )
    try:
        recipient = checked_address(address)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    name = installation_name(settings.home)
    store(settings, outbox_in(settings.home), name, {recipient: alert})
    _say(_deliver(settings))


@click.command()
def watchdog() -> None:
    """Look from outside Dagster: is what is served recent, do the services work?

    For cron or a systemd timer, every 15 minutes. Says it in one line, mails the owners of what is
    wrong once a day, and sends mails that wait. Exit code 0: all is well. 1: something is wrong.
    """
    from orchestration.watchdog import look

    findings = look(_settings())
    click.echo(plain(f"habitue watchdog: {findings.line}"), err=not findings.is_well)
    sys.exit(0 if findings.is_well else 1)


def _deliver(settings: "Settings") -> "Delivery":
    from orchestration.resources.mailer import deliver
    from orchestration.resources.outbox import outbox_in

    if settings.smtp_host is None:
        raise click.ClickException("HABITUE_SMTP_HOST is not set: there is nowhere to send to")
    return deliver(settings, outbox_in(settings.home), at_once=True)


def _say(done: "Delivery") -> None:
    for line in [*done.sent, *done.warnings]:
        click.echo(plain(line))
    if not done.sent and not done.warnings:
        click.echo("no mail waits")
    if done.warnings:
        sys.exit(1)


def _settings() -> "Settings":
    from orchestration.settings import get_settings

    return get_settings()
