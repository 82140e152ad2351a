"""Damaged files of an installation: each set aside, told of in one sentence, and made anew.

Asked by the holder of the right to write before a run reads anything. What a look at headers and
sizes does not show is found by the run that meets it; it leaves a mark, and the next look, which
the same command takes, reads everything.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

from orchestration.permissions import close_to_others
from orchestration.resources.replacing import set_aside, set_aside_and_tell, write_whole
from orchestration.settings import Settings

_LOG = logging.getLogger(__name__)
DAMAGED = "is damaged"
OLDER = "is older than its copy, which holds files that it does not"
MOST_NAMES = 10


def look_deeper_path(settings: Settings) -> Path:
    """The mark that a run leaves when it met damage that the first look had not shown."""
    return settings.home / "warehouse" / "read_everything"


def names_damage(text: str) -> bool:
    """Whether a failure's text says that a file of the warehouse is damaged."""
    from orchestration.resources.warehouse import SIGNS_OF_DAMAGE

    return any(sign in text for sign in (*SIGNS_OF_DAMAGE, "sets it aside"))


def mend_warehouse(settings: Settings) -> None:
    """Make a damaged, emptied or lost build file anew, and set a damaged published one aside."""
    _mend_kinds([settings.build_file, settings.copy_file, settings.published_file])
    mark = look_deeper_path(settings)
    if (reason := _build_damage(settings, thoroughly=mark.exists())) is not None:
        _renew_build(settings, reason)
    mark.unlink(missing_ok=True)
    if (reason := published_damage(settings)) is not None:
        set_aside_and_tell(settings.published_file, reason, "this run publishes it anew")


def mend_state(settings: Settings) -> None:
    """Everything else that a run of the command line reads: history, outbox, the last report."""
    close_to_others(settings)
    _mend_kinds(_files(settings))
    if settings.target == "duckdb":
        for file in history_files(settings):
            if sqlite_damage(file):
                set_aside_and_tell(file, DAMAGED, "Dagster's history begins anew; no data is lost")
    outbox = settings.home / "outbox.sqlite"
    if sqlite_damage(outbox):
        set_aside_and_tell(outbox, DAMAGED, "mails that waited in it are lost")
    _mend_report(settings)


def history_files(settings: Settings) -> list[Path]:
    """Dagster's SQLite files but those of single runs, which only the history of a run reads."""
    history = settings.dagster_home / "history"
    return [
        history / "runs.db",
        history / "runs" / "index.db",
        settings.dagster_home / "schedules" / "schedules.db",
    ]


