"""The folder where exports land: which files are there, and which have fully arrived."""

import os
import re
import stat
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

from orchestration.ingest.personal_data import masked_name

ALLOWED_NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")
LONGEST_NAME = 128
SIDE_SUFFIXES = (".done", ".sha256")
# What programs append to a name while they still write the file.
UPLOAD_SUFFIXES = (
    ".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".download", ".upload",
    ".uploading", ".incomplete", ".swp",
)  # fmt: skip
# Left behind by file browsers and version control; they never become an export.
LITTER = (".DS_Store", ".gitkeep", ".gitignore", ".keep", ".directory")
UPLOAD_SECONDS, LONE_SECONDS = 86_400, 3_600
# Names are in the local time of their source, which is at most 14 hours ahead of UTC.
FIRST_YEAR, AHEAD = 1970, timedelta(hours=38)
_EXPORT_NAME = re.compile(r"([a-z][a-z0-9_]*?)_([0-9]{8})(?:_([0-9]{4}))?\.csv(\.gz)?")

Arrival = Literal["settled", "moving"]
Kind = Literal[
    "NAME", "KIND", "IN_PROGRESS", "LONE_SIDE_FILE", "UNREADABLE", "UNKNOWN_ENTITY",
    "UNKNOWN_SOURCE",
]  # fmt: skip


@dataclass(frozen=True)
class LandedFile:
    """An export in the landing folder. Its change time is the disk's, which no sender can set."""

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
    reason_code: Kind
    detail: str


@dataclass(frozen=True)
class Upload:
    """What is on its way: a file under the name of an unfinished upload, or a side file alone."""

    source: str
    entity: str
    shown_name: str


@dataclass(frozen=True)
class Scan:
    """What lies in the landing folder, in the order in which it was exported."""

    files: tuple[LandedFile, ...]
    strangers: tuple[Stranger, ...]
    uploads: tuple[Upload, ...] = ()


Found = LandedFile | Stranger | Upload


def shown_name(name: str) -> str:
    """A file name fit for logs and messages: ASCII, escaped, masked, at most 128 characters."""
    return masked_name(name.encode("unicode_escape").decode())[:128]


def lies_in(folder: Path, shown: str) -> bool:
    """Whether something lies in a folder that is shown by this name; no, if it cannot be read."""
    try:
        return any(shown_name(name) == shown.rstrip("/") for name in _names(folder))
    except OSError:
        return False


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _exported_at(day: str, minute: str | None) -> datetime | None:
    try:
        return datetime.strptime(day + (minute or "0000"), "%Y%m%d%H%M")
    except ValueError:
        return None


def _begins_with(name: str, entities: Iterable[str]) -> str:
    return max((e for e in entities if name.startswith(f"{e}_")), key=len, default="")


def is_upload(name: str) -> bool:
    """Whether a name is that of an unfinished upload: hidden, or with a suffix of one."""
    return name.startswith(".") or name.lower().endswith(UPLOAD_SUFFIXES)


def _unfinished(
    source: str, entity: str, path: Path, names: Collection[str], age: float
) -> Found | None:
    """An upload, or a side file without its file; a stranger once it took too long."""
    shown = shown_name(path.name)
    suffix = next((each for each in SIDE_SUFFIXES if path.name.endswith(each)), None)
    if suffix is None:
        if age < UPLOAD_SECONDS:
            return Upload(source, entity, shown)
        return Stranger(source, "", shown, "IN_PROGRESS", "its upload began over a day ago")
    if path.name.removesuffix(suffix) in names:
        return None
    if age < LONE_SECONDS:
        return Upload(source, entity, shown)
    text = "the file that it belongs to is not there"
    return Stranger(source, "", shown, "LONE_SIDE_FILE", text)


def _wrong_kind(found: os.stat_result) -> str | None:
    """Why an entry is no file of its own, if so."""
    if stat.S_ISDIR(found.st_mode):
        return "it is a folder, and what lies in it is not taken"
    if not stat.S_ISREG(found.st_mode):
        return "it is no regular file"
    if found.st_nlink != 1:
        return "it has a second name elsewhere (a hard link)"
    return None


