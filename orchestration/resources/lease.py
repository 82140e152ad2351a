"""The right to write: one run at a time holds it."""

import fcntl
import json
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from orchestration.resources.replacing import set_aside_and_tell

LOOK_EVERY_SECONDS = 0.5

_held: dict[Path, "Lease"] = {}


@dataclass(frozen=True)
class Lease:
    """Who writes, and since when (UTC)."""

    run_id: str
    since: str
    process: int


class LockTaken(RuntimeError):
    """Another process holds a lock file; `holder` says which."""

    def __init__(self, path: Path, holder: Lease) -> None:
        super().__init__(f"{path} is held by process {holder.process} since {holder.since}")
        self.holder = holder


class AnotherRunActive(RuntimeError):
    """Another process holds the lease; the message says which run, and since when."""


def lease_path(home: Path) -> Path:
    """The lock file of an installation."""
    return home / "run.lock"


def is_held(home: Path) -> bool:
    """Whether this process holds the lease."""
    return lease_path(home).resolve() in _held


def read_lease(home: Path) -> Lease | None:
    """The lease held now by any process, or None."""
    return read_lock(lease_path(home))


def read_lock(path: Path) -> Lease | None:
    """Who holds a lock file now, in any process, or None."""
    if not path.is_file():
        return None
    with path.open("r+", errors="replace") as file:
        if _try_lock(file):
            fcntl.flock(file, fcntl.LOCK_UN)
            return None
        return _holder(file)


@contextmanager
def hold_lease(home: Path, run_id: str, patience_seconds: float = 0) -> Generator[Lease]:
    """Hold the right to write; entering again in the same process shares it.

    Raises:
        AnotherRunActive: another process holds it, and did so for `patience_seconds`.
    """
    path = lease_path(home).resolve()
    if path in _held:
        yield _held[path]
        return
    try:
        with hold_lock(path, run_id, patience_seconds) as lease:
            _held[path] = lease
            try:
                yield lease
            finally:
                del _held[path]
    except LockTaken as taken:
        holder = taken.holder
        raise AnotherRunActive(
            f"another run ({holder.run_id}, since {holder.since}) is active in process "
            f"{holder.process}; wait for its end and run again"
        ) from None


@contextmanager
def hold_lock(path: Path, name: str, patience_seconds: float = 0) -> Generator[Lease]:
    """Hold a lock file under a name; the lock goes with the process, even with a killed one.

    Raises:
        LockTaken: another process holds it, and did so for `patience_seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        set_aside_and_tell(path, "is no file, where a lock must be", "the lock is made anew")
    deadline = time.monotonic() + patience_seconds
    with path.open("a+", errors="replace") as file:
        while not _try_lock(file):
            if time.monotonic() >= deadline:
                raise LockTaken(path, _holder(file))
            time.sleep(LOOK_EVERY_SECONDS)
        yield _take(file, name)


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