def sqlite_damage(file: Path) -> str | None:
    """Why an SQLite file cannot be used, or None when it can or is not there."""
    if not file.exists():
        return None
    if not file.is_file() or file.stat().st_size == 0:
        return "it is empty"
    try:
        with closing(sqlite3.connect(file, timeout=10)) as database:
            found = str(database.execute("pragma quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError:
        return None  # it is locked, or the disk is in the way: no sign of damage
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == "ok" else found


def published_damage(settings: Settings) -> str | None:
    """Why the published file is not as it was published, or None when it is, or is not there."""
    file, known = settings.published_file, known_digests(settings)
    if not file.exists():
        return None
    if not file.is_file() or not file.stat().st_size:
        return DAMAGED
    if known:
        return None if digest_of(file) in known else "is damaged, or was changed by hand"
    return DAMAGED if _does_not_open(file) else None


def digest_of(file: Path) -> str:
    """A digest of a file's bytes, in hexadecimal."""
    with file.open("rb") as stream:
        return file_digest(stream, "blake2b").hexdigest()[:32]


def digests_path(settings: Settings) -> Path:
    """Where the digests of the published file lie: of the one there is, and of its successor."""
    return settings.home / "warehouse" / "published.digests"


def known_digests(settings: Settings) -> list[str]:
    """The digests that the published file may have; none when that cannot be known."""
    path = digests_path(settings)
    try:
        return path.read_text(encoding="ascii").split() if path.is_file() else []
    except (OSError, ValueError):
        return []


def note_digest(settings: Settings, file: Path) -> None:
    """Note the next published file before it is put in place: a crash leaves a known one there."""
    path = digests_path(settings)
    _mend_kinds([path])
    digests = [*known_digests(settings)[-1:], digest_of(file)]
    write_whole(path, "\n".join(digests) + "\n", "digests")


def _mend_kinds(files: list[Path]) -> None:
    """Set aside folders and pipes where files must be, and files where folders must be."""
    for file in files:
        for folder in reversed(file.parents):
            if folder.exists() and not folder.is_dir():
                set_aside_and_tell(folder, "is a file where a folder must be", "it is made anew")
        if file.exists() and not file.is_file():
            kind = "a folder" if file.is_dir() else "a pipe or a device"
            set_aside_and_tell(file, f"is {kind} where a file must be", "it is made anew")


def _files(settings: Settings) -> list[Path]:
    home, target = settings.home, settings.dbt_target
    return [
        *history_files(settings),
        settings.dagster_home / "dagster.yaml",
        target / "manifest.json",
        target / "manifest.fingerprint",
        target / "partial_parse.msgpack",
        settings.dbt_logs / "dbt.log",
        home / "habitue.log",
        home / "last_run.json",
        home / "outbox.sqlite",
        home / "outbox.lock",
    ]


def _build_damage(settings: Settings, *, thoroughly: bool) -> str | None:
    from orchestration.resources.build_copy import unreadable

    file = settings.build_file
    if not file.exists():
        return "is gone" if settings.copy_file.exists() else None
    if not file.stat().st_size or _does_not_open(file):
        return DAMAGED
    if thoroughly and unreadable(file):
        return DAMAGED
    return OLDER if _lacks_what_was_loaded(file, settings.copy_file) else None


def _lacks_what_was_loaded(file: Path, copy: Path) -> bool:
    """Whether the copy of a build file holds files that the build file does not.

    Nothing takes a file out of the ledger, so an older build file was put there; the next copy
    would lose for good what the landing folder no longer holds.
    """
    import duckdb

    try:
        return copy.exists() and bool(_loaded(copy).keys() - _loaded(file).keys())
    except duckdb.Error:
        return False  # one of them has no ledger yet, or is damaged: others look at that


def _does_not_open(file: Path) -> bool:
    """Whether a DuckDB file cannot be opened, or is shorter than the blocks that it uses.

    Free blocks at its end are still counted after DuckDB has cut them off.
    """
    import duckdb

    from orchestration.resources.warehouse import is_damage

    try:
        with duckdb.connect(str(file)) as connection:
            query = "select block_size * used_blocks from pragma_database_size()"
            return file.stat().st_size < int(connection.execute(query).fetchall()[0][0])
    except duckdb.Error as error:
        return is_damage(error)


def _renew_build(settings: Settings, reason: str) -> None:
    from orchestration.resources.build_copy import fill

    file = settings.build_file
    source, then = _what_is_left(settings, is_older=reason == OLDER)
    if file.exists():
        aside = set_aside_and_tell(file, reason, then)
        source = aside if source == file else source
    else:
        _LOG.warning("%s %s: %s", file, reason, then)
    if source is not None:
        fill(file, source)


def _what_is_left(settings: Settings, *, is_older: bool) -> tuple[Path | None, str]:
    """From which file the build file can be made anew, and what is told of it."""
    from orchestration.resources.build_copy import unreadable

    file, copy = settings.build_file, settings.copy_file
    if not is_older and file.exists() and file.stat().st_size and unreadable(file) is None:
        return file, "it is made anew from its own raw rows, all of which can be read"
    if copy.exists() and unreadable(copy) is None:
        day = datetime.fromtimestamp(copy.stat().st_mtime, UTC)
        return copy, (
            f"it is made anew from its last copy, of {day:%Y-%m-%d %H:%M} UTC, and what was loaded "
            f"since from the landing folder{_lost(settings, copy)}"
        )
    if copy.exists():
        set_aside(copy)
    return None, f"all that lies in the landing folder is loaded again{_lost(settings, None)}"


def _lost(settings: Settings, copy: Path | None) -> str:
    """What cannot be made anew: files that the copy does not hold and that lie there no longer."""
    import duckdb

    kept = _loaded(copy) if copy else {}
    try:
        loaded = _loaded(settings.build_file)
    except duckdb.Error:
        later = " and were loaded after this copy" if copy else ""
        return f"; what came from files that lie there no longer{later} is lost"
    folder = settings.landing_folder
    gone = sorted(
        f"{source}/{name}"
        for sha256, (source, name) in loaded.items()
        if sha256 not in kept and not (folder / source / name).exists()
    )
    if not gone:
        return ""
    more = f" and {len(gone) - MOST_NAMES} more" if len(gone) > MOST_NAMES else ""
    return f"; lost, as they lie there no longer: {', '.join(gone[:MOST_NAMES])}{more}"


def _loaded(file: Path) -> dict[str, tuple[str, str]]:
    """By checksum the source and name of every loaded file in a ledger.

    Raises:
        duckdb.Error: it cannot be read.
    """
    import duckdb

    from orchestration.resources.warehouse import literal

    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(file)} as source (read_only)")
        query = "select sha256, source, file_name from source.ops.files where state = 'loaded'"
        return {row[0]: (row[1], row[2]) for row in connection.execute(query).fetchall()}


def _mend_report(settings: Settings) -> None:
    from orchestration.summary import ReportUnreadable, last_run_path, read_last_run

    try:
        read_last_run(settings)
    except ReportUnreadable:
        set_aside_and_tell(last_run_path(settings), DAMAGED, "this run writes its own")


def damaged_state(settings: Settings) -> Iterator[str]:
    """What a look finds damaged, in sentences that say the remedy; changes nothing."""
    files = [*history_files(settings), settings.home / "outbox.sqlite"]
    for file in files:
        if sqlite_damage(file):
            yield f"{file} is damaged: `habitue run` sets it aside and makes it anew"
    if (reason := published_damage(settings)) is not None:
        yield f"{settings.published_file} {reason}: `habitue run` publishes it anew"
