"""What readers may lift or change of themselves is kept and put back from outside."""

import queue
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from embedded import embedded_server
from pydantic import SecretStr

from orchestration.resources import reader_limits
from orchestration.resources.embedded_postgres import EmbeddedPostgres
from orchestration.resources.postgres import (
    PostgresAddress,
    PostgresUnreachable,
    PostgresWarehouse,
)
from orchestration.resources.reader_limits import (
    end_overlong,
    look_after_readers,
    unguarded,
)
from orchestration.resources.roles import DATABASE, ensure_roles
from orchestration.served import Served
from orchestration.services_watch import Trouble
from orchestration.settings import Settings
from orchestration.watchdog import _troubles

pytestmark = pytest.mark.postgres
LogIn = Callable[..., psycopg.Connection]
PASSWORDS = {"bi_reader": None, "manager_lyon": "lyon's password"}
SHARED = {"bi_reader": SecretStr("bi_reader's password")}
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


@pytest.mark.parametrize("login", [*PASSWORDS, "privacy_officer"])
@pytest.mark.parametrize("statement", ["select pg_sleep(30)", CATCHING], ids=["plain", "catching"])
def test_a_reader_that_lifted_its_limit_is_ended(
    warehouse: PostgresWarehouse, log_in: LogIn, login: str, statement: str
) -> None:
    password = PASSWORDS.get(login)
    with log_in(login, password, autocommit=True) as reader, ThreadPoolExecutor() as pool:
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


def test_a_transaction_that_small_statements_keep_alive_is_ended(
    warehouse: PostgresWarehouse, log_in: LogIn
) -> None:
    with pytest.raises(psycopg.errors.AdminShutdown), log_in("bi_reader") as reader:
        for _ in range(20):
            reader.execute("select 1")
            time.sleep(0.1)
            assert end_overlong(warehouse, 20, 60) == []
        assert end_overlong(warehouse, 20, 1) == ["bi_reader"]
        reader.execute("select 1")


# What a user of a shared login can do to it; the last two let nobody in any more.
OF_ITSELF = (
    "password 'another'",
    "password null",
    "in database habitue set statement_timeout = 0",
    "set search_path = nowhere",
    "in database habitue set local_preload_libraries = 'nothing'",
    "set idle_session_timeout = '1ms'",
)


def change(log_in: LogIn, login: str, password: str | None, what: str) -> None:
    with log_in(login, password, autocommit=True) as reader:
        reader.execute("set default_transaction_read_only = off")
        reader.execute(f"alter role {login} {what}".encode())


def troubles(settings: Settings) -> list[Trouble]:
    """What the watchdog finds on a server that can be read."""
    return list(_troubles(settings, Served(None)))


def works_as_given(log_in: LogIn, login: str, password: str | None) -> None:
    with log_in(login, password, autocommit=True) as reader:
        assert reader.execute("show statement_timeout").fetchone() == ("1min",)
        paths = {"bi_reader": "marts, enriched, golden_customer, serving"}
        path = paths.get(login, "serving")
        assert reader.execute("show search_path").fetchone() == (path,)


