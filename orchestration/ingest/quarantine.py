"""Rows that could not be loaded: kept encrypted for 30 days, listed and tried again."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

from orchestration.ingest.pseudonym import Pseudonymiser
from orchestration.ingest.reasons import REMEDIES, UNREADABLE_LINE, Reason
from orchestration.ingest.vault import Vault
from orchestration.resources.warehouse import Session

RETENTION = timedelta(days=30)


@dataclass(frozen=True)
class BadRow:
    """A row for the quarantine, still in the clear: never log it."""

    line_no: int
    reason: Reason
    column: str | None
    detail: str
    value: str
    raw: bytes
    record: "Record | None" = None


@dataclass(frozen=True)
class Record:
    """Which record a row is a version of: the keyed hash of its key, and the version if known."""

    key_hash: str
    version: str | None


@dataclass(frozen=True)
class QuarantinedRow:
    """A row of the quarantine as listed: where it stood, why it is here, what to do."""

    quarantine_id: int
    file_id: int
    source: str
    entity: str
    file_name: str
    line_no: int
    reason_code: str
    column_name: str | None
    message: str
    state: str
    recorded_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Sealed:
    """A row's bytes as they stand in its file, and what it takes to read them.

    `encoding` is known where the file's mark or an earlier version told it; else the contract's
    counts, as it stands when the row is read.
    """

    header: tuple[str, ...]
    raw: bytes
    encoding: str | None


class Envelope:
    """Encrypts and opens the raw text of quarantined rows."""

    def __init__(self, pseudonymiser: Pseudonymiser) -> None:
        # Imported late: only files with bad rows need it.
        from cryptography.fernet import Fernet

        self._fernet = Fernet(pseudonymiser.quarantine_key())

    def seal(self, row: Sealed) -> str:
        """A row as one encrypted text."""
        content = {
            "header": row.header,
            "raw": base64.b64encode(row.raw).decode(),
            "encoding": row.encoding,
        }
        return self._fernet.encrypt(json.dumps(content).encode()).decode()

    def open(self, sealed: str, reason_code: str) -> Sealed:
        """The row; one sealed without a word on its encoding is in UTF-8 if it was readable."""
        content = json.loads(self._fernet.decrypt(sealed.encode()))
        decoded = None if reason_code in UNREADABLE_LINE else "utf-8"
        raw = base64.b64decode(content["raw"])
        return Sealed(tuple(content["header"]), raw, content.get("encoding", decoded))


def message(file_name: str, bad: BadRow) -> str:
    """File, line, column, reason and remedy, without any value of the row."""
    where = f"{file_name} line {bad.line_no}"
    column = f", {bad.column}" if bad.column else ""
    return f"{where}{column}: {bad.reason}: {bad.detail}; {REMEDIES[bad.reason]}"


@dataclass(frozen=True)
class QuarantineOrigin:
    """The file that quarantined rows come from."""

    file_id: int
    source: str
    entity: str
    file_name: str
    header: tuple[str, ...]
    encoding: str
    has_bom: bool

    def sealed(self, row: BadRow) -> Sealed:
        """The row as it stands in the file: one that could be read is in UTF-8 until here."""
        raw = row.raw
        if row.reason not in UNREADABLE_LINE:
            raw = raw.decode().encode(self.encoding)
        return Sealed(self.header, raw, self.encoding if self.has_bom else None)


def store(
    session: Session,
    origin: QuarantineOrigin,
    rows: Sequence[BadRow],
    pseudonymiser: Pseudonymiser,
    vault: Vault,
    now: datetime,
) -> None:
    """Add rows to the quarantine, within the caller's transaction.

    Raises:
        OSError: their encrypted text cannot be written.
    """
    if not rows:
        return
    first = session.execute("select coalesce(max(quarantine_id), 0) + 1 from ops.quarantine")[0][0]
    envelope = Envelope(pseudonymiser)
    count = len(rows)
    sealed = vault.keep([envelope.seal(origin.sealed(row)) for row in rows], now + RETENTION)
    table = {
        "quarantine_id": pa.array(range(first, first + count), pa.int64()),
        "file_id": pa.array([origin.file_id] * count, pa.int64()),
        "source": pa.array([origin.source] * count),
        "entity": pa.array([origin.entity] * count),
        "file_name": pa.array([origin.file_name] * count),
        "line_no": pa.array([row.line_no for row in rows], pa.int64()),
        "reason_code": pa.array([str(row.reason) for row in rows]),
        "column_name": pa.array([row.column for row in rows], pa.string()),
        "message": pa.array([message(origin.file_name, row) for row in rows]),
        "value_hash": pa.array(
            [pseudonymiser.value_hash(row.value) if row.value else None for row in rows],
            pa.string(),
        ),
        "encrypted_row": pa.array(sealed),
        "key_hash": pa.array([row.record and row.record.key_hash for row in rows], pa.string()),
        "row_version": pa.array([row.record and row.record.version for row in rows], pa.string()),
        "state": pa.array(["open"] * count),
        "recorded_at": pa.array([now] * count, pa.timestamp("us")),
        "expires_at": pa.array([now + RETENTION] * count, pa.timestamp("us")),
    }
    session.append("ops.quarantine", pa.table(table))


def forget_expired(session: Session, vault: Vault, now: datetime) -> None:
    """Drop the raw text of rows older than 30 days; that they were refused stays known."""
    vault.forget_expired(now)
    session.execute(
        "update ops.quarantine set encrypted_row = null "
        "where expires_at < ? and encrypted_row is not null",
        [now],
    )


def count_of(session: Session, source: str | None, entity: str | None, state: str) -> int:
    """How many rows are of a state; a filter left out matches all."""
    found = session.execute(
        "select count(*) from ops.quarantine where state = ? "
        "and source = coalesce(cast(? as varchar), source) "
        "and entity = coalesce(cast(? as varchar), entity)",
        [state, source, entity],
    )
    return int(found[0][0])


def listed(
    session: Session, source: str | None, entity: str | None, state: str | None
) -> list[QuarantinedRow]:
    """The rows of the quarantine, oldest first; a filter left out matches all."""
    found = session.execute(
        """
        select quarantine_id, file_id, source, entity, file_name, line_no, reason_code,
            column_name, message, state, recorded_at, expires_at
        from ops.quarantine
        where source = coalesce(cast(? as varchar), source)
            and entity = coalesce(cast(? as varchar), entity)
            and state = coalesce(cast(? as varchar), state)
        order by quarantine_id
        """,
        [source, entity, state],
    )
    return [QuarantinedRow(*row) for row in found]
