"""Print the address, with its password, under which a BI tool reads the marts as bi_reader.

HABITUE_BI_ADDRESS as it is, if set; else the server that habitue builds on. There the password is
HABITUE_PASSWORD_BI_READER; the embedded server makes one up and keeps it in `secrets`. The output
is meant for a variable, not for a screen.
"""

import os
import secrets
import sys
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import URL, make_url

from orchestration.resources.embedded_postgres import running
from orchestration.resources.postgres import PostgresAddress, PostgresWarehouse
from orchestration.resources.roles import DATABASE, ensure_roles
from orchestration.settings import Settings, get_settings

READER = "bi_reader"


class NoPassword(ValueError):
    """The password of bi_reader is known to its owner only; the message says where to put it."""


def reader_address(settings: Settings) -> URL:
    """Where bi_reader reads, password included; the embedded server is started.

    Raises:
        NoPassword: bi_reader has a password, but neither variable nor file says which.
    """
    if named := os.environ.get("HABITUE_BI_ADDRESS"):
        return make_url(named)
    chosen = os.environ.get("HABITUE_PASSWORD_BI_READER")
    if settings.postgres_address is None:
        return _embedded_address(settings.home, chosen)
    if not chosen:
        raise NoPassword("set HABITUE_PASSWORD_BI_READER to the password of bi_reader")
    parts = PostgresAddress(settings.postgres_address.get_secret_value()).parts
    return URL.create(
        "postgresql",
        username=READER,
        password=chosen,
        host=parts.get("host", "127.0.0.1"),
        port=int(parts.get("port", "5432")),
        database=parts.get("dbname", DATABASE),
    )


def _embedded_address(home: Path, chosen: str | None) -> URL:
    server = running(home)
    administrator = PostgresAddress(server.address())
    ensure_roles(administrator)
    file = home / "secrets" / READER
    if chosen is None and not file.exists():
        if _has_password(administrator):
            raise NoPassword(
                f"bi_reader has a password that {file} does not hold; set "
                "HABITUE_PASSWORD_BI_READER to it, or to a new one"
            )
        _write_secret(file, secrets.token_urlsafe(24))
    password = chosen or file.read_text().strip()
    ensure_roles(administrator, {READER: SecretStr(password)})
    return make_url(server.loopback_address(READER, DATABASE)).set(password=password)


def _has_password(administrator: PostgresAddress) -> bool:
    with PostgresWarehouse(administrator).session() as session:
        found = session.execute(
            "select rolpassword is not null from pg_authid where rolname = ?", [READER]
        )
    return bool(found[0][0])


def _write_secret(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)


if __name__ == "__main__":
    try:
        print(reader_address(get_settings()).render_as_string(hide_password=False))
    except NoPassword as error:
        sys.exit(str(error))
