"""What a person is told of an exception: one sentence with the remedy, never a trace."""

import errno
import re
import shutil
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from orchestration.plain_text import plain

EXIT_FAILED = 1
EXIT_CODE_BUSY = 75
_BUSY = ("AlreadyServing", "AnotherRunActive", "WarehouseBusy", "LockTaken")
MOST_CHARACTERS = 400
_OTHERS_WRITE = "let the user who runs habitue write there, or set HABITUE_HOME"
REMEDIES: Mapping[int, str] = {
    errno.EACCES: _OTHERS_WRITE,
    errno.EPERM: _OTHERS_WRITE,
    errno.EROFS: "its file system is read-only: mount it for writing, or set HABITUE_HOME",
    errno.ENOSPC: "its disk is full: make room, or set HABITUE_HOME, then run again",
    errno.EDQUOT: "the quota of the user who runs habitue is used up: make room, then run again",
    errno.EIO: "the disk fails: look at the system's log, and move HABITUE_HOME to another",
    errno.EMFILE: "too many files are open: raise the limit (`ulimit -n`), then run again",
    errno.ENOENT: "it vanished meanwhile: run again",
    errno.EISDIR: "a folder stands where a file must be: move it away, then run again",
    errno.ENOTDIR: "a file stands where a folder must be: move it away, then run again",
}
HEALS = "`habitue run` sets it aside and makes it anew"
_FULL = "the disk is full: make room where HABITUE_HOME lies, then run again"
LEAST_BYTES = 1 << 20
# What databases and libraries say in words only, and what to do about it.
_SAID: Mapping[str, str] = {
    r"no space left on device|disk (is )?full|max_temp_directory_size|could not write|"
    r"disk i/o error": _FULL,
    r"quota exceeded": REMEDIES[errno.EDQUOT],
    r"read-only file system|readonly database": (
        "the file system is read-only: mount it for writing, then run again"
    ),
    r"corrupt database file|not a valid duckdb database|could not read enough bytes|"
    r"deserializ|database disk image is malformed|file is not a database|checksum does not match": (
        f"a file of the installation is damaged: {HEALS}"
    ),
    r"unable to open database file": (
        f"a file of the installation cannot be opened, or a folder stands in its place: {HEALS}"
    ),
    r"permission denied": _OTHERS_WRITE,
    r"no such file or directory|does not exist": "a file vanished meanwhile: run again",
    r"out of memory|cannot allocate memory|failed to allocate": (
        "there is too little memory: end other programs, or run on a larger machine"
    ),
}


def remedy_of(text: str) -> str | None:
    """What to do about a failure whose text has no remedy of its own, where its words tell."""
    said = text.lower()
    return next((remedy for signs, remedy in _SAID.items() if re.search(signs, said)), None)


def with_remedy(text: str) -> str:
    """A failure's text, and what to do about it where its words tell and it does not say."""
    remedy = remedy_of(text)
    known = remedy is None or remedy in text or "habitue run" in text or "run again" in text
    return text if known else f"{text} ({remedy})"


def is_ours(error: BaseException) -> bool:
    """Whether the message of an exception is a sentence of ours, with its remedy."""
    return type(error).__module__.startswith("orchestration.")


def exit_code(error: BaseException) -> int:
    """75 when another process is at work, else 1."""
    return EXIT_CODE_BUSY if type(error).__name__ in _BUSY else EXIT_FAILED


def sentence(error: BaseException, home: Path | None = None) -> str:
    """What is told of an exception; of an unexpected one the details go to the log in `home`."""
    if is_ours(error):
        return str(error)
    if isinstance(error, OSError) and (known := REMEDIES.get(error.errno or 0)):
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}: {known}"
    written = _written(error, home)
    remedy = next(filter(None, map(remedy_of, map(str, _causes(error)))), None) or _full(home)
    if remedy is not None:
        return f"{remedy} ({type(error).__name__}{written})"
    return (
        f"something unexpected went wrong ({type(error).__name__}{written}): `habitue check` looks "
        "for the cause; if it finds none, report this as a defect"
    )


def _full(home: Path | None) -> str | None:
    """The remedy where nothing can be written any more: every library has words of its own."""
    try:
        return _FULL if home and shutil.disk_usage(home).free < LEAST_BYTES else None
    except OSError:
        return None


def _written(error: BaseException, home: Path | None) -> str:
    if home is None:
        return ""
    log = home / "habitue.log"
    try:
        if log.is_fifo():
            return ""
        with log.open("a", encoding="utf-8") as file:
            file.write(plain(details(error)))
    except OSError:
        return ""
    return f", details in {log}"


def details(error: BaseException) -> str:
    """Where an exception came from, for the log: no value of a variable, nothing personal."""
    from orchestration.ingest.personal_data import masked_name
    from orchestration.resources.letter import one_line

    lines = [f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC unexpected, innermost last:\n"]
    for cause in _causes(error):
        said = masked_name(one_line(str(cause)))[:MOST_CHARACTERS]
        lines += [f"{type(cause).__module__}.{type(cause).__name__}: {said}\n"]
        lines += traceback.format_tb(cause.__traceback__)
    return "".join(lines)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
