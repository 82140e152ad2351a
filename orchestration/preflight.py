"""What can be known to be wrong before anything runs."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from orchestration.settings import Settings

FREE_BYTES_PER_LANDED_BYTE = 3
Check = Callable[[Settings], str]


class NotReady(RuntimeError):
    """Something is missing or in the way; the message says what to do."""


def check_home(settings: Settings) -> str:
    """The home folder can be written."""
    settings.home.mkdir(parents=True, exist_ok=True)
    if not os.access(settings.home, os.W_OK):
        raise NotReady(f"{settings.home} cannot be written; correct its rights or HABITUE_HOME")
    return str(settings.home)


def check_landing(settings: Settings) -> str:
    """The landing folder is there and can be read."""
    folder = settings.landing_folder
    if not folder.is_dir() or not os.access(folder, os.R_OK):
        raise NotReady(f"{folder} is no readable folder; create it, or set HABITUE_LANDING")
    return f"{folder}, {sum(1 for _ in _files(folder))} files"


def require_exports(settings: Settings) -> None:
    """There is something to run on: exports in the landing folder, or a warehouse from before.

    Raises:
        NotReady: nothing has landed yet.
    """
    folder = settings.landing_folder
    if settings.build_file.exists() or any(_files(folder)):
        return
    raise NotReady(
        f"nothing has landed in {folder}: put exports into its <source> folders, "
        "set HABITUE_LANDING, or try `habitue demo`"
    )


def check_space(settings: Settings) -> str:
    """The disk has room for the raw rows, the layers and the published copy."""
    landed = sum(path.stat().st_size for path in _files(settings.landing_folder))
    free = shutil.disk_usage(settings.home).free
    if free < FREE_BYTES_PER_LANDED_BYTE * landed:
        raise NotReady(
            f"{settings.home} has {free >> 20:,} MB free, {landed >> 20:,} MB have landed; "
            f"{FREE_BYTES_PER_LANDED_BYTE} times as much is needed"
        )
    return f"{free >> 20:,} MB free"


def check_key(settings: Settings) -> str:
    """The pseudonym key is there and strong, or may still be made."""
    from orchestration.ingest.pseudonym import load_key

    if not settings.build_file.exists() and not settings.key_file.exists():
        return "none yet; the first run makes one"
    load_key(settings, warehouse_exists=True)
    return "usable"


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


CHECKS: dict[str, Check] = {
    "home": check_home,
    "landing": check_landing,
    "space": check_space,
    "pseudonym key": check_key,
    "contracts": check_contracts,
    "expectations": check_suites,
    "dbt project": check_project,
}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