def _classify(
    path: Path, source: str, entities: Collection[str], names: Collection[str]
) -> Found | None:
    """One directory entry as an export, an upload, or a stranger with the reason."""
    found = path.lstat()
    shown, begins = shown_name(path.name), _begins_with(path.name.lstrip("."), entities)
    if path.name in LITTER:
        return None
    if stat.S_ISDIR(found.st_mode):
        if path.name.startswith(".") or not _holds_files(path):
            return None
        entity = begins if _EXPORT_NAME.fullmatch(path.name) else ""
        return Stranger(source, entity, f"{shown}/", "KIND", _wrong_kind(found) or "")
    if is_upload(path.name) or path.name.endswith(SIDE_SUFFIXES):
        return _unfinished(source, begins, path, names, time.time() - found.st_ctime)
    if not ALLOWED_NAME.fullmatch(path.name):
        return Stranger(source, begins, shown, "NAME", _wrong_name(path.name))
    if (wrong := _wrong_kind(found)) is not None:
        return Stranger(source, begins, shown, "KIND", wrong)
    return _export(path, source, entities, found)


def _wrong_name(name: str) -> str:
    """What is wrong with a name that is not allowed."""
    if len(name) > LONGEST_NAME:
        return f"its name is longer than {LONGEST_NAME} characters"
    return "its name has characters not allowed"


def _export(
    path: Path, source: str, entities: Collection[str], found: os.stat_result
) -> LandedFile | Stranger:
    """A regular file with an allowed name as an export, or as a stranger with the reason."""
    shown, begins = shown_name(path.name), _begins_with(path.name, entities)
    match = _EXPORT_NAME.fullmatch(path.name)
    entity = match[1] if match else begins
    if entity not in entities:
        return Stranger(source, "", shown, "UNKNOWN_ENTITY", f"{source} has no such entity")
    exported_at = _exported_at(match[2], match[3]) if match else None
    if exported_at is None:
        return Stranger(source, entity, shown, "NAME", "its name ends in no date of an export")
    if (wrong := _implausible(exported_at)) is not None:
        return Stranger(source, entity, shown, "NAME", wrong)
    return LandedFile(source, entity, path, exported_at, found.st_size, found.st_ctime_ns)


def _implausible(exported_at: datetime) -> str | None:
    """Why nothing can have been exported then, if so: it would be the newest word for ever."""
    if exported_at.year < FIRST_YEAR:
        return f"its name dates it before {FIRST_YEAR}"
    if exported_at > datetime.now(UTC).replace(tzinfo=None) + AHEAD:
        return "its name dates it more than a day ahead"
    return None


def _holds_files(folder: Path) -> bool:
    """Whether anything but folders lies below a folder, or that cannot be known."""
    unknown: list[OSError] = []
    return any(files for _, _, files in os.walk(folder, onerror=unknown.append)) or bool(unknown)


