"""Who may read an installation's files: their owner; the published file as a setting says."""

import logging
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from orchestration.settings import Settings

_LOG = logging.getLogger(__name__)
KEY_VARIABLE = "HABITUE_PSEUDONYM_KEY"


def without_key(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for children that make no pseudonyms: all but the key."""
    return {name: value for name, value in environment.items() if name != KEY_VARIABLE}


def close_to_others(settings: Settings) -> None:
    """Make every file 0600 and every folder 0700, and the way to the published file as set.

    What lies in the landing folder belongs to whoever uploads it, so its folder alone is closed;
    the embedded PostgreSQL looks after its own.
    """
    wanted = dict(_wanted(settings))
    changed = 0
    for path, mode in wanted.items():
        try:
            found = path.lstat()
            if stat.S_ISLNK(found.st_mode) or stat.S_IMODE(found.st_mode) == mode:
                continue
            path.chmod(mode)
            changed += bool(stat.S_IMODE(found.st_mode) & ~mode & 0o077)
        except OSError:
            continue  # it vanished, or is not ours to change
    if changed:
        words = "%d files and folders of %s could be reached by others; they are private now"
        _LOG.warning(words, changed, settings.home)


def _wanted(settings: Settings) -> Iterator[tuple[Path, int]]:
    for path in _walk(settings.home, settings):
        yield path, 0o700 if path.is_dir() else 0o600
    mode = settings.published_bits
    classes = [bit for bit in (0o040, 0o004) if mode & bit]
    served = settings.published_file
    # Who may read the file may list its folder, and pass through the home folder.
    yield served.parent, 0o700 | sum(bit | bit >> 2 for bit in classes)
    yield served, mode
    passing = sum(bit >> 2 for bit in classes)
    if os.geteuid() == 0 and (settings.home / "postgres").exists():
        passing |= 0o001  # the server's own account passes through
    yield settings.home, 0o700 | passing


def _walk(folder: Path, settings: Settings) -> Iterator[Path]:
    for entry in os.scandir(folder):
        path = Path(entry.path)
        if entry.name in ("postgres", ".postgres.new") or entry.is_symlink():
            continue
        yield path
        if entry.is_dir() and path.resolve() != settings.landing_folder:
            yield from _walk(path, settings)
