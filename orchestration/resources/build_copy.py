"""The last copy of what no run can compute anew: raw rows, ledger, quarantine, golden keys.

The landing folder may have been emptied since, so a damaged build file is filled again from here.
The copy follows the ledger: only rows of files that are new or changed are written. Where the
encrypted text of quarantined rows stands is not in it, so that nothing outlives its 30 days there.
"""

import logging
from pathlib import Path

import duckdb

from orchestration.migrations.upgrade import steps
from orchestration.resources.fault_points import fault_point
from orchestration.resources.replacing import put_in_place, set_aside_and_tell
from orchestration.resources.warehouse import checked_name, is_damage, literal

_LOG = logging.getLogger(__name__)
LEDGER = "ops.files"
QUARANTINE = "ops.quarantine"
SEALED = "encrypted_row"


def keep_copy(build_file: Path, copy_file: Path) -> None:
    """Bring the copy up to the build file; where that fails it is told, and stops nothing."""
    if not build_file.exists():
        return
    try:
        with duckdb.connect(str(build_file)) as connection:
            if LEDGER not in _tables(connection, _own(connection)):
                return
            if _is_damaged(copy_file):
                set_aside_and_tell(copy_file, "is damaged", "a new copy is made")
            connection.execute(f"attach {literal(copy_file)} as kept")
            try:
                connection.begin()
                _follow(connection, _own(connection))
                fault_point("copy.before_commit")
                connection.commit()
                fault_point("copy.after_commit")
            finally:
                connection.execute("detach kept")
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        _LOG.warning("%s could not be brought up to date (%s); make room", copy_file, reason)


def _is_damaged(file: Path) -> bool:
    if not file.exists():
        return False
    try:
        with duckdb.connect(str(file)):
            return False
    except duckdb.Error as error:
        return is_damage(error)


def fill(new_file: Path, source: Path) -> None:
    """Make a build file of the version that `source` is at, and fill it with what `source` holds.

    Raises:
        duckdb.Error: `source` cannot be read; nothing is at `new_file` then.
    """
    making = new_file.with_name(f".{new_file.name}.filling")
    for leftover in (making, making.with_name(making.name + ".wal")):
        leftover.unlink(missing_ok=True)
    try:
        with duckdb.connect(str(making)) as connection:
            connection.execute(f"attach {literal(source)} as source (read_only)")
            tables = _tables(connection, "source")
            connection.begin()
            for step in steps("duckdb")[: _version(connection, tables)]:
                connection.execute(step.sql)
            made = _tables(connection, _own(connection))
            for table in tables:
                if table in made:
                    connection.execute(f"insert into {table} by name select * from source.{table}")
                else:
                    connection.execute(f"create table {table} as select * from source.{table}")
            fault_point("fill.before_commit")
            connection.commit()
            fault_point("fill.after_commit")
            connection.execute("detach source")
        put_in_place(making, new_file, "fill")
    finally:
        making.unlink(missing_ok=True)


def unreadable(file: Path) -> str | None:
    """Why what no run can compute anew cannot be read from a file; None when all of it can."""
    try:
        with duckdb.connect() as connection:
            connection.execute(f"attach {literal(file)} as source (read_only)")
            tables = _tables(connection, "source")
            if LEDGER not in tables:
                return "it is empty"
            for table in tables:
                query = f"select count(*), bit_xor(hash(line)) from source.{table} as line"
                connection.execute(query).fetchall()
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return None


def _follow(connection: duckdb.DuckDBPyConnection, build: str) -> None:
    connection.execute("create schema if not exists kept.raw")
    connection.execute("create schema if not exists kept.ops")
    kept = _tables(connection, "kept")
    changed = _changed_files(connection) if LEDGER in kept else None
    for table in _tables(connection, build):
        if not table.startswith("raw."):
            hidden = f" replace (cast(null as varchar) as {SEALED})" if table == QUARANTINE else ""
            rows = f"select *{hidden} from {table}"
            connection.execute(f"create or replace table kept.{table} as {rows}")
        elif table not in kept or changed is None:
            connection.execute(f"create or replace table kept.{table} as select * from {table}")
        elif changed.get(table):
            _renew(connection, table, changed[table])


def _changed_files(connection: duckdb.DuckDBPyConnection) -> dict[str, list[int]]:
    """By raw table the files whose line of the ledger is new, another, or gone."""
    columns = "file_id, source, entity, sha256, rows_loaded, state"
    found = connection.execute(
        f"""
        (select {columns} from {LEDGER} except select {columns} from kept.{LEDGER})
        union
        (select {columns} from kept.{LEDGER} except select {columns} from {LEDGER})
        """
    ).fetchall()
    changed: dict[str, list[int]] = {}
    for file_id, source, entity, *_ in found:
        changed.setdefault(f"raw.{source}_{entity}", []).append(int(file_id))
    return changed


def _renew(connection: duckdb.DuckDBPyConnection, table: str, files: list[int]) -> None:
    schema, name = checked_name(table).split(".")
    columns = "select column_name from duckdb_columns() where schema_name = ? and table_name = ?"
    query = f"{columns} and database_name {{}} 'kept'"
    known = {row[0] for row in connection.execute(query.format("="), [schema, name]).fetchall()}
    for (column,) in connection.execute(query.format("<>"), [schema, name]).fetchall():
        if column not in known:
            connection.execute(f'alter table kept.{table} add column "{column}" varchar')
    connection.execute(f"delete from kept.{table} where list_contains(?, _file_id)", [files])
    connection.execute(
        f"insert into kept.{table} by name select * from {table} where list_contains(?, _file_id)",
        [files],
    )


def _tables(connection: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    found = connection.execute(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = ? and schema_name in ('ops', 'raw') order by all",
        [database],
    ).fetchall()
    return [f"{schema}.{table}" for schema, table in found]


def _version(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> int:
    if "ops.schema_version" not in tables:
        return 1
    query = "select coalesce(max(version), 1) from source.ops.schema_version"
    return int(connection.execute(query).fetchall()[0][0])


def _own(connection: duckdb.DuckDBPyConnection) -> str:
    """What DuckDB calls the database of the file that was opened."""
    return str(connection.execute("select current_database()").fetchall()[0][0])
