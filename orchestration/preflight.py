"""What can be known to be wrong before anything runs."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from orchestration.failures import REMEDIES
from orchestration.settings import Settings

FREE_BYTES_PER_LANDED_BYTE = 3
FREE_INODES = 1000
PROBE_BYTES = 4096
Check = Callable[[Settings], str]


class NotReady(RuntimeError):
    """Something is missing or in the way; the message says what to do."""


def check_home(settings: Settings) -> str:
    """The home folder can be written: by this user, on a disk that takes one more file."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=settings.home, prefix=".probe-") as probe:
            probe.write(bytes(PROBE_BYTES))
            probe.flush()
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0, "correct its rights or HABITUE_HOME")
        if error.errno == errno.ENOSPC and _free_inodes(settings) == 0:
            remedy = "its disk has no inode left: remove small files, or set HABITUE_HOME"
        raise NotReady(f"{settings.home} cannot be written ({error.strerror}): {remedy}") from None
    return str(settings.home)


def check_landing(settings: Settings) -> str:
    """The landing folder is there and can be read."""
    folder = settings.landing_folder
    if not folder.is_dir() or not os.access(folder, os.R_OK):
        raise NotReady(f"{folder} is no readable folder; create it, or set HABITUE_LANDING")
    from orchestration.ingest.load import unclaimed_files

    astray = "".join(f"\n  not taken: {file.message}" for file in unclaimed_files(settings)[:5])
    return f"{folder}, {sum(1 for _ in _files(folder))} files{astray}"


def require_exports(settings: Settings) -> None:
    """There is something to run on: exports in the landing folder, or a warehouse from before.

    Raises:
        NotReady: nothing has landed yet.
    """
    folder = settings.landing_folder
    if settings.build_file.exists() or settings.copy_file.exists() or any(_files(folder)):
        return
    raise NotReady(
        f"nothing has landed in {folder}: put exports into its <source> folders, "
        "set HABITUE_LANDING, or try `habitue demo`"
    )


def check_space(settings: Settings) -> str:
    """The disk has room for the raw rows, the layers and the next published copy."""
    from orchestration.ingest.load import pending_files

    waiting = sum(file.size for file in pending_files(settings))
    served = settings.published_file.stat().st_size if settings.published_file.exists() else 0
    needed = FREE_BYTES_PER_LANDED_BYTE * waiting + served
    free, inodes = shutil.disk_usage(settings.home).free, _free_inodes(settings)
    if free < needed:
        raise NotReady(
            f"{settings.home} has {free >> 20:,} MB free and needs {needed >> 20:,} MB: "
            f"{FREE_BYTES_PER_LANDED_BYTE} times the {waiting >> 20:,} MB that wait in the landing "
            f"folder, and {served >> 20:,} MB for the next published copy; make room"
        )
    if inodes < FREE_INODES:
        raise NotReady(
            f"{settings.home} has {inodes} inodes free and needs {FREE_INODES}: remove small files"
        )
    return f"{free >> 20:,} MB free"


def require_ready(settings: Settings) -> None:
    """What a run needs of its disk; to be asked by the holder of the right to write.

    Raises:
        NotReady: the home folder cannot be written, or there is too little room.
    """
    check_home(settings)
    check_space(settings)


def check_key(settings: Settings) -> str:
    """The pseudonym key is there and strong, or may still be made."""
    from orchestration.ingest.pseudonym import load_key

    given = settings.pseudonym_key is not None or settings.key_file.exists()
    if not given and not settings.build_file.exists():
        return "none yet; the first run makes one"
    from orchestration.ingest.context import check_warehouse_key

    load_key(settings, warehouse_exists=True)
    check_warehouse_key(settings)
    return "usable"


def check_warehouse(settings: Settings) -> str:
    """The warehouse can be reached, and no newer habitue wrote it."""
    from orchestration.migrations.upgrade import found_version, needed_version
    from orchestration.resources.target import build_warehouse

    warehouse = build_warehouse(settings)
    if not warehouse.exists():
        return "none yet"
    found, needed = found_version(warehouse), needed_version(warehouse.engine)
    later = "" if found == needed else f", which the next run upgrades to {needed}"
    return f"version {found or 1}{later}"


def check_readers(settings: Settings) -> str:
    """Readers are kept to what they may; where no superuser could see to it, it is said."""
    if settings.target == "duckdb":
        return "of a file, which they only read"
    from orchestration.resources.reader_limits import unguarded
    from orchestration.resources.target import postgres_warehouse

    return unguarded(postgres_warehouse(settings, "publisher")) or "kept to their limits"


def check_contracts(_settings: Settings) -> str:
    """Every contract can be used."""
    from orchestration.ingest.contract import load_contracts

    return f"{len(load_contracts())} contracts"


def check_suites(_settings: Settings) -> str:
    """Every expectation suite can be used."""
    from orchestration.checks.suites import FOLDER, read_suite

    suites = [read_suite(path.parent.name, path.stem) for path in FOLDER.rglob("*.json")]
    return f"{len(suites)} suites, {sum(len(suite.expectations) for suite in suites)} expectations"


def check_project(settings: Settings) -> str:
    """dbt can parse the project."""
    from orchestration.project import ensure_manifest

    return str(ensure_manifest(settings))


def check_state(settings: Settings) -> str:
    """Nothing that was published or noted is damaged."""
    from orchestration.mending import damaged_state

    if damaged := list(damaged_state(settings)):
        raise NotReady("; ".join(damaged))
    return "undamaged"


CHECKS: dict[str, Check] = {
    "home": check_home,
    "landing": check_landing,
    "space": check_space,
    "pseudonym key": check_key,
    "warehouse": check_warehouse,
    "readers": check_readers,
    "state": check_state,
    "contracts": check_contracts,
    "expectations": check_suites,
    "dbt project": check_project,
}


def _free_inodes(settings: Settings) -> int:
    """Free inodes of the home's disk; many where the file system does not count them."""
    disk = os.statvfs(settings.home)
    return disk.f_favail if disk.f_files else FREE_INODES


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
