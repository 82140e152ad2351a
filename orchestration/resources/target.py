"""The warehouse that the settings choose, and the right to write to it."""

import os
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.migrations.upgrade import upgrade
from orchestration.resources.lease import Lease, hold_lease, is_held, read_lease
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.resources.postgres import PostgresAddress, PostgresWarehouse
    from orchestration.resources.postgres_lease import PostgresLease
    from orchestration.resources.warehouse import Warehouse

# What dbt's sessions are called in pg_stat_activity, read by its profile.
DBT_APPLICATION = "HABITUE_PG_APPLICATION"


def build_warehouse(settings: Settings, role: str = "loader") -> "Warehouse":
    """The private warehouse of the build.

    Args:
        settings: The installation.
        role: Whose rights apply on PostgreSQL: loader for raw rows and the ledger, transformer
            for whatever dbt built, publisher for what is served.

    Raises:
        PostgresUnreachable: the embedded server does not start.
    """
    if settings.target == "duckdb":
        from orchestration.resources.warehouse import DuckDBWarehouse

        return DuckDBWarehouse(settings.build_file)
    return postgres_warehouse(settings, role)


def postgres_warehouse(settings: Settings, role: str) -> "PostgresWarehouse":
    """The PostgreSQL warehouse, its sessions named after the run that this process carries out."""
    from orchestration.resources.postgres import PostgresWarehouse
    from orchestration.resources.postgres_lease import held_run

    warehouse = PostgresWarehouse(postgres_address(settings), role)
    run_id = held_run(warehouse)
    return warehouse.of_run(run_id) if run_id else warehouse


def postgres_address(settings: Settings) -> "PostgresAddress":
    """The build's login: the one in the settings, else the embedded server's, started if needed."""
    from orchestration.resources.postgres import PostgresAddress

    if settings.postgres_address:
        return PostgresAddress(settings.postgres_address.get_secret_value())
    return _embedded_address(settings.home)


def readers_address(settings: Settings) -> str:
    """Where BI tools read what is published: a file, or a server; never a password."""
    if settings.target == "duckdb":
        return str(settings.published_file)
    from orchestration.resources.embedded_postgres import embedded_postgres
    from orchestration.resources.roles import DATABASE

    if settings.postgres_address is None:
        return embedded_postgres(settings.home).loopback_address("bi_reader", DATABASE)
    return "postgresql://" + postgres_address(settings).with_parts(user="bi_reader").shown


def dbt_environment(settings: Settings) -> dict[str, str]:
    """The variables by which dbt's profile finds the warehouse."""
    if settings.target == "duckdb":
        return {"HABITUE_BUILD_FILE": str(settings.build_file)}
    return postgres_address(settings).dbt_environment()


@contextmanager
def hold_write(
    settings: Settings, run_id: str, patience_seconds: float = 0
) -> "Generator[Lease | PostgresLease]":
    """Hold the right to write, on this machine and, with PostgreSQL, on the server.

    Sessions that an earlier run left on the server are ended first, and a warehouse of an earlier
    version is upgraded.

    Raises:
        AnotherRunActive: another run holds it, and went on for `patience_seconds`.
        WarehouseNewer, UpgradeFailed: with the remedy.
        PostgresUnreachable: the server does not answer or refuses the login.
    """
    is_first = not is_held(settings.home)
    with hold_lease(settings.home, run_id, patience_seconds) as lease:
        if settings.target == "duckdb":
            with _mended(settings) if is_first else nullcontext():
                yield lease
            return
        from orchestration.resources.postgres import application_name
        from orchestration.resources.postgres_lease import hold_postgres_lease
        from orchestration.resources.reader_limits import look_after_readers

        warehouse = postgres_warehouse(settings, "publisher")
        with hold_postgres_lease(warehouse, run_id, patience_seconds) as fenced:
            os.environ[DBT_APPLICATION] = application_name(fenced.run_id)
            if is_first:
                look_after_readers(settings)
            yield fenced


@contextmanager
def _mended(settings: Settings) -> Generator[None]:
    """A build file that can be read and is of this version; its last copy is kept at the end."""
    from orchestration.mending import look_deeper_path, mend_warehouse
    from orchestration.resources.build_copy import keep_copy
    from orchestration.resources.warehouse import WarehouseUnreadable, is_damage

    mend_warehouse(settings)
    warehouse = build_warehouse(settings)
    # An empty home gets its tables once it has a key.
    if warehouse.exists():
        upgrade(warehouse)
    try:
        yield
    except Exception as error:
        if isinstance(error, WarehouseUnreadable) or is_damage(error):
            look_deeper_path(settings).touch()
        raise
    if not look_deeper_path(settings).exists():
        keep_copy(settings.build_file, settings.copy_file)


def active_run(settings: Settings) -> str | None:
    """The run that writes now, on this machine or, with PostgreSQL, on any; None if none does.

    Raises:
        PostgresUnreachable: the server does not answer or refuses the login.
    """
    if (lease := read_lease(settings.home)) is not None:
        return lease.run_id
    if settings.target == "duckdb":
        return None
    from orchestration.resources.postgres_lease import read_postgres_lease

    return read_postgres_lease(postgres_warehouse(settings, "publisher"))


@cache
def _embedded_address(home: Path) -> "PostgresAddress":
    from orchestration.resources.embedded_postgres import running
    from orchestration.resources.postgres import PostgresAddress
    from orchestration.resources.roles import DATABASE, SERVICE, ensure_roles

    server = running(home)
    ensure_roles(PostgresAddress(server.address()))
    return PostgresAddress(server.address(SERVICE, DATABASE))
