"""`habitue postgres`: the embedded server, and the roles of any server."""

import os
import warnings
from getpass import GetPassWarning
from typing import TYPE_CHECKING

import click

from orchestration.plain_text import plain

if TYPE_CHECKING:
    from pydantic import SecretStr

    from orchestration.resources.postgres import PostgresAddress

ADMINISTRATOR = "HABITUE_POSTGRES_ADMINISTRATOR"
PASSWORD_PREFIX = "HABITUE_PASSWORD_"  # noqa: S105 the name of a variable


@click.group()
def postgres() -> None:
    """The embedded PostgreSQL server, and the roles of any server.

    The server is the one that HABITUE_POSTGRES_ADMINISTRATOR names, as
    postgresql://administrator:password@host:5432/postgres, else the embedded one in
    HABITUE_HOME/postgres.
    """


@postgres.command()
def start() -> None:
    """Start the embedded server and complete its roles."""
    from orchestration.resources.embedded_postgres import running
    from orchestration.resources.postgres import PostgresAddress
    from orchestration.resources.roles import DATABASE, ensure_roles
    from orchestration.settings import get_settings

    server = running(get_settings().home)
    ensure_roles(PostgresAddress(server.address()))
    click.echo(plain(f"Socket     {server.address('habitue', DATABASE)}"))
    click.echo(plain(f"BI tools   {server.loopback_address('bi_reader', DATABASE)}"))


@postgres.command()
def stop() -> None:
    """Stop the embedded server."""
    from orchestration.resources.embedded_postgres import embedded_postgres
    from orchestration.settings import get_settings

    server = embedded_postgres(get_settings().home)
    was_running = server.is_running
    server.stop()
    click.echo(plain("the embedded server has ended" if was_running else "no embedded server ran"))


@postgres.command()
def roles() -> None:
    """Make or complete databases, roles, schemas and grants.

    A role gets the password in HABITUE_PASSWORD_<ROLE> (such as HABITUE_PASSWORD_BI_READER); a
    role without that variable keeps the one it has.
    """
    from orchestration.resources.postgres import PostgresWarehouse
    from orchestration.resources.reader_limits import unguarded
    from orchestration.resources.roles import DATABASE, ROLES, ensure_roles

    passwords = {
        name: secret
        for name, role in ROLES.items()
        if role.may_log_in and (secret := _secret(name)) is not None
    }
    administrator = _administrator()
    ensure_roles(administrator, passwords)
    click.echo(
        plain(f"{len(ROLES)} roles are complete; new passwords: {', '.join(passwords) or 'none'}")
    )
    if told := unguarded(PostgresWarehouse(administrator.with_parts(dbname=DATABASE))):
        click.echo(plain(f"! {told}"))


@postgres.command()
@click.argument("login")
@click.argument("stores", nargs=-1)
def manager(login: str, stores: tuple[str, ...]) -> None:
    """Let LOGIN see the rows of STORES (store keys), and of no other store.

    The password is HABITUE_PASSWORD_<LOGIN>, or is asked for. Given again, it replaces stores and
    password.
    """
    from pydantic import SecretStr

    from orchestration.resources.roles import ensure_store_manager

    asked = _secret(login) or SecretStr(_asked_for(login))
    ensure_store_manager(_administrator(), login, stores, asked)
    click.echo(plain(f"{login} sees {', '.join(stores) or 'no store'} in the schema serving"))


def _asked_for(login: str) -> str:
    with warnings.catch_warnings():
        # Without a terminal the password would be read, and shown, from whatever comes in.
        warnings.simplefilter("error", GetPassWarning)
        try:
            return click.prompt(f"password of {login}", hide_input=True, confirmation_prompt=True)
        except GetPassWarning:
            name = PASSWORD_PREFIX + login.upper()
            raise click.UsageError(f"no terminal to ask for a password: set {name}") from None


def _administrator() -> "PostgresAddress":
    from orchestration.resources.embedded_postgres import running
    from orchestration.resources.postgres import PostgresAddress
    from orchestration.settings import get_settings

    named = os.environ.get(ADMINISTRATOR)
    return PostgresAddress(named or running(get_settings().home).address())


def _secret(role: str) -> "SecretStr | None":
    from pydantic import SecretStr

    value = os.environ.get(PASSWORD_PREFIX + role.upper())
    return SecretStr(value) if value else None
