"""Files replaced whole, and damaged ones set aside: at every moment the old is there or the new."""

import logging
import os
from datetime import UTC, datetime
from pathlib import Path

from orchestration.resources.fault_points import fault_point

_LOG = logging.getLogger(__name__)
# What databases lay beside their files, and what belongs to no other file.
SIDE_FILES = (".wal", "-wal", "-shm", "-journal")


def put_in_place(new: Path, target: Path, point: str) -> None:
    """Rename a closed file over `target`; safe on disk when it returns.

    `point` names the fault points just before and just after the rename.
    """
    _sync(new)
    rename(new, target, point)


def write_whole(target: Path, text: str, point: str) -> None:
    """Write a small text file so that a crash leaves the old content or the new."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        new.write_text(text, encoding="utf-8")
        put_in_place(new, target, point)
    finally:
        new.unlink(missing_ok=True)


def set_aside(path: Path) -> Path:
    """Rename a damaged file, or what stands in its place, to `<name>.corrupt-<time>` (UTC).

    What a database wrote beside it goes along, so that it is not taken for part of the next file.
    """
    aside = path.with_name(f"{path.name}.corrupt-{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z")
    for suffix in SIDE_FILES:
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            rename(beside, aside.with_name(aside.name + suffix), "aside_log")
    rename(path, aside, "aside")
    return aside


def set_aside_and_tell(path: Path, why: str, then: str) -> Path:
    """Set a file aside, and say so in one sentence: why, and what is done instead."""
    aside = set_aside(path)
    _LOG.warning("%s %s: it is set aside as %s, and %s", path, why, aside.name, then)
    return aside


def rename(source: Path, target: Path, point: str) -> None:
    """Rename a file or a folder; the name is safe on disk when it returns, see `put_in_place`."""
    fault_point(f"{point}.before_rename")
    source.replace(target)
    fault_point(f"{point}.after_rename")
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
