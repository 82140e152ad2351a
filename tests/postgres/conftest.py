"""One embedded server for the whole session; a small warehouse in its own server per module."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psycopg
import pytest
from embedded import embedded_server
from pydantic import SecretStr

from orchestration.resources.embedded_postgres import EmbeddedPostgres
from orchestration.resources.postgres import PostgresAddress, PostgresWarehouse
from orchestration.resources.roles import DATABASE, ensure_roles, ensure_store_manager

PASSWORDS = {
    name: SecretStr(f"{name}'s password")
    for name in ("bi_reader", "segment_reader", "activation", "privacy_officer")
}
STORES = ("lyon", "paris")
NODES: list[dict[str, Any]] = [
    {
        "name": "sales_daily",
        "config": {"schema": "marts", "meta": {"indexes": [["store_key", "sales_date"]]}},
    },
    {"name": "base_quality", "config": {"schema": "marts", "meta": {}}},
    {"name": "enriched_orders", "config": {"schema": "enriched", "meta": {}}},
    {
        "name": "golden_customers",
        "config": {"schema": "golden_customer", "meta": {"store_column": "home_store_key"}},
    },
]
REBUILD = """
drop table if exists marts_build.sales_daily, marts_build.base_quality,
    enriched_build.enriched_orders, golden_customer_build.golden_customers;
create table marts_build.sales_daily as
select store, date '2025-01-01' + day as sales_date, {version} * 1.00::numeric(18, 2) as net_amount
from unnest(array['lyon', 'paris']) as store, generate_series(0, 9) as day;
alter table marts_build.sales_daily rename store to store_key;
comment on table marts_build.sales_daily is 'One row per store and day';
comment on column marts_build.sales_daily.net_amount is 'Net sales, EUR';
create table marts_build.base_quality as select {version} as version, 'active' as status;
create table enriched_build.enriched_orders as
select 'o' || number as order_key, case number % 2 when 0 then 'lyon' else 'paris' end as store_key
from generate_series(1, 20) as number;
create table golden_customer_build.golden_customers as
select 'c1' as customer_key, cast(null as text) as home_store_key;
"""

Rebuild = Callable[[int], None]
_measured: list[str] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _measured:
        terminalreporter.write_line(f"measured: {line}")


@pytest.fixture
def measured() -> list[str]:
    """Lines for the end of pytest's report: figures that a busy machine may spoil."""
    return _measured


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    with embedded_server() as server:
        yield server


@pytest.fixture(scope="session")
def administrator(server: EmbeddedPostgres) -> PostgresAddress:
    address = PostgresAddress(server.address())
    ensure_roles(address, PASSWORDS)
    for store in STORES:
        ensure_store_manager(address, f"manager_{store}", [store], SecretStr(f"{store}'s password"))
    return address


@pytest.fixture
def warehouse(server: EmbeddedPostgres, administrator: PostgresAddress) -> PostgresWarehouse:
    """The service's login, by its Unix socket."""
    return PostgresWarehouse(PostgresAddress(server.address("habitue", DATABASE)))


@pytest.fixture
def rebuild(warehouse: PostgresWarehouse) -> Rebuild:
    """Build the four tables anew, as dbt would, every figure being the version."""

    def build(version: int) -> None:
        with warehouse.as_role("transformer").session() as session:
            session.execute(REBUILD.format(version=version))

    return build


@pytest.fixture
def nodes() -> list[Mapping[str, Any]]:
    return list(NODES)


@pytest.fixture
def log_in(server: EmbeddedPostgres, administrator: PostgresAddress) -> Callable[..., Any]:
    """A real login over TCP with a password, as a BI tool would."""

    def connect(
        user: str, password: str | None = None, **options: bool | str
    ) -> psycopg.Connection:
        secret = password or PASSWORDS[user].get_secret_value()
        address = server.loopback_address(user, DATABASE)
        return psycopg.connect(address, password=secret, **options)  # type: ignore[arg-type]

    return connect
