"""What a BI tool may do to the server: for 60 seconds, anything that reads."""

import time
from collections.abc import Iterator

import psycopg
import pytest
from pydantic import SecretStr

from orchestration.resources.embedded_postgres import EmbeddedPostgres
from orchestration.resources.postgres import PostgresAddress
from orchestration.resources.roles import DATABASE, ensure_roles

pytestmark = pytest.mark.postgres
LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout")
RUNAWAY = "select count(*) from generate_series(1, 1000000) as a, generate_series(1, 1000000) as b"


@pytest.fixture
def reader(server: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    """A new login of bi_reader."""
    password = "of bi_reader"
    ensure_roles(PostgresAddress(server.address()), {"bi_reader": SecretStr(password)})
    address = server.loopback_address("bi_reader", DATABASE)
    with psycopg.connect(address, password=password, autocommit=True) as connection:
        yield connection


def test_the_limits_of_a_new_login_are_those_of_the_role(reader: psycopg.Connection) -> None:
    shown = [reader.execute(f"show {name}".encode()).fetchone() for name in LIMITS]
    assert shown == [("1min",), ("1min",), ("5s",)]


def test_a_runaway_query_is_cancelled(reader: psycopg.Connection) -> None:
    reader.execute("set statement_timeout = '300ms'")
    with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
        reader.execute(RUNAWAY)
    assert reader.execute("select 1").fetchone() == (1,)


def test_a_transaction_left_open_is_ended(reader: psycopg.Connection) -> None:
    reader.execute("set idle_in_transaction_session_timeout = '300ms'")
    reader.execute("begin")
    time.sleep(1)
    with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
        reader.execute("select 1")