def _in_source(folder: Path, source: str, entities: Collection[str]) -> list[Found]:
    """What lies in the folder of a source."""
    try:
        names = _names(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        text = f"the folder cannot be read ({error.strerror})"
        return [Stranger(source, "", f"{source}/", "UNREADABLE", text)]
    found: list[Found] = []
    for name in names:
        try:
            item = _classify(folder / name, source, entities, set(names))
        except FileNotFoundError:
            continue  # taken away since the folder was read
        except OSError as error:
            text = f"it cannot be looked at ({error.strerror})"
            begins = _begins_with(name, entities)
            item = Stranger(source, begins, shown_name(name), "UNREADABLE", text)
        if item is not None:
            found.append(item)
    return found


def _outsiders(folder: Path, sources: Collection[str]) -> list[Found]:
    """What lies beside the sources' folders, and folders of no source that hold something."""
    found: list[Found] = []
    names = _names(folder) if folder.is_dir() else list[str]()
    for name in names:
        path = folder / name
        if name.startswith(".") or name in sources:
            continue
        if path.is_dir():
            if _holds_files(path):
                text = "no source has this name"
                found.append(Stranger("", "", f"{shown_name(name)}/", "UNKNOWN_SOURCE", text))
        elif not name.endswith(SIDE_SUFFIXES) or not _stands_beside(name, names):
            text = "it lies beside the folders of the sources"
            found.append(Stranger("", "", shown_name(name), "UNKNOWN_SOURCE", text))
    return found


def _stands_beside(name: str, names: Collection[str]) -> bool:
    return any(name.removesuffix(suffix) in names for suffix in SIDE_SUFFIXES if suffix in name)


def side_file(path: Path, suffix: str) -> Path:
    """The path of a side file: `x.csv` and `.done` give `x.csv.done`."""
    return path.with_name(path.name + suffix)


def is_vouched_for(file: LandedFile) -> bool:
    """Whether a side file says that the file is whole: one written no earlier than the file."""
    for suffix in SIDE_SUFFIXES:
        try:
            beside = side_file(file.path, suffix).lstat()
        except OSError:
            continue
        if stat.S_ISREG(beside.st_mode) and beside.st_ctime_ns >= file.changed_ns:
            return True
    return False


class Landing:
    """One landing folder, and when each of its files was first seen as it is now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._looks: dict[Path, tuple[int, int, float]] = {}

    def scan(self, entities: Mapping[str, Collection[str]]) -> Scan:
        """Everything in the folders of the given sources (source → its entities), or astray."""
        found = [
            item
            for source, names in entities.items()
            for item in _in_source(self.folder / source, source, names)
        ]
        found += _outsiders(self.folder, entities)
        files = [item for item in found if isinstance(item, LandedFile)]
        for file in files:
            self._look(file)
        return Scan(
            tuple(sorted(files, key=lambda f: (f.source, f.entity, f.exported_at, f.name))),
            tuple(item for item in found if isinstance(item, Stranger)),
            tuple(item for item in found if isinstance(item, Upload)),
        )

    def _look(self, file: LandedFile) -> float:
        """When the file was first seen with its present size and time (monotonic seconds)."""
        seen = self._looks.get(file.path)
        if seen is None or seen[:2] != (file.size, file.changed_ns):
            seen = (file.size, file.changed_ns, time.monotonic())
            self._looks[file.path] = seen
        return seen[2]

    def _still_to_wait(self, file: LandedFile, settle_seconds: float) -> float:
        """Seconds until the file has not changed for `settle_seconds`: by the disk, or by looks.

        A time of modification proves nothing, senders set it; the time of the last change of
        anything is the disk's own. Looks serve where the disk's clock is ahead.
        """
        if is_vouched_for(file):
            return 0.0
        unchanged = time.time() - file.changed_ns / 1e9
        known = time.monotonic() - self._look(file)
        return max(0.0, settle_seconds - max(unchanged, known))

    def arrival(self, file: LandedFile, settle_seconds: float) -> Arrival:
        """Whether the file has fully arrived, judged on what is known now, without waiting."""
        return "moving" if self._still_to_wait(file, settle_seconds) else "settled"

    def settle(
        self,
        files: Collection[LandedFile],
        settle_seconds: float,
        rescan: Callable[[], Collection[LandedFile]],
        say: Callable[[str], None],
    ) -> tuple[list[LandedFile], list[LandedFile]]:
        """Wait at most once until every file has stayed unchanged; `say` gets why it waits.

        Gives the files that have arrived, as they are now, and those still changing.
        """
        waits = {file.name: self._still_to_wait(file, settle_seconds) for file in files}
        moving = [name for name, seconds in waits.items() if seconds]
        if moving:
            seconds = max(waits.values())
            more = f" and {len(moving) - 1} more" if len(moving) > 1 else ""
            say(f"waiting {seconds:.0f} s for {moving[0]}{more} to stay unchanged")
            time.sleep(seconds + 0.01)
            files = rescan()
        arrived = [file for file in files if self.arrival(file, settle_seconds) == "settled"]
        return arrived, [file for file in files if file not in arrived]


@cache
def landing_of(folder: Path) -> Landing:
    """The landing of a folder; one per process, so that a look counts for every entity."""
    return Landing(folder)
