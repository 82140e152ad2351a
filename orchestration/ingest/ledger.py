"""The ledger of files: what was taken, refused or seen before, and what became of every row."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from orchestration.ingest.reasons import RefusedFile
from orchestration.resources.landing import LandedFile
from orchestration.resources.warehouse import Session

# A held file waits for a person, whose word for exactly its bytes is a line `accepted`.
FileState = Literal["loaded", "refused", "duplicate", "held", "accepted"]


@dataclass
class Entry:
    """One line of the ledger: a file and what became of it."""

    source: str
    entity: str
    file_name: str
    state: FileState
    sha256: str | None = None
    size: int | None = None
    changed_ns: int | None = None
    exported_at: datetime | None = None
    rows_seen: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_exact_duplicate: int = 0
    reason_code: str | None = None
    reason: str | None = None
    drift_columns: tuple[str, ...] = ()
    warnings: Counter[str] = field(default_factory=Counter[str])
    # Of a loaded file: physical lines = 1 header + rows seen + continuation lines + blank lines.
    physical_lines: int | None = None
    continuation_lines: int | None = None
    blank_lines: int | None = None
    # Rows of earlier files that this one corrects; they stay quarantined in their own line.
    quarantined_corrected: int = 0


def entry_of(file: LandedFile, state: FileState, sha256: str | None) -> Entry:
    """A line for a landed file, without counts yet."""
    return Entry(
        file.source,
        file.entity,
        file.name,
        state,
        sha256,
        file.size,
        file.changed_ns,
        file.exported_at,
    )


def is_there(session: Session) -> bool:
    """Whether this warehouse has a ledger yet."""
    found = session.execute(
        "select 1 from information_schema.tables where table_schema = 'ops' "
        "and table_name = 'files'"
    )
    return bool(found)


def next_file_id(session: Session) -> int:
    """The number of the next file."""
    return int(session.execute("select coalesce(max(file_id), 0) + 1 from ops.files")[0][0])


def record(session: Session, file_id: int, entry: Entry, run_id: str, now: datetime) -> None:
    """Add a line, within the caller's transaction."""
    columns: dict[str, object] = {
        "file_id": file_id,
        "source": entry.source,
        "entity": entry.entity,
        "file_name": entry.file_name,
        "sha256": entry.sha256,
        "bytes": entry.size,
        "changed_ns": entry.changed_ns,
        "exported_at": entry.exported_at,
        "rows_seen": entry.rows_seen,
        "rows_loaded": entry.rows_loaded,
        "rows_quarantined": entry.rows_quarantined,
        "rows_exact_duplicate": entry.rows_exact_duplicate,
        "state": entry.state,
        "reason_code": entry.reason_code,
        "reason": entry.reason,
        "drift_columns": ",".join(entry.drift_columns) or None,
        "warnings": json.dumps(dict(sorted(entry.warnings.items()))),
        "run_id": run_id,
        "recorded_at": now,
        "physical_lines": entry.physical_lines,
        "continuation_lines": entry.continuation_lines,
        "blank_lines": entry.blank_lines,
    }
    names, marks = ", ".join(columns), ", ".join("?" for _ in columns)
    session.execute(f"insert into ops.files ({names}) values ({marks})", list(columns.values()))


def record_refusal(
    session: Session, refused: RefusedFile, entry: Entry, run_id: str, now: datetime
) -> None:
    """Add a refusal, unless the newest line of the file is the same one of the same bytes."""
    entry.reason_code, entry.reason = refused.reason_code, refused.message
    newest = session.execute(
        "select file_id, state, reason_code, reason, sha256 from ops.files where source = ? "
        "and entity = ? and file_name = ? order by file_id desc limit 1",
        [entry.source, entry.entity, entry.file_name],
    )
    same = (entry.state, entry.reason_code, entry.reason, entry.sha256)
    if newest and tuple(newest[0][1:]) == same:
        session.execute(
            "update ops.files set changed_ns = ? where file_id = ?",
            [entry.changed_ns, newest[0][0]],
        )
        return
    record(session, next_file_id(session), entry, run_id, now)


def known_looks(
    session: Session, source: str, states: tuple[FileState, ...]
) -> set[tuple[str, str, int, int]]:
    """(entity, file name, size, change time) of the files in one of the given states.

    A held file that was accepted since is in none.
    """
    marks = ", ".join("?" for _ in states)
    found = session.execute(
        "select entity, file_name, bytes, changed_ns from ops.files as line "
        f"where source = ? and state in ({marks}) and changed_ns is not null "
        "and not (state = 'held' and exists (select 1 from ops.files as word "
        "where word.state = 'accepted' and word.source = line.source "
        "and word.entity = line.entity and word.sha256 = line.sha256))",
        [source, *states],
    )
    return {(row[0], row[1], row[2], row[3]) for row in found}


def may_be_loaded(session: Session, file: LandedFile) -> bool:
    """Whether a file of the same size was loaded before, so that its bytes are worth comparing."""
    found = session.execute(
        "select 1 from ops.files where source = ? and entity = ? and bytes = ? "
        "and state = 'loaded' and exported_at >= ? limit 1",
        [file.source, file.entity, file.size, file.exported_at],
    )
    return bool(found)


def is_loaded(session: Session, file: LandedFile, sha256: str) -> bool:
    """Whether a file says nothing new: the same bytes were loaded as of its moment or a later one.

    Bytes of an earlier moment are a new statement, since another file may have come between them.
    So are bytes that were replaced since, under their name, by others.
    """
    found = session.execute(
        "select 1 from ops.files as same where source = ? and entity = ? and sha256 = ? "
        "and state = 'loaded' and exported_at >= ? and not exists ("
        "select 1 from ops.files as other "
        "where other.source = same.source and other.entity = same.entity "
        "and other.state = 'loaded' and other.file_name = ? and other.exported_at = ? "
        "and other.file_id > same.file_id and other.sha256 <> same.sha256) limit 1",
        [
            file.source, file.entity, sha256, file.exported_at,
            file.name, file.exported_at,
        ],
    )  # fmt: skip
    return bool(found)


def is_accepted(session: Session, source: str, entity: str, sha256: str) -> bool:
    """Whether somebody said that these bytes are to be loaded though they look too few."""
    found = session.execute(
        "select 1 from ops.files "
        "where source = ? and entity = ? and sha256 = ? and state = 'accepted' limit 1",
        [source, entity, sha256],
    )
    return bool(found)


@dataclass(frozen=True)
class KeptOut:
    """The newest line of a file that was not loaded: refused, or held."""

    source: str
    entity: str
    file_name: str
    sha256: str | None
    reason: str


def kept_out(session: Session, state: Literal["refused", "held"]) -> list[KeptOut]:
    """The files whose newest line is of this state."""
    rows = session.execute(
        "select source, entity, file_name, sha256, reason from ("
        "select *, row_number() over (partition by source, file_name order by file_id desc) "
        "as position from ops.files) as line "
        "where position = 1 and state = ? order by source, file_name",
        [state],
    )
    return [KeptOut(*row) for row in rows]
