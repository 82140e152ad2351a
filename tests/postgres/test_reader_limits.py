"""A reader who lifts the own time limit is ended from outside; nobody else is."""

import queue
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from orchestration.resources import reader_limits
from orchestration.resources.postgres import PostgresAddress, PostgresWarehouse
from orchestration.resources.reader_limits import end_overlong
from orchestration.resources.roles import ensure_roles
from orchestration.settings import Settings

pytestmark = pytest.mark.postgres
LogIn = Callable[..., psycopg.Connection]
PASSWORDS = {"bi_reader": None, "manager_lyon": "lyon's password"}
CATCHING = """
do $$ begin
    begin perform pg_sleep(30); exception when query_canceled then perform pg_sleep(30); end;
end $$
"""


def ended(warehouse: PostgresWarehouse, seconds: float) -> list[str]:
    """Look until somebody is ended, for ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if found := end_overlong(warehouse, seconds):
            return found
        time.sleep(0.1)
    return []


@pytest.mark.parametrize("login", list(PASSWORDS))
@pytest.mark.parametrize("statement", ["select pg_sleep(30)", CATCHING], ids=["plain", "catching"])
def test_a_reader_that_lifted_its_limit_is_ended(
    warehouse: PostgresWarehouse, log_in: LogIn, login: str, statement: str
) -> None:
    with log_in(login, PASSWORDS[login], autocommit=True) as reader, ThreadPoolExecutor() as pool:
        reader.execute("set statement_timeout = 0")
        running = pool.submit(reader.execute, statement.encode())
        assert end_overlong(warehouse, 20) == []
        assert ended(warehouse, 0.5) == [login]
        with pytest.raises(psycopg.OperationalError):
            running.result(timeout=10)


def test_a_reader_that_idles_in_a_transaction_is_ended(
    warehouse: PostgresWarehouse, log_in: LogIn
) -> None:
    with pytest.raises(psycopg.errors.AdminShutdown), log_in("bi_reader") as reader:
        reader.execute("set idle_in_transaction_session_timeout = 0")
        assert ended(warehouse, 0.5) == ["bi_reader"]


def test_who_waits_for_the_next_query_and_who_builds_are_left_alone(
    warehouse: PostgresWarehouse, log_in: LogIn
) -> None:
    with (
        log_in("bi_reader", autocommit=True) as reader,
        warehouse.as_role("transformer").session() as builder,
        builder.transaction(),
    ):
        reader.execute("select 1")
        builder.execute("select 1")
        time.sleep(1)
        assert end_overlong(warehouse, 0.5) == []
        assert reader.execute("select 1").fetchone() == (1,)
        assert builder.execute("select 1") == [(1,)]


def test_what_a_login_changed_of_itself_is_put_back(
    administrator: PostgresAddress, log_in: LogIn
) -> None:
    with log_in("bi_reader", autocommit=True) as reader:
        reader.execute("set default_transaction_read_only = off")
        reader.execute("alter role bi_reader in database habitue set statement_timeout = 0")
    ensure_roles(administrator)
    with log_in("bi_reader") as reader:
        assert reader.execute("show statement_timeout").fetchone() == ("1min",)


def test_an_installation_looks_again_and_again(
    warehouse: PostgresWarehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    looked: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def look(warehouse: PostgresWarehouse) -> list[str]:
        found = end_overlong(warehouse)
        looked.put(found)
        return found

    monkeypatch.setattr(reader_limits, "PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(reader_limits, "end_overlong", look)
    address = SecretStr(warehouse.address.conninfo)
    settings = Settings(home=tmp_path, target="postgres", postgres_address=address)
    stop = reader_limits.keep_ending_overlong(settings)
    try:
        assert [looked.get(timeout=10) for _ in range(2)] == [[], []]
    finally:
        stop.set()
    assert "was not looked after" not in caplog.text
