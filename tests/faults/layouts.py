"""Warehouses of earlier versions, and what is in a warehouse."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from orchestration.resources.postgres import PostgresAddress
from orchestration.resources.roles import DATABASE, ensure_roles
from orchestration.resources.warehouse import DuckDBWarehouse, Engine, Row, Warehouse

FOLDER = Path(__file__).parent / "layouts"
COLUMNS = """
select table_schema || '.' || table_name, column_name, lower(data_type), is_nullable
from information_schema.columns
where table_schema in ('ops', 'raw')
order by 1, ordinal_position
"""
INDEXES = {
    "duckdb": "select sql from duckdb_indexes() order by sql",
    "postgres": "select indexdef from pg_indexes where schemaname = 'ops' order by indexdef",
}
OWNERS = """
select table_name, grantee, privilege_type
from information_schema.role_table_grants
where table_schema = 'ops'
order by 1, 2, 3
"""


def layout(engine: Engine, version: int) -> str:
    """The SQL that makes a small warehouse of an earlier version."""
    return (FOLDER / f"version_{version}_{engine}.sql").read_text()


@dataclass(frozen=True)
class Place:
    """A warehouse, and how to empty it and fill it with an earlier version."""

    warehouse: Warehouse
    empty: Callable[[], None]
    run: Callable[[str], None]

    @property
    def engine(self) -> Engine:
        return self.warehouse.engine

    def start_from(self, version: int) -> None:
        """Make it a warehouse of an earlier version, whatever it was."""
        self.empty()
        if version:
            self.run(layout(self.engine, version))

    def structure(self) -> list[Row]:
        """Columns, indexes and, where there are any, grants of our own tables."""
        queries = [COLUMNS, INDEXES[self.engine]]
        if self.engine == "postgres":
            queries.append(OWNERS)
        with self.warehouse.session() as session:
            return [row for query in queries for row in session.execute(query)]

    def rows(self) -> dict[str, list[Row]]:
        """Every row of every table of ours, but the record of versions."""
        with self.warehouse.session() as session:
            tables = sorted({str(name) for name, *_ in session.execute(COLUMNS)})
            return {
                table: sorted(session.execute(f"select * from {table}"), key=repr)
                for table in tables
                if table != "ops.schema_version"
            }


def in_duckdb(folder: Path) -> Place:
    """A DuckDB warehouse in a folder."""
    warehouse = DuckDBWarehouse(folder / "warehouse" / "habitue_build.duckdb")

    def empty() -> None:
        warehouse.file.unlink(missing_ok=True)

    def run(sql: str) -> None:
        with warehouse.session() as session:
            session.execute(sql)

    return Place(warehouse, empty, run)


def in_postgres(administrator: PostgresAddress, warehouse: Warehouse) -> Place:
    """The PostgreSQL warehouse of a server that is nobody else's."""
    address = administrator.with_parts(dbname=DATABASE).conninfo

    def run(sql: str) -> None:
        with psycopg.connect(address) as connection:
            connection.execute(sql.encode())

    def empty() -> None:
        run("drop schema if exists ops, raw cascade")
        ensure_roles(administrator)

    ensure_roles(administrator)
    return Place(warehouse, empty, run)
