"""Who sees what, proved with real logins after rebuilds."""

from collections.abc import Callable, Mapping
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from orchestration.resources.postgres import PostgresAddress, PostgresWarehouse
from orchestration.resources.postgres_lease import hold_postgres_lease
from orchestration.resources.postgres_publication import publish
from orchestration.resources.roles import (
    STORE_MANAGER,
    NoSuchStoreManager,
    ensure_roles,
    ensure_store_manager,
)

pytestmark = pytest.mark.postgres

LogIn = Callable[..., psycopg.Connection]
PUBLISHED = (
    "marts.sales_daily",
    "marts.base_quality",
    "enriched.enriched_orders",
    "golden_customer.golden_customers",
    "serving.publication",
)
PRIVATE = (
    "marts_build.sales_daily",
    "raw.secret",
    "ops.publication",
    "ops.lease",
    "access.store_managers",
)


@pytest.fixture(autouse=True)
def rebuilt_and_published(
    warehouse: PostgresWarehouse,
    nodes: list[Mapping[str, Any]],
    rebuild: Callable[[int], None],
) -> None:
    with warehouse.as_role("loader").session() as session:
        session.execute("create table if not exists raw.secret as select 1 as number")
    for version in (1, 2):
        with hold_postgres_lease(warehouse, f"roles-{version}") as lease:
            rebuild(version)
            publish(warehouse, nodes, "2025-01-10", lease)


def refused(connection: psycopg.Connection, statement: str) -> bool:
    """Whether the server refuses a statement for lack of privileges."""
    try:
        with connection.transaction():
            connection.execute(statement.encode())
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction):
        return True
    return False


@pytest.mark.parametrize("login", ["bi_reader", "segment_reader", "activation"])
def test_a_reader_reads_what_is_published_and_nothing_else(login: str, log_in: LogIn) -> None:
    with log_in(login, autocommit=True) as reader:
        assert [table for table in PUBLISHED if refused(reader, f"select * from {table}")] == []
        assert [table for table in PRIVATE if not refused(reader, f"select * from {table}")] == []


def test_a_reader_changes_nothing_even_when_it_asks_to_write(log_in: LogIn) -> None:
    with log_in("bi_reader", autocommit=True) as reader:
        reader.execute("set default_transaction_read_only = off")
        for statement in (
            "delete from marts.sales_daily",
            "drop table marts.sales_daily",
            "create table marts.mine (number int)",
            "create table public.mine (number int)",
            "create schema mine",
            "create temporary table mine (number int)",
            "set role transformer",
            "set role publisher",
        ):
            assert refused(reader, statement), statement


def test_a_reader_cannot_enter_the_database_of_the_orchestrator(log_in: LogIn) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        log_in("bi_reader", dbname="dagster")


def test_a_reader_cannot_run_or_idle_for_ever(log_in: LogIn) -> None:
    with log_in("bi_reader") as reader:
        for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
            assert reader.execute(f"show {setting}".encode()).fetchone() == ("1min",)


def test_a_manager_sees_the_own_store_only(log_in: LogIn) -> None:
    for store in ("lyon", "paris"):
        with log_in(f"manager_{store}", f"{store}'s password") as manager:
            days = manager.execute("select store_key, count(*) from sales_daily group by 1")
            orders = manager.execute("select store_key, count(*) from enriched_orders group by 1")
            assert days.fetchall() == [(store, 10)]
            assert orders.fetchall() == [(store, 10)]


def test_a_manager_reaches_no_table_behind_the_views(log_in: LogIn) -> None:
    with log_in("manager_lyon", "lyon's password", autocommit=True) as manager:
        tables = [*PRIVATE, *PUBLISHED[:-1]]
        assert [t for t in tables if not refused(manager, f"select * from {t}")] == []
        assert refused(manager, "set role bi_reader")
        assert refused(manager, "set session authorization manager_paris")


def test_a_condition_that_raises_tells_a_manager_nothing_of_other_stores(log_in: LogIn) -> None:
    with log_in("manager_lyon", "lyon's password") as manager:
        found = manager.execute(
            "select count(*) from sales_daily where 1 / (case store_key when 'paris' then 0 "
            "else 1 end) = 1"
        )
        assert found.fetchone() == (10,)


def test_a_manager_without_stores_sees_nothing(
    administrator: PostgresAddress, log_in: LogIn
) -> None:
    ensure_store_manager(administrator, "manager_none", [], SecretStr("none"))
    with log_in("manager_none", "none") as manager:
        assert manager.execute("select count(*) from sales_daily").fetchone() == (0,)


def test_stores_are_replaced_when_a_manager_moves(
    administrator: PostgresAddress, log_in: LogIn
) -> None:
    ensure_store_manager(administrator, "manager_moves", ["lyon"], SecretStr("moves"))
    ensure_store_manager(administrator, "manager_moves", ["paris"], SecretStr("moved"))
    with log_in("manager_moves", "moved") as manager:
        stores = manager.execute("select distinct store_key from sales_daily").fetchall()
    assert stores == [("paris",)]


@pytest.mark.parametrize("login", ["bi_reader", "postgres", STORE_MANAGER])
def test_a_login_of_another_kind_is_no_store_manager(
    login: str, administrator: PostgresAddress
) -> None:
    with pytest.raises(NoSuchStoreManager, match=login):
        ensure_store_manager(administrator, login, ["lyon"], SecretStr("x"))


def test_roles_may_be_ensured_again_and_nothing_is_lost(
    administrator: PostgresAddress, log_in: LogIn
) -> None:
    ensure_roles(administrator)
    with log_in("bi_reader") as reader, log_in("manager_lyon", "lyon's password") as manager:
        assert reader.execute("select count(*) from marts.sales_daily").fetchone() == (20,)
        assert manager.execute("select count(*) from sales_daily").fetchone() == (10,)


def test_a_password_for_a_role_that_does_not_log_in_is_refused(
    administrator: PostgresAddress,
) -> None:
    with pytest.raises(ValueError, match="loader"):
        ensure_roles(administrator, {"loader": SecretStr("x")})


def test_each_builder_is_kept_to_its_own_part(warehouse: PostgresWarehouse) -> None:
    forbidden = {
        "loader": ["select * from marts_build.sales_daily", "drop table marts.sales_daily"],
        "transformer": ["delete from raw.secret", "select * from marts.sales_daily"],
        "publisher": ["select * from raw.secret", "drop table marts_build.sales_daily"],
    }
    for role, statements in forbidden.items():
        with warehouse.as_role(role).session() as session:
            for statement in statements:
                assert refused(session.connection, statement), (role, statement)
