"""Try quarantined rows again, after a contract, a rate or a setting was corrected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from orchestration.ingest.context import Clock, Context, context_of, prepare, utc_now
from orchestration.ingest.contract import Contract, Contracts
from orchestration.ingest.quarantine import BadRow, Envelope, Sealed, message
from orchestration.ingest.raw_table import raw_rows
from orchestration.ingest.reader import Block, Limits, check_header, read_row
from orchestration.ingest.reasons import FileRefused
from orchestration.ingest.row_hash import row_hashes
from orchestration.ingest.validation import validate
from orchestration.resources.warehouse import Session
from orchestration.settings import Settings


@dataclass(frozen=True)
class RetryReport:
    """What a retry did: rows tried, loaded, found to repeat a loaded row, and still bad."""

    tried: int
    loaded: int
    exact_duplicates: int
    still_open: int
    expired: int


@dataclass(frozen=True)
class _OpenRow:
    quarantine_id: int
    file_id: int
    file_name: str
    line_no: int
    reason_code: str
    encrypted_row: str | None
    exported_at: datetime
    source: str
    entity: str


def _open_rows(
    session: Session, source: str | None, entity: str | None, ids: Sequence[int] | None
) -> list[_OpenRow]:
    found: list[tuple[Any, ...]] = session.execute(
        """
        select q.quarantine_id, q.file_id, q.file_name, q.line_no, q.reason_code,
            q.encrypted_row, f.exported_at, q.source, q.entity
        from ops.quarantine as q
        inner join ops.files as f on q.file_id = f.file_id
        where q.state = 'open'
            and q.source = coalesce(cast(? as varchar), q.source)
            and q.entity = coalesce(cast(? as varchar), q.entity)
        order by q.quarantine_id
        """,
        [source, entity],
    )
    rows = [_OpenRow(*row) for row in found]
    return rows if ids is None else [row for row in rows if row.quarantine_id in set(ids)]


def read_again(sealed: Sealed, line_no: int, contract: Contract, limits: Limits) -> Block:
    """The row as the reader of files reads it by the present contract.

    Raises:
        FileRefused: it is still no row of this contract; the reason says why.
    """
    header = check_header(list(sealed.header), "", contract)
    encoding = sealed.encoding or contract.format.encoding
    return read_row(sealed.raw, line_no, header, contract, encoding, limits)


class _Retry:
    """One retry, within one transaction."""

    def __init__(self, context: Context, session: Session) -> None:
        self.context = context
        self.session = session
        self.envelope = Envelope(context.pseudonymiser)
        self.vault = context.vault
        self.loaded = self.repeated = self.expired = 0

    def row(self, row: _OpenRow) -> None:
        """Load the row if it is good now, else note why it is not."""
        contract = self.context.contracts.get((row.source, row.entity))
        text = None if row.encrypted_row is None else self.vault.read(row.encrypted_row)
        if text is None or contract is None:
            self.expired += 1
            return
        sealed = self.envelope.open(text, row.reason_code)
        raw = sealed.raw
        try:
            block = read_again(sealed, row.line_no, contract, self.context.limits)
        except FileRefused as error:
            self._still_bad(row, BadRow(row.line_no, error.reason, None, str(error), "", raw))
            return
        checked = validate(block.rows, contract, self.context.rules())
        if checked.faults:
            fault = checked.faults[0]
            bad = BadRow(row.line_no, fault.reason, fault.column, fault.detail, fault.value, raw)
            self._still_bad(row, bad)
            return
        self._resolve(row, contract, block, checked.rows)

    def _resolve(
        self, row: _OpenRow, contract: Contract, block: Block, canonical: pa.Table
    ) -> None:
        hashes = row_hashes(block.joined_fields(), self.context.pseudonymiser.row_hash_key).text()
        known = self.session.execute(
            f"select 1 from {contract.table} where _file_id = ? and _row_hash = ? limit 1",
            [row.file_id, hashes[0].as_py()],
        )
        if known:
            self.repeated += 1
        else:
            self.loaded += 1
            line_no = pa.array([row.line_no], pa.int64())
            self.session.append(
                contract.table,
                raw_rows(
                    canonical, row.file_id, line_no, row.exported_at, self.context.moment(), hashes
                ),
            )
        counted = "rows_exact_duplicate" if known else "rows_loaded"
        self.session.execute(
            f"update ops.files set rows_quarantined = rows_quarantined - 1, "
            f"{counted} = {counted} + 1 where file_id = ?",
            [row.file_id],
        )
        self.session.execute(
            "update ops.quarantine set state = 'resolved', encrypted_row = null "
            "where quarantine_id = ?",
            [row.quarantine_id],
        )

    def _still_bad(self, row: _OpenRow, bad: BadRow) -> None:
        self.session.execute(
            "update ops.quarantine set reason_code = ?, column_name = ?, message = ? "
            "where quarantine_id = ?",
            [str(bad.reason), bad.column, message(row.file_name, bad), row.quarantine_id],
        )


def retry_quarantine(
    settings: Settings,
    source: str | None = None,
    entity: str | None = None,
    *,
    quarantine_ids: Sequence[int] | None = None,
    contracts: Contracts | None = None,
    clock: Clock = utc_now,
) -> RetryReport:
    """Check open rows of the quarantine against the present contracts; load those that are good.

    A row that is good now counts as loaded in its file's ledger line; one that is still bad shows
    its present reason. Rows whose text has expired are counted and left.

    Raises:
        UnusableKey, InvalidContract, WarehouseBusy: with the remedy.
    """
    context = context_of(settings, contracts, clock)
    with context.warehouse.session() as session:
        prepare(session, context)
        with session.transaction():
            rows = _open_rows(session, source, entity, quarantine_ids)
            retry = _Retry(context, session)
            for row in rows:
                retry.row(row)
    still_open = len(rows) - retry.loaded - retry.repeated - retry.expired
    return RetryReport(len(rows), retry.loaded, retry.repeated, still_open, retry.expired)
