"""What a BI client gets as bi_reader over TCP: tables, descriptions, types, and no more."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from sqlalchemy import Engine, MetaData, NullPool, Table, create_engine, func, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from orchestration.resources.embedded_postgres import EmbeddedPostgres
from orchestration.resources.postgres import PostgresAddress, PostgresWarehouse
from orchestration.resources.postgres_lease import hold_postgres_lease
from orchestration.resources.postgres_publication import publish
from orchestration.resources.roles import DATABASE
from orchestration.settings import PROJECT_ROOT

pytestmark = pytest.mark.postgres

LogIn = Callable[..., psycopg.Connection]
Publish = Callable[[int], None]
INSUFFICIENT_PRIVILEGE = "42501"
PASSWORD = "bi_reader's password"
DRIVERS = ["psycopg2", "psycopg"]
PUBLISHED = {
    "marts": {"sales_daily", "base_quality"},
    "enriched": {"enriched_orders"},
    "golden_customer": {"golden_customers"},
}
# One table in every schema that is private to the build.
PRIVATE = {
    "raw": "loader",
    "ops": "loader",
    "reference": "transformer",
    "staging": "transformer",
    "unified": "transformer",
    "golden_customer_build": "transformer",
    "enriched_build": "transformer",
    "marts_build": "transformer",
    "access": "publisher",
}


@pytest.fixture
def publish_version(
    warehouse: PostgresWarehouse,
    nodes: list[Mapping[str, Any]],
    rebuild: Callable[[int], None],
) -> Publish:
    """Build and publish, every figure being the version; each private schema has a table."""

    def run(version: int) -> None:
        with hold_postgres_lease(warehouse, f"bi-{version}") as lease:
            rebuild(version)
            publish(warehouse, nodes, "2025-01-10", lease)
        for schema, owner in PRIVATE.items():
            with warehouse.as_role(owner).session() as session:
                session.execute(f"create table if not exists {schema}.secret as select 1 as number")

    return run


@pytest.fixture(params=DRIVERS)
def engine(
    request: pytest.FixtureRequest, server: EmbeddedPostgres, administrator: PostgresAddress
) -> Iterator[Engine]:
    address = make_url(server.loopback_address("bi_reader", DATABASE)).set(
        drivername=f"postgresql+{request.param}", password=PASSWORD
    )
    engine = create_engine(address, poolclass=NullPool)
    yield engine
    engine.dispose()


@pytest.fixture
def frame(engine: Engine, publish_version: Publish) -> Callable[..., pd.DataFrame]:
    """`pandas.read_sql` of a statement, after a publication of version 7."""
    publish_version(7)

    def read(statement: str, *, coerce_float: bool = True) -> pd.DataFrame:
        with engine.connect() as connection:
            return pd.read_sql(text(statement), connection, coerce_float=coerce_float)

    return read


def refusal(engine: Engine, statement: str) -> str | None:
    """The code of the error that a statement ends with when a client asks to write."""
    with engine.connect() as connection:
        connection.execute(text("set transaction read write"))
        try:
            connection.execute(text(statement))
        except DBAPIError as error:
            return str(getattr(error.orig, "sqlstate", getattr(error.orig, "pgcode", None)))
    return None


def test_a_client_finds_and_reads_every_published_table_after_each_publication(
    engine: Engine, publish_version: Publish
) -> None:
    for version in (1, 2):
        publish_version(version)
        inspector = inspect(engine)
        for schema, names in PUBLISHED.items():
            assert set(inspector.get_table_names(schema=schema)) == names
            for name in names:
                table = Table(name, MetaData(), schema=schema, autoload_with=engine)
                with engine.connect() as connection:
                    assert connection.execute(select(func.count()).select_from(table)).scalar_one()
        with engine.connect() as connection:
            versions = connection.execute(text("select distinct net_amount from sales_daily"))
            assert versions.scalars().all() == [Decimal(version)]
            record = connection.execute(text("select distinct run_id from serving.publication"))
            assert record.scalars().all() == [f"bi-{version}"]


def test_a_client_shows_the_descriptions_of_tables_and_columns(
    engine: Engine, publish_version: Publish
) -> None:
    for version in (1, 2):
        publish_version(version)
        inspector = inspect(engine)
        columns = {
            column["name"]: column for column in inspector.get_columns("sales_daily", "marts")
        }
        table = inspector.get_table_comment("sales_daily", "marts")
        assert table["text"] == "One row per store and day"
        assert columns["net_amount"].get("comment") == "Net sales, EUR"
        assert str(columns["net_amount"]["type"]) == "NUMERIC"
        assert str(columns["sales_date"]["type"]) == "DATE"


def test_pandas_reads_numbers_as_numbers_and_dates_as_dates(
    frame: Callable[..., pd.DataFrame],
) -> None:
    days = frame("select * from marts.sales_daily order by store_key, sales_date")
    assert days["net_amount"].dtype == "float64"
    assert days["net_amount"].sum() == 20 * 7
    assert days["sales_date"].iloc[0] == date(2025, 1, 1)
    assert pd.api.types.is_string_dtype(days["store_key"])
    record = frame("select row_count, published_at, as_of from serving.publication")
    assert record["row_count"].dtype == "int64"
    assert pd.api.types.is_datetime64_dtype(record["published_at"])
    assert frame("select sum(net_amount) > 0 as sold from marts.sales_daily")["sold"].dtype == bool


def test_pandas_keeps_cents_exactly_when_asked_to(frame: Callable[..., pd.DataFrame]) -> None:
    exact = frame("select sum(net_amount) as net_amount from sales_daily", coerce_float=False)
    assert exact["net_amount"].iloc[0] == Decimal("140.00")


def test_a_client_reads_no_private_table(engine: Engine, publish_version: Publish) -> None:
    publish_version(1)
    for schema in PRIVATE:
        for statement in (
            f"select * from {schema}.secret",
            f"select query_to_xml('select * from {schema}.secret', true, true, '')",
            f"copy {schema}.secret to stdout",
        ):
            assert refusal(engine, statement) == INSUFFICIENT_PRIVILEGE, statement


def test_a_client_reads_no_password_and_no_file_of_the_server(
    engine: Engine, publish_version: Publish
) -> None:
    publish_version(1)
    for statement in (
        "select * from pg_catalog.pg_authid",
        "select * from pg_catalog.pg_shadow",
        "select * from pg_catalog.pg_statistic",
        "select * from pg_catalog.pg_hba_file_rules",
        "select pg_read_file('/etc/passwd')",
        "select lo_import('/etc/passwd')",
        "copy marts.sales_daily to '/tmp/sales_daily.csv'",
        "copy (select 1) to program 'cat'",
    ):
        assert refusal(engine, statement) == INSUFFICIENT_PRIVILEGE, statement


def test_a_client_sees_no_statement_and_no_statistics_of_others(
    engine: Engine, publish_version: Publish, warehouse: PostgresWarehouse
) -> None:
    publish_version(1)
    with warehouse.as_role("loader").session() as session:
        session.execute("analyze raw.secret")
        with engine.connect() as connection:
            others = connection.execute(
                text("select distinct query from pg_stat_activity where usename = 'habitue'")
            )
            assert others.scalars().all() == ["<insufficient privilege>"]
            values = connection.execute(text("select 1 from pg_stats where schemaname = 'raw'"))
            assert values.all() == []


def test_a_client_changes_nothing_and_becomes_nobody_else(
    engine: Engine, publish_version: Publish
) -> None:
    publish_version(1)
    for statement in (
        "insert into marts.sales_daily values ('lyon', date '2030-01-01', 1)",
        "update marts.sales_daily set net_amount = 0",
        "truncate marts.sales_daily",
        "drop table marts.sales_daily",
        "comment on table marts.sales_daily is 'mine'",
        "create view marts.mine as select 1 as number",
        "create table public.mine (number int)",
        "create temporary table mine (number int)",
        "create schema mine",
        "create function marts.mine() returns int language sql as 'select 1'",
        "create role mine",
        "alter role bi_reader createrole",
        "set role transformer",
        "set role publisher",
        "set role habitue",
        "select pg_advisory_lock(1)",
        "select pg_try_advisory_xact_lock_shared(1, 2)",
        "select lo_create(0)",
        "set session authorization postgres",
    ):
        assert refusal(engine, statement) == INSUFFICIENT_PRIVILEGE, statement


def test_psycopg_reads_with_a_password_only(log_in: LogIn, publish_version: Publish) -> None:
    publish_version(3)
    with log_in("bi_reader") as reader:
        total = reader.execute("select sum(net_amount) from sales_daily").fetchone()
    assert total == (Decimal(60),)
    for wrong in ("wrong", "habitue"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            log_in("bi_reader", wrong)


def superset_address(**variables: str) -> subprocess.CompletedProcess[str]:
    """What the dashboard's script finds out about where bi_reader reads."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("HABITUE_")}
    return subprocess.run(
        [sys.executable, str(PROJECT_ROOT / "dashboards" / "superset" / "reader.py")],
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_superset_finds_the_embedded_server_and_never_changes_a_password_unasked(
    server: EmbeddedPostgres, publish_version: Publish, log_in: LogIn
) -> None:
    publish_version(4)
    home = {"HABITUE_HOME": str(server.folder.parent)}
    refused = superset_address(**home)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "set HABITUE_PASSWORD_BI_READER to it, or to a new one" in refused.stderr
    log_in("bi_reader").close()
    found = superset_address(**home, HABITUE_PASSWORD_BI_READER=PASSWORD)
    with create_engine(found.stdout.strip(), poolclass=NullPool).connect() as reader:
        total = reader.execute(text("select sum(net_amount) from sales_daily")).scalar_one()
    assert total == Decimal(80)


def test_superset_reads_a_server_of_ones_own_with_the_readers_password_only(tmp_path: Path) -> None:
    own = {
        "HABITUE_HOME": str(tmp_path),
        "HABITUE_POSTGRES_ADDRESS": "postgresql://habitue:secret@warehouse:5433/sales",
    }
    assert "HABITUE_PASSWORD_BI_READER" in superset_address(**own).stderr
    found = superset_address(**own, HABITUE_PASSWORD_BI_READER="p@ss/word")
    assert found.stdout == "postgresql://bi_reader:p%40ss%2Fword@warehouse:5433/sales\n"
