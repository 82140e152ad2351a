"""Bringing a warehouse to the version that this code needs, in one transaction.

A step is a numbered SQL file of an engine's folder. Every step that is missing, and the row of
`ops.schema_version` that says so, commit together: a warehouse is at the old version or at the new
one, and a run killed in between is repaired by the next.
"""

import logging
import shutil
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version as version_of_package
from pathlib import Path

from orchestration.resources.fault_points import fault_point
from orchestration.resources.replacing import put_in_place
from orchestration.resources.warehouse import DuckDBWarehouse, Engine, Session, Warehouse

_LOG = logging.getLogger(__name__)
_FOLDER = Path(__file__).parent


class WarehouseNewer(RuntimeError):
    """A newer habitue wrote the warehouse; the message names both versions and the remedy."""


class UpgradeFailed(RuntimeError):
    """A step could not be taken, and nothing was changed; the message says which, and why."""


@dataclass(frozen=True)
class Step:
    """The way from the version before to `version`."""

    version: int
    name: str
    sql: str


@dataclass(frozen=True)
class Upgrade:
    """What was found and what is there now; `backup` is the copy of what was found, if any."""

    found: int
    reached: int
    backup: Path | None = None


@cache
def steps(engine: Engine) -> tuple[Step, ...]:
    """Every step of an engine, in order, from version 1 on without a gap."""
    files = sorted((_FOLDER / engine).glob("*.sql"))
    found = tuple(Step(int(file.stem[:4]), file.stem[5:], file.read_text()) for file in files)
    assert [step.version for step in found] == list(range(1, len(found) + 1)), engine
    return found


def needed_version(engine: Engine) -> int:
    """The version that this code works with."""
    return steps(engine)[-1].version


def found_version(warehouse: Warehouse) -> int:
    """The version that a warehouse is at; 0 when it is empty or older than versions.

    Raises:
        WarehouseNewer: this code does not know the version.
    """
    if isinstance(warehouse, DuckDBWarehouse) and not warehouse.exists():
        return 0
    with warehouse.session() as session:
        version, habitue = _recorded(session)
    if version > needed_version(warehouse.engine):
        raise WarehouseNewer(
            f"{warehouse.place} is at version {version}, made by habitue {habitue}; this is "
            f"habitue {version_of_package('habitue')}, which knows versions up to "
            f"{needed_version(warehouse.engine)}. Install habitue {habitue} or newer, or restore "
            f"{_copy_of(warehouse)}; nothing was changed"
        )
    return version


def upgrade(warehouse: Warehouse) -> Upgrade:
    """Take every step that is missing; nothing when there is none.

    The caller holds the right to write, so that no run works on the tables meanwhile.

    Raises:
        WarehouseNewer: the warehouse is at a version that this code does not know.
        UpgradeFailed: a step failed, or there is no room for the copy; nothing was changed.
    """
    found, needed = found_version(warehouse), needed_version(warehouse.engine)
    if found == needed:
        return Upgrade(found, found)
    backup = None
    if not _is_empty(warehouse):
        _LOG.warning("%s is upgraded to version %d", warehouse.place, needed)
        if isinstance(warehouse, DuckDBWarehouse):
            backup = _keep_copy(warehouse.file)
    fault_point("upgrade.copied")
    with warehouse.session() as session, session.transaction():
        if warehouse.engine == "postgres":
            session.execute("select pg_catalog.pg_advisory_xact_lock(hashtext('habitue.upgrade'))")
        # Another process may have been first.
        begun, _ = _recorded(session)
        for step in steps(warehouse.engine)[begun:]:
            _take(session, warehouse, step)
    fault_point("upgrade.committed")
    return Upgrade(found, needed, backup)


def backup_file(build_file: Path) -> Path:
    """Where the copy of a DuckDB file from before its last upgrade lies."""
    return build_file.with_name(f"{build_file.stem}.before_upgrade.duckdb")


def _copy_of(warehouse: Warehouse) -> str:
    if isinstance(warehouse, DuckDBWarehouse):
        return f"{backup_file(warehouse.file)}, the copy from before its upgrade"
    return "the dump from before its upgrade"


def _recorded(session: Session) -> tuple[int, str]:
    """The newest version in the warehouse, and the habitue that made it."""
    known = session.execute(
        "select 1 from information_schema.tables "
        "where table_schema = 'ops' and table_name = 'schema_version'"
    )
    rows = known and session.execute(
        "select version, habitue from ops.schema_version order by version desc limit 1"
    )
    return (int(rows[0][0]), str(rows[0][1])) if rows else (0, "")


def _is_empty(warehouse: Warehouse) -> bool:
    if isinstance(warehouse, DuckDBWarehouse) and not warehouse.exists():
        return True
    with warehouse.session() as session:
        return not session.execute(
            "select 1 from information_schema.tables where table_schema = 'ops'"
        )


def _take(session: Session, warehouse: Warehouse, step: Step) -> None:
    try:
        session.execute(step.sql)
    except Exception as error:
        raise UpgradeFailed(
            f"{warehouse.place} stays as it was: step {step.version} ({step.name}) failed: "
            f"{str(error).splitlines()[0]}. Mend what it names, or go on with the habitue from "
            "before, and report it"
        ) from error
    fault_point(f"upgrade.step_{step.version}")
    if warehouse.engine == "postgres":
        session.execute("set local role loader")
    session.execute(
        "insert into ops.schema_version values "
        "(?, ?, ?, cast(current_timestamp at time zone 'UTC' as timestamp))",
        [step.version, step.name, version_of_package("habitue")],
    )
    fault_point(f"upgrade.recorded_{step.version}")


def _keep_copy(file: Path) -> Path:
    """Copy a closed DuckDB file beside itself; the copy of the upgrade before is replaced.

    Raises:
        UpgradeFailed: the copy cannot be written.
    """
    kept = backup_file(file)
    copying = kept.with_suffix(".copying")
    try:
        shutil.copy2(file, copying)
        put_in_place(copying, kept, "upgrade_copy")
    except OSError as error:
        copying.unlink(missing_ok=True)
        raise UpgradeFailed(
            f"{file} stays as it was: no copy of its {file.stat().st_size >> 20:,} MB could be "
            f"kept as {kept} ({error.strerror}); make room, or correct the rights, and run again"
        ) from None
    return kept
