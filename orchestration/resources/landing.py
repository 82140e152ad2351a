"""The folder where exports land: which files are there, and which have fully arrived."""

import hashlib
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal

ALLOWED_NAME = re.compile(r"^[A-Za-z0-9._-]{1,128}$")
_EXPORT_NAME = re.compile(r"^([a-z][a-z0-9_]*?)_(\d{8})(?:_(\d{4}))?\.csv(\.gz)?$")
_SIDE_SUFFIXES = (".done", ".sha256", ".part")
_SETTLED_AGE_SECONDS = 60

Arrival = Literal["settled", "moving"]


@dataclass(frozen=True)
class LandedFile:
    """An export in the landing folder."""

    source: str
    entity: str
    path: Path
    exported_at: datetime
    size: int
    changed_ns: int

    @property
    def name(self) -> str:
        """The file's name, without folder."""
        return self.path.name


@dataclass(frozen=True)
class Stranger:
    """A file that no contract claims. `entity` is the one its name begins with, or ''."""

    source: str
    entity: str
    shown_name: str
    reason_code: Literal["NAME", "UNKNOWN_ENTITY", "UNKNOWN_SOURCE"]
    detail: str


@dataclass(frozen=True)
class Scan:
    """What lies in the landing folder, in the order in which it was exported."""

    files: tuple[LandedFile, ...]
    strangers: tuple[Stranger, ...]


def shown_name(name: str) -> str:
    """A file name that is safe in logs and messages: ASCII, escaped, at most 128 characters."""
    return name.encode("ascii", "backslashreplace").decode().encode("unicode_escape").decode()[:128]


def _exported_at(day: str, minute: str | None) -> datetime | None:
    try:
        return datetime.strptime(day + (minute or "0000"), "%Y%m%d%H%M")
    except ValueError:
        return None


def _begins_with(name: str, entities: Iterable[str]) -> str:
    return max((e for e in entities if name.startswith(f"{e}_")), key=len, default="")


def _classify(path: Path, source: str, entities: Collection[str]) -> LandedFile | Stranger:
    """One directory entry as an export, or as a stranger with the reason."""
    shown, begins = shown_name(path.name), _begins_with(path.name, entities)
    if not ALLOWED_NAME.match(path.name):
        return Stranger(source, begins, shown, "NAME", "its name has characters not allowed")
    if path.is_symlink() or not path.is_file():
        return Stranger(source, begins, shown, "NAME", "it is no regular file")
    match = _EXPORT_NAME.match(path.name)
    entity = match.group(1) if match else begins
    if entity not in entities:
        return Stranger(source, "", shown, "UNKNOWN_ENTITY", f"{source} has no such entity")
    exported_at = _exported_at(match.group(2), match.group(3)) if match else None
    if exported_at is None:
        return Stranger(source, entity, shown, "NAME", "its name ends in no date of an export")
    stat = path.stat()
    changed_ns = max(stat.st_mtime_ns, stat.st_ctime_ns)
    return LandedFile(source, entity, path, exported_at, stat.st_size, changed_ns)


def _entries(folder: Path) -> list[Path]:
    """Directory entries but side files, hidden files and folders."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.endswith(_SIDE_SUFFIXES)
        and not path.name.startswith(".")
        and (path.is_symlink() or not path.is_dir())
    )


def _outsiders(folder: Path, sources: Collection[str]) -> list[Stranger]:
    """Exports beside the sources' folders, and folders of no source that hold something."""
    found: list[Stranger] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith(".") or path.name in sources:
            continue
        shown = shown_name(path.name)
        if path.is_dir():
            if any(path.iterdir()):
                text = "no source has this name"
                found.append(Stranger("", "", f"{shown}/", "UNKNOWN_SOURCE", text))
        elif ".csv" in path.name.lower() and not path.name.endswith(_SIDE_SUFFIXES):
            text = "it lies beside the folders of the sources"
            found.append(Stranger("", "", shown, "UNKNOWN_SOURCE", text))
    return found


def side_file(path: Path, suffix: str) -> Path:
    """The path of a side file: `x.csv` and `.done` give `x.csv.done`."""
    return path.with_name(path.name + suffix)


def checksum(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def declared_checksum(path: Path) -> str | None:
    """The checksum in the `.sha256` beside a file, or None when there is none."""
    beside = side_file(path, ".sha256")
    if not beside.is_file():
        return None
    words = beside.read_text(encoding="utf-8", errors="replace").split()
    return words[0].lower() if words else ""


class Landing:
    """One landing folder, and when each of its files was first seen as it is now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._looks: dict[Path, tuple[int, int, float]] = {}

    def scan(self, entities: Mapping[str, Collection[str]]) -> Scan:
        """Everything in the folders of the given sources (source → its entities), or astray."""
        found = [
            _classify(path, source, names)
            for source, names in entities.items()
            for path in _entries(self.folder / source)
        ]
        files = [item for item in found if isinstance(item, LandedFile)]
        for file in files:
            self._look(file)
        return Scan(
            tuple(sorted(files, key=lambda f: (f.source, f.entity, f.exported_at, f.name))),
            (
                *(item for item in found if isinstance(item, Stranger)),
                *_outsiders(self.folder, entities),
            ),
        )

    def _look(self, file: LandedFile) -> float:
        """When the file was first seen with its present size and time (monotonic seconds)."""
        seen = self._looks.get(file.path)
        if seen is None or seen[:2] != (file.size, file.changed_ns):
            seen = (file.size, file.changed_ns, time.monotonic())
            self._looks[file.path] = seen
        return seen[2]

    def arrival(self, file: LandedFile, settle_seconds: float) -> Arrival:
        """Whether the file has fully arrived, judged on what is known now, without waiting."""
        if any(side_file(file.path, suffix).exists() for suffix in (".done", ".sha256")):
            return "settled"
        if time.time() - file.path.stat().st_mtime > _SETTLED_AGE_SECONDS:
            return "settled"
        known_for = time.monotonic() - self._look(file)
        return "settled" if known_for >= settle_seconds else "moving"

    def settle(
        self,
        files: Collection[LandedFile],
        settle_seconds: float,
        rescan: Callable[[], Collection[LandedFile]],
    ) -> tuple[list[LandedFile], list[LandedFile]]:
        """Wait at most once until every file had its second look.

        Gives the files that have arrived, as they are now, and those still changing.
        """
        moving = [file for file in files if self.arrival(file, settle_seconds) == "moving"]
        if moving:
            oldest = max(self._look(file) for file in moving)
            time.sleep(max(0.0, oldest + settle_seconds - time.monotonic()))
            files = rescan()
        arrived = [file for file in files if self.arrival(file, settle_seconds) == "settled"]
        return arrived, [file for file in files if file not in arrived]


@cache
def landing_of(folder: Path) -> Landing:
    """The landing of a folder; one per process, so that a look counts for every entity."""
    return Landing(folder)
