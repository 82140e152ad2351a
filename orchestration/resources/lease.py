"""The right to write: one run at a time holds it."""

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

EXIT_CODE_BUSY = 75

_held: dict[Path, "Lease"] = {}


@dataclass(frozen=True)
class Lease:
    """Who writes, and since when (UTC)."""

    run_id: str
    since: str
    process: int


class AnotherRunActive(RuntimeError):
    """Another process holds the lease; the message says which run, and since when."""


def lease_path(home: Path) -> Path:
    """The lock file of an installation."""
    return home / "run.lock"


def read_lease(home: Path) -> Lease | None:
    """The lease held now by any process, or None."""
    path = lease_path(home)
    if not path.exists():
        return None
    with path.open("r+") as file:
        if _try_lock(file):
            fcntl.flock(file, fcntl.LOCK_UN)
            return None
        return _holder(file)


@contextmanager
def hold_lease(home: Path, run_id: str) -> Generator[Lease]:
    """Hold the right to write; entering again in the same process shares it.

    The lock goes with the process: a killed run leaves nothing to clean up.

    Raises:
        AnotherRunActive: another process holds it.
    """
    path = lease_path(home).resolve()
    if path in _held:
        yield _held[path]
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        if not _try_lock(file):
            holder = _holder(file)
            raise AnotherRunActive(
                f"another run ({holder.run_id}, since {holder.since}) is active in process "
                f"{holder.process}; wait for its end and run again"
            )
        _held[path] = lease = _take(file, run_id)
        try:
            yield lease
        finally:
            del _held[path]


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _take(file: IO[str], run_id: str) -> Lease:
    lease = Lease(run_id, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC", os.getpid())
    file.truncate(0)
    file.write(json.dumps(lease.__dict__))
    file.flush()
    return lease


def _holder(file: IO[str]) -> Lease:
    file.seek(0)
    try:
        return Lease(**json.loads(file.read()))
    except (ValueError, TypeError):
        return Lease("unknown", "a moment ago", 0)
