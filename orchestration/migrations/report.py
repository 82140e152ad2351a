"""What `habitue migrate` does and says."""

from rich.console import Console

from orchestration.migrations.upgrade import found_version, needed_version
from orchestration.resources.target import build_warehouse, hold_write
from orchestration.resources.warehouse import Warehouse
from orchestration.settings import Settings
from orchestration.terminal import say, styled


def check_version(settings: Settings, console: Console) -> bool:
    """Say the warehouse's version and the needed one; gives whether they are the same.

    Raises:
        WarehouseNewer: this code does not know the version.
    """
    warehouse = build_warehouse(settings)
    needed = needed_version(warehouse.engine)
    if not warehouse.exists():
        say(console, "no warehouse yet; the first run makes one of version {v}", v=needed)
        return True
    found = found_version(warehouse)
    if found == needed:
        words = "{warehouse.place} is at version {found}, which is the newest"
        say(console, words, warehouse=warehouse, found=found)
        return True
    say(
        console,
        "{warehouse.place} is at version {found}, this habitue needs {needed}: "
        "`habitue migrate` or the next run upgrades it. {advice}",
        warehouse=warehouse,
        found=_shown(found),
        needed=needed,
        advice=_advice(warehouse),
    )
    return False


def migrate_now(settings: Settings, console: Console) -> None:
    """Upgrade the warehouse, and say what was done.

    Raises:
        AnotherRunActive: a run is writing.
        WarehouseNewer, UpgradeFailed: with the remedy.
    """
    if check_version(settings, console):
        return
    with hold_write(settings, "migrate"):
        console.print(styled("upgraded: "), end="")
        check_version(settings, console)


def _shown(version: int) -> str:
    return str(version) if version else "1 (not recorded yet)"


def _advice(warehouse: Warehouse) -> str:
    if warehouse.engine == "duckdb":
        return "A copy of the file is kept beside it."
    return "It is one transaction; keep a dump from before it (docs/operations.md, Backup)."