@pytest.mark.parametrize("login", list(PASSWORDS))
@pytest.mark.parametrize("what", OF_ITSELF)
def test_what_a_login_changed_of_itself_is_put_back(
    settings: Settings, log_in: LogIn, login: str, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    change(log_in, login, PASSWORDS[login], what)
    look_after_readers(settings)
    works_as_given(log_in, login, PASSWORDS[login])
    kind = "password" if "password" in what else "settings"
    assert f"{login} changed the {kind} of its login" in caplog.text
    told = [trouble for trouble in troubles(settings) if trouble.name == f"login {login}"]
    assert any(f"{login} changed the {kind} of its login" in trouble.text for trouble in told)
    caplog.clear()
    look_after_readers(settings)
    assert caplog.text == ""


@pytest.mark.parametrize("what", OF_ITSELF[2:])
def test_roles_that_are_made_complete_have_their_own_settings_only(
    administrator: PostgresAddress, log_in: LogIn, what: str
) -> None:
    change(log_in, "bi_reader", None, what)
    ensure_roles(administrator)
    works_as_given(log_in, "bi_reader", None)


def test_a_new_password_from_the_administrator_is_the_one_that_is_kept(
    administrator: PostgresAddress, settings: Settings, log_in: LogIn
) -> None:
    ensure_roles(administrator, {"bi_reader": SecretStr("new")})
    try:
        look_after_readers(settings)
        works_as_given(log_in, "bi_reader", "new")
        change(log_in, "bi_reader", "new", "password 'another'")
        look_after_readers(settings)
        works_as_given(log_in, "bi_reader", "new")
    finally:
        ensure_roles(administrator, SHARED)


def test_nobody_but_the_publisher_puts_back_and_nobody_reads_what_is_kept(
    warehouse: PostgresWarehouse, log_in: LogIn
) -> None:
    asked = ("select * from guard.logins", "select guard.put_back_logins()")
    for login, password in PASSWORDS.items():
        with log_in(login, password, autocommit=True) as reader:
            for statement in asked:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(statement.encode())
    for role in ("loader", "transformer", "publisher"):
        with warehouse.as_role(role).session() as session:
            for statement in (*asked[: 1 if role == "publisher" else 2],
                              "create table guard.mine (number int)"):  # fmt: skip
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(statement)


def test_one_login_leaves_connections_for_others(
    warehouse: PostgresWarehouse, log_in: LogIn
) -> None:
    with ExitStack() as held:
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            for _ in range(101):
                held.enter_context(log_in("bi_reader"))
        with warehouse.session() as session:
            assert session.execute("select 1") == [(1,)]


def test_a_server_without_a_free_connection_is_named(
    administrator: PostgresAddress, server: EmbeddedPostgres
) -> None:
    with PostgresWarehouse(administrator).session() as session:
        session.execute("create role crowd login password 'x' connection limit 0")
        try:
            address = PostgresAddress(server.loopback_address("crowd", DATABASE))
            session.execute(f"grant connect on database {DATABASE} to crowd")
            with (
                pytest.raises(PostgresUnreachable, match=r"has no connection left .* end idle"),
                PostgresWarehouse(address.with_parts(password="x")).session(),
            ):
                pass
        finally:
            session.execute(f"revoke connect on database {DATABASE} from crowd")
            session.execute("drop role crowd")


@pytest.mark.parametrize("login", ["bi_reader", "manager_lyon"])
def test_what_only_fills_the_disk_is_refused_or_bounded(log_in: LogIn, login: str) -> None:
    with log_in(login, PASSWORDS[login], autocommit=True) as reader:
        assert reader.execute("show temp_file_limit").fetchone() == ("4GB",)
        reader.execute("set default_transaction_read_only = off")
        for statement in (
            "set temp_file_limit = -1",
            "alter role current_user set temp_file_limit = -1",
            "alter role current_user connection limit -1",
            "select pg_logical_emit_message(false, 'x', repeat('x', 1000))",
            "select lo_from_bytea(0, 'x')",
            "create temporary table mine (number int)",
            "set track_activities = off",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement.encode())


def test_where_no_superuser_saw_to_it_it_is_said(
    warehouse: PostgresWarehouse, administrator: PostgresAddress
) -> None:
    assert unguarded(warehouse) is None
    with embedded_server() as other:
        with psycopg.connect(other.address(), autocommit=True) as connection:
            connection.execute("create role builder login createrole createdb password 'x'")
            connection.execute("alter database postgres owner to builder")
        address = PostgresAddress(other.loopback_address("builder", "postgres"))
        ensure_roles(address.with_parts(password="x"), {"habitue": SecretStr("x")})
        service = PostgresAddress(other.loopback_address("habitue", DATABASE))
        told = unguarded(PostgresWarehouse(service.with_parts(password="x")))
    assert told is not None
    for what in ("longer than their limit", "password", "lock", "template1", "let a superuser run"):
        assert what in told


@pytest.fixture
def settings(warehouse: PostgresWarehouse, tmp_path: Path) -> Settings:
    """An installation on this server."""
    address = SecretStr(warehouse.address.conninfo)
    return Settings(
        home=tmp_path, target="postgres", postgres_address=address, watch_services=False
    )


def test_an_installation_looks_again_and_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: queue.SimpleQueue[Settings] = queue.SimpleQueue()
    monkeypatch.setattr(reader_limits, "PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(reader_limits, "look_after_readers", looked.put)
    stop = reader_limits.keep_looking_after_readers(settings)
    try:
        assert [looked.get(timeout=10) for _ in range(2)] == [settings] * 2
    finally:
        stop.set()
